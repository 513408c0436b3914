"""Which key a request shows, and what is refused before it is looked at."""

import pytest

from api.auth import presented_key
from api.keys.format import make
from schema.errors import BadInputError, PublicError, UnauthenticatedError

KEY = make().shown
OTHER = make().shown

SCHEME = (UnauthenticatedError, "Authorization must be `Bearer` and a key, or send the key as X-API-Key.")
TWO = (BadInputError, "The request shows two different keys. Send one, as X-API-Key or Authorization: Bearer.")


def headers(*pairs: tuple[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as a server has them, in the bytes in which they came."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


@pytest.mark.parametrize(
    "pairs",
    [
        [("X-API-Key", KEY)],
        [("x-api-key", f" {KEY} ")],
        [("Authorization", f"Bearer {KEY}")],
        [("authorization", f"bearer   {KEY}")],
        [("Authorization", f"BEARER {KEY}"), ("X-API-Key", KEY)],
        [("X-API-Key", KEY), ("X-API-Key", KEY)],
    ],
)
def test_a_key_is_found(pairs: list[tuple[str, str]]) -> None:
    """In either header, or in both where they agree."""
    assert presented_key(headers(("Host", "x"), *pairs)) == KEY


def test_no_key() -> None:
    """Without either header there is none."""
    assert presented_key(headers(("Cookie", "X-API-Key=1"), ("X-API-Keys", KEY))) is None


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ([("X-API-Key", KEY), ("Authorization", f"Bearer {OTHER}")], TWO),
        ([("X-API-Key", KEY), ("X-API-Key", OTHER)], TWO),
        ([("Authorization", f"Bearer {KEY}"), ("Authorization", f"Bearer {OTHER}")], TWO),
        ([("X-API-Key", "")], (BadInputError, "X-API-Key is empty. Send a key in it, or leave it out.")),
        ([("Authorization", "  ")], (BadInputError, "Authorization is empty. Send a key in it, or leave it out.")),
        ([("Authorization", "Bearer")], SCHEME),
        ([("Authorization", "Bearer ")], SCHEME),
        ([("Authorization", KEY)], SCHEME),
        ([("Authorization", "Basic YTpi")], SCHEME),
        ([("Authorization", f"Bearer {KEY} {KEY}")], SCHEME),
        ([("Authorization", f"Bearer{KEY}")], SCHEME),
        ([("Authorization", f"Basic {KEY}"), ("X-API-Key", KEY)], SCHEME),
        (
            [("X-API-Key", "x" * 257)],
            (BadInputError, "X-API-Key is too long: it has 257 characters, and at most 256 are taken."),
        ),
        (
            [("X-API-Key", KEY), ("Authorization", "Bearer " + "\x00" * 300)],
            (BadInputError, "Authorization is too long: it has 307 characters, and at most 256 are taken."),
        ),
    ],
)
def test_refused(pairs: list[tuple[str, str]], error: tuple[type[PublicError], str]) -> None:
    """Each with what is wrong, and without what was sent."""
    with pytest.raises(PublicError) as refused:
        presented_key(headers(*pairs))
    assert (type(refused.value), str(refused.value)) == error


@pytest.mark.parametrize("character", ["\x00", "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "é", "ÿ"])
@pytest.mark.parametrize("name", ["X-API-Key", "Authorization"])
def test_characters_that_no_key_has(name: str, character: str) -> None:
    """Control characters and everything outside ASCII are refused before anything else."""
    with pytest.raises(BadInputError) as refused:
        presented_key(headers((name, f"{KEY}{character}")))
    assert str(refused.value) == f"{name} has characters that no key has: keys are letters, digits and _."
