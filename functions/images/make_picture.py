"""Makes a picture of an uploaded file, and stores it under its key."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from functions.adapters.storage import ObjectGone, SourceReplaced, Storage
from functions.adapters.telemetry import logger
from functions.core.failures import BadMedia
from functions.core.picture_making import Making, MakingOutcome
from functions.core.pictures import ImageSpec, WantedPicture
from functions.media.image import ImageMaker
from functions.media.picture import NoEncoder, Picture
from functions.media.reader.source import OpenSource, RangedSources
from functions.media.storyboard.maker import StoryboardMaker


@dataclass(frozen=True, slots=True)
class PictureStudio:
    """Makes images and storyboards."""

    storage: Storage
    sources: RangedSources
    images: ImageMaker
    storyboards: StoryboardMaker

    def make(self, wanted: WantedPicture, *, remaining_s: Callable[[], float]) -> Making:
        """Make and store a picture, and return how that ended.

        `remaining_s` returns the seconds that this function may still run. Raises
        `StorageUnavailable` and `OutOfTime`: another attempt may succeed.
        """
        begun = time.monotonic()
        try:
            # Before a byte is read: the answer does not depend on the file.
            self.images.check(wanted.spec.format)
            picture = self._make(wanted, remaining_s)
        except NoEncoder:
            return Making(MakingOutcome.NO_ENCODER)
        except ObjectGone:
            return Making(MakingOutcome.SOURCE_GONE)
        except SourceReplaced:
            return Making(MakingOutcome.SOURCE_REPLACED)
        except BadMedia as error:
            logger().info("no picture", picture=wanted.spec.filename, code=error.code)
            return Making(MakingOutcome.NO_PICTURE, error.failure.message)
        media_type = wanted.spec.format.media_type
        self.storage.put_picture(wanted.key, picture.content, media_type=media_type)
        logger().info(
            "picture stored",
            picture=wanted.spec.filename,
            size=len(picture.content),
            wall_ms=round((time.monotonic() - begun) * 1000),
        )
        return Making(MakingOutcome.MADE)

    def _make(self, wanted: WantedPicture, remaining_s: Callable[[], float]) -> Picture:
        with TemporaryDirectory(prefix="clipo-") as temporary:
            directory = Path(temporary)
            # A storyboard begins at the start, and fetches its other parts by itself.
            at_s = wanted.spec.at_ms / 1000 if isinstance(wanted.spec, ImageSpec) else 0.0
            with self.sources.open(wanted.uploaded, directory=directory, at_s=at_s) as source:
                return self._draw(wanted, source, directory, remaining_s)

    def _draw(
        self,
        wanted: WantedPicture,
        source: OpenSource,
        directory: Path,
        remaining_s: Callable[[], float],
    ) -> Picture:
        spec = wanted.spec
        if isinstance(spec, ImageSpec):
            return self.images.make(source, spec, directory=directory, remaining_s=remaining_s)
        return self.storyboards.make(
            source, spec.plan, spec.format, directory=directory, remaining_s=remaining_s
        )
