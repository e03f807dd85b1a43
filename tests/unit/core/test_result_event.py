import json
from dataclasses import asdict, replace

import pytest

from functions.api.schemas.videos import video_resource
from functions.core.access import OPEN_CALLER
from functions.core.pictures import picture_version, thumbnail_version
from functions.core.result_event import event_type, payload, result_event
from functions.core.video import Video
from tests.examples import ID, PLACEHOLDER, done_video, failed_video, odd_video, streams
from tests.receivers import API


def test_the_payload_of_a_done_video() -> None:
    done = replace(done_video(), passthrough="order-1", owner="anna")
    version = picture_version(done)
    body = json.loads(payload(result_event(done, api_url=API)))
    assert body == {
        "type": "video.done",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "data": {
            "id": ID,
            "filename": "clip.mp4",
            "owner": "anna",
            "visibility": "private",
            "passthrough": "order-1",
            "status": "done",
            "size": 2000,
            "created_at": "2026-01-02T03:04:05.678Z",
            "media": {
                "container": "mp4",
                "duration": "00:00:30",
                "duration_s": 30.02,
                "width": 640,
                "height": 360,
                "rotation": 0,
                "frame_rate": 25.0,
                "video_codec": "h264",
                "audio_codec": "aac",
                "bit_rate": 800_000,
                "has_audio": True,
                "streams": [asdict(stream) for stream in streams()],
                "created_at": "2026-01-02T03:04:05.678Z",
                "chapters": 2,
                "stereo_3d": False,
                "spherical": False,
                "faststart": True,
                "playback": {
                    "browsers": "some",
                    "reason": "hdr",
                    "message": "Not every browser shows the colours of HDR video correctly."
                    " As MP4 with H.264 (8 bits, 4:2:0, SDR) and AAC it plays in all of them.",
                },
            },
            "source": {"url": f"{API}/videos/{ID}/source", "content_type": "video/mp4"},
            "thumbnail": {
                "url": f"{API}/videos/{ID}/thumbnail?v={thumbnail_version(done)}",
                "width": 320,
                "height": 180,
                "at_s": 3.002,
                "fallback": None,
                "placeholder": PLACEHOLDER,
            },
            "pictures": {
                "image_url": f"{API}/videos/{ID}/image.jpg?v={version}",
                "storyboard_url": f"{API}/videos/{ID}/storyboard.jpg?v={version}",
                "storyboard_vtt_url": f"{API}/videos/{ID}/storyboard.vtt?v={version}",
                "storyboard_json_url": f"{API}/videos/{ID}/storyboard.json?v={version}",
            },
            "warnings": [],
            "error": None,
        },
    }


def test_the_payload_of_a_failed_video() -> None:
    # A picture and an error of before must not be taken for this finish's.
    video = replace(failed_video(), thumbnail=done_video().thumbnail)
    data = json.loads(payload(result_event(video, api_url=API)))["data"]
    assert event_type(video) == "video.failed"
    assert (data["source"], data["media"], data["thumbnail"]) == (None, None, None)
    assert data["error"] == {
        "code": "corrupt",
        "message": "The file is damaged.",
        "retryable": False,
    }


@pytest.mark.parametrize("video", [done_video(), odd_video(), failed_video()])
def test_the_payload_agrees_with_the_api(video: Video) -> None:
    resource = video_resource(video, caller=OPEN_CALLER, base_url=f"{API}/")
    shown = resource.model_dump(mode="json")
    if shown["media"]:
        del shown["media"]["location"]
    data = json.loads(payload(result_event(video, api_url=API)))["data"]
    assert {name: shown[name] for name in data} == data


def test_every_attempt_has_the_same_body() -> None:
    assert payload(result_event(done_video(), api_url=API)) == payload(
        result_event(done_video(), api_url=API)
    )
