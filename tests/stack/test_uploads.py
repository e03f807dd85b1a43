"""A video goes from a client to object storage; seconds later it is finished."""

import struct
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.boxes import box
from tests.clips import CONTAINERS, Clips
from tests.hostile import PLAYLISTS, a_canary
from tests.running_stack import RunningStack, post_form
from tests.waiting import eventually


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Return width and height from a baseline JPEG's frame header."""
    start = jpeg.index(b"\xff\xc0")
    height, width = struct.unpack(">HH", jpeg[start + 5 : start + 9])
    return width, height


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_through_a_signed_form(
    stack: RunningStack, clips: Clips, name: str
) -> None:
    video = stack.finished(stack.upload_signed(clips[name]))
    assert (video["status"], video["error"]) == ("done", None)
    media = video["media"]
    assert (media["container"], media["video_codec"], media["audio_codec"]) == CONTAINERS[name]
    assert media["duration"] == "00:00:02"
    assert video["size"] == clips[name].stat().st_size
    assert video["attempts"] == 1


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_as_the_ancestors_clients_send_it(
    stack: RunningStack, clips: Clips, name: str
) -> None:
    video_id = stack.upload_form(clips[name], name.upper())
    assert stack.finished(video_id)["status"] == "done"
    assert stack.client.get(f"/video-status/{video_id}").json() == {
        "id": video_id,
        "status": "done",
    }
    metadata = stack.client.get(f"/video-metadata/{video_id}").json()
    assert (metadata["filename"], metadata["duration"]) == (name.upper(), "00:00:02")
    assert metadata["error_message"] is None
    picture = httpx2.get(metadata["thumbnail_url"], timeout=60)
    assert picture.status_code == 200
    assert jpeg_size(picture.content) == (320, 180)


@pytest.mark.parametrize(
    "name",
    [
        "with some spaces.mp4",
        "a+b&c=d%20e%.mp4",
        "quo'tes \".mp4",
        "semi;colon.mp4",
        "ümläut-日本語-😀.MP4",
        "../../etc/passwd.mp4",
        "<script>alert(1)</script>.mp4",
        "a" * 251 + ".mp4",
    ],
)
def test_every_name_comes_back_as_it_was_given(
    stack: RunningStack, clips: Clips, name: str
) -> None:
    clip = clips["tiny.mp4"]
    signed = stack.finished(stack.upload_signed(clip, name))
    assert (signed["status"], signed["filename"]) == ("done", name)
    form = stack.finished(stack.upload_form(clip, name))
    assert (form["status"], form["filename"]) == ("done", name)


def test_two_uploads_of_one_name_are_two_videos(stack: RunningStack, clips: Clips) -> None:
    wide = stack.upload_form(clips["h264.mp4"], "same.mp4")
    tall = stack.upload_form(clips["portrait.mp4"], "same.mp4")
    sizes = []
    for video_id in (wide, tall):
        stack.finished(video_id)
        metadata = stack.client.get(f"/video-metadata/{video_id}").json()
        picture = httpx2.get(metadata["thumbnail_url"], timeout=60)
        sizes.append(jpeg_size(picture.content))
    assert sizes == [(320, 180), (134, 240)]


def test_the_thumbnail_can_be_had_straight_from_storage(stack: RunningStack, clips: Clips) -> None:
    video = stack.finished(stack.upload_signed(clips["h264.mp4"]))
    address = f"{stack.api}/videos/{video['id']}/thumbnail"
    redirect = httpx2.get(address, follow_redirects=False, timeout=60)
    assert redirect.status_code == 307
    assert redirect.headers["location"].startswith(stack.addresses["s3"])
    picture = httpx2.get(redirect.headers["location"], timeout=60)
    assert picture.headers["content-type"] == "image/jpeg"
    assert jpeg_size(picture.content) == (
        video["thumbnail"]["width"],
        video["thumbnail"]["height"],
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rotated.mp4", {"width": 360, "height": 640, "rotation": 90}),
        ("portrait.mp4", {"width": 360, "height": 640, "rotation": 0}),
        ("no-sound.mp4", {"has_audio": False, "audio_codec": None}),
        ("one-frame.mp4", {"width": 320, "duration": "00:00:00"}),
        ("test_video.mp4", {"duration": "00:00:10", "duration_s": 10.0, "frame_rate": 1.0}),
    ],
)
def test_unusual_clips_are_done(
    stack: RunningStack, clips: Clips, name: str, expected: dict[str, Any]
) -> None:
    video = stack.finished(stack.upload_signed(clips[name]))
    assert video["status"] == "done"
    assert expected.items() <= video["media"].items()


def test_of_a_large_video_only_a_part_is_read(stack: RunningStack, clips: Clips) -> None:
    video = stack.finished(stack.upload_signed(clips["long.mp4"]))
    assert video["status"] == "done"
    assert video["processing"]["requests"] > 1
    assert 0 < video["processing"]["bytes_read"] < video["size"] / 3


def test_a_recording_of_a_browser_gets_a_duration(stack: RunningStack, clips: Clips) -> None:
    video = stack.finished(stack.upload_signed(clips["recorded.webm"]))
    assert video["media"]["duration_s"] == pytest.approx(20, abs=0.1)
    assert video["thumbnail"]["at_s"] == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("extension", ["mp4", "avi", "mov", "mkv", "wmv", "flv", "webm"])
def test_a_playlist_opens_nothing_whatever_it_is_called(
    stack: RunningStack, clips: Clips, tmp_path: Path, extension: str
) -> None:
    with a_canary(tmp_path, clips["tiny.mp4"]) as canary:
        ids = []
        for kind in PLAYLISTS:
            playlist = tmp_path / f"{kind}.{extension}"
            playlist.write_text(canary.playlist(kind))
            ids.append(stack.upload_form(playlist))
            assert stack.client.get("/health").status_code == 200
        videos = [stack.finished(video_id) for video_id in ids]
        assert {video["error"]["code"] for video in videos} == {"not_a_video"}
        assert canary.is_alive()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("text.mp4", "not_a_video"),
        ("playlist.mp4", "not_a_video"),
        ("truncated.mp4", "corrupt"),
        ("audio-only.mp4", "no_video_stream"),
        ("cover-only.mp4", "no_video_stream"),
        ("sgi.mov", "unsupported_codec"),
        ("huge-picture.mov", "too_many_pixels"),
        ("many-streams.mp4", "too_many_streams"),
    ],
)
def test_bad_files_fail_at_once_with_a_reason(
    stack: RunningStack, clips: Clips, name: str, code: str
) -> None:
    video_id = stack.upload_form(clips[name])
    video = stack.finished(video_id)
    assert (video["status"], video["error"]["code"]) == ("failed", code)
    metadata = stack.client.get(f"/video-metadata/{video_id}").json()
    assert metadata["error_message"] == video["error"]["message"]
    assert stack.client.get(f"/videos/{video_id}/thumbnail").status_code == 404


def test_an_empty_file_is_refused(stack: RunningStack, clips: Clips) -> None:
    files = {"file": ("empty.mp4", clips["empty.mp4"].read_bytes())}
    assert stack.client.post("/upload-video/", files=files).status_code == 400


def test_a_second_upload_of_one_video_replaces_the_first(stack: RunningStack, clips: Clips) -> None:
    wide, tall = clips["h264.mp4"].read_bytes(), clips["portrait.mp4"].read_bytes()
    # A form takes one size only.
    tall += box(b"free", bytes(len(wide) - len(tall) - len(box(b"free", b""))))
    created = stack.create(clips["h264.mp4"])
    post_form(created["upload"], wide)
    assert stack.finished(created["id"])["media"]["width"] == 640
    post_form(created["upload"], tall)
    eventually(lambda: (stack.finished(created["id"])["media"] or {}).get("width") == 360)
    assert stack.client.get(f"/thumbnails/{created['id']}.jpg").status_code == 200


@pytest.mark.long
def test_many_uploads_at_once_are_all_done(stack: RunningStack, clips: Clips) -> None:
    clip = clips["test_video.mp4"]
    with ThreadPoolExecutor(10) as pool:
        ids = list(pool.map(lambda _: stack.upload_form(clip), range(50)))
        videos = list(pool.map(stack.finished, ids))
    assert len(set(ids)) == 50
    assert {video["status"] for video in videos} == {"done"}
    assert {video["attempts"] for video in videos} == {1}


def test_the_list_pages_through_everything(stack: RunningStack, clips: Clips) -> None:
    newest = [stack.create(clips["tiny.mp4"])["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str | int] = {"limit": 2, "status": "pending"}
    for _ in range(3):
        page = stack.client.get("/videos", params=cursor)
        seen += [video["id"] for video in page.json()["data"]]
        cursor["cursor"] = page.json()["next_cursor"]
    assert seen[:5] == newest[::-1]


def test_the_terminal_tells_each_step(stack: RunningStack, clips: Clips) -> None:
    video_id = stack.upload_form(clips["tiny.mp4"])
    stack.finished(video_id)
    failed = stack.upload_form(clips["text.mp4"])
    stack.finished(failed)

    def last_step(of: str) -> str:
        return [line for line in stack.output.splitlines() if of in line][-1]

    # The record is written before the line.
    deadline = time.monotonic() + 10
    while not ("done" in last_step(video_id) and "not_a_video" in last_step(failed)):
        assert time.monotonic() < deadline, stack.output
        time.sleep(0.05)


def test_no_filename_is_logged(stack: RunningStack, clips: Clips) -> None:
    video_id = stack.upload_form(clips["tiny.mp4"], "private-name.mp4")
    stack.finished(video_id)
    for function in ("api", "processing"):
        log = (stack.home / "logs" / f"{function}.log").read_text()
        assert video_id in log
        assert "private-name" not in log
