"""What Lambda imports for processing: the only module that does something when it is imported.

The disk brings ffmpeg while the processor imports Python, so that the first event waits for
neither (ADR 23).
"""

import os

from functions.media.programs import ffmpeg_dir, read_ahead

read_ahead(ffmpeg_dir(os.environ))

from functions.processing.handler import handler  # noqa: E402

__all__ = ["handler"]
