"""The API's own settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.settings import max_upload_bytes, positive_int

_ANCESTOR_EXTENSIONS = "mp4,avi,mov,mkv,wmv,flv,webm"


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What the API accepts."""

    allowed_extensions: frozenset[str]
    """Lower case, without the dot."""
    max_upload_bytes: int
    max_multipart_bytes: int
    """Of one file through `POST /upload-video/`. On Lambda a request is limited to 6 MB."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "ApiSettings":
        """Read ALLOWED_EXTENSIONS, MAX_UPLOAD_BYTES and MAX_MULTIPART_BYTES.

        Raises `SettingsError`.
        """
        extensions = environ.get("ALLOWED_EXTENSIONS") or _ANCESTOR_EXTENSIONS
        limit = max_upload_bytes(environ)
        return cls(
            allowed_extensions=frozenset(e.strip().lower() for e in extensions.split(",")),
            max_upload_bytes=limit,
            max_multipart_bytes=positive_int(environ, "MAX_MULTIPART_BYTES", limit),
        )
