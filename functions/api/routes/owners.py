"""What Clipo stores of one owner, for requests of data protection."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from functions.api import problems
from functions.api.owner_data import CURSOR, erase, export_records
from functions.api.problem_responses import documented
from functions.api.schemas.fields import OwnerInFilter
from functions.api.scopes import ResourceRoute, needs
from functions.api.services import InjectedServices
from functions.core.access import Scope

router = APIRouter(prefix="/owners", tags=["owners"], route_class=ResourceRoute)


class Record(BaseModel):
    """A record as the database has it, without secrets."""

    model_config = ConfigDict(from_attributes=True)

    kind: str = Field(description="Its collection", examples=["videos"])
    id: str
    fields: dict[str, Any]


class RecordPage(BaseModel):
    """A page of an owner's records."""

    data: list[Record]
    next_cursor: str | None = Field(
        description="`cursor` of the next page, or `null` on the last one"
    )


class EraseOwner(BaseModel):
    """The owner to be erased."""

    model_config = ConfigDict(extra="forbid", strict=True)

    owner: OwnerInFilter = Field(examples=["user-7"])


class ErasureReport(BaseModel):
    """What one call has erased."""

    videos: int = Field(description="Videos that were deleted, with all versions of their files")
    tombstones: int = Field(description="Records of deleted videos that have lost the owner's name")
    idempotency_keys: int
    counters: int = Field(description="Counters of quotas")
    api_keys_left: int = Field(description="API keys of the owner, which stay: revoke them")
    finished: bool = Field(description="`false`: send the request again")


@router.get(
    "/export",
    operation_id="exportOwner",
    summary="Export what is stored of an owner",
    responses=documented(
        problems.INVALID_CURSOR, problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE
    ),
    openapi_extra=needs(Scope.READ),
)
def get_export(
    services: InjectedServices,
    owner: Annotated[OwnerInFilter, Query(examples=["user-7"])],
    cursor: Annotated[
        str | None,
        Query(
            description="`next_cursor` of the previous page", json_schema_extra={"pattern": CURSOR}
        ),
    ] = None,
) -> RecordPage:
    """Return all records of an owner, a page at a time, for credentials that reach all owners.

    The records are those of the database. They name the files, and do not contain them.
    """
    found, following = export_records(services, owner, cursor)
    return RecordPage(data=[Record.model_validate(one) for one in found], next_cursor=following)


@router.post(
    "/erase",
    operation_id="eraseOwner",
    summary="Erase what is stored of an owner",
    responses=documented(
        *problems.OF_A_JSON_BODY,
        problems.INVALID_REQUEST,
        problems.CATALOG_UNAVAILABLE,
        problems.STORAGE_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.WRITE),
)
def post_erase(body: EraseOwner, services: InjectedServices) -> ErasureReport:
    """Remove all videos of an owner for good, with all versions of their files.

    For credentials that reach all owners. One call works for some seconds: repeat it until
    `finished` is `true`. After an error the next call continues.
    """
    return ErasureReport(**asdict(erase(services, body.owner)))
