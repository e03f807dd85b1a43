import re
from collections.abc import Callable
from os import urandom

import pytest

from functions.core.access import Denial, Unauthenticated
from functions.core.api_keys import Root, hash_of, id_in, is_key_id, new_key


def test_a_key_shows_its_id_and_has_256_random_bits() -> None:
    key_id, key = new_key(urandom)
    assert re.fullmatch(f"clipo_sk_{key_id}_[0-9A-Za-z]{{49}}", key)
    assert id_in(key) == key_id
    assert is_key_id(key_id)
    assert len({new_key(urandom) for _ in range(100)}) == 100


def test_a_key_is_stored_as_its_hash_only() -> None:
    _, key = new_key(urandom)
    assert re.fullmatch("[0-9a-f]{64}", hash_of(key))
    assert hash_of(key) != hash_of(new_key(urandom)[1])


@pytest.mark.parametrize("place", range(-49, 0))
def test_the_checksum_finds_a_mistyped_character(place: int) -> None:
    _, key = new_key(bytes)
    characters = list(key)
    characters[place] = "x" if characters[place] != "x" else "y"
    with pytest.raises(Unauthenticated) as refused:
        id_in("".join(characters))
    assert refused.value.denial is Denial.CHECKSUM
    assert "mistyped" in str(refused.value)


@pytest.mark.parametrize(
    "change", [str.upper, lambda key: key[:-1], lambda key: f"{key} ", lambda key: f"{key}\n"]
)
def test_another_text_is_no_key(change: Callable[[str], str]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        id_in(change(new_key(urandom)[1]))
    assert refused.value.denial is Denial.MALFORMED
    assert str(refused.value).endswith("Copy it again, and all of it.")


def test_each_key_and_each_purpose_has_its_own_derived_secret() -> None:
    root, newer = Root(1, "root"), Root(2, "newer")
    secrets = [
        root.signing_secret("a"),
        root.signing_secret("b"),
        root.session_secret("a"),
        root.admin_secret(),
        newer.signing_secret("a"),
    ]
    assert len(set(secrets)) == len(secrets)
    assert all(re.fullmatch("[0-9A-Za-z]{43}", secret) for secret in secrets)
    assert root.signing_secret("a") == Root(1, "root").signing_secret("a")


def test_derived_secrets_stay_the_same_in_later_releases() -> None:
    """A server keeps its signing secret, and mints tokens with it, over all updates."""
    root = Root(1, "root")
    assert root.signing_secret("abcdefghijkl") == "aUFqpsKVvjlyG7i3SaTxX6vGFIv3UPgw8JPIw61LgSe"
    assert root.session_secret("abcdefghijkl") == "2X869pBg0WIn1y2tujExYhXg5Gqou4E0uE8r2JHdH5x"
    assert root.admin_secret() == "KlT3iWXe6eSkIIZHwyMScobTGg8c5rGIRNHpmhCpKqk"
