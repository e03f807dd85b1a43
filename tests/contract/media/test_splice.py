"""Recordings without an index, read through a splice and whole: both ways find the same."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from functions.core.video import Media
from functions.media import thumbnail
from functions.media.engine import Engine, Inspection
from functions.media.splice import fragments, views
from tests.clips import ffmpeg
from tests.fakes.uploads import open_clip

_KEYFRAMES = "frag_keyframe+empty_moov"
_PICTURE = "testsrc2=size=640x360:rate=25:duration=60,noise=alls=10:allf=t"
_SOUND = "sine=frequency=440:duration=60"
_H264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-b:v", "900k"]

SOURCES = {
    "b-frames": ["-g", "50", "-bf", "3"],
    "open-gop": ["-g", "60", "-bf", "3", "-x264-params", "open-gop=1:scenecut=0"],
    "irregular": ["-vf", "select='not(mod(n,7))+lt(mod(n,100),40)'", "-fps_mode", "vfr"],
}
"""ffmpeg options for one minute of 640x360 with sound; each frame looks different."""


@dataclass(frozen=True)
class Muxed:
    """How ffmpeg writes a fragmented MP4."""

    flags: str
    options: tuple[str, ...] = ()
    source: str = "b-frames"
    again: tuple[str, ...] = ()
    """Options of a second reading of the source, for its sound."""


MUXED = {
    "by keyframe": Muxed(_KEYFRAMES),
    "default base": Muxed(f"{_KEYFRAMES}+default_base_moof"),
    "one track a fragment": Muxed(f"{_KEYFRAMES}+separate_moof"),
    "one track a fragment, default base": Muxed(f"{_KEYFRAMES}+separate_moof+default_base_moof"),
    "one frame a fragment": Muxed("frag_every_frame+empty_moov+default_base_moof"),
    "dash": Muxed("dash"),
    "dash by keyframe": Muxed(f"{_KEYFRAMES}+dash+default_base_moof"),
    "cmaf": Muxed(f"cmaf+{_KEYFRAMES}"),
    "edit list": Muxed(f"{_KEYFRAMES}+delay_moov"),
    "negative offsets": Muxed(f"{_KEYFRAMES}+negative_cts_offsets"),
    "no trailer": Muxed(f"{_KEYFRAMES}+skip_trailer"),
    "begins late": Muxed(_KEYFRAMES, ("-output_ts_offset", "500")),
    "begins late, edit list": Muxed(f"{_KEYFRAMES}+delay_moov", ("-output_ts_offset", "500")),
    "begins early": Muxed(_KEYFRAMES, ("-output_ts_offset", "-3")),
    "first time not 0": Muxed(f"{_KEYFRAMES}+frag_discont", ("-output_ts_offset", "7")),
    "begins without a keyframe": Muxed("empty_moov", ("-frag_duration", "700000")),
    "long fragments": Muxed(_KEYFRAMES, ("-frag_duration", "15000000")),
    "by size": Muxed("empty_moov", ("-frag_size", "300000")),
    "first fragment in moov": Muxed("frag_keyframe"),
    "cut": Muxed(f"{_KEYFRAMES}+delay_moov", ("-ss", "7.3")),
    "open GOP": Muxed(f"{_KEYFRAMES}+delay_moov", source="open-gop"),
    "open GOP, negative offsets": Muxed(f"cmaf+{_KEYFRAMES}", source="open-gop"),
    "irregular frames": Muxed(_KEYFRAMES, source="irregular"),
    "irregular frames, dash": Muxed("dash", source="irregular"),
    "no sound": Muxed(_KEYFRAMES, ("-map", "-0:a")),
    "sound first": Muxed(_KEYFRAMES, ("-map", "-0:v", "-map", "0:v")),
    "sound begins late": Muxed(f"{_KEYFRAMES}+delay_moov", again=("-itsoffset", "1.5")),
    "picture begins late": Muxed(f"{_KEYFRAMES}+delay_moov", again=("-itsoffset", "-2.5")),
}

QUICK = ("default base", "one track a fragment", "dash", "edit list")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


def source_of(folder: Path, name: str) -> Path:
    path = folder / f"{name}.mkv"
    if not path.exists():
        inputs = ["-f", "lavfi", "-i", _PICTURE, "-f", "lavfi", "-i", _SOUND]
        ffmpeg(*inputs, *SOURCES[name], *_H264, "-c:a", "aac", str(path))
    return path


def mux(folder: Path, muxed: Muxed) -> Path:
    path, source = folder / "muxed.mp4", str(source_of(folder, muxed.source))
    inputs = ["-i", source, "-map", "0"]
    if muxed.again:
        inputs = ["-i", source, *muxed.again, "-i", source, "-map", "0:v", "-map", "1:a"]
    ffmpeg(*inputs, "-c", "copy", *muxed.options, "-movflags", muxed.flags, str(path))
    return path


@dataclass(frozen=True)
class Ways:
    """Inspects a file through a splice, and whole."""

    engine: Engine
    directory: Path
    monkeypatch: pytest.MonkeyPatch

    def spliced(self, clip: Path) -> Inspection:
        """Inspect a file through a splice. Fails if any of it is read in another way."""
        views_before: Callable[..., views.View] = views.Views.around
        found: list[views.View] = []

        def around(of: views.Views, *args: float, **named: float) -> views.View:
            found.append(views_before(of, *args, **named))
            return found[-1]

        with self.monkeypatch.context() as patch:
            patch.setattr(views, "_SMALL", 0)
            patch.setattr(views.Views, "around", around)
            inspection = self._inspect(clip)
        assert found
        assert not any(view.is_whole for view in found)
        return inspection

    def whole(self, clip: Path) -> Inspection:
        with self.monkeypatch.context() as patch:
            patch.setattr(views, "_OPENERS", ())
            return self._inspect(clip)

    def _inspect(self, clip: Path) -> Inspection:
        with open_clip(clip, self.directory) as source:
            return self.engine.inspect(source, directory=self.directory, remaining_s=lambda: 300.0)


@pytest.fixture
def ways(ffmpeg_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ways:
    return Ways(Engine(ffmpeg_dir), tmp_path, monkeypatch)


def described(media: Media) -> tuple[object, ...]:
    """Return what both ways must agree on: rates are averages over what was read."""
    return (media.container, media.duration_s, media.width, media.height, media.bit_rate)


@pytest.mark.parametrize("share", [0.1, 0.8])
@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in MUXED],
)
def test_a_fragmented_mp4_looks_the_same_through_a_splice(
    ways: Ways, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, share: float
) -> None:
    monkeypatch.setattr(thumbnail, "_POSITION", share)
    clip = mux(folder, MUXED[name])
    spliced, whole = ways.spliced(clip), ways.whole(clip)
    assert described(spliced.media) == described(whole.media)
    assert spliced.frame == whole.frame
    assert not spliced.frame.fallback


@pytest.mark.parametrize("flags", [f"{_KEYFRAMES}+global_sidx", "dash+global_sidx"])
def test_a_file_with_an_index_is_no_recording(folder: Path, tmp_path: Path, flags: str) -> None:
    with open_clip(mux(folder, Muxed(flags)), tmp_path) as source:
        assert fragments.open_recording(source) is None


@pytest.mark.parametrize("missing", [70_000, 3_000_000])
def test_a_truncated_recording_looks_the_same(ways: Ways, folder: Path, missing: int) -> None:
    clip = mux(folder, MUXED["by keyframe"])
    clip.write_bytes(clip.read_bytes()[:-missing])
    spliced, whole = ways.spliced(clip), ways.whole(clip)
    assert described(spliced.media) == described(whole.media)
    assert spliced.frame == whole.frame


def test_a_damaged_stretch_elsewhere_does_not_matter(ways: Ways, folder: Path) -> None:
    content = bytearray(mux(folder, MUXED["by keyframe"]).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    clip = folder / "damaged.mp4"
    clip.write_bytes(content)
    assert ways.spliced(clip).frame == ways.whole(clip).frame
