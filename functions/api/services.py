"""What the routes work with, built once from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, BinaryIO, Protocol

from fastapi import Depends, Request

from functions.adapters.jobs import ProcessingFunction
from functions.adapters.mongo import Catalog, KeyUse
from functions.adapters.storage import MultipartStep, SignedPost, Storage
from functions.api.settings import ApiSettings
from functions.core.clock import Clock, utc_now
from functions.core.settings import CatalogSettings, StorageSettings, required
from functions.core.video import (
    Source,
    Status,
    UploadedObject,
    Video,
)

# A caller is to get its 503 within 5 s, whichever service hangs.
_CATALOG_TIMEOUT_MS = 4000
_CATALOG_POOL = 2
_S3_READ_TIMEOUT_S = 3
_S3_ATTEMPTS = 1


class Records(Protocol):
    """The catalog's part in the API."""

    def add(self, video: Video) -> bool:
        """Insert a new, pending video, unless there is one with its id."""

    def reserve(self, use: KeyUse) -> KeyUse:
        """Return the first use of an idempotency key."""

    def names(self, key: str, video_id: str) -> bool:
        """Tell whether an idempotency key still stands for a video."""

    def extend_upload(self, video_id: str, *, until: datetime) -> bool:
        """Await the upload of a pending video until then."""

    def retry(self, seen: Video, *, now: datetime) -> bool:
        """Move from failed to pending."""

    def delete(self, video_id: str) -> None:
        """Remove a video, whatever its status."""

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

    def sign_multipart(
        self,
        key: str,
        step: MultipartStep,
        *,
        content_type: str | None = None,
        upload_id: str | None = None,
        part_number: int | None = None,
        expires_s: int,
    ) -> str:
        """Return a URL for one step of an upload in parts."""

    def find_upload(self, key: str) -> Source | None:
        """Return what is stored now."""

    def delete_objects_of(self, video_id: str) -> None:
        """Remove all that was ever stored for a video."""

    def origins(self) -> tuple[str, ...]:
        """Return where browsers find uploads and thumbnails: scheme, host and port."""

    def put_upload(self, key: str, body: BinaryIO, *, size: int, content_type: str) -> None:
        """Store a file that came through the API."""

    def sign_thumbnail(self, key: str, *, expires_s: int) -> str:
        """Return a URL at which anyone can read the thumbnail until it expires."""

    def read_thumbnail(self, key: str) -> bytes:
        """Return a thumbnail's bytes."""


class Processing(Protocol):
    """What processes uploads."""

    def start(self, upload: UploadedObject) -> None:
        """Hand it an upload of which storage sends no event."""


@dataclass(frozen=True, slots=True)
class Services:
    """The routes' collaborators."""

    settings: ApiSettings
    records: Records
    objects: Objects
    processing: Processing
    now: Clock = utc_now


def wire(environ: Mapping[str, str], processing: Processing) -> Services:
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
        processing=processing,
    )


def deployed_processing(environ: Mapping[str, str]) -> ProcessingFunction:
    """Read PROCESSING_FUNCTION, the name or ARN of the Lambda function.

    Raises `SettingsError`.
    """
    storage = StorageSettings.read(environ)
    return ProcessingFunction(
        required(environ, "PROCESSING_FUNCTION"),
        region=storage.region,
        uploads_bucket=storage.uploads_bucket,
    )


# Not a plain function: FastAPI hands those to a thread, a tenth of the CPU that a GET costs.
async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Wired = Annotated[Services, Depends(_services)]
