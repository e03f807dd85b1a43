"""Settings that several functions read from the environment when they start."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from functions.core.endpoints import AWS_ENDPOINTS, Endpoints

# Bucket names that can be one label of a host name. TLS wildcards do not cover dots.
_HOST_LABEL = re.compile("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")

_SECRET = re.compile("[0-9A-Za-z]{32,128}")

_LARGEST_OBJECT = 5 << 40
"""The largest object in bytes that every S3 server stores."""


class SettingsError(Exception):
    """A setting is missing or invalid. The message names it."""


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """The buckets for uploads and thumbnails, and the server that holds them."""

    uploads_bucket: str
    media_bucket: str
    region: str
    endpoint_url: str | None
    """The address of an S3 server other than AWS, which Clipo then addresses path-style."""
    endpoints: Endpoints = AWS_ENDPOINTS

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "StorageSettings":
        """Read UPLOADS_BUCKET, MEDIA_BUCKET, AWS_REGION, AWS_ENDPOINT_URL_S3 and `endpoints`.

        Raises `SettingsError`.
        """
        region, kind = required(environ, "AWS_REGION"), endpoints(environ)
        if kind.fips and region.startswith("cn-"):
            raise SettingsError("S3 has no FIPS endpoints in China. Unset AWS_USE_FIPS_ENDPOINT.")
        return cls(
            uploads_bucket=required(environ, "UPLOADS_BUCKET"),
            media_bucket=required(environ, "MEDIA_BUCKET"),
            region=region,
            endpoint_url=endpoint_url(environ, "s3"),
            endpoints=kind,
        )

    def bucket_url(self, bucket: str) -> str:
        """Return a bucket's address: a regional host name, or a path on a server other than AWS.

        S3's global host redirects, which breaks a browser's CORS preflight.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
        """
        if self.endpoint_url:
            return f"{self.endpoint_url.rstrip('/')}/{bucket}"
        host = self.endpoints.host("s3", self.region)
        if _HOST_LABEL.fullmatch(bucket):
            return f"https://{bucket}.{host}/"
        return f"https://{host}/{bucket}"

    def object_url(self, bucket: str, key: str) -> str:
        """Return an object's address."""
        return f"{self.bucket_url(bucket).rstrip('/')}/{quote(key, safe='/')}"


def endpoints(environ: Mapping[str, str]) -> Endpoints:
    """Read AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT. Raises `SettingsError`."""
    return Endpoints(
        fips=flag(environ, "AWS_USE_FIPS_ENDPOINT"),
        dual_stack=flag(environ, "AWS_USE_DUALSTACK_ENDPOINT"),
    )


def endpoint_url(environ: Mapping[str, str], service: str) -> str | None:
    """Return AWS_ENDPOINT_URL_<SERVICE>, or AWS_ENDPOINT_URL, as AWS's SDKs do.

    `None` stands for AWS's own endpoint. Raises `SettingsError`.
    """
    name = f"AWS_ENDPOINT_URL_{service.upper()}"
    url = environ.get(name) or environ.get("AWS_ENDPOINT_URL")
    kind = endpoints(environ)
    if not url:
        return None
    if kind != AWS_ENDPOINTS:
        raise SettingsError(
            f"{name} excludes AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT: it names the"
            " endpoint itself. Unset one of them."
        )
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise SettingsError(f"{name} must be an http or https URL, not {url!r}.")
    return url


def service_url(environ: Mapping[str, str], service: str) -> str:
    """Return a service's address, without a slash at the end. Raises `SettingsError`."""
    own = f"https://{endpoints(environ).host(service, required(environ, 'AWS_REGION'))}"
    return (endpoint_url(environ, service) or own).rstrip("/")


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """The MongoDB database of the records."""

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


def webhook_root(environ: Mapping[str, str]) -> str | None:
    """Return WEBHOOK_ROOT, which derives the secrets of webhook receivers; `None` without it.

    Raises `SettingsError`, whose message leaves it out.
    """
    text = environ.get("WEBHOOK_ROOT") or None
    if text and not _SECRET.fullmatch(text):
        raise SettingsError("WEBHOOK_ROOT must be 32 to 128 letters and digits.")
    return text


def required(environ: Mapping[str, str], name: str) -> str:
    """Return a setting. Raises `SettingsError` if it is missing or empty."""
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"Set the environment variable {name}.")
    return value


def max_upload_bytes(environ: Mapping[str, str]) -> int:
    """Return MAX_UPLOAD_BYTES, the size limit of one video (default: 5 GB). At most 5 TiB.

    A form uploads up to 5 GB; larger files go in parts.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
    """
    limit = positive_int(environ, "MAX_UPLOAD_BYTES", 5_000_000_000)
    if limit > _LARGEST_OBJECT:
        raise SettingsError(
            f"MAX_UPLOAD_BYTES must be at most {_LARGEST_OBJECT} (5 TiB), not {limit}."
        )
    return limit


def positive_int(environ: Mapping[str, str], name: str, default: int) -> int:
    """Return a setting that is a whole number above zero. Raises `SettingsError`."""
    text = environ.get(name, "") or str(default)
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingsError(f"{name} must be a whole number above 0, not {text!r}.")
    return int(text)


def whole_number(environ: Mapping[str, str], name: str, default: int) -> int:
    """Return a setting that is a whole number, 0 included. Raises `SettingsError`."""
    text = environ.get(name, "") or str(default)
    if not text.isascii() or not text.isdigit():
        raise SettingsError(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def limit(environ: Mapping[str, str], name: str) -> int | None:
    """Return a setting that is a whole number; `None` for 0, the default, which sets no limit.

    Raises `SettingsError`.
    """
    return whole_number(environ, name, 0) or None


def flag(environ: Mapping[str, str], name: str) -> bool:
    """Return a setting that is `true` or `false` (the default). Raises `SettingsError`."""
    text = environ.get(name, "").lower() or "false"
    if text not in ("true", "false"):
        raise SettingsError(f"{name} must be true or false, not {text!r}.")
    return text == "true"
