"""API keys, tokens, and the caller itself."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from functions.api import problems
from functions.api.authentication import InjectedAuthenticator, InjectedCaller, bearer_credentials
from functions.api.manage_keys import create_key, revoke_key, sign_token
from functions.api.page_session import SESSION_PATH, check_origin, end_session, start_session
from functions.api.problem_responses import documented
from functions.api.quota import limits_of, usage_of
from functions.api.schemas.access import (
    CreatedKey,
    CreatedToken,
    CreateKey,
    CreateToken,
    KeyList,
    Me,
    created_key,
    key_resource,
    me,
)
from functions.api.scopes import ResourceRoute, needs
from functions.api.services import InjectedServices
from functions.core.access import Denial, Scope, Unauthenticated

router = APIRouter(tags=["access"], route_class=ResourceRoute)
session_router = APIRouter()
"""The routes of the page's session, which the API documentation leaves out."""


def is_for_credentials(path: str) -> bool:
    """Tell whether a path needs a credential, also where Clipo is open."""
    first, _, rest = path.strip("/").partition("/")
    if first == "webhooks":
        return rest.partition("/")[0] not in ("deliveries", "events")
    return first in ("keys", "owners", "tokens")


@router.post(
    "/keys",
    operation_id="createKey",
    summary="Create an API key",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        *problems.OF_A_JSON_BODY, problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE
    ),
    openapi_extra=needs(Scope.ADMIN),
)
def post_key(body: CreateKey, services: InjectedServices) -> CreatedKey:
    """Create a key. The answer alone has its secrets: Clipo stores neither in a readable form."""
    return created_key(
        *create_key(
            services,
            name=body.name,
            scopes=body.scopes,
            owner=body.owner,
            expires_at=body.expires_at,
        )
    )


@router.get(
    "/keys",
    operation_id="listKeys",
    summary="List the API keys",
    responses=documented(problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE),
    openapi_extra=needs(Scope.ADMIN),
)
def list_keys(services: InjectedServices) -> KeyList:
    """List all keys, oldest first, without their secrets."""
    return KeyList(data=[key_resource(key) for key in services.api_keys.all()])


@router.delete(
    "/keys/{key_id}",
    operation_id="revokeKey",
    summary="Revoke an API key",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=documented(
        problems.KEY_NOT_FOUND, problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE
    ),
    openapi_extra=needs(Scope.ADMIN),
)
def delete_key(
    key_id: Annotated[str, Path(examples=["3kTMd9vQxYaB"])],
    services: InjectedServices,
    authenticator: InjectedAuthenticator,
) -> None:
    """End a key, its tokens and its sessions, within 60 seconds."""
    revoke_key(services, key_id)
    authenticator.forget(key_id)


@router.post(
    "/tokens",
    operation_id="createToken",
    summary="Sign a token for a browser",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        *problems.OF_A_JSON_BODY, problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE
    ),
    openapi_extra=needs(),
)
def post_token(
    body: CreateToken, caller: InjectedCaller, services: InjectedServices
) -> CreatedToken:
    """Sign a token with the secret of the API key that is sent.

    Your server can also sign it itself, without this request, by any library for JWT.
    """
    token, expires_at = sign_token(
        services,
        caller,
        owner=body.owner,
        scopes=body.scopes,
        expires_in=timedelta(seconds=body.expires_in_s),
        video_id=body.video_id and body.video_id.lower(),
        limits=body.limits,
    )
    return CreatedToken(token=token, expires_at=expires_at)


@router.get(
    "/me",
    operation_id="getCaller",
    summary="See who you are to Clipo, and what you may do",
    responses=documented(problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE),
    openapi_extra=needs(),
)
def get_me(caller: InjectedCaller, services: InjectedServices) -> Me:
    """Return what the credential of this request allows, and how much of it is used."""
    return me(caller, services.settings.access, limits_of(services), usage_of(services))


@session_router.post(SESSION_PATH, include_in_schema=False, status_code=HTTPStatus.NO_CONTENT)
async def post_session(request: Request, authenticator: InjectedAuthenticator) -> Response:
    """Begin a session of the page, for the API key or the token that is sent."""
    check_origin(request)
    credentials = bearer_credentials(request)
    if len(credentials) != 1:
        raise Unauthenticated(
            Denial.MISSING, "Send one API key or one token, as Authorization: Bearer."
        )
    session, caller = await authenticator.new_session(credentials[0])
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    start_session(request, response, session, expires_at=caller.expires_at)
    return response


@session_router.delete(SESSION_PATH, include_in_schema=False, status_code=HTTPStatus.NO_CONTENT)
async def delete_session(request: Request) -> Response:
    """End the session in this browser."""
    check_origin(request)
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    end_session(request, response)
    return response
