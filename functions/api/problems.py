"""Every error of the API: RFC 9457 problem details with stable types.

One kind of problem has one status, whichever endpoint meets it.
https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from functions.core.formats import EXTENSIONS

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem. Programs may rely on `code`."""

    code: str
    status: int
    title: str
    example: str
    """Example of a detail, for the documentation."""
    retry_after_s: int | None = None
    """Seconds after which the same request may succeed, for the header `Retry-After`."""

    @property
    def type(self) -> str:
        """The problem's identifier: a URN, because there is no page to fetch."""
        return f"urn:clipo:problem:{self.code}"


UNSUPPORTED_EXTENSION = ProblemKind(
    "unsupported_extension",
    400,
    "The file extension is not supported",
    f"'notes.txt' has no supported extension. Use one of: {', '.join(sorted(EXTENSIONS))}.",
)
EMPTY_FILE = ProblemKind(
    "empty_file", 400, "The file is empty", "'clip.mp4' has no bytes. Choose the file again."
)
INVALID_FILENAME = ProblemKind(
    "invalid_filename",
    400,
    "The filename cannot be used",
    "The filename must have 1 to 255 characters, none of them control characters.",
)
INVALID_ID = ProblemKind(
    "invalid_id",
    400,
    "This is not a video id",
    "'42' is not a video id, which has 24 hexadecimal digits.",
)
INVALID_CURSOR = ProblemKind(
    "invalid_cursor",
    400,
    "This is not a cursor",
    "Clipo has not made this cursor. Use next_cursor of the page before, unchanged, or leave cursor"
    " out to start with the newest.",
)
MALFORMED_BODY = ProblemKind(
    "malformed_body",
    400,
    "The request body cannot be read",
    "There was an error parsing the body.",
)
UNAUTHENTICATED = ProblemKind(
    "unauthenticated",
    401,
    "The request needs a credential that Clipo accepts",
    "Send an API key or a token as Authorization: Bearer. The operator of this Clipo creates keys"
    " with `clipo keys create`.",
)
FORBIDDEN = ProblemKind(
    "forbidden",
    403,
    "The credential does not allow this",
    "This needs a credential with the scope write. Yours has read and upload.",
)
FOREIGN_KEY = ProblemKind(
    "foreign_key",
    403,
    "Only the video's own key can be signed",
    "Only uploads/507f1f77bcf86cd799439011/source can be signed here. Send no other key.",
)
CROSS_SITE = ProblemKind(
    "cross_site",
    403,
    "A page of another origin may not change anything here",
    "A page of the origin 'https://www.example.com' sends this request. Allow its origin (the"
    " template's ApiOrigins, the local API_ORIGINS), or send Authorization.",
)
INSECURE_CONNECTION = ProblemKind(
    "insecure_connection",
    403,
    "The page's session needs HTTPS",
    "Open the page over HTTPS, or on the machine that Clipo runs on. Others could read a session"
    " that goes over plain HTTP.",
)
QUOTA_EXCEEDED = ProblemKind(
    "quota_exceeded",
    403,
    "A quota does not allow this video",
    "Your quota is used up: it allows 100 videos. Delete a video, then try again.",
)
KEY_NOT_FOUND = ProblemKind(
    "key_not_found",
    404,
    "There is no such API key",
    "There is no API key 3kTMd9vQxYaB, or it has been revoked. See GET /keys.",
)
RECEIVER_NOT_FOUND = ProblemKind(
    "receiver_not_found",
    404,
    "There is no such webhook receiver",
    "There is no webhook receiver rcv_6b03911acf2b20c6f6841703. See GET /webhooks.",
)
DELIVERY_NOT_FOUND = ProblemKind(
    "delivery_not_found",
    404,
    "The log has no such webhook delivery",
    "The log has no delivery msg_6b03911acf2b20c6f6841703.settings. It keeps each for 7 days.",
)
VIDEO_NOT_FOUND = ProblemKind(
    "video_not_found",
    404,
    "There is no such video",
    "There is no video 507f1f77bcf86cd799439011. Check the id.",
)
THUMBNAIL_NOT_FOUND = ProblemKind(
    "thumbnail_not_found",
    404,
    "There is no thumbnail",
    "Video 507f1f77bcf86cd799439011 is still processing. Try again when its status is done.",
)
PICTURE_NOT_FOUND = ProblemKind(
    "picture_not_found",
    404,
    "There is no such picture",
    "Video 507f1f77bcf86cd799439011 has no such picture: Its file is no longer in storage.",
)
SOURCE_NOT_READY = ProblemKind(
    "source_not_ready",
    404,
    "There is no checked file yet",
    "Video 507f1f77bcf86cd799439011 is still pending and its file has not arrived. Try again when"
    " its status is done.",
)
VIDEO_FAILED = ProblemKind(
    "video_failed",
    404,
    "The file of a failed video is not delivered",
    "Video 507f1f77bcf86cd799439011 failed: The file contains no video, only sound, subtitles or a"
    " cover picture. Upload a file with a video track.",
)
ROUTE_NOT_FOUND = ProblemKind(
    "route_not_found", 404, "There is nothing here", "There is no GET /vidoes. See /docs."
)
METHOD_NOT_ALLOWED = ProblemKind(
    "method_not_allowed",
    405,
    "The method is not allowed here",
    "PATCH /videos is not possible. See /docs.",
)
NO_ENCODER = ProblemKind(
    "no_encoder",
    406,
    "This server cannot make pictures of this format",
    "The ffmpeg of this server has no WebP encoder. Ask for the .jpg, or have an ffmpeg with"
    " libwebp installed.",
)
TOO_MANY_IMAGES = ProblemKind(
    "too_many_images",
    409,
    "The video has as many images as it may have",
    "Clipo has made 1,000 images of video 507f1f77bcf86cd799439011, and makes no more. Ask for"
    " those again: for whole seconds, and the widths 160, 320, 640 or 1280.",
)
NOT_FAILED = ProblemKind(
    "not_failed",
    409,
    "Only a failed video can be retried",
    "Video 507f1f77bcf86cd799439011 is done. There is nothing to retry."
    " To process it again, reprocess it.",
)
NOT_DONE = ProblemKind(
    "not_done",
    409,
    "Only a done video can be reprocessed",
    "Video 507f1f77bcf86cd799439011 is failed. To process a failed video again, retry it.",
)
WEBHOOKS_OFF = ProblemKind(
    "webhooks_off",
    409,
    "Webhooks are off",
    "Webhooks are off. Deploy with the parameter ManagedWebhooks=true, or start the local stack"
    " with WEBHOOKS=true.",
)
TOO_MANY_RECEIVERS = ProblemKind(
    "too_many_receivers",
    409,
    "There are too many webhook receivers",
    "Clipo has at most 20 receivers. Remove one that is no longer needed.",
)
NOT_RESENDABLE = ProblemKind(
    "not_resendable",
    409,
    "The webhook cannot be sent again",
    "Video 507f1f77bcf86cd799439011 has a newer result, or was deleted. Clipo only delivers the"
    " present result of a video.",
)
NO_SUCH_PART = ProblemKind(
    "no_such_part",
    409,
    "The announced file has no such part",
    "A file of 5,242,880 bytes has no part 3: each part but the last has 8,388,608 bytes. Split the"
    " file by `part_size`.",
)
SOURCE_GONE = ProblemKind(
    "source_gone",
    409,
    "The uploaded file is no longer in storage",
    "Video 507f1f77bcf86cd799439011 has no file to process. Upload it as a new one: POST /videos.",
)
NOT_PENDING = ProblemKind(
    "not_pending",
    409,
    "Only the upload of a pending video can be signed",
    "Video 507f1f77bcf86cd799439011 is processing. Upload another file as a new one: POST /videos.",
)
FILE_TOO_LARGE = ProblemKind(
    "file_too_large",
    413,
    "The file is too large",
    "The file has 250,000,000 bytes; at most 100,000,000 are allowed.",
)
BODY_TOO_LARGE = ProblemKind(
    "body_too_large",
    413,
    "The request body is too large",
    "The request body may have at most 100,000 bytes.",
)
UNSUPPORTED_MEDIA_TYPE = ProblemKind(
    "unsupported_media_type",
    415,
    "The request body is not plain JSON",
    "Send a JSON object, with Content-Type: application/json.",
)
UNKNOWN_HOST = ProblemKind(
    "unknown_host",
    421,
    "The server does not answer to this host",
    "This server does not answer to the host 'www.example.com'. Add its name to CLIPO_HOSTS.",
)
INVALID_REQUEST = ProblemKind(
    "invalid_request",
    422,
    "The request does not fit the API",
    "body.size: must be at least 1",
)
IDEMPOTENCY_KEY_REUSED = ProblemKind(
    "idempotency_key_reused",
    422,
    "The Idempotency-Key belongs to another request",
    "Within 7 days this Idempotency-Key came with another body. Use a new key for each video.",
)
TOO_MANY_PENDING = ProblemKind(
    "too_many_pending",
    429,
    "Too many videos are pending",
    "Clipo accepts no new video while 10,000 or more are pending. Try again in a minute.",
    retry_after_s=60,
)
TOO_MANY_RETRIES = ProblemKind(
    "too_many_retries",
    429,
    "Too many retried videos wait for a worker",
    "100 videos that Clipo has started again still wait for a worker. Repeat the request in 10"
    " seconds.",
    retry_after_s=10,
)
INTERNAL_ERROR = ProblemKind(
    "internal_error",
    500,
    "Something went wrong on our side",
    "Something went wrong on our side. Try again. If it stays, report the request id.",
)
CATALOG_UNAVAILABLE = ProblemKind(
    "catalog_unavailable",
    503,
    "The database does not answer",
    "The database does not answer. Try again in a moment.",
    retry_after_s=2,
)
ISSUER_UNAVAILABLE = ProblemKind(
    "issuer_unavailable",
    503,
    "The login's issuer does not answer",
    "Clipo cannot read the keys of the OpenID Connect issuer, which verify this token. Try again in"
    " a moment.",
    retry_after_s=5,
)
QUEUE_UNAVAILABLE = ProblemKind(
    "queue_unavailable",
    503,
    "The webhook queue does not answer",
    "Try again in a moment.",
    retry_after_s=2,
)
STORAGE_UNAVAILABLE = ProblemKind(
    "storage_unavailable",
    503,
    "The object storage does not answer",
    "The object storage does not answer. Try again in a moment.",
    retry_after_s=2,
)
PICTURE_NOT_READY = ProblemKind(
    "picture_not_ready",
    503,
    "The picture is not made yet",
    "The picture is being made. Try again in a moment.",
    retry_after_s=2,
)
PICTURE_FAILED = replace(PICTURE_NOT_READY, retry_after_s=130)
"""The same problem, of a picture for which the images function crashes each time."""

OF_A_LOOKUP = (INVALID_ID, VIDEO_NOT_FOUND, INVALID_REQUEST, CATALOG_UNAVAILABLE)
"""Problems of every operation with a video id in its path."""

OF_A_THUMBNAIL = (*OF_A_LOOKUP, THUMBNAIL_NOT_FOUND, STORAGE_UNAVAILABLE)

OF_A_SOURCE = (*OF_A_LOOKUP, SOURCE_NOT_READY, VIDEO_FAILED, STORAGE_UNAVAILABLE)

OF_A_PICTURE = (*OF_A_SOURCE, PICTURE_NOT_FOUND, PICTURE_NOT_READY)

OF_A_JSON_BODY = (MALFORMED_BODY, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)
"""Problems of every operation that reads JSON."""

OF_AN_UPLOAD = (
    UNSUPPORTED_EXTENSION,
    INVALID_FILENAME,
    EMPTY_FILE,
    MALFORMED_BODY,
    FILE_TOO_LARGE,
    QUOTA_EXCEEDED,
    INVALID_REQUEST,
    CATALOG_UNAVAILABLE,
    STORAGE_UNAVAILABLE,
)
"""Problems of every operation that creates a video."""


@dataclass(frozen=True, slots=True)
class InvalidField:
    """One invalid field."""

    field: str
    """Place and name of the field: `body.size`, `query.limit`."""
    message: str


class Problem(Exception):
    """Ends a request with a problem response."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *errors: InvalidField,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the kind, and a sentence for this occurrence that says what to do.

        `members` are further members of the response.
        """
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.members = members or {}


def document(
    kind: ProblemKind,
    detail: str,
    *,
    instance: str,
    request_id: str,
    errors: tuple[InvalidField, ...] = (),
) -> dict[str, Any]:
    """Return the JSON of a problem."""
    body: dict[str, Any] = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": instance,
        "code": kind.code,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = [asdict(error) for error in errors]
    return body
