"""Makes a sample video."""

import subprocess
from pathlib import Path

from clipo.errors import ClipoError
from clipo.local.ffmpeg import wheel_binary

_SECONDS = 5
_PICTURE = f"testsrc2=size=640x360:rate=25:duration={_SECONDS}"
_SOUND = f"sine=frequency=440:beep_factor=4:duration={_SECONDS}"


def write(clip: Path) -> None:
    """Write a video with a moving test picture and sound to an MP4 file, which may exist.

    Raises `ClipoError` if the ffmpeg of the wheel cannot make it. That ffmpeg is used even with
    CLIPO_FFMPEG_DIR set, because another one may only decode.
    """
    command = [
        *(str(wheel_binary("ffmpeg")), "-nostdin", "-v", "error", "-y"),
        *("-f", "lavfi", "-i", _PICTURE, "-f", "lavfi", "-i", _SOUND),
        *("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-movflags", "+faststart", "-f", "mp4", f"file:{clip}"),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 (ours)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise ClipoError(f"The sample could not be made: {said.strip()}") from error
