"""The API's own settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from functions.core.access import DEFAULT_SCOPES, Scope
from functions.core.api_keys import Root
from functions.core.formats import EXTENSIONS
from functions.core.oidc import OidcLogin, is_https
from functions.core.quotas import Quota
from functions.core.settings import (
    SettingsError,
    flag,
    limit,
    max_upload_bytes,
    positive_int,
    required,
    webhook_root,
    whole_number,
)

_LEGACY_BYTES = 100_000_000
"""The size limit of the legacy endpoint, which has never been higher by default."""

_ORIGIN = r"https?://[^/*, ]+"


_AUDIENCE_CLAIMS = ("aud", "azp", "client_id")
_ROOT = re.compile(r"([1-9]\d{0,5}):([A-Za-z0-9]{32,128})", re.ASCII)


class Access(StrEnum):
    """Whether requests need a credential."""

    KEYS = "keys"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """What the API needs to manage webhook receivers."""

    webhooks_on: bool
    """Whether results are saved together with their webhooks."""
    root: str | None = field(repr=False)
    """The secret that derives those of the receivers; `None` without receivers in the database."""
    allow_private: bool
    """Whether receivers may be on a private network or this machine, and without TLS."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "ReceiverSettings":
        """Read WEBHOOKS, WEBHOOK_ROOT and WEBHOOK_ALLOW_PRIVATE. Raises `SettingsError`."""
        return cls(
            webhooks_on=flag(environ, "WEBHOOKS"),
            root=webhook_root(environ),
            allow_private=flag(environ, "WEBHOOK_ALLOW_PRIVATE"),
        )


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Settings of the API."""

    allowed_extensions: frozenset[str]
    """Lower case, without the dot."""
    max_upload_bytes: int
    max_multipart_bytes: int
    """Size limit of one file at `POST /upload-video/`. On Lambda a request is limited to 6 MB."""
    max_pending_videos: int
    """Number of pending videos from which an owner's announcements are refused; 0 sets no limit."""
    quota: Quota
    """The limits of all videos of one owner together."""
    max_duration_s: int | None
    """Duration limit of one video, which processing enforces; `None` sets no limit."""
    origins: frozenset[str]
    """Origins of other sites whose pages may call the API."""
    base_path: str
    """Path before that of every route, like `/prod`; empty at the root of a domain."""
    access: Access
    """Whether requests need a credential."""
    legacy_endpoints: Access
    """Whether the legacy endpoints need a credential, if the other endpoints need one."""
    roots: tuple[Root, ...]
    """The generations of the root secret, the present one first."""
    login: OidcLogin | None
    """The OpenID Connect issuer whose tokens are credentials, if there is one."""
    webhooks: ReceiverSettings
    """What the API needs to manage webhook receivers."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "ApiSettings":
        """Read the variables of these names in capital letters.

        `origins` is API_ORIGINS, `quota` MAX_VIDEOS_PER_OWNER and MAX_BYTES_PER_OWNER,
        `max_duration_s` MAX_DURATION_SECONDS, `login` OIDC_ISSUER with others, and `webhooks`
        WEBHOOKS with others.

        Raises `SettingsError`.
        """
        max_bytes = max_upload_bytes(environ)
        access = _access(environ, "ACCESS")
        return cls(
            allowed_extensions=_extensions(
                environ.get("ALLOWED_EXTENSIONS") or ",".join(EXTENSIONS)
            ),
            max_upload_bytes=max_bytes,
            max_multipart_bytes=positive_int(
                environ, "MAX_MULTIPART_BYTES", min(max_bytes, _LEGACY_BYTES)
            ),
            max_pending_videos=whole_number(environ, "MAX_PENDING_VIDEOS", 10_000),
            quota=Quota(
                videos=limit(environ, "MAX_VIDEOS_PER_OWNER"),
                bytes=limit(environ, "MAX_BYTES_PER_OWNER"),
            ),
            max_duration_s=limit(environ, "MAX_DURATION_SECONDS"),
            origins=_origins(environ.get("API_ORIGINS", "")),
            base_path=_base_path(environ.get("BASE_PATH", "")),
            access=access,
            legacy_endpoints=_access(environ, "LEGACY_ENDPOINTS"),
            roots=_roots(environ.get("ROOT_SECRETS", ""), required=access is Access.KEYS),
            login=_login(environ),
            webhooks=ReceiverSettings.read(environ),
        )


def _login(environ: Mapping[str, str]) -> OidcLogin | None:
    """Read the OIDC_* settings. Raises `SettingsError`."""
    issuer = environ.get("OIDC_ISSUER", "")
    if not issuer:
        return None
    jwks_uri = environ.get("OIDC_JWKS_URI") or None
    for name, url in (("OIDC_ISSUER", issuer), ("OIDC_JWKS_URI", jwks_uri)):
        if url and not is_https(url):
            raise SettingsError(f"{name} must be an https URL without a query, not {url!r}.")
    audiences = _words(required(environ, "OIDC_AUDIENCE"))
    if not audiences:
        raise SettingsError("OIDC_AUDIENCE must name an audience.")
    claim = environ.get("OIDC_AUDIENCE_CLAIM") or "aud"
    if claim not in _AUDIENCE_CLAIMS:
        raise SettingsError(f"OIDC_AUDIENCE_CLAIM must be aud, azp or client_id, not {claim!r}.")
    return OidcLogin(
        issuer=issuer,
        audiences=audiences,
        scopes=_login_scopes(environ.get("OIDC_SCOPES") or "upload,read,deliver"),
        audience_claim=claim,
        owner_claim=environ.get("OIDC_OWNER_CLAIM") or "sub",
        owner_prefix=_owner_prefix(environ.get("OIDC_OWNER_PREFIX") or "oidc:"),
        jwks_uri=jwks_uri,
    )


def _login_scopes(text: str) -> frozenset[Scope]:
    words = _words(text)
    if not words or not words <= DEFAULT_SCOPES:
        names = ", ".join(scope for scope in Scope if scope in DEFAULT_SCOPES)
        raise SettingsError(f"OIDC_SCOPES must be some of {names}, not {text!r}.")
    return frozenset(map(Scope, words))


def _owner_prefix(text: str) -> str:
    """Return the prefix; an empty one for `none`. Raises `SettingsError`."""
    if text == "none":
        return ""
    if not re.fullmatch(r"[A-Za-z0-9._:@|/+=-]{0,31}[._:@|/+=-]", text):
        raise SettingsError(
            "OIDC_OWNER_PREFIX must be none, or at most 32 letters, digits or . _ : @ | / + = - of"
            f" which the last is no letter or digit: {text!r}."
        )
    return text


def _words(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _origins(text: str) -> frozenset[str]:
    origins = [part.strip().lower() for part in text.split(",") if part.strip()]
    if not all(re.fullmatch(_ORIGIN, origin) for origin in origins):
        raise SettingsError(
            "API_ORIGINS must be origins between commas, like https://app.example.com, without a"
            f" path or a slash at the end: {text!r}."
        )
    return frozenset(origins)


def _access(environ: Mapping[str, str], name: str) -> Access:
    text = environ.get(name) or Access.KEYS
    try:
        return Access(text)
    except ValueError as error:
        raise SettingsError(f"{name} must be keys or open, not {text!r}.") from error


def _roots(text: str, *, required: bool) -> tuple[Root, ...]:
    """Return the generations in a text like `2:newSecret,1:oldSecret`. Raises `SettingsError`."""
    found = [_ROOT.fullmatch(part) for part in text.split(",")] if text or required else []
    if not all(found):
        # The message leaves out the text, which is secret.
        raise SettingsError(
            "ROOT_SECRETS must be a generation, a colon, and 32 to 128 letters and digits; separate"
            " several by commas, the present one first."
        )
    return tuple(Root(int(one[1]), one[2]) for one in found if one)


def _base_path(text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", text):
        raise SettingsError(
            f"BASE_PATH must be a path without a slash at the end, like /prod: {text!r}."
        )
    return text


def _extensions(text: str) -> frozenset[str]:
    extensions = [part.strip().lower() for part in text.split(",")]
    if not all(part.isascii() and part.isalnum() for part in extensions):
        raise SettingsError(
            f"ALLOWED_EXTENSIONS must be letters and digits between commas, like mp4,mov: {text!r}."
        )
    return frozenset(extensions)
