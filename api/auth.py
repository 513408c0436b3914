"""Which key a request shows, in `X-API-Key` or in `Authorization: Bearer`. Whose it is, `api.keys` says.

What no key could be is refused here, before anybody looks closer: the headers are whatever a stranger sent.
No message repeats what was sent, as it may be a key, or most of one.
"""

import re
from collections.abc import Collection
from typing import Final

from schema.errors import BadInputError, UnauthenticatedError

LONGEST: Final = 256
"""Most characters of a header that is looked at; a key has 64."""

_TEXT: Final = re.compile(r"[\x20-\x7e]*")
_BEARER: Final = re.compile(r"bearer +(\S+)", re.IGNORECASE)


def presented_key(headers: Collection[tuple[bytes, bytes]]) -> str | None:
    """Return the key that a request shows, None where it shows none. Whether it holds is not looked at.

    Args:
        headers: The headers in the bytes in which they came, their names in lower case.

    Raises:
        BadInputError: A header is empty, too long or has characters that no key has, or two keys differ.
        UnauthenticatedError: `Authorization` has another scheme than Bearer.
    """
    plain = [value.decode("latin-1") for name, value in headers if name == b"x-api-key"]
    authorization = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
    for value in plain:
        _check("X-API-Key", value)
    for value in authorization:
        _check("Authorization", value)
    shown = {value.strip() for value in plain}
    shown.update(map(_bearer, authorization))
    if len(shown) > 1:
        raise BadInputError("The request shows two different keys. Send one, as X-API-Key or Authorization: Bearer.")
    return shown.pop() if shown else None


def _check(name: str, value: str) -> None:
    """Raise where a header can hold no key."""
    if len(value) > LONGEST:
        raise BadInputError(f"{name} is too long: it has {len(value)} characters, and at most {LONGEST} are taken.")
    if not _TEXT.fullmatch(value):
        raise BadInputError(f"{name} has characters that no key has: keys are letters, digits and _.")
    if not value.strip():
        raise BadInputError(f"{name} is empty. Send a key in it, or leave it out.")


def _bearer(value: str) -> str:
    if found := _BEARER.fullmatch(value.strip()):
        return found[1]
    raise UnauthenticatedError("Authorization must be `Bearer` and a key, or send the key as X-API-Key.")
