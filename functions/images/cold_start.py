"""The module that Lambda imports for images. Its import begins to read ffmpeg (ADR 23)."""

import os

from functions.media.programs import ffmpeg_dir, read_ahead

read_ahead(ffmpeg_dir(os.environ))

from functions.images.handler import handler  # noqa: E402

__all__ = ["handler"]
