from pathlib import Path
from typing import Any

import pytest

from functions.media import colour
from functions.media.colour import Colours

_PLAIN = "scale=SIZE:out_color_matrix=bt601:out_range=pc,format=yuvj420p"


def filters(**stream: Any) -> str:
    return Colours.of(stream).filters("SIZE")


@pytest.mark.parametrize(
    "matrix", ["bt709", "bt470bg", "smpte170m", "smpte240m", "bt2020nc", "gbr"]
)
@pytest.mark.parametrize("height", [576, 1080])
def test_sdr_with_a_matrix_is_scaled_and_nothing_else(matrix: str, height: int) -> None:
    tags = {"color_space": matrix, "color_transfer": "bt709", "color_primaries": "bt709"}
    colours = Colours.of({"height": height, "pix_fmt": "yuv420p", **tags})
    assert colours.filters("SIZE") == _PLAIN
    assert colours.decoder_options() == []


def test_sd_without_tags_is_scaled_and_nothing_else(tmp_path: Path) -> None:
    colours = Colours.of({"width": 720, "height": 576})
    assert colours.filters("SIZE") == _PLAIN
    colours.write_table(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(1280, 534), (1280, 720), (720, 1280), (3840, 2160)])
def test_hd_without_a_matrix_is_bt709(size: tuple[int, int]) -> None:
    width, height = size
    assert ":in_color_matrix=bt709:" in filters(width=width, height=height)


def test_hd_without_a_matrix_is_bt2020_if_its_primaries_are() -> None:
    chain = filters(height=2160, color_transfer="gamma22", color_primaries="bt2020")
    assert ":in_color_matrix=bt2020nc:" in chain


@pytest.mark.parametrize("transfer", ["bt709", "bt2020-10", "bt2020-12", "unknown"])
def test_bt2020_without_hdr_gets_a_table_of_its_own(tmp_path: Path, transfer: str) -> None:
    colours = Colours.of({"color_transfer": transfer, "color_primaries": "bt2020"})
    assert "lut3d=colours.cube" in colours.filters("SIZE")
    colours.write_table(tmp_path)
    table = Path(colour.__file__).parent / "tables" / "bt2020.cube"
    assert (tmp_path / "colours.cube").read_bytes() == table.read_bytes()


@pytest.mark.parametrize("transfer", ["arib-std-b67", "smpte2084"])
def test_hdr_without_a_matrix_is_bt2020(transfer: str) -> None:
    chain = filters(height=360, color_transfer=transfer)
    assert chain.startswith(
        "scale=SIZE:in_color_matrix=bt2020nc,format=gbrp10le,lut3d=colours.cube"
    )


@pytest.mark.parametrize("matrix", ["ycgco", "ictcp", "ipt-c2", "one that does not exist yet"])
def test_a_matrix_that_ffmpeg_refuses_is_replaced(matrix: str) -> None:
    assert filters(color_space=matrix) == f"setparams=colorspace=bt709,{_PLAIN}"


def test_the_replacement_follows_the_primaries() -> None:
    chain = filters(color_space="chroma-derived-nc", color_primaries="bt2020")
    assert chain.startswith("setparams=colorspace=bt2020nc,scale=SIZE,")


@pytest.mark.parametrize(
    ("profile", "compatibility", "warning"),
    [(5, 0, "dolby_vision_5"), (10, 0, "dolby_vision_5"), (8, 4, None), (8, 1, None), (7, 6, None)],
)
def test_dolby_vision_without_a_fallback_is_a_warning(
    profile: int, compatibility: int, warning: str | None
) -> None:
    record = {"dv_profile": profile, "dv_bl_signal_compatibility_id": compatibility}
    other = {"side_data_type": "Display Matrix", "rotation": 90}
    assert Colours.of({"side_data_list": [other, record]}).warning == warning


@pytest.mark.parametrize(
    "pixels", ["yuva420p", "yuva444p12le", "argb", "bgra", "rgba64be", "gbrap10le", "ya8"]
)
def test_transparent_formats_get_a_background(pixels: str) -> None:
    assert "overlay" in filters(pix_fmt=pixels)


@pytest.mark.parametrize("pixels", ["yuv420p", "bgr0", "0rgb", "rgb24", "gbrp", "pal8", "gray"])
def test_opaque_formats_get_none(pixels: str) -> None:
    assert filters(pix_fmt=pixels) == _PLAIN
