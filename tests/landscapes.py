"""Pictures and a film of landscapes, for screenshots that are to look like a real library."""

from dataclasses import dataclass
from pathlib import Path

from functions.core.storyboard import plan_storyboard
from functions.media.thumbhash import SIDE, thumbhash
from tests.browsers import ARTIFACTS
from tests.clips import ffmpeg

_WIDTH, _HEIGHT = 960, 540
FILM_S = 24.0
_VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M")
_SCENES = (
    ("0x2d2a55", "0xff9d6c", "0xffe1a8", "0x6a4167", "0x231a3a"),  # dusk
    ("0x8fd0ec", "0xe6f3f1", "0xfff6d8", "0x2d7193", "0x123f57"),  # sea
    ("0x5aa0d0", "0xf2e2b4", "0xfff1c9", "0xd99450", "0x7d4a2b"),  # dunes
    ("0x1b2550", "0x5b66a0", "0xe8ecff", "0x22355f", "0x141f3d"),  # night
    ("0xc3cfe0", "0xf1eae6", "0xffffff", "0xb3c4da", "0xe2ebf0"),  # snow
    ("0x7fb4dd", "0xe9f0d0", "0xffefad", "0x6f9c72", "0x234a37"),  # forest
)
"""For each scene the colours of the sky above and below, the sun, the far and the near hills."""


def _channel(colours: tuple[str, ...], byte: int, width: int, height: int) -> str:
    """Return ffmpeg's expression for one colour channel of a scene."""
    above, below, sun, far, near = (int(one, 16) >> 8 * byte & 255 for one in colours)
    sky = f"lerp({above},{below},min(1,Y/{0.7 * height}))"
    distance = f"hypot(X-{0.3 * width},Y-{0.42 * height})/{0.13 * height}"
    lit = f"lerp({sky},{sun},clip(6*(1-{distance}),0,0.92))"
    hills = f"{height}*(0.62+0.05*sin(X/97)+0.03*sin(X/41))"
    front = f"{height}*(0.8+0.04*sin(X/131+2)+0.02*sin(X/53))"
    return f"if(gt(Y,{front}),{near},if(gt(Y,{hills}),{far},{lit}))"


@dataclass(frozen=True)
class Landscapes:
    """Pictures and a film, each made when it is asked for first."""

    folder: Path

    @classmethod
    def kept(cls) -> "Landscapes":
        """Return those that all runs of this checkout share."""
        folder = ARTIFACTS / "landscapes"
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    def picture(self, number: int, *, tall: bool = False) -> bytes:
        """Return a landscape as JPEG."""
        path = self.folder / f"{number % len(_SCENES)}-{tall}.jpg"
        if not path.exists():
            size = (_HEIGHT * _HEIGHT // _WIDTH, _HEIGHT) if tall else (_WIDTH, _HEIGHT)
            self._draw(number % len(_SCENES), path, *size)
        return path.read_bytes()

    def placeholder(self, number: int, *, tall: bool = False) -> str:
        """Return the ThumbHash of a landscape."""
        jpeg, pixels = self.folder / "scaled.jpg", self.folder / "scaled.rgb"
        jpeg.write_bytes(self.picture(number, tall=tall))
        scaled = f"scale={SIDE}:{SIDE},format=rgb24"
        ffmpeg("-i", str(jpeg), "-vf", scaled, "-f", "rawvideo", str(pixels))
        return thumbhash(pixels.read_bytes(), *(9, 16) if tall else (16, 9))

    @property
    def film(self) -> bytes:
        """A slow pan over a wide landscape, as WebM."""
        path = self.folder / "film.webm"
        if not path.exists():
            wide = self.folder / "wide.jpg"
            self._draw(0, wide, 4 * _WIDTH, _HEIGHT)
            pan = f"crop={_WIDTH}:{_HEIGHT}:x='(iw-ow)*t/{FILM_S}':y=0,scale=480:270"
            loop = ["-loop", "1", "-framerate", "10", "-t", str(FILM_S), "-i", str(wide)]
            ffmpeg(*loop, "-vf", pan, *_VP9, str(path))
        return path.read_bytes()

    @property
    def storyboard(self) -> bytes:
        """The storyboard of the film as JPEG, as Clipo plans it."""
        path = self.folder / "storyboard.jpg"
        if not path.exists() and self.film:
            plan = plan_storyboard(FILM_S, 640, 360)
            tiles = f"fps={plan.tiles / FILM_S},scale={plan.tile_width}:{plan.tile_height}"
            sheet = f"{tiles},tile={plan.columns}x{plan.rows}"
            film = str(self.folder / "film.webm")
            ffmpeg("-i", film, "-vf", sheet, "-frames:v", "1", str(path))
        return path.read_bytes()

    def _draw(self, scene: int, path: Path, width: int, height: int) -> None:
        red, green, blue = (_channel(_SCENES[scene], byte, width, height) for byte in (2, 1, 0))
        drawn = f"color=size={width}x{height},format=gbrp,geq=r='{red}':g='{green}':b='{blue}'"
        ffmpeg("-f", "lavfi", "-i", drawn, "-frames:v", "1", str(path))
