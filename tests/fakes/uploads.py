"""Local files in the place of uploads, read by the same code as stored objects."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from functions.core.video import Source, UploadedObject
from functions.media.reader.block_cache import BLOCK
from functions.media.reader.source import OpenSource, RangedSources
from tests.fakes.storage import FakeStorage


@dataclass
class FileUploads(FakeStorage):
    """Storage in which each key is a path."""

    asked: list[tuple[int, int]] = field(default_factory=list)
    before_reading: Callable[[int], None] = lambda _: None

    def upload_etag(self, key: str) -> str | None:
        return "etag" if Path(key).exists() else None

    def read_upload(self, key: str, _: Source, start: int, end: int) -> Generator[bytes]:
        self.asked.append((start, end))
        with Path(key).open("rb") as file:
            while start < end:
                self.before_reading(start)
                file.seek(start)
                piece = file.read(min(BLOCK, end - start))
                start += len(piece)
                yield piece


@contextmanager
def open_clip(
    file: Path, directory: Path, uploads: FileUploads | None = None
) -> Iterator[OpenSource]:
    """Open a file like an uploaded object."""
    event = UploadedObject("1", str(file), Source("etag", file.stat().st_size, ""))
    with RangedSources(uploads or FileUploads()).open(event, directory=directory) as source:
        yield source
