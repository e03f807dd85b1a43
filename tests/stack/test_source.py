"""The file of a video comes back from a storage that refuses what AWS refuses."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import httpx2
import pytest

from tests.clips import Clips
from tests.running_stack import RunningStack
from tests.strict_s3 import StrictS3, delivering_stack

NAME = 'été "1".mp4'

get = partial(httpx2.get, timeout=60)


@dataclass(frozen=True)
class Delivery:
    stack: RunningStack
    storage: StrictS3
    video_id: str
    content: bytes

    def address(self, method: str = "GET", query: str = "") -> str:
        """Return the signed address to which the API redirects."""
        response = self.stack.client.request(method, f"/videos/{self.video_id}/source{query}")
        assert response.status_code == 307, response.text
        return str(response.headers["location"])


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory, clips: Clips) -> Iterator[Delivery]:
    clip = clips["h264.mp4"]
    with delivering_stack(tmp_path_factory.mktemp) as (stack, storage):
        video_id = stack.upload_signed(clip, NAME)
        assert stack.finished(video_id)["status"] == "done"
        yield Delivery(stack, storage, video_id, clip.read_bytes())


def test_the_file_comes_back_whole_and_by_ranges(delivery: Delivery) -> None:
    url = delivery.address()
    whole = get(url)
    assert whole.content == delivery.content
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["cache-control"] == "private, max-age=900"
    assert whole.headers["content-disposition"].startswith("inline; filename=")
    part = get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, delivery.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(delivery.content)}"
    last = get(url, headers={"Range": "bytes=-5", "If-Range": whole.headers["etag"]})
    assert (last.status_code, last.content) == (206, delivery.content[-5:])
    again = get(url, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    beyond = get(url, headers={"Range": f"bytes={len(delivery.content)}-"})
    assert beyond.status_code == 416


def test_head_tells_size_type_and_etag(delivery: Delivery) -> None:
    path = f"/videos/{delivery.video_id}/source"
    head = delivery.stack.client.head(path, follow_redirects=True)
    assert head.status_code == 200
    assert int(head.headers["content-length"]) == len(delivery.content)
    assert head.headers["content-type"] == "video/mp4"
    assert head.headers["etag"] == get(delivery.address()).headers["etag"]
    assert get(delivery.address("HEAD")).status_code == 403, "signed for HEAD alone"


def test_a_download_has_the_name_of_the_upload(delivery: Delivery) -> None:
    saved = get(delivery.address(query="?download"))
    quoted = "%C3%A9t%C3%A9%20%221%22.mp4"
    disposition = f"attachment; filename=\"_t_ _1_.mp4\"; filename*=UTF-8''{quoted}"
    assert saved.headers["content-disposition"] == disposition
    assert saved.content == delivery.content


def test_a_client_that_forwards_its_credential_asks_for_the_address(delivery: Delivery) -> None:
    forwarded = {"Authorization": "Bearer x"}
    assert get(delivery.address(), headers=forwarded).status_code == 400
    assert delivery.storage.refused.pop() == "InvalidArgument"
    path = f"/videos/{delivery.video_id}/source?redirect=false"
    assert get(delivery.stack.client.get(path).json()["url"]).content == delivery.content


def test_an_old_address_is_refused_and_the_api_gives_a_new_one(delivery: Delivery) -> None:
    old = delivery.address()
    delivery.storage.oldest = timedelta(0)
    assert get(old).status_code == 403
    assert delivery.storage.refused.pop() == "AccessDenied"
    delivery.storage.oldest = timedelta(minutes=15)
    assert get(delivery.address()).content == delivery.content


@pytest.mark.parametrize("origin", ["null", "https://player.example"])
def test_players_of_other_pages_may_read_ranges(delivery: Delivery, origin: str) -> None:
    url = delivery.address()
    ask = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    asked = httpx2.options(
        url, headers=ask | {"Access-Control-Request-Headers": "range"}, timeout=60
    )
    assert asked.status_code == 200
    assert "range" in asked.headers["access-control-allow-headers"].lower()
    read = get(url, headers={"Origin": origin, "Range": "bytes=0-9"})
    assert read.headers["access-control-allow-origin"] in (origin, "*")
    assert "content-range" in read.headers["access-control-expose-headers"].lower()
