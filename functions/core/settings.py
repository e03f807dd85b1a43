"""Settings that several functions read from the environment when they start."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

# Domains of the AWS partitions other than amazonaws.com, by the prefix of the region's name.
# https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
_DOMAINS = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}
# Bucket names that can be one label of a host name. TLS wildcards do not cover dots.
_HOST_LABEL = re.compile("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


class SettingsError(Exception):
    """A setting is missing or invalid. The message names it."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """AWS credentials for signing requests."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raise `ValueError` for characters that no header can carry.

        The HTTP library's own error would repeat the secret.
        """
        for value in (self.access_key_id, self.secret_access_key, self.session_token or ""):
            if not (value.isascii() and value.isprintable()):
                raise ValueError("AWS credentials consist of printable ASCII characters.")

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Credentials | None":
        """Read AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as Lambda sets them.

        `None` if they are not set, as under SnapStart, whose snapshot must not contain them.
        Raises `ValueError` for characters that credentials cannot have.
        """
        access_key_id = environ.get("AWS_ACCESS_KEY_ID")
        secret_access_key = environ.get("AWS_SECRET_ACCESS_KEY")
        if not access_key_id or not secret_access_key:
            return None
        return cls(access_key_id, secret_access_key, environ.get("AWS_SESSION_TOKEN") or None)


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where Clipo stores objects."""

    uploads_bucket: str
    media_bucket: str
    region: str
    endpoint_url: str | None
    """Address of an S3 server other than AWS; objects are then addressed by path."""
    credentials: Credentials | None = None
    """`None` if AWS's SDK is to find them in its usual places."""
    ca_bundle: str | None = None
    """File of the trusted CA certificates; `None` for the system's."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "StorageSettings":
        """Read UPLOADS_BUCKET, MEDIA_BUCKET, AWS_REGION and AWS_ENDPOINT_URL_S3.

        AWS_ENDPOINT_URL, AWS_CA_BUNDLE and the credentials have the same meaning as in AWS's SDKs.
        Raises `SettingsError`.
        """
        return cls(
            uploads_bucket=required(environ, "UPLOADS_BUCKET"),
            media_bucket=required(environ, "MEDIA_BUCKET"),
            region=required(environ, "AWS_REGION"),
            endpoint_url=_endpoint_url(environ),
            credentials=_credentials(environ),
            ca_bundle=environ.get("AWS_CA_BUNDLE") or None,
        )

    def bucket_url(self, bucket: str) -> str:
        """Return a bucket's address: a regional host name, or a path on a server other than AWS.

        S3's global host redirects, which breaks a browser's CORS preflight.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
        """
        if self.endpoint_url:
            return f"{self.endpoint_url.rstrip('/')}/{bucket}"
        domains = (domain for start, domain in _DOMAINS.items() if self.region.startswith(start))
        host = f"s3.{self.region}.{next(domains, 'amazonaws.com')}"
        if _HOST_LABEL.fullmatch(bucket):
            return f"https://{bucket}.{host}/"
        return f"https://{host}/{bucket}"


def _endpoint_url(environ: Mapping[str, str]) -> str | None:
    url = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise SettingsError(f"AWS_ENDPOINT_URL_S3 must be an http or https URL, not {url!r}.")
    return url


def _credentials(environ: Mapping[str, str]) -> Credentials | None:
    try:
        return Credentials.read(environ)
    except ValueError as error:
        names = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
        raise SettingsError(f"{error} Check {names}.") from error


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """Where Clipo stores the records."""

    uri: str
    database: str
    webhooks_on: bool = False
    """Whether Clipo saves each result together with its webhook."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "CatalogSettings":
        """Read MONGODB_URI, MONGODB_DATABASE (default `clipo`) and WEBHOOKS (default false).

        With webhooks on, WEBHOOKS is true in every function that completes or fails videos.
        Raises `SettingsError`.
        """
        return cls(
            uri=required(environ, "MONGODB_URI"),
            database=environ.get("MONGODB_DATABASE") or "clipo",
            webhooks_on=flag(environ, "WEBHOOKS"),
        )


def webhook_queue_url(environ: Mapping[str, str]) -> str | None:
    """Return WEBHOOK_QUEUE_URL, the address of the webhook queue; `None` without webhooks."""
    return environ.get("WEBHOOK_QUEUE_URL") or None


def required(environ: Mapping[str, str], name: str) -> str:
    """Return a setting. Raises `SettingsError` if it is missing or empty."""
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"Set the environment variable {name}.")
    return value


def max_upload_bytes(environ: Mapping[str, str]) -> int:
    """Return MAX_UPLOAD_BYTES, the size limit of one video (default: the legacy 100 MB)."""
    return positive_int(environ, "MAX_UPLOAD_BYTES", 100_000_000)


def positive_int(environ: Mapping[str, str], name: str, default: int) -> int:
    """Return a setting that is a whole number above zero. Raises `SettingsError`."""
    text = environ.get(name, "") or str(default)
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingsError(f"{name} must be a whole number above 0, not {text!r}.")
    return int(text)


def flag(environ: Mapping[str, str], name: str) -> bool:
    """Return a setting that is `true` or `false` (the default). Raises `SettingsError`."""
    text = environ.get(name, "").lower() or "false"
    if text not in ("true", "false"):
        raise SettingsError(f"{name} must be true or false, not {text!r}.")
    return text == "true"
