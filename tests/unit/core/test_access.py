from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.core.access import (
    ADMIN_CALLER,
    ALL_OWNERS,
    DEFAULT_SCOPES,
    LEGACY_CALLER,
    LEGACY_OWNER,
    OPEN_CALLER,
    Caller,
    Claims,
    CredentialKind,
    Denial,
    Scope,
    Unauthenticated,
    caller_with_key,
    caller_with_session,
    caller_with_token,
    is_owner,
)
from tests.credentials import api_key
from tests.examples import CREATED as NOW
from tests.examples import ID

SOON, LATER = NOW + timedelta(minutes=5), NOW + timedelta(hours=1)
KEY = api_key(created_at=NOW)
CLAIMS = Claims(owner="anna", scopes=frozenset({Scope.READ, Scope.UPLOAD}), expires_at=LATER)


@pytest.mark.parametrize("name", ["a", "user_42", "auth0|6f", "a@b.example", "x" * 128, "+/=-:."])
def test_a_name_of_an_owner(name: str) -> None:
    assert is_owner(name)


@pytest.mark.parametrize(
    "name", ["", "x" * 129, LEGACY_OWNER, ALL_OWNERS, "a b", "ä", "a\n", "a,b", "a\x00"]
)
def test_no_name_of_an_owner(name: str) -> None:
    assert not is_owner(name)


def test_nobody_but_an_admin_administers_keys_by_default() -> None:
    assert set(Scope) - DEFAULT_SCOPES == {Scope.ADMIN}
    assert not OPEN_CALLER.may(Scope.ADMIN)
    assert not LEGACY_CALLER.may(Scope.ADMIN, Scope.WRITE)
    assert ADMIN_CALLER.may(Scope.ADMIN)


def test_an_open_caller_reaches_all_owners_and_a_legacy_one_its_own() -> None:
    assert OPEN_CALLER.reaches_all_owners
    assert not LEGACY_CALLER.reaches_all_owners


def test_the_caller_with_a_key_has_the_rights_of_the_key() -> None:
    key = replace(KEY, scopes=frozenset({Scope.READ}), owner="anna", expires_at=SOON)
    assert caller_with_key(key, now=NOW) == Caller(
        CredentialKind.KEY, "anna", frozenset({Scope.READ}), key_id=KEY.id, expires_at=SOON
    )


def test_an_expired_key_ends_with_its_tokens_and_sessions() -> None:
    key = replace(KEY, expires_at=NOW)
    with pytest.raises(Unauthenticated) as refused:
        caller_with_key(key, now=NOW)
    assert refused.value.denial is Denial.KEY_EXPIRED
    for of in (caller_with_token, caller_with_session):
        with pytest.raises(Unauthenticated) as refused:
            of(key, CLAIMS, now=NOW)
        assert refused.value.denial is Denial.KEY_EXPIRED


def test_a_token_has_no_scope_that_its_key_lacks() -> None:
    key = replace(KEY, scopes=frozenset({Scope.READ, Scope.WRITE}))
    assert caller_with_token(key, CLAIMS, now=NOW).scopes == {Scope.READ}


@pytest.mark.parametrize("scopes", [frozenset(), frozenset({Scope.ADMIN})])
def test_a_token_without_a_scope_of_tokens_is_refused(scopes: frozenset[Scope]) -> None:
    with pytest.raises(Unauthenticated, match="names none of upload, read, deliver, write") as said:
        caller_with_token(KEY, replace(CLAIMS, scopes=scopes), now=NOW)
    assert said.value.denial is Denial.CLAIMS


@pytest.mark.parametrize("of", [caller_with_token, caller_with_session])
def test_neither_token_nor_session_administers_keys(of: Callable[..., Caller]) -> None:
    everything = frozenset(Scope)
    key, claims = replace(KEY, scopes=everything), replace(CLAIMS, scopes=everything)
    assert of(key, claims, now=NOW).scopes == DEFAULT_SCOPES


def test_a_token_of_a_bound_key_is_for_the_same_owner() -> None:
    key = replace(KEY, owner="anna")
    assert caller_with_token(key, CLAIMS, now=NOW).owner == "anna"
    for other in ("bob", "Anna", "anna ", "ann"):
        with pytest.raises(Unauthenticated):
            caller_with_token(key, replace(CLAIMS, owner=other), now=NOW)


@pytest.mark.parametrize("owner", [ALL_OWNERS, LEGACY_OWNER, ""])
def test_a_token_is_for_one_owner_of_the_usual_kind(owner: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        caller_with_token(KEY, replace(CLAIMS, owner=owner), now=NOW)
    assert refused.value.denial is Denial.CLAIMS


def test_a_session_may_be_for_all_owners_if_its_key_still_is() -> None:
    session = replace(CLAIMS, owner=ALL_OWNERS)
    assert caller_with_session(KEY, session, now=NOW).reaches_all_owners
    with pytest.raises(Unauthenticated):
        caller_with_session(replace(KEY, owner="anna"), session, now=NOW)


def test_a_token_ends_with_its_key() -> None:
    key = replace(KEY, expires_at=SOON)
    assert caller_with_token(key, CLAIMS, now=NOW).expires_at == SOON
    assert caller_with_token(KEY, CLAIMS, now=NOW).expires_at == LATER


def test_a_token_for_one_video_reaches_no_other_and_no_list() -> None:
    claims = replace(CLAIMS, video_id=ID)
    caller = caller_with_token(KEY, claims, now=NOW)
    assert caller.reaches_video(ID)
    assert caller.reaches_video(ID.upper())
    assert not caller.reaches_video(ID[::-1])
    assert not caller.reaches_video(None)
    assert OPEN_CALLER.reaches_video(None)
