"""Probes a video and makes its thumbnail, with ffprobe and ffmpeg in a cage."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from processing import probe
from processing.cage import ChildTimedOut, ChildUsedUpCpu, Finished, run
from processing.errors import BadMedia, Code
from shared.video import Media

_THUMBNAIL_BOX = (320, 240)
"""Pixels: the ancestor's size, without its distortion."""

_THUMBNAIL_POSITION = 0.1
"""Of the duration: past black frames and titles, as the ancestor had it."""

_MAX_PIXELS = 8192 * 4352
"""A frame of 8K cinema; 160 MB decoded at 10 bits."""

_MAX_STREAMS = 16
_MAX_ALLOC = 256 << 20
_CHILD_S = 60
_RESERVE_S = 20
"""Kept of the function's time to publish and record what was found."""

# Demuxers of the seven containers, and of what is found under their names. A protocol
# whitelist alone does not stop playlists: it is this list that keeps ffmpeg from opening
# the second file that an m3u8 or ffconcat called .mp4 names.
_DEMUXERS = "mov,matroska,webm,avi,asf,flv,mpegts,mpeg,ogg"

_LIMITS = [
    *("-max_alloc", str(_MAX_ALLOC)),
    *("-protocol_whitelist", "file"),
    *("-format_whitelist", _DEMUXERS),
    *("-max_streams", str(_MAX_STREAMS)),
    *("-max_pixels", str(_MAX_PIXELS)),
]

_TOO_MANY_PIXELS = BadMedia(
    Code.TOO_MANY_PIXELS,
    f"The picture is larger than {_MAX_PIXELS:,} pixels (8K). Upload a smaller version.",
)

# What ffmpeg 8.1 says, and what it means.
_COMPLAINTS = [
    (r"exceeds specified max pixel count", _TOO_MANY_PIXELS),
    (
        r"exceeds max_streams",
        BadMedia(
            Code.TOO_MANY_STREAMS,
            f"The file has more than {_MAX_STREAMS} streams. Keep one video and one sound track.",
        ),
    ),
    (
        r"Cannot allocate memory",
        BadMedia(
            Code.OUT_OF_MEMORY,
            "The video needs more memory than there is. Upload a smaller version.",
        ),
    ),
]

_NO_DECODER = re.compile(
    r"Function not implemented|[Dd]ecoder not found|Decoder \(codec \S+\) not found"
    r"|hardware accelerated \S+ decoding"
)
_DEMUXER_SPOKE = re.compile(r"^\[(?!.*Format not on whitelist)[\w,]+ @ 0x", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Frame:
    """A JPEG that was verified to decode."""

    jpeg: bytes
    width: int
    height: int
    at_s: float
    fallback: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that is to be known about one file."""

    media: Media
    frame: Frame


class OutOfTime(Exception):
    """The function's own time ran out: not the file's fault, so another attempt may do."""


class Engine:
    """ffprobe and ffmpeg from one directory."""

    def __init__(self, ffmpeg_dir: Path) -> None:
        """Take the directory that holds `ffmpeg` and `ffprobe`."""
        self._ffmpeg = str(ffmpeg_dir / "ffmpeg")
        self._ffprobe = str(ffmpeg_dir / "ffprobe")

    def inspect(
        self, location: str, *, directory: Path, remaining_s: Callable[[], float]
    ) -> Inspection:
        """Return the metadata and the thumbnail of the file at `location`.

        The children work in `directory`; `remaining_s` tells how long this function may still
        run. Raises `BadMedia` for everything that is the file's fault, and `OutOfTime`.
        """

        def child(*arguments: str) -> Finished:
            left_s = remaining_s() - _RESERVE_S
            if left_s <= 0:
                raise OutOfTime("The function's time is used up.")
            try:
                return run(list(arguments), directory=directory, timeout_s=min(_CHILD_S, left_s))
            except ChildUsedUpCpu as error:
                raise _too_slow() from error
            except ChildTimedOut as error:
                if left_s < _CHILD_S:
                    raise OutOfTime(
                        "The function's time was used up before the child's."
                    ) from error
                raise _too_slow() from error

        media = self._probe(child, location)
        frame = self._thumbnail(child, location, media, directory / "thumbnail.jpg")
        return Inspection(media=media, frame=frame)

    def _probe(self, child: Callable[..., Finished], location: str) -> Media:
        finished = child(
            *(self._ffprobe, "-v", "error", *_LIMITS),
            *("-print_format", "json", "-show_entries", probe.ENTRIES, location),
        )
        _raise_known_complaint(finished)
        if finished.exit_code != 0:
            raise _unreadable(finished)
        try:
            return probe.media(finished.stdout)
        except (ValueError, KeyError, TypeError) as error:
            raise BadMedia(Code.CORRUPT, "The file's description of itself is damaged.") from error

    def _thumbnail(
        self, child: Callable[..., Finished], location: str, media: Media, jpeg: Path
    ) -> Frame:
        at_s = round((media.duration_s or 0) * _THUMBNAIL_POSITION, 3)
        if at_s > 0:
            self._extract(child, location, at_s, jpeg)
            frame = self._verified(child, jpeg, at_s=at_s, fallback=False)
            if frame:
                return frame
        finished = self._extract(child, location, 0, jpeg)
        frame = self._verified(child, jpeg, at_s=0, fallback=True)
        if frame:
            return frame
        _raise_known_complaint(finished)
        if _NO_DECODER.search(finished.stderr):
            raise probe.unsupported_codec(media.video_codec)
        raise BadMedia(
            Code.CORRUPT, "No picture can be decoded from the video. The file may be damaged."
        )

    def _extract(
        self, child: Callable[..., Finished], location: str, at_s: float, jpeg: Path
    ) -> Finished:
        """Write the frame at a moment, decoded forward from the keyframe before it."""
        return child(
            *(self._ffmpeg, "-nostdin", "-hide_banner", "-v", "error", *_LIMITS),
            # Not `-ss 0`: it drops frames whose time is unknown or negative.
            *("-threads", "1", *(["-ss", str(at_s)] if at_s else []), "-i", location),
            *("-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-frames:v", "1"),
            *("-vf", _fit(*_THUMBNAIL_BOX), "-pix_fmt", "yuvj420p", "-q:v", "2"),
            *("-f", "image2", "-update", "1", "-y", str(jpeg)),
        )

    def _verified(
        self, child: Callable[..., Finished], jpeg: Path, *, at_s: float, fallback: bool
    ) -> Frame | None:
        """Return the picture if it decodes: ffmpeg exits with 0 without one, too."""
        if not jpeg.exists() or jpeg.stat().st_size == 0:
            return None
        finished = child(
            *(self._ffprobe, "-v", "error", "-protocol_whitelist", "file", "-f", "jpeg_pipe"),
            *("-print_format", "json", "-show_entries", "frame=width,height", str(jpeg)),
        )
        if finished.exit_code != 0 or finished.stderr:
            return None
        frames = json.loads(finished.stdout)["frames"]
        if not frames:
            return None
        width, height = frames[0]["width"], frames[0]["height"]
        return Frame(jpeg.read_bytes(), width, height, at_s, fallback)


def _fit(width: int, height: int) -> str:
    """Return a filter that fits a box: aspect kept, never enlarged, even, square pixels."""
    factor = f"min(1,min({width}/(iw*sar),{height}/ih))"
    return f"scale=w='max(2,trunc(iw*sar*{factor}/2)*2)':h='max(2,trunc(ih*{factor}/2)*2)',setsar=1"


def _too_slow() -> BadMedia:
    return BadMedia(
        Code.TIMED_OUT,
        "The video takes too long to decode. Convert it to H.264 and upload it again.",
    )


def _raise_known_complaint(finished: Finished) -> None:
    for pattern, error in _COMPLAINTS:
        if re.search(pattern, finished.stderr):
            raise BadMedia(error.code, error.message)


def _unreadable(finished: Finished) -> BadMedia:
    """Tell a damaged video, which a demuxer gave up or crashed on, from something else."""
    if finished.exit_code < 0 or _DEMUXER_SPOKE.search(finished.stderr):
        return BadMedia(
            Code.CORRUPT, "The file is damaged or incomplete. Upload it again from the original."
        )
    return BadMedia(
        Code.NOT_A_VIDEO, "The file is not a video that we know, whatever its name says."
    )
