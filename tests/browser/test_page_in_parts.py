"""The page with multipart uploads: paused, reloaded, interrupted, stalled, cancelled, expired."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.boxes import widen
from tests.browsers import WatchedPage
from tests.clips import Clips
from tests.fault_proxy import Fault, Trap
from tests.faulty_stack import FaultyStack
from tests.page import (
    DONE_MS,
    DROP,
    await_kept,
    card,
    delete_open_video,
    expect_picture,
    expect_ready,
    part_numbers,
    row,
)
from tests.time_travel import let_time_pass
from tests.waiting import eventually

_CANCEL = re.compile("^Cancel ")

_SLOW_DISK = """
window.diskIsSlow = true;
const {put} = IDBObjectStore.prototype;
IDBObjectStore.prototype.put = function (...values) {
  const request = put.apply(this, values);
  // A transaction with an open request stays open.
  const goOn = () => {
    if (window.diskIsSlow) this.get("nothing").onsuccess = goOn;
  };
  if (this.name === "files") goOn();
  return request;
};
"""
_FORGET_FILES = """
() => new Promise((resolve) => {
  indexedDB.open("clipo-uploads").onsuccess = ({target: {result}}) => {
    const transaction = result.transaction("files", "readwrite");
    transaction.objectStore("files").clear();
    transaction.oncomplete = () => (result.close(), resolve());
  };
})
"""
"""Deletes the stored files, as if they had been too large to store."""


def uploads_in_parts(world: FaultyStack) -> list[dict[str, Any]]:
    return list(world.s3.list_multipart_uploads(Bucket="clipo-uploads").get("Uploads", []))


def arrived(world: FaultyStack) -> set[int]:
    """Return the numbers of the parts in storage of the only upload."""
    [one] = uploads_in_parts(world)
    parts = world.s3.list_parts(Bucket="clipo-uploads", Key=one["Key"], UploadId=one["UploadId"])
    return {part["PartNumber"] for part in parts.get("Parts", [])}


@pytest.fixture
def page(world: FaultyStack, watched: WatchedPage) -> Iterator[WatchedPage]:
    watched.page.goto(world.stack.api)
    expect_ready(watched)
    yield watched
    assert watched.origins <= {world.stack.api, world.storage.url}


@pytest.fixture
def large(clips: Clips, tmp_path: Path) -> Path:
    """A playable clip that is just too large for one request, with a name of its own."""
    return make(clips["tiny.mp4"], tmp_path / f"{tmp_path.name}.mp4", 101 << 20)


def make(clip: Path, path: Path, size: int) -> Path:
    content = clip.read_bytes()
    widen(content, size - len(content), path)
    return path


def drop_until(page: WatchedPage, world: FaultyStack, file: Path, *, until_part: int) -> Trap:
    """Upload a file until one of its parts gets no response."""
    trap = world.storage.trap(Fault.HOLD_BEFORE, b"partNumber=%d&" % until_part)
    page.drop(DROP, file)
    assert trap.reached.wait(60)
    return trap


def expect_warning(page: WatchedPage) -> None:
    """Begin to leave the page, which asks whether to, and stay."""
    with page.page.expect_event("dialog") as asked:
        page.page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()


def video_ids(page: WatchedPage) -> set[str]:
    """Return the ids of the videos that a page uploads."""
    found = (re.search(r"/uploads/([0-9a-f]{24})/source", url) for url in page.requests)
    return {one[1] for one in found if one}


@pytest.mark.long
def test_a_large_video_is_paused_reloaded_and_resumed(
    page: WatchedPage, world: FaultyStack, clips: Clips, tmp_path: Path
) -> None:
    page.expect_complaint("ERR_INTERNET_DISCONNECTED|unsafe header")
    large = make(clips["tiny.mp4"], tmp_path / "three-hundred.mp4", 300 << 20)
    drop_until(page, world, large, until_part=12)
    with page.page.expect_event("requestfailed", lambda request: "partNumber=12&" in request.url):
        row(page, "three-hundred").get_by_role("button", name="Pause").click()
    expect(row(page, "three-hundred")).to_contain_text("paused2")
    expect(card(page, "three-hundred")).to_have_count(0)
    page.screenshot("paused", width=320, height=900)
    page.screenshot("paused", width=1280, height=900, dark=True)
    page.requests.clear()
    for _ in range(2):
        with page.page.expect_response("**/videos?*"):
            pass
    assert not [url for url in page.requests if url.startswith(world.storage.url)], (
        "the upload is paused"
    )
    await_kept(page.page)
    kept = arrived(world)
    page.page.reload()
    expect(row(page, "three-hundred")).to_contain_text("interrupted: the page was closed2")
    page.screenshot("reloaded", width=360, height=900, dark=True)
    page.screenshot("reloaded", width=1280, height=900)
    trap = world.storage.trap(Fault.HOLD_BEFORE, b"partNumber=25&")
    row(page, "three-hundred").get_by_role("button", name="Resume").click()
    assert trap.reached.wait(60)
    with page.offline():
        expect(row(page, "three-hundred")).to_contain_text("waiting for the network")
    done = card(page, "three-hundred").locator("[data-status=done]")
    expect(done).to_be_visible(timeout=3 * DONE_MS)
    expect_picture(card(page, "three-hundred"))
    assert kept == set(range(1, 12))
    assert part_numbers(page) == [*range(12, 26), *range(25, 39)], "nothing is sent twice"
    assert len(video_ids(page)) == 1


@pytest.mark.long
def test_the_page_asks_before_it_loses_an_upload(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    page.expect_complaint("unsafe header")
    page.page.add_init_script("delete Navigator.prototype.locks")
    page.page.reload()
    expect_ready(page)
    drop_until(page, world, large, until_part=3)
    expect_warning(page)
    expect(row(page, large.stem)).to_have_attribute("data-state", "uploading")


@pytest.mark.long
def test_the_page_asks_before_it_loses_a_file_that_is_not_stored_yet(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    page.expect_complaint("unsafe header")
    page.page.add_init_script(_SLOW_DISK)
    page.page.reload()
    expect_ready(page)
    drop_until(page, world, large, until_part=3)
    expect_warning(page)
    page.page.evaluate("window.diskIsSlow = false")
    await_kept(page.page)
    page.page.reload()
    expect(row(page, large.stem)).to_contain_text("interrupted")


@pytest.mark.long
def test_after_a_reload_only_unfinished_files_must_be_chosen_again(
    page: WatchedPage, world: FaultyStack, large: Path, clips: Clips, tmp_path: Path
) -> None:
    page.expect_complaint("unsafe header")
    small = make(clips["tiny.mp4"], tmp_path / "beside-the-large.mp4", 10_000)
    trap = world.storage.trap(Fault.HOLD_BEFORE, b"partNumber=3&")
    page.drop(DROP, large, small)
    assert trap.reached.wait(60)
    expect_picture(card(page, small.name))
    await_kept(page.page)
    page.page.evaluate(_FORGET_FILES)
    page.page.reload()
    expect(row(page, large.stem)).to_contain_text("choose the file again")
    expect(page.page.locator(".upload")).to_have_count(1)
    page.screenshot("choose-again", width=1000, height=800)
    with page.page.expect_file_chooser() as chosen:
        page.page.get_by_role("button", name="Choose the file").click()
    chosen.value.set_files(large)
    expect_picture(card(page, large.stem))
    assert len(video_ids(page)) == 1


@pytest.mark.long
def test_a_second_tab_does_not_resume_the_first_tabs_upload(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    drop_until(page, world, large, until_part=3)
    await_kept(page.page)
    second = page.page.context.new_page()
    second.goto(world.stack.api)
    expect(second.locator(".card").filter(has_text=large.stem)).to_be_visible()
    with second.expect_response("**/videos?*"):
        pass  # by then the second tab would have found the stored upload
    interrupted = second.get_by_text("interrupted: the page was closed")
    expect(interrupted).to_have_count(0)
    page.page.close()
    expect(interrupted).to_be_visible()
    with second.expect_request(lambda one: one.method == "DELETE", timeout=20_000):
        second.get_by_role("button", name=_CANCEL).click()
    expect(second.locator(".card").filter(has_text=large.stem)).to_have_count(0)


@pytest.mark.long
def test_an_upload_resumes_when_the_network_is_back(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    page.expect_complaint("ERR_INTERNET_DISCONNECTED|unsafe header")
    drop_until(page, world, large, until_part=5)
    with page.offline():
        expect(row(page, large.stem)).to_contain_text("waiting for the network")
        page.screenshot("offline", width=320, height=900)
        page.screenshot("offline", width=1280, height=900)
    expect_picture(card(page, large.stem))
    assert part_numbers(page) == [1, 2, 3, 4, 5, *range(5, 14)]
    assert len(video_ids(page)) == 1


@pytest.mark.long
def test_an_upload_resumes_when_storage_is_back(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    page.expect_complaint("ERR_CONNECTION_RESET|unsafe header|[Nn]etwork error")
    trap = world.storage.trap(Fault.RESET_BEFORE, b"partNumber=5&", times=8)
    page.drop(DROP, large)
    expect(row(page, large.stem)).to_contain_text("The network failed", timeout=DONE_MS)
    expect_picture(card(page, large.stem))
    assert trap.times == 0
    assert {*part_numbers(page)} == {*range(1, 14)}
    assert part_numbers(page).count(4) == 1
    assert len(video_ids(page)) == 1


@pytest.mark.long
def test_an_upload_resumes_when_the_api_is_back(page: WatchedPage, large: Path) -> None:
    page.expect_complaint("503|unsafe header|Storage does not answer")
    problem = {"code": "storage_unavailable", "detail": "Storage does not answer."}
    page.page.route(
        "**/upload/sign", lambda route: route.fulfill(status=503, json=problem), times=2
    )
    page.drop(DROP, large)
    expect(row(page, large.stem)).to_contain_text("The service is not available")
    expect_picture(card(page, large.stem))
    assert len(video_ids(page)) == 1


@pytest.mark.long
def test_parts_that_storage_deleted_are_sent_again(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    page.expect_complaint("404|unsafe header")
    trap = drop_until(page, world, large, until_part=3)
    for one in uploads_in_parts(world):
        world.s3.abort_multipart_upload(
            Bucket="clipo-uploads", Key=one["Key"], UploadId=one["UploadId"]
        )
    trap.go_on.set()
    expect(row(page, large.stem)).to_contain_text("Retry uploads the whole file again")
    page.page.get_by_role("button", name="Retry").click()
    expect_picture(card(page, large.stem))
    assert len(video_ids(page)) == 1


@pytest.mark.long
def test_a_new_address_of_storage_needs_a_reload(
    watched: WatchedPage, world: FaultyStack, clips: Clips, tmp_path: Path
) -> None:
    watched.expect_complaint("CSP: connect-src|Content Security Policy|violates|Network error")
    old = "http://127.0.0.1:9"

    def move(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace(world.storage.url, old)
        route.fulfill(response=answer, body=body)

    watched.page.goto(world.stack.api)
    expect_ready(watched)
    for path in ("**/videos", "**/upload/sign"):
        watched.page.route(path, move)
    watched.drop(DROP, make(clips["tiny.mp4"], tmp_path / "moved.mp4", 10_000))
    expect(row(watched, "moved.mp4")).to_contain_text("Reload the page", timeout=DONE_MS)


@pytest.mark.long
def test_a_part_without_a_response_is_sent_again(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    page.page.clock.install()
    page.page.reload()
    expect_ready(page)
    drop_until(page, world, large, until_part=5)
    expect(row(page, large.stem)).to_have_attribute("data-state", "uploading")
    page.page.clock.fast_forward("00:50")
    expect_picture(card(page, large.stem))
    assert part_numbers(page) == [1, 2, 3, 4, 5, *range(5, 14)]
    assert len(video_ids(page)) == 1


@pytest.mark.long
def test_a_file_without_a_response_is_sent_again(
    page: WatchedPage, world: FaultyStack, clips: Clips, tmp_path: Path
) -> None:
    page.page.clock.install()
    page.page.reload()
    expect_ready(page)
    trap = world.storage.trap(Fault.HOLD_BEFORE, b"POST /clipo-uploads ")
    page.drop(DROP, make(clips["tiny.mp4"], tmp_path / "hangs.mp4", 10_000))
    assert trap.reached.wait(60)
    expect(row(page, "hangs.mp4")).to_contain_text("finishing")
    page.page.clock.fast_forward("03:10")
    expect_picture(card(page, "hangs.mp4"))
    assert page.page.locator(".card").filter(has_text="hangs.mp4").count() == 1


def test_a_file_that_is_too_large_is_not_announced(
    page: WatchedPage, world: FaultyStack, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.mp4"
    with huge.open("wb") as file:
        file.truncate(1_000_000_001)
    page.drop(DROP, huge)
    message = page.page.get_by_text("The limit is 1 GB")
    expect(message.first).to_be_visible()
    assert f"POST {world.stack.api}/videos" not in page.calls


def test_a_cancel_can_be_undone(page: WatchedPage, world: FaultyStack, large: Path) -> None:
    page.expect_complaint("unsafe header")
    drop_until(page, world, large, until_part=3)
    upload = row(page, large.stem)
    upload.get_by_role("button", name=_CANCEL).click()
    upload.get_by_role("button", name="Undo", exact=True).click()
    expect_picture(card(page, large.stem))
    assert part_numbers(page) == [1, 2, 3, *range(3, 14)], "no other part is sent twice"
    assert not [call for call in page.calls if call.startswith("DELETE ")]


def test_a_cancelled_upload_leaves_nothing(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    page.expect_complaint("404|unsafe header")
    drop_until(page, world, large, until_part=3)
    upload = row(page, large.stem)
    with page.page.expect_request_finished(
        lambda one: one.method == "DELETE" and "/videos/" in one.url
    ):
        upload.get_by_role("button", name=_CANCEL).click()
        expect(upload).to_contain_text("cancelled")
        expect(upload.get_by_role("button", name="Undo", exact=True)).to_be_focused()
    expect(upload).to_have_count(0)
    [video_id] = video_ids(page)
    expect(card(page, large.stem)).to_have_count(0)
    assert world.stack.client.get(f"/videos/{video_id}").status_code == 404
    assert uploads_in_parts(world) == []


def test_a_cancel_is_final_when_the_page_is_closed(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    page.expect_complaint("unsafe header")
    drop_until(page, world, large, until_part=3)
    row(page, large.stem).get_by_role("button", name=_CANCEL).click()
    [video_id] = video_ids(page)
    page.page.goto("about:blank")
    eventually(lambda: world.stack.client.get(f"/videos/{video_id}").status_code == 404)


@pytest.mark.long
def test_a_video_that_is_deleted_during_its_upload_is_uploaded_again(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    page.expect_complaint("404|unsafe header|NoSuchUpload|expired or was deleted")
    trap = drop_until(page, world, large, until_part=3)
    expect(row(page, large.stem)).to_have_attribute("data-state", "uploading")
    [first] = video_ids(page)
    world.stack.client.delete(f"/videos/{first}")
    trap.go_on.set()
    expect(row(page, large.stem)).to_contain_text("Retry uploads the whole file again")
    page.page.get_by_role("button", name="Retry").click()
    expect_picture(card(page, large.stem))
    [second] = video_ids(page) - {first}
    assert page.page.locator(f"[data-video='{second}']").count() == 1
    assert page.page.locator(f"[data-video='{first}']").count() == 0


@pytest.mark.long
def test_a_video_that_expires_during_its_upload_is_revived(
    page: WatchedPage, world: FaultyStack, large: Path
) -> None:
    page.expect_complaint("409|unsafe header")
    trap = drop_until(page, world, large, until_part=5)
    expect(row(page, large.stem)).to_have_attribute("data-state", "uploading")
    [video_id] = video_ids(page)
    let_time_pass(world.videos, workers=timedelta(hours=2), waiting=timedelta(0))
    assert world.stack.finished(video_id)["error"]["code"] == "upload_expired"
    trap.go_on.set()
    expect_picture(card(page, large.stem))
    assert part_numbers(page) == list(range(1, 14))
    assert len(video_ids(page)) == 1


@pytest.mark.long
def test_an_expired_signature_is_replaced(
    page: WatchedPage, world: FaultyStack, clips: Clips, tmp_path: Path
) -> None:
    page.expect_complaint("403|unsafe header")
    body = "<Error><Code>AccessDenied</Code><Message>Policy expired.</Message></Error>"
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/xml"}
    page.page.route(
        f"{world.storage.url}/clipo-uploads",
        lambda route: route.fulfill(status=403, body=body, headers=headers),
        times=1,
    )
    page.drop(DROP, make(clips["tiny.mp4"], tmp_path / "late.mp4", 10_000))
    expect(row(page, "late.mp4")).to_contain_text("it took too long")
    expect(card(page, "late.mp4")).to_have_count(0)
    page.screenshot("stopped", width=360, height=900)
    page.screenshot("stopped", width=1280, height=900, dark=True)
    page.page.get_by_role("button", name="Retry").click()
    expect_picture(card(page, "late.mp4"))
    assert page.page.locator(".card").filter(has_text="late.mp4").count() == 1


@pytest.mark.long
def test_thirty_files_are_uploaded_at_once(page: WatchedPage, clips: Clips, tmp_path: Path) -> None:
    names = [f"one-of-thirty-{number:02}.mp4" for number in range(30)]
    page.drop(DROP, *(make(clips["tiny.mp4"], tmp_path / name, 10_000) for name in names))
    expect(page.page.locator(".tray")).to_contain_text(re.compile(r"Uploading \d+ videos"))
    page.screenshot("thirty", width=1280, height=800)
    done = page.page.locator(".card [data-status=done]").filter(has_text="one-of-thirty-")
    expect(done).to_have_count(30, timeout=4 * DONE_MS)
    expect(page.page.locator(".tray")).to_have_count(0)


def test_a_video_that_failed_for_the_time_being_is_processed_again(
    page: WatchedPage, world: FaultyStack, clips: Clips, tmp_path: Path
) -> None:
    # It may be deleted while its large picture is being made.
    page.expect_complaint("404")
    page.drop(DROP, make(clips["tiny.mp4"], tmp_path / "again.mp4", 10_000))
    expect_picture(card(page, "again.mp4"))
    error = {"code": "retries_exhausted", "message": "Retry it.", "retryable": True}
    failed = {"status": "failed", "error": error}
    world.videos.update_one({"filename": "again.mp4"}, {"$set": failed})
    card(page, "again.mp4").locator("a").click()
    details = page.page.get_by_role("dialog")
    details.get_by_role("button", name="Retry").click()
    expect(details.locator(".status.done")).to_be_visible(timeout=DONE_MS)
    delete_open_video(page)
    expect(card(page, "again.mp4")).to_have_count(0)
