"""The API's own settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.core.formats import EXTENSIONS
from functions.core.settings import SettingsError, max_upload_bytes, positive_int


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
        limit = max_upload_bytes(environ)
        return cls(
            allowed_extensions=_extensions(
                environ.get("ALLOWED_EXTENSIONS") or ",".join(EXTENSIONS)
            ),
            max_upload_bytes=limit,
            max_multipart_bytes=positive_int(environ, "MAX_MULTIPART_BYTES", limit),
        )


def _extensions(text: str) -> frozenset[str]:
    extensions = [part.strip().lower() for part in text.split(",")]
    if not all(part.isascii() and part.isalnum() for part in extensions):
        raise SettingsError(
            f"ALLOWED_EXTENSIONS must be letters and digits between commas, like mp4,mov: {text!r}."
        )
    return frozenset(extensions)
