"""Converts a video's colours to those of a picture: BT.601 without HDR or transparency."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from functions.core.media import MediaWarning


@dataclass(frozen=True, slots=True)
class Range:
    """The range of a picture's colours, which are BT.601."""

    scale: str
    """Options of the filter `scale`."""
    pixels: str
    """ffmpeg's name of the pixel format."""


FULL_RANGE: Final = Range("out_color_matrix=bt601:out_range=pc", "yuvj420p")
"""The colours of a JPEG. https://www.w3.org/Graphics/JPEG/jfif3.pdf"""

LIMITED_RANGE: Final = Range("out_color_matrix=bt601:out_range=tv", "yuv420p")
"""The colours of a WebP picture. https://developers.google.com/speed/webp/docs/riff_container"""

_TABLES: Final = Path(__file__).parent / "tables"
_TABLE: Final = "colours.cube"
"""Name of the table in the child's directory, so that no path needs escaping in a filter."""

_HDR: Final = {"arib-std-b67": "hlg.cube", "smpte2084": "pq.cube"}
"""The table that converts BT.2020 to SDR, by ffprobe's name of the transfer function."""

_SDR_TRANSFERS: Final = {"bt709", "bt2020-10", "bt2020-12", "smpte170m", "unknown"}
"""The transfer functions of BT.2020 without HDR, which `bt2020.cube` converts to BT.709."""

_MATRICES: Final = {
    *("unknown", "gbr", "bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc"),
    # `scale` never sees this tag: `decoder_options` replaces it, because ffmpeg refuses it earlier.
    "reserved",
}
"""The matrices that ffmpeg's `scale` accepts."""

_REFUSED_TRANSFERS: Final = {"log100", "log316", "vlog"}

_HD_WIDTH: Final = 1280
_HD_HEIGHT: Final = 720
"""Smallest size at which players assume BT.709 colours in a video without a matrix."""

_ALPHA: Final = ("yuva", "gbrap", "rgba", "bgra", "argb", "abgr", "ya8", "ya16")
"""Prefixes of the names of pixel formats with transparency."""

_ALPHA_DECODERS: Final = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""The decoders that read WebM's transparency. ffmpeg's default decoders ignore it."""

_ON_GREY: Final = (
    "format=gbrap,split[picture][copy];[copy]lutrgb=r=128:g=128:b=128:a=255[grey];"
    "[grey][picture]overlay=format=gbrp"
)

_WITHOUT_FALLBACK: Final = {(5, 0), (10, 0)}
"""Dolby Vision profiles and compatibility ids whose colours only Dolby's decoder converts."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of a video stream. Tags have ffprobe's names."""

    matrix: str
    transfer: str
    primaries: str
    is_hd: bool
    is_transparent: bool
    alpha_decoder: str | None
    """The decoder that keeps the picture's transparency, if ffmpeg's default one loses it."""
    is_dolby_vision_5: bool
    """True if the colours are Dolby Vision's own: profile 5, or 10 without a fallback."""

    @classmethod
    def of(cls, stream: Mapping[str, Any]) -> "Colours":
        """Return the colours of a stream in ffprobe's report."""
        is_webm_alpha = stream.get("tags", {}).get("alpha_mode") == "1"
        return cls(
            matrix=stream.get("color_space", "unknown"),
            transfer=stream.get("color_transfer", "unknown"),
            primaries=stream.get("color_primaries", "unknown"),
            is_hd=stream.get("width", 0) >= _HD_WIDTH or stream.get("height", 0) >= _HD_HEIGHT,
            is_transparent=is_webm_alpha or _is_transparent(stream),
            alpha_decoder=_ALPHA_DECODERS.get(stream["codec_name"]) if is_webm_alpha else None,
            is_dolby_vision_5=any(map(_is_dolby_vision_5, stream.get("side_data_list", []))),
        )

    @property
    def warning(self) -> MediaWarning | None:
        """The warning on the record if the thumbnail's colours cannot be right."""
        return MediaWarning.DOLBY_VISION_5 if self.is_dolby_vision_5 else None

    def decoder_options(self) -> list[str]:
        """Return ffmpeg's input options, which replace reserved tags."""
        tags = {
            "-colorspace": self.matrix,
            "-color_trc": self.transfer,
            "-color_primaries": self.primaries,
        }
        reserved = [option for option, tag in tags.items() if tag == "reserved"]
        return [part for option in reserved for part in (option, "bt709")]

    def write_table(self, directory: Path) -> None:
        """Write the table that `filters` refers to, if any, into the child's directory."""
        if self._table:
            (directory / _TABLE).write_bytes((_TABLES / self._table).read_bytes())

    def filters(self, size: str, to: Range = FULL_RANGE) -> str:
        """Return the filters that scale a picture and convert its colours to a range.

        `size` holds the options of `scale` that set the width and height. Scaling comes first,
        because the other filters then have few pixels to convert.
        """
        if not self._table and not self.is_transparent:
            scale = f"scale={size}{self._assumed_matrix}:{to.scale}"
            return ",".join([*self._replaced_tags, scale, f"format={to.pixels}"])
        scale = f"scale={size}{self._assumed_matrix}"
        conversions = [*self._to_bt709, *([_ON_GREY] if self.is_transparent else [])]
        return ",".join(
            [*self._replaced_tags, scale, *conversions, f"scale={to.scale}", f"format={to.pixels}"]
        )

    @property
    def _table(self) -> str | None:
        """The name of the table for a video in BT.2020."""
        if self.is_dolby_vision_5:
            return "pq.cube"
        if self.primaries == "bt2020" and self.transfer in _SDR_TRANSFERS:
            return "bt2020.cube"
        return _HDR.get(self.transfer)

    @property
    def _likely_matrix(self) -> str:
        return "bt2020nc" if self._table or self.primaries == "bt2020" else "bt709"

    @property
    def _assumed_matrix(self) -> str:
        """The option of `scale` for a stream without a matrix. SD is BT.601, as in ffmpeg."""
        if self.matrix != "unknown" or not (self._table or self.is_hd):
            return ""
        return f":in_color_matrix={self._likely_matrix}"

    @property
    def _replaced_tags(self) -> list[str]:
        """The filter that replaces the tags that `scale` refuses, if there are any."""
        tags = []
        if self.matrix not in _MATRICES:
            tags.append(f"colorspace={self._likely_matrix}")
        if self.transfer in _REFUSED_TRANSFERS:
            tags.append("color_trc=bt709")
        return [f"setparams={':'.join(tags)}"] if tags else []

    @property
    def _to_bt709(self) -> list[str]:
        """The filters that convert BT.2020, HDR or SDR, to BT.709."""
        if not self._table:
            return []
        # Only the intensity of Dolby's own colours is close to PQ.
        intensity = ["format=gray10le"] if self.is_dolby_vision_5 else []
        pixels = "gbrap10le" if self.is_transparent else "gbrp10le"
        return [*intensity, f"format={pixels}", f"lut3d={_TABLE}"]


def _is_transparent(stream: Mapping[str, Any]) -> bool:
    pixels = stream.get("pix_fmt", "")
    # The fourth byte of a Windows bitmap has no meaning, and most recorders leave it 0.
    is_bitmap = stream.get("codec_name") == "rawvideo" and pixels == "bgra"
    return pixels.startswith(_ALPHA) and not is_bitmap


def _is_dolby_vision_5(side_data: Mapping[str, Any]) -> bool:
    profile = side_data.get("dv_profile"), side_data.get("dv_bl_signal_compatibility_id")
    return profile in _WITHOUT_FALLBACK
