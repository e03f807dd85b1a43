"""Recordings without an index, read through a splice and whole: both ways find the same."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from functions.media import thumbnail
from functions.media.splice import fragments
from tests.clips import ffmpeg
from tests.fakes.uploads import open_clip
from tests.recordings import Ways, described, source_of

_KEYFRAMES = "frag_keyframe+empty_moov"


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


def mux(recordings: Path, muxed: Muxed) -> Path:
    path, source = recordings / "muxed.mp4", str(source_of(recordings, muxed.source))
    inputs = ["-i", source, "-map", "0"]
    if muxed.again:
        inputs = ["-i", source, *muxed.again, "-i", source, "-map", "0:v", "-map", "1:a"]
    ffmpeg(*inputs, "-c", "copy", *muxed.options, "-movflags", muxed.flags, str(path))
    return path


@pytest.mark.parametrize("share", [0.1, 0.8])
@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in MUXED],
)
def test_a_fragmented_mp4_looks_the_same_through_a_splice(
    ways: Ways, recordings: Path, monkeypatch: pytest.MonkeyPatch, name: str, share: float
) -> None:
    monkeypatch.setattr(thumbnail, "THUMBNAIL_SHARE", share)
    clip = mux(recordings, MUXED[name])
    spliced, whole = ways.spliced(clip), ways.whole(clip)
    assert described(spliced.media) == described(whole.media)
    assert spliced.frame == whole.frame
    assert not spliced.frame.fallback


@pytest.mark.parametrize("flags", [f"{_KEYFRAMES}+global_sidx", "dash+global_sidx"])
def test_a_file_with_an_index_is_no_recording(recordings: Path, tmp_path: Path, flags: str) -> None:
    with open_clip(mux(recordings, Muxed(flags)), tmp_path) as source:
        assert fragments.open_recording(source) is None


@pytest.mark.parametrize("missing", [70_000, 3_000_000])
def test_a_truncated_recording_looks_the_same(ways: Ways, recordings: Path, missing: int) -> None:
    clip = mux(recordings, MUXED["by keyframe"])
    clip.write_bytes(clip.read_bytes()[:-missing])
    spliced, whole = ways.spliced(clip), ways.whole(clip)
    assert described(spliced.media) == described(whole.media)
    assert spliced.frame == whole.frame


def test_a_damaged_stretch_elsewhere_does_not_matter(ways: Ways, recordings: Path) -> None:
    content = bytearray(mux(recordings, MUXED["by keyframe"]).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    clip = recordings / "damaged.mp4"
    clip.write_bytes(content)
    assert ways.spliced(clip).frame == ways.whole(clip).frame


def test_a_dark_recording_shows_a_later_moment(ways: Ways, recordings: Path) -> None:
    clip = mux(recordings, Muxed(_KEYFRAMES, source="dark"))
    spliced = ways.spliced(clip)
    assert spliced.frame == ways.whole(clip).frame
    assert spliced.frame.fallback == "dark"
    assert spliced.frame.at_s > 30
