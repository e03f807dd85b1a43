"""The environment of the local stack: the variables that it takes over from the shell.

Libraries read many others, which must not change how the stack works: LOG_LEVEL (the logger),
WEB_CONCURRENCY (uvicorn), AWS_PROFILE (boto3), USE_SSL (the emulator of S3), PYTHONPATH (every
import).
"""

import os
import sys
from collections.abc import Mapping, MutableMapping

from clipo.client.address import is_local

ISOLATED = ("-I", "-X", "utf8")
"""Python options for each child: ignore PYTHON* variables, the working directory and the locale."""

OTHER_STORE = "AWS_ENDPOINT_URL_S3"
"""The variable that names another S3. Without it, Clipo reads no AWS settings of the user."""

_ALLOWED = {
    "PATH": "finds the programs that an ffmpeg of the user's may start",
    "LD_LIBRARY_PATH": "finds the libraries of a Python or an ffmpeg outside of the system",
    "TMPDIR": "the folder of --ephemeral",
    "TZ": "the time that the console shows",
    "TERM": "what the terminal can do",
    "COLORTERM": "the colours of the terminal",
    "COLUMNS": "the width of the terminal",
    "NO_COLOR": "the user wants no colours",
    "FORCE_COLOR": "the user wants colours",
    "PORT": "setting: the API's port",
    "CLIPO_HOME": "setting: the data folder",
    "CLIPO_BIND": "setting: the address of S3 and MongoDB",
    "CLIPO_HOSTS": "setting: further hosts that the API answers to",
    "ACCESS": "setting: whether requests need a credential",
    "LEGACY_ENDPOINTS": "setting: the same for the legacy endpoints",
    "OIDC_ISSUER": "setting: the issuer whose tokens are credentials",
    "OIDC_AUDIENCE": "setting: the audience of these tokens",
    "OIDC_AUDIENCE_CLAIM": "setting: the claim that names the audience",
    "OIDC_OWNER_CLAIM": "setting: the claim that names the owner",
    "OIDC_OWNER_PREFIX": "setting: the text before the owner in that claim",
    "OIDC_SCOPES": "setting: what these tokens allow",
    "OIDC_JWKS_URI": "setting: the address of the issuer's keys",
    "API_ORIGINS": "setting: other sites whose pages may call the API",
    "CLIPO_FFMPEG_DIR": "setting: another ffmpeg",
    "CLIPO_RETRY_SECONDS": "setting: the delay before a failed event is retried",
    "CLIPO_UPKEEP_SECONDS": "setting: how often upkeep runs",
    "MONGODB_URI": "setting: another MongoDB",
    "MONGODB_DATABASE": "setting: the name of the database",
    "MAX_UPLOAD_BYTES": "setting: the size limit of a video",
    "MAX_MULTIPART_BYTES": "setting: the size limit of the legacy endpoint",
    "MAX_PENDING_VIDEOS": "setting: the number of pending videos that stops announcements",
    "MAX_DURATION_SECONDS": "setting: the duration limit of a video",
    "MAX_VIDEOS_PER_OWNER": "setting: the number of an owner's videos",
    "MAX_BYTES_PER_OWNER": "setting: the size of an owner's videos together",
    "ALLOWED_EXTENSIONS": "setting: the supported formats",
    "STORE_LOCATION": "setting: whether the record keeps where a video was recorded",
    "DELETE_ORPHANED_OBJECTS": "setting: whether upkeep deletes orphaned objects",
    "WEBHOOKS": "setting: whether webhooks are on without WEBHOOK_URL",
    "WEBHOOK_URL": "setting: the receiver of webhooks",
    "WEBHOOK_SECRET": "setting: the key that signs webhooks",
    "WEBHOOK_ALLOW_PRIVATE": "setting: whether the receiver may be in a private network",
    "SSL_CERT_FILE": "certificates to trust for a MongoDB, an issuer or a webhook receiver",
    "SSL_CERT_DIR": "the same, as a folder",
}
"""Variables that Clipo takes over, each with its reason."""

_ALLOWED_FOR_OTHER_STORE = {
    "HOME": "~/.aws",
    OTHER_STORE: "the store",
    "AWS_ENDPOINT_URL_SQS": "its queues",
    "AWS_REGION": "its region",
    "AWS_PROFILE": "credentials",
    "AWS_CONFIG_FILE": "credentials",
    "AWS_SHARED_CREDENTIALS_FILE": "credentials",
    "AWS_ACCESS_KEY_ID": "credentials",
    "AWS_SECRET_ACCESS_KEY": "credentials",
    "AWS_SESSION_TOKEN": "credentials",
    "AWS_ROLE_ARN": "credentials by web identity",
    "AWS_ROLE_SESSION_NAME": "credentials by web identity",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "credentials by web identity",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "credentials of a container",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "credentials of a container",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "credentials of a container",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "credentials of a container",
    "AWS_CA_BUNDLE": "certificates to trust for the store",
    "UPLOADS_BUCKET": "the name of a bucket there",
    "MEDIA_BUCKET": "the name of a bucket there",
}
"""Variables that Clipo also takes over if AWS_ENDPOINT_URL_S3 names another S3."""

_PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
"""Variables that Clipo also takes over if that S3 is on another machine."""

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")

NO_AWS_SETTINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Variables that keep boto3 from reading the user's AWS settings."""


def allowed(given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the local stack takes over from the user's environment.

    Paths of certificates that do not exist are not among them: OpenSSL then uses the system's.
    """
    names = [*_ALLOWED]
    store = given.get(OTHER_STORE)
    if store:
        names += [*_ALLOWED_FOR_OTHER_STORE, *(() if is_local(store) else _PROXIES)]
    kept = {name: given[name] for name in names if given.get(name)}
    for name in _CERTIFICATES:
        if name in kept and not os.path.exists(kept[name]):  # noqa: PTH110 (any text, any permission)
            del kept[name]
    return kept if store else kept | NO_AWS_SETTINGS


def restrict(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Remove the variables that the local stack does not take over; return a copy from before."""
    before, kept = dict(environ), allowed(environ)
    environ.clear()
    environ.update(kept)
    return before


def suspects(environ: Mapping[str, str]) -> str:
    """Return the names of the variables that can make the other store unusable."""
    names = [*_ALLOWED_FOR_OTHER_STORE, *_PROXIES]
    return ", ".join(name for name in names if environ.get(name) and name != "HOME")


def python(program: str = sys.executable) -> list[str]:
    """Return the beginning of a command that runs Python isolated from the user's environment."""
    return [program, *ISOLATED]
