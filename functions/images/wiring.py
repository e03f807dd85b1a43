"""Builds the objects of the images function from its settings."""

from collections.abc import Mapping

import functions.adapters.signed.connections  # noqa: F401 (every event needs it: import it before the first)
from functions.adapters.signed.service import SignedService
from functions.adapters.signed.storage import SignedStorage
from functions.core.settings import StorageSettings
from functions.images.make_picture import PictureStudio
from functions.media.image import ImageMaker
from functions.media.programs import ffmpeg_dir
from functions.media.reader.source import RangedSources
from functions.media.sandbox import memory_limit
from functions.media.storyboard.maker import StoryboardMaker

_S3_ATTEMPTS = 2
_S3_READ_TIMEOUT_S = 10


def wire(environ: Mapping[str, str]) -> PictureStudio:
    """Read the settings and build everything. The objects connect at their first use.

    Raises `SettingsError`.
    """
    s3 = SignedService.read("s3", environ, attempts=_S3_ATTEMPTS, read_timeout_s=_S3_READ_TIMEOUT_S)
    storage = SignedStorage(StorageSettings.read(environ), s3)
    programs, memory = ffmpeg_dir(environ), memory_limit(environ)
    return PictureStudio(
        storage=storage,
        sources=RangedSources(storage),
        images=ImageMaker(programs, memory=memory),
        storyboards=StoryboardMaker(programs, memory=memory),
    )
