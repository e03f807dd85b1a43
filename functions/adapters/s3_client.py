"""botocore's client of S3, for what few events need: to list, to delete, to look for credentials.

Imported where it is needed first: it costs a cold start more than all else of ours (ADR 22).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from functions.adapters.s3_requests import CONNECT_S, Refused
from functions.core.settings import Credentials, StorageSettings
from functions.core.unavailable import StorageUnavailable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def s3_client(settings: StorageSettings, *, attempts: int, read_timeout_s: int) -> "S3Client":
    """Return a client that addresses buckets as `StorageSettings.bucket_url` does."""
    config = Config(
        signature_version="s3v4",
        s3={
            "addressing_style": "path" if settings.endpoint_url else "virtual",
            "us_east_1_regional_endpoint": "regional",
        },
        connect_timeout=CONNECT_S,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    # What boto3 wraps, and all that we use of it: smaller and quicker to import (ADR 8).
    client = Session().create_client(
        "s3", region_name=settings.region, endpoint_url=settings.endpoint_url, config=config
    )
    return cast("S3Client", client)


class FoundCredentials:
    """What AWS's SDKs find where the environment has none. They renew themselves."""

    def __init__(self) -> None:
        self._session = Session()

    def current(self) -> Credentials:
        """Return what can be signed with now. Raises `Refused` or `StorageUnavailable`."""
        with refusals():
            found = self._session.get_credentials()
            now = found and found.get_frozen_credentials()
        if not now or not now.access_key or not now.secret_key:
            raise StorageUnavailable("S3: no credentials were found")
        try:
            return Credentials(now.access_key, now.secret_key, now.token)
        except ValueError as error:
            raise StorageUnavailable(f"S3: {error}") from error


@contextmanager
def refusals() -> Iterator[None]:
    """Raise what the client raises as `Refused` or `StorageUnavailable`."""
    try:
        yield
    except ClientError as error:
        raise Refused(error.response.get("Error", {}).get("Code", "")) from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"S3: {type(error).__name__}") from error
