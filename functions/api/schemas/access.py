"""The JSON of requests and responses about API keys, tokens and callers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from functions.api.examples import TIME, VIDEO_ID
from functions.api.quota import CallerLimits
from functions.api.schemas.fields import (
    LARGEST_SAFE_INTEGER,
    VIDEO_ID_PATTERN,
    Owner,
    Time,
    read_time,
)
from functions.api.settings import Access
from functions.core.access import DEFAULT_SCOPES, ApiKey, Caller, CredentialKind, Scope
from functions.core.quotas import TokenLimits, Usage
from functions.core.tokens import LONGEST

_KEY_ID = "3kTMd9vQxYaB"


AnyOwner = Annotated[str | None, Field(description="`null`: all owners", examples=["anna"])]
FutureTime = Annotated[datetime, BeforeValidator(read_time), Field(examples=[TIME])]
Limit = Annotated[int | None, Field(ge=1, le=LARGEST_SAFE_INTEGER)]
KeyId = Annotated[str, Field(examples=[_KEY_ID])]
Scopes = Annotated[
    frozenset[Annotated[Scope, Field(strict=False)]],
    Field(strict=False, min_length=1, examples=[["upload", "deliver"]]),
]


class CreateKey(BaseModel):
    """An API key to be created."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=100, examples=["web server"])
    scopes: Scopes = Field(default=DEFAULT_SCOPES, description="What the key allows")
    owner: Owner | None = Field(
        default=None,
        examples=["anna"],
        description="The only owner for whom the key is; left out: all owners",
    )
    expires_at: FutureTime | None = Field(default=None, description="Left out: never")


class KeyResource(BaseModel):
    """An API key, without its secret."""

    id: KeyId
    name: str = Field(examples=["web server"])
    scopes: list[Scope]
    owner: AnyOwner
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None = Field(description="To the hour")
    root_generation: int = Field(
        description="The root secret that the signing secret comes from", examples=[1]
    )


class CreatedKey(KeyResource):
    """A new API key. Clipo shows the two secrets only this once."""

    key: str = Field(examples=[f"clipo_sk_{_KEY_ID}_…"])
    signing_secret: str = Field(description="Signs tokens, as HS256 and UTF-8 text", examples=["…"])


class KeyList(BaseModel):
    """All API keys, oldest first."""

    data: list[KeyResource]


class CreateToken(BaseModel):
    """A token to be signed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    owner: Owner = Field(examples=["anna"])
    scopes: Scopes
    expires_in_s: Annotated[int, Field(ge=1, le=int(LONGEST.total_seconds()), examples=[900])]
    video_id: str | None = Field(
        default=None,
        pattern=VIDEO_ID_PATTERN,
        description="The only video for which the token is",
        examples=[VIDEO_ID],
    )
    max_bytes: Limit = Field(default=None, description="Size limit of each video")
    max_duration_s: Limit = Field(default=None, description="Duration limit of each video")
    max_videos: Limit = Field(default=None, description="Number of videos that the owner may have")

    @property
    def limits(self) -> TokenLimits:
        """The limits of its holder's uploads."""
        return TokenLimits(self.max_bytes, self.max_duration_s, self.max_videos)


class CreatedToken(BaseModel):
    """A token for a browser."""

    token: str = Field(examples=["eyJhbGciOiJIUzI1NiIs…"])
    expires_at: Time


class Limits(BaseModel):
    """The limits of the caller's uploads: the smaller of the stack's and the token's."""

    model_config = ConfigDict(from_attributes=True)

    video_bytes: int = Field(description="Bytes of each video", examples=[5000000000])
    video_duration_s: int | None = Field(
        description="Seconds of each video, `null` without a limit", examples=[None]
    )
    videos: int | None = Field(
        description="Number of the owner's videos, `null` without a limit", examples=[100]
    )
    bytes: int | None = Field(
        description="Bytes of the owner's videos together, `null` without a limit",
        examples=[None],
    )


class QuotaUse(BaseModel):
    """The videos that count towards the owner's quota."""

    model_config = ConfigDict(from_attributes=True)

    videos: int = Field(examples=[7])
    bytes: int = Field(description="As announced", examples=[250000000])


class Me(BaseModel):
    """The caller, as its credential tells."""

    credential: CredentialKind
    owner: AnyOwner
    scopes: list[Scope]
    key_id: KeyId | None
    video_id: str | None = Field(description="The only video that the token reaches")
    expires_at: Time | None
    limits: Limits
    usage: QuotaUse | None = Field(
        description="`null` without a limit of the owner's videos. A credential for all owners sees"
        " the videos without an owner"
    )
    access: Access = Field(description="`open`: Clipo also answers callers without a credential")


def key_resource(key: ApiKey) -> KeyResource:
    """Return a key as clients see it."""
    return KeyResource(**_public(key))


def created_key(key: ApiKey, text: str, signing_secret: str) -> CreatedKey:
    """Return a new key with its secrets."""
    return CreatedKey(**_public(key), key=text, signing_secret=signing_secret)


def me(caller: Caller, access: Access, limits: CallerLimits, usage: Usage | None) -> Me:
    """Return a caller as it sees itself."""
    return Me(
        credential=caller.kind,
        owner=None if caller.reaches_all_owners else caller.owner,
        scopes=_in_order(caller.scopes),
        key_id=caller.key_id,
        video_id=caller.video_id,
        expires_at=caller.expires_at,
        limits=Limits.model_validate(limits),
        usage=QuotaUse.model_validate(usage) if usage else None,
        access=access,
    )


def _public(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": _in_order(key.scopes),
        "owner": None if key.reaches_all_owners else key.owner,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "root_generation": key.generation,
    }


def _in_order(scopes: frozenset[Scope]) -> list[Scope]:
    return [scope for scope in Scope if scope in scopes]
