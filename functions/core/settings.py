"""Settings, read from the environment once, when a function is wired."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

# What follows a region's name in the names of its hosts, by the beginning of the region's.
# https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
_DOMAINS = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}
# Of a bucket's name that can be one label of a host's name: TLS's wildcards cover no dots.
_HOST_LABEL = re.compile("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


class SettingsError(Exception):
    """A setting is missing or has a value that cannot be used. The message says which."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raise `ValueError` for what no header can carry: its error would say the secret."""
        for value in (self.access_key_id, self.secret_access_key, self.session_token or ""):
            if not (value.isascii() and value.isprintable()):
                raise ValueError("AWS credentials consist of printable ASCII characters.")

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Credentials | None":
        """Read AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as Lambda sets them.

        `None` where they are not there: under SnapStart they would be part of the snapshot.
        Raises `ValueError` for what cannot be credentials.
        """
        access_key_id = environ.get("AWS_ACCESS_KEY_ID")
        secret_access_key = environ.get("AWS_SECRET_ACCESS_KEY")
        if not access_key_id or not secret_access_key:
            return None
        return cls(access_key_id, secret_access_key, environ.get("AWS_SESSION_TOKEN") or None)


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where objects are."""

    uploads_bucket: str
    media_bucket: str
    region: str
    endpoint_url: str | None
    """Set for anything that is not AWS itself; objects are then addressed by path."""
    credentials: Credentials | None = None
    """`None` where AWS's SDK is to look for them, as it does for any program."""
    ca_bundle: str | None = None
    """A file with the certificates of whoever vouches for storage; `None` for the system's."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "StorageSettings":
        """Read UPLOADS_BUCKET, MEDIA_BUCKET, AWS_REGION and AWS_ENDPOINT_URL_S3.

        As in AWS's SDKs, AWS_ENDPOINT_URL stands for every service without one of its own, and
        AWS_CA_BUNDLE and the credentials are known by their names there. Raises `SettingsError`.
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
        """Return a bucket's address: of the regional, virtual host, or a path of other servers.

        The global host redirects, which breaks a browser's CORS preflight.
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
    except ValueError as error:
        raise SettingsError(f"AWS_ENDPOINT_URL_S3 must be an address, not {url!r}.") from error
    if not good:
        raise SettingsError(f"AWS_ENDPOINT_URL_S3 must begin with https:// or http://: {url!r}.")
    return url


def _credentials(environ: Mapping[str, str]) -> Credentials | None:
    try:
        return Credentials.read(environ)
    except ValueError as error:
        raise SettingsError(f"{error} Set AWS_ACCESS_KEY_ID and its kin anew.") from error


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """Where the records are."""

    uri: str
    database: str
    webhooks_on: bool = False
    """Whether each result is recorded together with its webhook."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "CatalogSettings":
        """Read MONGODB_URI, MONGODB_DATABASE (default `clipo`) and WEBHOOKS (default false).

        WEBHOOKS is true in every function that finishes videos where webhooks are on. It says
        nothing of the receiver. Raises `SettingsError`.
        """
        return cls(
            uri=required(environ, "MONGODB_URI"),
            database=environ.get("MONGODB_DATABASE") or "clipo",
            webhooks_on=flag(environ, "WEBHOOKS"),
        )


def webhook_queue_url(environ: Mapping[str, str]) -> str | None:
    """Return WEBHOOK_QUEUE_URL, the queue of webhooks that are due; `None` without webhooks."""
    return environ.get("WEBHOOK_QUEUE_URL") or None


def required(environ: Mapping[str, str], name: str) -> str:
    """Return a setting that has no default.

    Raises `SettingsError` where it is absent or empty.
    """
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"Set the environment variable {name}.")
    return value


def max_upload_bytes(environ: Mapping[str, str]) -> int:
    """Return MAX_UPLOAD_BYTES, the size limit of one video (default: the ancestor's 100 MB)."""
    return positive_int(environ, "MAX_UPLOAD_BYTES", 100_000_000)


def positive_int(environ: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number above zero.

    Raises `SettingsError` for anything else.
    """
    text = environ.get(name, "") or str(default)
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingsError(f"{name} must be a whole number above 0, not {text!r}.")
    return int(text)


def flag(environ: Mapping[str, str], name: str) -> bool:
    """Return a setting that is `true` or `false` (the default).

    Raises `SettingsError` for anything else.
    """
    text = environ.get(name, "").lower() or "false"
    if text not in ("true", "false"):
        raise SettingsError(f"{name} must be true or false, not {text!r}.")
    return text == "true"
