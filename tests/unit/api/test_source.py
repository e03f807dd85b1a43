"""The file of a video: who gets its signed address, and with which headers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from functions.api.settings import ApiSettings
from functions.core.access import Scope
from functions.core.keys import source_key
from functions.core.video import Status, Video, Visibility
from tests.credentials import KEYS, bearer, issue
from tests.examples import ID, done_video, failed_video, media, video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.problems import problem

PATH = f"/videos/{ID}/source"
THUMBNAIL = f"/videos/{ID}/thumbnail"
UNKNOWN = ID[::-1]
NOT_ARRIVED = " and its file has not arrived"
WHEN_DONE = "Try again when its status is done."


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS)


@pytest.fixture
def server(api_keys: FakeApiKeys) -> dict[str, str]:
    return bearer(issue(api_keys).key)


@pytest.fixture(autouse=True)
def of_anna(records: FakeCatalog) -> Video:
    records.videos[ID] = done = replace(done_video(), owner="anna")
    return done


def signed(response: httpx2.Response) -> dict[str, str]:
    """Return what the storage was asked to sign."""
    assert response.status_code == 307, response.text
    location = urlsplit(response.headers["location"])
    assert location.path == f"/{source_key(ID)}"
    return {name: value for name, (value,) in parse_qs(location.query).items()}


class TestAddress:
    def test_shows_the_file_with_its_own_type_for_15_minutes(
        self, client: TestClient, server: dict[str, str]
    ) -> None:
        response = client.get(PATH, headers=server)
        assert signed(response) == {
            "method": "GET",
            "type": "video/mp4",
            "disposition": "inline; filename=\"clip.mp4\"; filename*=UTF-8''clip.mp4",
            "expires": "900",
        }
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"

    @pytest.mark.parametrize(
        ("container", "expected"),
        [
            ("mov", "video/quicktime"),
            ("webm", "video/webm"),
            ("matroska", "video/x-matroska"),
            ("text/html", "application/octet-stream"),
        ],
    )
    def test_has_the_type_of_the_probed_container(
        self,
        client: TestClient,
        records: FakeCatalog,
        server: dict[str, str],
        of_anna: Video,
        container: str,
        expected: str,
    ) -> None:
        probed = replace(media(), container=container)
        records.videos[ID] = replace(of_anna, content_type="video/x-flv", media=probed)
        assert signed(client.get(PATH, headers=server))["type"] == expected

    @pytest.mark.parametrize(
        ("query", "kind"),
        [
            ("?download", "attachment"),
            ("?download=", "attachment"),
            ("?download=true", "attachment"),
            ("?download=false", "inline"),
            ("?redirect=", "inline"),
        ],
    )
    def test_saves_the_file_if_asked(
        self, client: TestClient, server: dict[str, str], query: str, kind: str
    ) -> None:
        disposition = signed(client.get(PATH + query, headers=server))["disposition"]
        assert disposition.startswith(f"{kind}; filename=")

    def test_for_head_is_signed_for_head(self, client: TestClient, server: dict[str, str]) -> None:
        response = client.head(PATH, headers=server)
        assert signed(response)["method"] == "HEAD"
        assert response.content == b""

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_comes_as_json_for_clients_that_forward_their_credential(
        self, client: TestClient, server: dict[str, str], method: str
    ) -> None:
        before = datetime.now(UTC)
        response = client.request(method, f"{PATH}?redirect=false&download", headers=server)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        if method == "HEAD":
            return
        body = response.json()
        assert set(body) == {"url", "expires_at"}
        query = parse_qs(urlsplit(body["url"]).query)
        assert query["method"] == ["GET"]
        assert query["disposition"][0].startswith("attachment")
        signed_at = datetime.fromisoformat(body["expires_at"]) - timedelta(minutes=15)
        assert before - timedelta(seconds=1) < signed_at <= datetime.now(UTC)

    @pytest.mark.parametrize(
        "query", ["?download=1", "?redirect=no", "?t=1", "?redirect=true&redirect=false"]
    )
    def test_ignores_no_parameter(
        self, client: TestClient, server: dict[str, str], query: str
    ) -> None:
        assert problem(client.get(PATH + query, headers=server))["code"] == "invalid_request"

    def test_stays_during_a_reprocess(
        self, client: TestClient, records: FakeCatalog, server: dict[str, str], of_anna: Video
    ) -> None:
        records.videos[ID] = replace(of_anna, status=Status.PENDING)
        assert signed(client.get(PATH, headers=server))["type"] == "video/mp4"

    def test_needs_a_storage_that_answers(
        self, client: TestClient, objects: FakeStorage, server: dict[str, str]
    ) -> None:
        objects.down = True
        assert problem(client.get(PATH, headers=server))["code"] == "storage_unavailable"


def test_list_and_item_have_the_address_of_the_api(
    client: TestClient, records: FakeCatalog, server: dict[str, str]
) -> None:
    waiting, broken = f"{ID[:-1]}0", f"{ID[:-1]}2"
    records.videos |= {waiting: video(waiting), broken: failed_video(broken)}
    found = client.get("/videos", headers=server).json()["data"]
    by_id = {one["id"]: one["source"] for one in found}
    assert by_id[waiting] is by_id[broken] is None
    assert by_id[ID] == {"url": f"http://testserver{PATH}", "content_type": "video/mp4"}
    assert client.get(f"/videos/{ID}", headers=server).json()["source"] == by_id[ID]
    assert client.get(by_id[ID]["url"], headers=server).status_code == 307


class TestWithoutAFile:
    @pytest.mark.parametrize(
        ("found", "code", "detail"),
        [
            (video(), "source_not_ready", f"is still pending{NOT_ARRIVED}. {WHEN_DONE}"),
            (
                replace(done_video(), status=Status.PROCESSING, media=None),
                "source_not_ready",
                f"is still processing. {WHEN_DONE}",
            ),
            (failed_video(), "video_failed", "failed: The file is damaged."),
        ],
    )  # fmt: skip
    def test_the_reason_is_said(
        self,
        client: TestClient,
        records: FakeCatalog,
        server: dict[str, str],
        found: Video,
        code: str,
        detail: str,
    ) -> None:
        for visibility in Visibility:
            records.videos[ID] = replace(found, visibility=visibility)
            headers = {} if visibility is Visibility.PUBLIC else server
            body = problem(client.get(PATH, headers=headers))
            assert (body["status"], body["code"]) == (404, code)
            assert body["detail"] == f"Video {ID} {detail}"

    @pytest.mark.parametrize("path", [PATH, THUMBNAIL])
    def test_a_deleted_public_video_is_as_an_unknown_one(
        self, client: TestClient, records: FakeCatalog, server: dict[str, str], of_anna: Video,
        path: str,
    ) -> None:  # fmt: skip
        records.videos[ID] = replace(of_anna, visibility=Visibility.PUBLIC)
        assert client.delete(f"/videos/{ID}", headers=server).status_code == 204
        assert problem(client.get(path))["status"] == 401
        assert problem(client.get(path, headers=server))["code"] == "video_not_found"


class TestCallers:
    @pytest.mark.parametrize("scope", ["read", "deliver", "read deliver", "deliver write"])
    def test_with_the_scope_read_or_deliver_get_it(
        self, client: TestClient, api_keys: FakeApiKeys, scope: str
    ) -> None:
        token = issue(api_keys).token(scope=scope)
        assert client.get(PATH, headers=bearer(token)).status_code == 307

    @pytest.mark.parametrize(("vid", "status"), [(ID, 307), (UNKNOWN, 403)])
    def test_with_a_token_for_one_video_get_that_one(
        self, client: TestClient, api_keys: FakeApiKeys, vid: str, status: int
    ) -> None:
        token = issue(api_keys).token(scope="deliver", vid=vid)
        assert client.get(PATH, headers=bearer(token)).status_code == status
        assert client.get(f"{PATH}?download&token={token}").status_code == status

    @pytest.mark.parametrize("path", [PATH, THUMBNAIL])
    def test_of_another_owner_get_public_videos_only(
        self,
        client: TestClient,
        records: FakeCatalog,
        api_keys: FakeApiKeys,
        of_anna: Video,
        path: str,
    ) -> None:
        bob = bearer(issue(api_keys, owner="bob").key)
        assert problem(client.get(path, headers=bob))["code"] == "video_not_found"
        records.videos[ID] = replace(of_anna, visibility=Visibility.PUBLIC)
        assert client.get(path, headers=bob).status_code == 307
        for other in (f"/videos/{ID}", f"/thumbnails/{ID}.jpg", f"/video-status/{ID}"):
            assert problem(client.get(other, headers=bob))["code"] == "video_not_found"


class TestWithoutACredential:
    @pytest.fixture(params=["closed", "only legacy open"])
    def settings(self, request: pytest.FixtureRequest) -> ApiSettings:
        legacy = {"LEGACY_ENDPOINTS": "open"} if request.param == "only legacy open" else {}
        return ApiSettings.read(KEYS | legacy)

    @pytest.mark.parametrize("path", [PATH, f"{PATH}?download", THUMBNAIL])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_public_videos_are_delivered(
        self, client: TestClient, records: FakeCatalog, of_anna: Video, method: str, path: str
    ) -> None:
        assert client.request(method, path).status_code == 401
        records.videos[ID] = replace(of_anna, visibility=Visibility.PUBLIC)
        assert client.request(method, path).status_code == 307
        assert client.request(method, path, headers=bearer("nonsense")).status_code == 401

    @pytest.mark.parametrize("path", ["source", "source?redirect=false", "thumbnail"])
    def test_a_private_video_an_unknown_one_and_no_id_are_the_same(
        self, client: TestClient, path: str
    ) -> None:
        answers = set()
        for video_id in (ID, UNKNOWN, "0" * 24, "n" * 24):
            response = client.get(f"/videos/{video_id}/{path}")
            request_id = response.headers["x-request-id"]
            said = f"{response.status_code} {dict(response.headers)} {response.text}"
            answers.add(said.replace(request_id, "").replace(video_id, ""))
        assert len(answers) == 1
        assert problem(client.get(f"/videos/none/{path}"))["code"] == "unauthenticated"

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_nothing_else_of_a_public_video_is_open(
        self, client: TestClient, records: FakeCatalog, of_anna: Video, method: str
    ) -> None:
        records.videos[ID] = public = replace(of_anna, visibility=Visibility.PUBLIC)
        for path in (PATH, THUMBNAIL, f"/videos/{ID}", "/videos"):
            assert client.request(method, path).status_code == 401, path
        for path in (f"/videos/{ID}", "/videos", f"{PATH}/", f"/videos/{ID}/source.mp4"):
            assert client.get(path).status_code == 401, path
        assert records.videos == {ID: public}


def test_every_scope_is_documented_with_the_token_in_the_address(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    security = document["paths"]["/videos/{video_id}/source"]["get"]["security"]
    assert {"deliveryToken": [Scope.DELIVER]} in security
    assert {} in security, "public videos need no credential"
    assert {} not in document["paths"]["/videos/{video_id}"]["get"]["security"]
