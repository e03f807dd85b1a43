"""Storage that signs with the credentials of the tests."""

from functions.adapters.signed.cloudfront import CloudFront
from functions.adapters.signed.credentials import Credentials
from functions.adapters.signed.service import SignedService
from functions.adapters.signed.storage import SignedStorage
from functions.core.clock import Clock, utc_now
from functions.core.settings import StorageSettings

CREDENTIALS = Credentials("testing", "testing")


def signed_service(
    name: str,
    region: str = "eu-west-1",
    *,
    credentials: Credentials = CREDENTIALS,
    attempts: int = 1,
    now: Clock = utc_now,
) -> SignedService:
    return SignedService(
        name, region, lambda: credentials, attempts=attempts, read_timeout_s=5, now=now
    )


def signed_storage(
    settings: StorageSettings,
    *,
    credentials: Credentials = CREDENTIALS,
    attempts: int = 1,
    now: Clock = utc_now,
    delivery: CloudFront | None = None,
) -> SignedStorage:
    s3 = signed_service("s3", settings.region, credentials=credentials, attempts=attempts, now=now)
    return SignedStorage(settings, s3, delivery)
