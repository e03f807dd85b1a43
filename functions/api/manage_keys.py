"""Creates, lists and revokes API keys, and signs tokens for their holders."""

from datetime import datetime, timedelta
from os import urandom

from functions.adapters.telemetry import logger
from functions.api import problems
from functions.api.problems import InvalidField, Problem
from functions.api.scopes import in_order
from functions.api.services import Services
from functions.core.access import (
    ALL_OWNERS,
    ApiKey,
    Caller,
    Claims,
    CredentialKind,
    Scope,
)
from functions.core.api_keys import hash_of, new_key, root_of
from functions.core.quotas import TokenLimits
from functions.core.tokens import claims_of, sign


def create_key(
    services: Services,
    *,
    name: str,
    scopes: frozenset[Scope],
    owner: str | None,
    expires_at: datetime | None,
) -> tuple[ApiKey, str, str]:
    """Return the record of a new API key, its text and its signing secret. Raises `Problem`."""
    if owner and Scope.ADMIN in scopes:
        raise _invalid("scopes", "A key with the scope admin is for all owners: leave owner out.")
    if expires_at and expires_at <= services.now():
        raise _invalid("expires_at", "This time has passed.")
    root = services.settings.roots[0]
    key_id, text = new_key(urandom)
    key = ApiKey(
        id=key_id,
        name=name,
        hash=hash_of(text),
        scopes=scopes,
        owner=owner or ALL_OWNERS,
        generation=root.generation,
        created_at=services.now(),
        expires_at=expires_at,
    )
    services.api_keys.add(key)
    logger().info("key created", created_key_id=key_id, scopes=sorted(scopes))
    return key, text, root.signing_secret(key_id)


def revoke_key(services: Services, key_id: str) -> None:
    """Remove the record of a key. Raises `Problem` if there is none."""
    if services.api_keys.get(key_id) is None:
        raise Problem(
            problems.KEY_NOT_FOUND,
            f"There is no API key {key_id}, or it has been revoked. `clipo keys list`"
            " shows all keys.",
        )
    services.api_keys.remove(key_id)
    logger().info("key revoked", revoked_key_id=key_id)


def sign_token(
    services: Services,
    caller: Caller,
    *,
    owner: str,
    scopes: frozenset[Scope],
    expires_in: timedelta,
    video_id: str | None,
    limits: TokenLimits,
) -> tuple[str, datetime]:
    """Return a token of the caller's API key, and its end. Raises `Problem`."""
    if caller.kind is not CredentialKind.KEY or caller.key_id is None:
        raise Problem(
            problems.FORBIDDEN,
            "Only an API key can get tokens. Create one with `clipo keys create`, and send that.",
        )
    key = services.api_keys.get(caller.key_id)
    root = root_of(key, services.settings.roots) if key else None
    if key is None or root is None:
        raise Problem(
            problems.FORBIDDEN,
            "The API key has just been revoked, or its root secret is gone. Use a new key.",
        )
    _check_rights(key, owner, scopes)
    # Tokens have whole seconds.
    ends = (services.now() + expires_in).replace(microsecond=0)
    claims = Claims(owner, scopes, ends, video_id=video_id, limits=limits)
    return sign(claims_of(claims), kid=key.id, secret=root.signing_secret(key.id)), ends


def _check_rights(key: ApiKey, owner: str, scopes: frozenset[Scope]) -> None:
    if not key.reaches_owner(owner):
        raise Problem(problems.FORBIDDEN, f"The API key is for the owner {key.owner} only.")
    if not scopes <= key.token_scopes:
        raise Problem(
            problems.FORBIDDEN,
            "Tokens of this API key can have these scopes only:"
            f" {in_order(key.token_scopes, 'and')}. Ask for no other.",
        )


def _invalid(field: str, message: str) -> Problem:
    return Problem(
        problems.INVALID_REQUEST, f"body.{field}: {message}", InvalidField(f"body.{field}", message)
    )
