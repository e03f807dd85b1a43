"""The examples in the API's documentation."""

from typing import Any

from functions.core.release import RELEASE

VIDEO_ID = "507f1f77bcf86cd799439011"
TIME = "2026-11-22T12:01:00.000Z"
PLACEHOLDER = "VpcFFxJWQIdQqYlCuelrdIdlWJQEb2UE"
VERSION = "3f1c0a9be27d5486"

_ADDRESS = f"https://api.example.com/videos/{VIDEO_ID}"
_PENDING_VIDEO: dict[str, Any] = {
    "id": VIDEO_ID,
    "filename": "holiday.mp4",
    "content_type": "video/mp4",
    "size": 5242880,
    "owner": "user-7",
    "visibility": "private",
    "passthrough": "order-1042",
    "status": "pending",
    "created_at": TIME,
    "updated_at": TIME,
    "upload_expires_at": "2026-11-22T12:16:00.000Z",
    "attempts": 0,
    "source": None,
    "media": None,
    "warnings": [],
    "thumbnail": None,
    "pictures": None,
    "processing": None,
    "error": None,
    "webhook": None,
}
_BUCKET_URL = "https://clipo-uploads.s3.eu-west-1.amazonaws.com/"
_KEY = f"uploads/{VIDEO_ID}/source"
_FORM: dict[str, Any] = {
    "url": _BUCKET_URL,
    "fields": {
        "key": _KEY,
        "Content-Type": "video/mp4",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": "…",
        "x-amz-date": "20261122T120100Z",
        "policy": "…",
        "x-amz-signature": "…",
    },
    "expires_at": "2026-11-22T12:16:00.000Z",
    "part_size": 8388608,
}
CREATED_VIDEO: dict[str, Any] = _PENDING_VIDEO | {"upload": {"method": "POST"} | _FORM}
SIGNED_FORM: dict[str, Any] = _FORM | {"key": _KEY}
SIGNED_PART: dict[str, Any] = {
    "url": f"{_BUCKET_URL}{_KEY}?uploadId=…&partNumber=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&…",
    "key": _KEY,
    "expires_at": "2026-11-22T12:16:00.000Z",
    "part_size": 8388608,
}
DONE_VIDEO: dict[str, Any] = _PENDING_VIDEO | {
    "status": "done",
    "updated_at": "2026-11-22T12:01:07.250Z",
    "upload_expires_at": None,
    "attempts": 1,
    "source": {
        "url": f"{_ADDRESS}/source",
        "content_type": "video/mp4",
    },
    "media": {
        "container": "mp4",
        "duration": "00:00:30",
        "duration_s": 29.96,
        "width": 1920,
        "height": 1080,
        "rotation": 0,
        "frame_rate": 29.97,
        "video_codec": "h264",
        "audio_codec": "aac",
        "bit_rate": 1399968,
        "has_audio": True,
        "streams": [
            {
                "index": 0,
                "kind": "video",
                "codec": "h264",
                "language": None,
                "default": True,
                "profile": "High",
                "level": "4.0",
                "pixel_format": "yuv420p",
                "bit_depth": 8,
                "width": 1920,
                "height": 1080,
                "rotation": 0,
                "display_aspect_ratio": "16:9",
                "frame_rate": 29.97,
                "interlaced": False,
                "bit_rate": 1267968,
                "hdr": None,
                "dolby_vision_profile": None,
                "color_range": "tv",
                "color_space": "bt709",
                "color_transfer": "bt709",
                "color_primaries": "bt709",
            },
            {
                "index": 1,
                "kind": "audio",
                "codec": "aac",
                "language": "eng",
                "default": True,
                "channels": 2,
                "channel_layout": "stereo",
                "sample_rate": 48000,
                "bit_rate": 128000,
            },
        ],
        "created_at": "2026-08-01T17:30:00.000Z",
        "chapters": 0,
        "stereo_3d": False,
        "spherical": False,
        "faststart": True,
        "location": None,
        "playback": {
            "browsers": "all",
            "reason": None,
            "message": "All browsers play the video.",
        },
    },
    "thumbnail": {
        "url": f"{_ADDRESS}/thumbnail?v=9b0d6a3c51e8f724",
        "width": 320,
        "height": 180,
        "at_s": 2.996,
        "fallback": None,
        "placeholder": PLACEHOLDER,
    },
    "pictures": {
        "image_url": f"{_ADDRESS}/image.jpg?v={VERSION}",
        "storyboard_url": f"{_ADDRESS}/storyboard.jpg?v={VERSION}",
        "storyboard_vtt_url": f"{_ADDRESS}/storyboard.vtt?v={VERSION}",
        "storyboard_json_url": f"{_ADDRESS}/storyboard.json?v={VERSION}",
    },
    "warnings": [],
    "processing": {
        "started_at": "2026-11-22T12:01:07.000Z",
        "finished_at": "2026-11-22T12:01:07.250Z",
        "wall_ms": 250,
        "bytes_read": 5242880,
        "requests": 1,
        "release": RELEASE,
    },
    "webhook": {
        "id": "msg_6b03911acf2b20c6f6841703",
        "attempts": 1,
        "last_status": 204,
        "delivered_at": "2026-11-22T12:01:08.000Z",
        "due_at": None,
    },
}
