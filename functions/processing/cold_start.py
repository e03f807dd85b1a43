"""The module that Lambda imports for processing. Its import starts to read ffmpeg from disk.

So the disk loads ffmpeg while Python imports the rest, and the first event waits for less (ADR 23).
No other module has side effects when it is imported.
"""

import os

from functions.media.programs import ffmpeg_dir, read_ahead

read_ahead(ffmpeg_dir(os.environ))

from functions.processing.handler import handler  # noqa: E402

__all__ = ["handler"]
