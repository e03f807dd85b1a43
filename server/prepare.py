"""`python -m server.prepare` prepares the database and the buckets. Safe to repeat.

Run it before the first start and before each new release: the other processes use what it makes.
"""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, cast

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.request_failed import RequestFailed
from functions.adapters.sdk.aws import failures, make_client
from functions.adapters.telemetry import logger
from functions.core.settings import CatalogSettings, SettingsError, StorageSettings, required
from functions.core.unavailable import CatalogUnavailable
from server.environment import read_secret_files

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CORSRuleTypeDef, LifecycleRuleTypeDef

_WITHOUT_LIMIT = 0
_ATTEMPTS = 5
_READ_TIMEOUT_S = 10
_UNFINISHED_UPLOADS_KEPT_DAYS = 7
_OWNED = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")
_UNSUPPORTED = ("NotImplemented", "MethodNotAllowed", "NotSupported", "501")
_DEFAULT_REGION = "us-east-1"
_SHOWN_TO_PAGES = ["ETag", "Accept-Ranges", "Content-Range"]


class Buckets:
    """Makes the buckets of a store, and sets their rules."""

    def __init__(self, settings: StorageSettings) -> None:
        """Take the settings of the functions."""
        self._settings = settings
        client = make_client(
            *("s3", settings.region, settings.endpoint_url),
            attempts=_ATTEMPTS,
            read_timeout_s=_READ_TIMEOUT_S,
        )
        self._s3 = cast("S3Client", client)

    def prepare(self, origins: list[str]) -> None:
        """Make what is missing, and let pages of these origins upload and read.

        Raises `RequestFailed`.
        """
        uploads, media = self._settings.uploads_bucket, self._settings.media_bucket
        # A page of another origin comes to the store by a redirect of the API, after which the
        # browser sends the origin "null".
        reading = _cors_rule(["GET", "HEAD"], [*origins, "null"], ["range"])
        uploading = _cors_rule(
            ["POST", "PUT", "GET", "HEAD", "DELETE"],
            origins,
            ["content-type", "content-md5", "range", "x-amz-*"],
        )
        for bucket, rules in ((uploads, [uploading, reading]), (media, [reading])):
            self._create(bucket)
            self._set_cors(bucket, rules)
            self._forget_unfinished_uploads(bucket)

    def _create(self, bucket: str) -> None:
        region = self._settings.region
        place = {} if region == _DEFAULT_REGION else {"LocationConstraint": region}
        create = self._s3.create_bucket
        try:
            with failures():
                if place:
                    create(Bucket=bucket, CreateBucketConfiguration=place)  # type: ignore[arg-type]  # any region's name
                else:
                    create(Bucket=bucket)
        except RequestFailed as error:
            if error.code not in _OWNED:
                raise

    def _set_cors(self, bucket: str, rules: "list[CORSRuleTypeDef]") -> None:
        _if_supported(
            f"CORS of {bucket}",
            lambda: self._s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules}),
        )

    def _forget_unfinished_uploads(self, bucket: str) -> None:
        rule: LifecycleRuleTypeDef = {
            "ID": "forget-unfinished-multipart-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {
                "DaysAfterInitiation": _UNFINISHED_UPLOADS_KEPT_DAYS
            },
        }
        _if_supported(
            f"lifecycle of {bucket}",
            lambda: self._s3.put_bucket_lifecycle_configuration(
                Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
            ),
        )


def _if_supported(rule: str, put: Callable[[], object]) -> None:
    """Set a rule, or log that the store has none of its kind. Raises `RequestFailed`."""
    try:
        with failures():
            put()
    except RequestFailed as error:
        if error.code not in _UNSUPPORTED:
            raise
        logger().warning("rule not supported by the store", rule=rule, see="docs/self-host.md")


def _cors_rule(methods: list[str], origins: list[str], headers: list[str]) -> "CORSRuleTypeDef":
    return {
        "AllowedMethods": methods,
        "AllowedOrigins": origins,
        "AllowedHeaders": headers,
        "ExposeHeaders": _SHOWN_TO_PAGES,
        "MaxAgeSeconds": 3600,
    }


def _migrate(settings: CatalogSettings) -> None:
    """Bring the database to this release's schema. Raises `CatalogUnavailable`."""

    def show(step: str, done: int, total: int) -> None:
        logger().info("migrating", step=step, done=done, total=total)

    with closing(MongoCatalog(settings, pool_size=1, timeout_ms=_WITHOUT_LIMIT)) as catalog:
        catalog.migrate(show)


def _origins(environ: Mapping[str, str]) -> list[str]:
    """Return the origins of the API's own page and of API_ORIGINS. Raises `SettingsError`."""
    others = environ.get("API_ORIGINS", "").split(",")
    pages = [required(environ, "API_URL"), *others]
    return [page.strip().rstrip("/") for page in pages if page.strip()]


def main() -> None:
    """Prepare both."""
    try:
        read_secret_files(os.environ)
        buckets = Buckets(StorageSettings.read(os.environ))
        _migrate(CatalogSettings.read(os.environ))
        buckets.prepare(_origins(os.environ))
    except SettingsError as error:
        sys.exit(str(error))
    except CatalogUnavailable as error:
        sys.exit(f"The database cannot be prepared: {error.__cause__}")
    except RequestFailed as error:
        sys.exit(f"The store refuses to prepare the buckets: {error.code}")
    logger().info("prepared")


if __name__ == "__main__":
    main()
