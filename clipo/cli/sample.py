"""Makes a sample video."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clipo.errors import ClipoError
from clipo.local.ffmpeg import wheel_binary

_SECONDS = 5
_PICTURE = f"testsrc2=size=640x360:rate=25:duration={_SECONDS}"
_SOUND = f"sine=frequency=440:beep_factor=4:duration={_SECONDS}"


@contextmanager
def make_sample() -> Iterator[Path]:
    """Yield a video with a moving test picture and sound, deleted after the `with` block.

    Raises `ClipoError` if the ffmpeg of the wheel cannot make it. That ffmpeg is used even with
    CLIPO_FFMPEG_DIR set, because another one may only decode.
    """
    with tempfile.TemporaryDirectory(prefix="clipo-sample-") as folder:
        clip = Path(folder) / "sample.mp4"
        command = [
            *(str(wheel_binary("ffmpeg")), "-nostdin", "-v", "error"),
            *("-f", "lavfi", "-i", _PICTURE, "-f", "lavfi", "-i", _SOUND),
            *("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-movflags", "+faststart", str(clip)),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 (ours)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            raise ClipoError(f"The sample could not be made: {said.strip()}") from error
        yield clip
