"""What the routes work with, built once from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, BinaryIO, Protocol

from fastapi import Depends, Request

from api.settings import ApiSettings
from shared.catalog import Catalog
from shared.settings import CatalogSettings, StorageSettings
from shared.storage import SignedPost, Storage
from shared.video import Status, Video

# A caller is to get its 503 within 5 s, whichever service hangs. To a put, botocore adds the
# second that it waits for "100 Continue".
_CATALOG_TIMEOUT_MS = 4000
_CATALOG_POOL = 2
_S3_READ_TIMEOUT_S = 3
_S3_ATTEMPTS = 1


class Records(Protocol):
    """The catalog's part in the API."""

    def add(self, video: Video) -> None:
        """Insert a new, pending video."""

    def discard(self, video_id: str) -> None:
        """Remove a video whose upload never began."""

    def get(self, video_id: str) -> Video | None:
        """Return one video."""

    def page(self, *, status: Status | None, before: str | None, limit: int) -> list[Video]:
        """Return videos, newest first."""


class Objects(Protocol):
    """Object storage's part in the API."""

    def sign_upload(
        self, key: str, *, content_type: str, max_bytes: int, expires_s: int
    ) -> SignedPost:
        """Sign a form with which a browser uploads."""

    def put_upload(self, key: str, body: BinaryIO, *, size: int, content_type: str) -> None:
        """Store a file that came through the API."""

    def sign_thumbnail(self, key: str, *, expires_s: int) -> str:
        """Return a URL at which anyone can read the thumbnail until it expires."""

    def read_thumbnail(self, key: str) -> bytes:
        """Return a thumbnail's bytes."""


@dataclass(frozen=True, slots=True)
class Services:
    """The routes' collaborators."""

    settings: ApiSettings
    records: Records
    objects: Objects


def wire(environ: Mapping[str, str]) -> Services:
    """Read the settings and build everything. Connections are made at their first use.

    Raises `SettingsError`.
    """
    return Services(
        settings=ApiSettings.read(environ),
        records=Catalog(
            CatalogSettings.read(environ),
            pool_size=_CATALOG_POOL,
            timeout_ms=_CATALOG_TIMEOUT_MS,
        ),
        objects=Storage(
            StorageSettings.read(environ),
            attempts=_S3_ATTEMPTS,
            read_timeout_s=_S3_READ_TIMEOUT_S,
        ),
    )


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Wired = Annotated[Services, Depends(_services)]
