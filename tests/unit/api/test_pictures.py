"""Pictures: who gets which, from where, and what clients may keep."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from functions.adapters.pictures import Pictures
from functions.adapters.storage import LARGEST_PICTURE
from functions.api.settings import ApiSettings
from functions.core.picture_making import Making, MakingOutcome
from functions.core.picture_rules import (
    MOST_IMAGES,
    MOST_IMAGES_OF_LADDER,
    MOST_IMAGES_OF_STRANGERS,
)
from functions.core.pictures import picture_version, thumbnail_version
from functions.core.unavailable import (
    PicturesFailed,
    PicturesThrottled,
    PicturesTimedOut,
    PicturesUnavailable,
)
from functions.core.video import Source, Status, Video, Visibility
from tests.credentials import KEYS, bearer, issue
from tests.examples import ID, deleted_video, done_video, failed_video, media, video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import FakePictureLeases, FakePictureMaker
from tests.fakes.storage import FakeStorage
from tests.problems import problem

NAMES = [
    *("image.jpg", "image.webp", "storyboard.jpg", "storyboard.webp"),
    *("storyboard.vtt", "storyboard.json"),
]
MADE = [name for name in NAMES if not name.endswith(("vtt", "json"))]


def path(name: str = "image.jpg") -> str:
    return f"/videos/{ID}/{name}"


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS)


@pytest.fixture
def server(api_keys: FakeApiKeys) -> dict[str, str]:
    return bearer(issue(api_keys).key)


@pytest.fixture(autouse=True)
def of_anna(records: FakeCatalog, objects: FakeStorage) -> Video:
    records.videos[ID] = done = replace(done_video(), owner="anna")
    assert done.thumbnail
    objects.thumbnails[done.thumbnail.key] = b"jpeg"
    return done


@pytest.fixture
def public(records: FakeCatalog, of_anna: Video) -> Video:
    records.videos[ID] = changed = replace(of_anna, visibility=Visibility.PUBLIC)
    return changed


@pytest.fixture
def get(
    client: TestClient, server: dict[str, str], of_anna: Video
) -> Callable[..., httpx2.Response]:
    """Return a call that asks for a picture with the present version."""

    def ask(name: str = "image.jpg", **query: str) -> httpx2.Response:
        version = str(picture_version(of_anna))
        return client.get(path(name), params={"v": version} | query, headers=server)

    return ask


Get = Callable[..., httpx2.Response]


class TestAddress:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("old", [{}, {"v": "old"}])
    def test_leads_to_that_of_the_present_file(
        self, client: TestClient, server: dict[str, str], of_anna: Video, maker: FakePictureMaker,
        name: str, old: dict[str, str],
    ) -> None:  # fmt: skip
        response = client.get(path(name), params=old, headers=server)
        assert response.status_code == 307
        assert response.headers["location"] == f"{name}?v={picture_version(of_anna)}"
        assert response.headers["cache-control"] == "private, max-age=60"
        assert maker.made == []

    def test_keeps_the_other_parameters(self, client: TestClient, server: dict[str, str]) -> None:
        query = {"t": "10%", "w": "300", "h": "200", "fit": "cover", "v": "old"}
        response = client.get(path(), params=query, headers=server)
        given = parse_qs(urlsplit(response.headers["location"]).query)
        assert {name: value for name, (value,) in given.items() if name != "v"} == {
            name: value for name, value in query.items() if name != "v"
        }

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("visibility", Visibility)
    def test_of_the_present_file_may_be_kept(
        self, get: Get, records: FakeCatalog, of_anna: Video, name: str, visibility: Visibility
    ) -> None:
        records.videos[ID] = replace(of_anna, visibility=visibility)
        response = get(name)
        assert response.status_code == 200
        assert response.headers["cache-control"] == f"{visibility}, max-age=31536000, immutable"
        assert response.headers["x-content-type-options"] == "nosniff"

    def test_is_in_the_list_and_the_item(
        self, client: TestClient, server: dict[str, str], of_anna: Video
    ) -> None:
        listed = client.get("/videos", headers=server).json()["data"][0]
        item = client.get(f"/videos/{ID}", headers=server).json()
        assert listed["pictures"] == item["pictures"]
        assert listed["thumbnail"] == item["thumbnail"]
        urls = [*item["pictures"].values(), item["thumbnail"]["url"]]
        for url in urls:
            response = client.get(url, headers=server)
            assert response.status_code == 200, url
            assert "immutable" in response.headers["cache-control"]
        assert item["pictures"]["image_url"].endswith(f"image.jpg?v={picture_version(of_anna)}")

    def test_of_each_of_500_stays_in_the_list(
        self,
        client: TestClient,
        server: dict[str, str],
        records: FakeCatalog,
        of_anna: Video,
    ) -> None:
        for number in range(500):
            video_id = f"{number:024x}"
            records.videos[video_id] = replace(of_anna, id=video_id)

        def addresses() -> list[str]:
            found, query = [], "limit=100"
            while query:
                page = client.get(f"/videos?{query}", headers=server).json()
                found += [video["thumbnail"]["url"] for video in page["data"]]
                query = page["has_more"] and f"limit=100&cursor={page['next_cursor']}"
            return found

        first = addresses()
        assert addresses() == first
        assert len(set(first)) == 501, "a browser that keeps them requests none again"


class TestPicture:
    @pytest.mark.parametrize("name", MADE)
    def test_is_made_once_and_stored(
        self, get: Get, maker: FakePictureMaker, objects: FakeStorage, name: str
    ) -> None:
        first, second = get(name), get(name)
        (wanted,) = maker.made
        assert first.content == second.content == objects.thumbnails[wanted.key]
        media_type = "image/webp" if name.endswith("webp") else "image/jpeg"
        assert first.headers["content-type"] == media_type
        assert first.headers["etag"] == second.headers["etag"]

    def test_is_of_the_moment_and_the_box(self, get: Get, maker: FakePictureMaker) -> None:
        for query in (
            {}, {"t": "12.5", "w": "300"}, {"t": "100%", "w": "300", "h": "100", "fit": "cover"}
        ):  # fmt: skip
            assert get(**query).status_code == 200
        assert [one.spec.filename for one in maker.made] == [
            "image-3002-640x0-contain.jpg",
            "image-12500-300x0-contain.jpg",
            "image-30020-300x100-cover.jpg",
        ]

    @pytest.mark.parametrize("name", NAMES)
    def test_is_not_sent_again_to_those_who_have_it(
        self, client: TestClient, get: Get, server: dict[str, str], of_anna: Video, name: str
    ) -> None:
        etag = get(name).headers["etag"]
        address = f"{path(name)}?v={picture_version(of_anna)}"
        for known in (etag, f'"x", W/{etag}', "*"):
            response = client.get(address, headers=server | {"If-None-Match": known})
            assert (response.status_code, response.content) == (304, b"")
            assert response.headers["etag"] == etag
            assert "immutable" in response.headers["cache-control"]
        other = client.get(address, headers=server | {"If-None-Match": '"other"'})
        assert other.status_code == 200
        head = client.head(address, headers=server)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(other.content))

    def test_that_is_too_large_for_an_answer_comes_from_storage(
        self, get: Get, maker: FakePictureMaker, objects: FakeStorage
    ) -> None:
        get()
        (wanted,) = maker.made
        objects.thumbnails[wanted.key] = bytes(LARGEST_PICTURE + 1)
        response = get()
        assert response.status_code == 307
        assert response.headers["location"] == f"https://media.example/{wanted.key}?expires=900"
        assert response.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ({"t": "31"}, "query.t: The video lasts 30.02 seconds: give no later moment."),
            ({"t": "soon"}, "query.t: Give seconds such as 12.5"),
            ({"w": "15"}, "query.w: "),
            ({"w": "4097"}, "query.w: "),
            ({"h": "x"}, "query.h: "),
            ({"fit": "crop"}, "query.fit: "),
            ({"fit": "cover", "w": "100"}, "query.fit: cover needs both w and h."),
            ({"size": "5"}, "query.size: There is no such parameter."),
        ],
    )
    def test_that_cannot_be_is_refused_with_a_sentence(
        self, get: Get, maker: FakePictureMaker, query: dict[str, str], said: str
    ) -> None:
        body = problem(get(**query))
        assert (body["status"], body["code"]) == (422, "invalid_request")
        assert body["detail"].startswith(said)
        assert maker.made == []

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize(
        ("found", "code"),
        [(video(), "source_not_ready"), (failed_video(), "video_failed")],
    )
    def test_needs_a_video_that_is_done(
        self, get: Get, records: FakeCatalog, name: str, found: Video, code: str
    ) -> None:
        records.videos[ID] = replace(found, owner="anna")
        assert problem(get(name))["code"] == code

    @pytest.mark.parametrize("name", [name for name in NAMES if "storyboard" in name])
    def test_of_an_unknown_duration_is_no_storyboard(
        self, get: Get, records: FakeCatalog, of_anna: Video, name: str
    ) -> None:
        records.videos[ID] = replace(of_anna, media=replace(media(), duration_s=None))
        assert problem(get(name))["code"] == "picture_not_found"


class TestCallers:
    ON_LADDER = ("", "t=7&w=160", "w=320", "t=10%25", "t=7.0&w=640", "w=1280")
    OTHERS = ("t=7.5", "w=300", "h=160", "w=160&h=160", "w=160&h=160&fit=cover")

    @pytest.mark.parametrize("visibility", Visibility)
    def test_who_only_get_deliveries_get_the_ladder(
        self, client: TestClient, records: FakeCatalog, api_keys: FakeApiKeys, of_anna: Video,
        visibility: Visibility,
    ) -> None:  # fmt: skip
        records.videos[ID] = replace(of_anna, visibility=visibility)
        token = issue(api_keys).token(scope="deliver")
        self._assert_ladder(client, bearer(token), of_anna)

    def test_without_a_credential_get_the_ladder_of_public_videos(
        self, client: TestClient, public: Video
    ) -> None:
        self._assert_ladder(client, {}, public)

    def test_of_another_owner_get_the_ladder_of_public_videos(
        self, client: TestClient, api_keys: FakeApiKeys, public: Video
    ) -> None:
        self._assert_ladder(client, bearer(issue(api_keys, owner="bob").key), public)

    def test_of_another_owner_find_no_private_video(
        self, client: TestClient, api_keys: FakeApiKeys, maker: FakePictureMaker, of_anna: Video
    ) -> None:
        bob = bearer(issue(api_keys, owner="bob").key)
        for name in NAMES:
            response = client.get(f"{path(name)}?v={picture_version(of_anna)}", headers=bob)
            assert problem(response)["code"] == "video_not_found"
        assert maker.made == []

    def _assert_ladder(self, client: TestClient, headers: dict[str, str], of: Video) -> None:
        for query in self.ON_LADDER:
            url = f"{path()}?v={picture_version(of)}&{query}"
            assert client.get(url, headers=headers).status_code == 200, query
        for query in self.OTHERS:
            url = f"{path()}?v={picture_version(of)}&{query}"
            body = problem(client.get(url, headers=headers))
            assert (body["status"], body["code"]) == (403, "forbidden"), query
            assert "scope read" in body["detail"]

    def test_with_the_owners_own_credential_get_any(self, get: Get) -> None:
        for query in self.OTHERS:
            asked = {name: value for name, (value,) in parse_qs(query).items()}
            assert get(**asked).status_code == 200, query

    def test_with_a_token_in_the_address_keep_it(
        self, client: TestClient, api_keys: FakeApiKeys, of_anna: Video
    ) -> None:
        token = issue(api_keys).token(scope="deliver")
        for name in NAMES:
            bare = client.get(f"{path(name)}?token={token}")
            assert bare.status_code == 307
            query = parse_qs(urlsplit(bare.headers["location"]).query)
            assert query == {"v": [picture_version(of_anna)], "token": [token]}
            assert client.get(f"/videos/{ID}/{bare.headers['location']}").status_code == 200


class TestDescription:
    def test_as_vtt_names_the_sheet_of_this_version(self, get: Get, of_anna: Video) -> None:
        response = get("storyboard.vtt")
        assert response.headers["content-type"] == "text/vtt; charset=utf-8"
        url = f"http://testserver{path('storyboard.jpg')}?v={picture_version(of_anna)}"
        assert f"{url}#xywh=0,0,160,90" in response.text
        assert "--> 00:00:30.020" in response.text

    def test_as_json_names_it_too(self, get: Get, of_anna: Video) -> None:
        body = get("storyboard.json").json()
        url = f"http://testserver{path('storyboard.jpg')}?v={picture_version(of_anna)}"
        assert (body["url"], body["duration"]) == (url, 30.02)

    @pytest.mark.parametrize("name", ["storyboard.vtt", "storyboard.json"])
    def test_repeats_the_token_that_it_was_asked_with(
        self, client: TestClient, api_keys: FakeApiKeys, of_anna: Video, name: str
    ) -> None:
        token = issue(api_keys).token(scope="deliver")
        response = client.get(f"{path(name)}?v={picture_version(of_anna)}&token={token}")
        assert f"storyboard.jpg?v={picture_version(of_anna)}&token={token}" in response.text
        assert response.headers["cache-control"].startswith("private")


class TestMaking:
    def test_waits_for_another_that_makes_the_same(
        self, maker: FakePictureMaker, get: Get, pauses: list[float]
    ) -> None:
        asked: list[httpx2.Response] = []

        def ask_meanwhile() -> None:
            maker.meanwhile = lambda: None
            asked.append(get())

        maker.meanwhile = ask_meanwhile
        assert get().status_code == 200
        body = problem(asked[0])
        assert (body["status"], body["code"]) == (503, "picture_not_ready")
        assert asked[0].headers["retry-after"] == "2"
        assert 1 < sum(pauses) < 5
        assert len(maker.made) == 1

    def test_is_awaited_until_it_is_stored(
        self, get: Get, objects: FakeStorage, leases: FakePictureLeases, maker: FakePictureMaker
    ) -> None:
        get()
        (wanted,) = maker.made
        assert wanted.key in leases.held, "the lease stays, for those who looked before"
        del objects.thumbnails[wanted.key]
        assert problem(get())["code"] == "picture_not_ready"
        assert len(maker.made) == 1

    def test_is_tried_again_while_lambda_throttles(
        self, get: Get, maker: FakePictureMaker, pauses: list[float]
    ) -> None:
        maker.answers = [PicturesThrottled("Lambda: 429")] * 2
        assert get().status_code == 200
        assert len(pauses) == 2

    @pytest.mark.parametrize(
        "answers",
        [[PicturesThrottled("Lambda: 429")] * 7, [PicturesUnavailable("Lambda: 500")]],
    )
    def test_can_be_tried_again_after_a_failure(
        self, get: Get, maker: FakePictureMaker, leases: FakePictureLeases,
        answers: list[Making | Exception],
    ) -> None:  # fmt: skip
        maker.answers = answers
        body = problem(get(t="1"))
        assert (body["status"], body["code"]) == (503, "picture_not_ready")
        assert leases.held == {}
        assert set(leases.made.values()) == {0}
        assert get(t="1").status_code == 200

    def test_that_crashes_the_function_is_tried_three_times(
        self, get: Get, maker: FakePictureMaker, leases: FakePictureLeases, of_anna: Video,
        pauses: list[float],
    ) -> None:  # fmt: skip
        maker.answers = [PicturesFailed("Lambda: FunctionError: Unhandled")] * 9
        answers = [get(t="1") for _ in range(5)]
        assert {problem(one)["code"] for one in answers} == {"picture_not_ready"}
        assert [one.headers["retry-after"] for one in answers] == ["2", "2", "2", "130", "130"]
        assert maker.asked == 3
        assert pauses == [], "nothing to wait for"
        assert leases.made[str(picture_version(of_anna))] == 3, "each cost as much as a picture"

    def test_that_takes_long_keeps_its_lease(
        self, get: Get, maker: FakePictureMaker, leases: FakePictureLeases
    ) -> None:
        maker.answers = [PicturesTimedOut("Lambda: ReadTimeoutError")]
        assert problem(get())["code"] == "picture_not_ready"
        assert len(leases.held) == 1
        assert problem(get())["code"] == "picture_not_ready"
        assert maker.made == []

    @pytest.mark.parametrize(
        ("outcome", "status", "code"),
        [
            (MakingOutcome.SOURCE_GONE, 404, "picture_not_found"),
            (MakingOutcome.NO_ENCODER, 406, "no_encoder"),
            (MakingOutcome.SOURCE_REPLACED, 503, "picture_not_ready"),
        ],
    )
    def test_may_fail_for_a_reason(
        self, get: Get, maker: FakePictureMaker, leases: FakePictureLeases,
        outcome: MakingOutcome, status: int, code: str,
    ) -> None:  # fmt: skip
        maker.answers = [Making(outcome)]
        body = problem(get("image.webp"))
        assert (body["status"], body["code"]) == (status, code)
        assert leases.held == {}

    @pytest.mark.parametrize("name", MADE)
    def test_that_a_file_does_not_have_is_tried_once_for_all_who_ask(
        self, get: Get, maker: FakePictureMaker, leases: FakePictureLeases, of_anna: Video,
        name: str,
    ) -> None:  # fmt: skip
        maker.answers = [Making(MakingOutcome.NO_PICTURE, "The file is damaged.")]
        query = {"t": "1"} if name.startswith("image") else {}
        for _ in range(3):
            body = problem(get(name, **query))
            assert (body["status"], body["code"]) == (404, "picture_not_found")
            assert body["detail"].endswith("The file is damaged.")
        assert maker.asked == 1
        counted = leases.made.get(str(picture_version(of_anna)), 0)
        assert counted == name.startswith("image"), "it cost as much as one that was made"

    def test_leaves_nothing_of_a_video_that_is_deleted_meanwhile(
        self, get: Get, client: TestClient, maker: FakePictureMaker, server: dict[str, str],
        objects: FakeStorage,
    ) -> None:  # fmt: skip
        maker.meanwhile = lambda: client.delete(f"/videos/{ID}", headers=server)
        assert problem(get())["code"] == "video_not_found"
        assert objects.thumbnails == {}

    def test_leaves_nothing_of_a_file_that_is_replaced_meanwhile(
        self, get: Get, maker: FakePictureMaker, objects: FakeStorage, records: FakeCatalog,
        of_anna: Video,
    ) -> None:  # fmt: skip
        newer = replace(of_anna, source=Source("newer", 5, ""))
        maker.meanwhile = lambda: records.videos.update({ID: newer})
        assert problem(get())["code"] == "picture_not_ready"
        assert [key for key in objects.thumbnails if key.startswith("images/")] == []

    def test_ends_at_a_number_of_images(
        self, get: Get, client: TestClient, public: Video, leases: FakePictureLeases,
        api_keys: FakeApiKeys,
    ) -> None:  # fmt: skip
        version = str(picture_version(public))
        viewer = bearer(issue(api_keys).token(scope="deliver"))

        def ask(second: int, headers: dict[str, str]) -> httpx2.Response:
            return client.get(f"{path()}?v={version}&t={second}", headers=headers)

        leases.made[version] = MOST_IMAGES_OF_STRANGERS
        body = problem(ask(1, {}))
        assert (body["status"], body["code"]) == (409, "too_many_images")
        assert ask(1, viewer).status_code == 200, "the viewers' share is left"
        leases.made[version] = MOST_IMAGES_OF_LADDER
        assert problem(ask(2, viewer))["code"] == "too_many_images"
        assert get(t="3").status_code == 200, "the owner's share is left"
        leases.made[version] = MOST_IMAGES
        assert problem(get(t="4"))["code"] == "too_many_images"
        assert leases.made[version] == MOST_IMAGES
        assert get(t="3").status_code == 200, "it is stored"
        assert get("storyboard.jpg").status_code == 200, "the sheet does not count"
        assert client.get(f"{path()}?v={version}&w=320").status_code == 200, "nor do posters"

    def test_is_refused_while_too_many_requests_wait(
        self, get: Get, maker: FakePictureMaker, pictures: Pictures
    ) -> None:
        assert get().status_code == 200
        taken = 0
        while pictures.turns.acquire(blocking=False):
            taken += 1
        assert 10 <= taken < 40, "some of the threads are left for other requests"
        assert problem(get(t="1"))["code"] == "picture_not_ready"
        assert get().status_code == 200, "it is stored"
        pictures.turns.release()
        for second in ("1", "2"):
            assert get(t=second).status_code == 200
        assert maker.asked == 3


class TestThumbnail:
    def test_at_an_address_with_its_version_is_the_jpeg(
        self, client: TestClient, server: dict[str, str], of_anna: Video
    ) -> None:
        address = f"{path('thumbnail')}?v={thumbnail_version(of_anna)}"
        response = client.get(address, headers=server)
        assert (response.status_code, response.content) == (200, b"jpeg")
        assert response.headers["cache-control"] == "private, max-age=31536000, immutable"
        known = server | {"If-None-Match": response.headers["etag"]}
        assert client.get(address, headers=known).status_code == 304

    def test_at_an_old_address_leads_to_the_present_one(
        self, client: TestClient, server: dict[str, str], of_anna: Video
    ) -> None:
        response = client.get(f"{path('thumbnail')}?v=old", headers=server)
        assert response.status_code == 307
        assert response.headers["location"] == f"thumbnail?v={thumbnail_version(of_anna)}"

    def test_at_the_bare_address_is_signed_as_before(
        self, client: TestClient, server: dict[str, str]
    ) -> None:
        response = client.get(path("thumbnail"), headers=server)
        assert response.headers["location"].startswith("https://media.example/thumbnails/")

    def test_that_is_being_replaced_is_not_found(
        self, client: TestClient, server: dict[str, str], of_anna: Video, objects: FakeStorage
    ) -> None:
        objects.thumbnails.clear()
        address = f"{path('thumbnail')}?v={thumbnail_version(of_anna)}"
        assert problem(client.get(address, headers=server))["code"] == "thumbnail_not_found"


def test_pictures_are_there_during_a_reprocess(
    get: Get, records: FakeCatalog, of_anna: Video
) -> None:
    records.videos[ID] = replace(of_anna, status=Status.PENDING)
    assert get().status_code == 200


def test_pictures_go_with_the_video(get: Get, objects: FakeStorage) -> None:
    for name in MADE:
        get(name)
    assert len(objects.thumbnails) == 1 + len(MADE)
    objects.delete_objects_of(deleted_video(ID))
    assert objects.thumbnails == {}
