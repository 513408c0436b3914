"""How a key looks: `ach_<prefix>_<secret><checksum>`, 64 characters in all.

The prefix names the key and may be seen by anyone. The secret is 43 random characters of 62, more than 256
bits. The checksum is the CRC-32 of all before it: it tells a key that was cut off or mistyped from one that
does not hold, without asking the database, and tells those who search files for leaks that they found one.
It protects nothing; anybody can compute it.
"""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field
from typing import Final

from schema.errors import BadInputError, UnauthenticatedError

MARK: Final = "ach_"
"""What every key begins with."""

PREFIX_ALPHABET: Final = string.digits + string.ascii_lowercase
"""Prefixes are read out and typed by people: one case."""

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
"""The digits of base62 in their order."""

PREFIX_LENGTH: Final = 10
SECRET_LENGTH: Final = 43
CHECKSUM_LENGTH: Final = 6
LENGTH: Final = len(MARK) + PREFIX_LENGTH + len("_") + SECRET_LENGTH + CHECKSUM_LENGTH

PREFIX_PLACE: Final = slice(len(MARK), len(MARK) + PREFIX_LENGTH)
"""Where a key has its prefix."""

PREFIX_PATTERN: Final = rf"[0-9a-z]{{{PREFIX_LENGTH}}}"
KEY_PATTERN: Final = rf"{MARK}{PREFIX_PATTERN}_[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}"
"""The regular expression of a key, for scanners too; see `docs/keys.md`."""

_KEY: Final = re.compile(rf"{MARK}({PREFIX_PATTERN})_[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}")
_NAMED: Final = re.compile(rf"(?:{MARK})?({PREFIX_PATTERN})")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made. `shown` exists here and with whom it is given to, nowhere else."""

    prefix: str
    """What people name it by."""

    shown: str = field(repr=False)
    """The whole key."""

    secret_hash: bytes = field(repr=False)
    """What is stored of it."""


def make() -> NewKey:
    """Return a new random key."""
    prefix = _draw(PREFIX_ALPHABET, PREFIX_LENGTH)
    body = f"{MARK}{prefix}_{_draw(ALPHABET, SECRET_LENGTH)}"
    shown = body + checksum(body)
    return NewKey(prefix, shown, hash_of(shown))


def prefix_of(presented: str) -> str:
    """Return the prefix of a key, having looked at its form alone.

    Raises:
        UnauthenticatedError: It is no key: something is missing or mistyped. The message does not repeat it.
    """
    found = _KEY.fullmatch(presented)
    if found and checksum(presented[:-CHECKSUM_LENGTH]) == presented[-CHECKSUM_LENGTH:]:
        return found[1]
    if presented.startswith(MARK):
        raise UnauthenticatedError("That is not a key of this server: its checksum does not fit. Was it cut off?")
    raise UnauthenticatedError(f"That is not a key of this server: those begin with {MARK}.")


def named(given: str) -> str:
    """Return the prefix by which a person names a key: the prefix alone, with `ach_`, or the whole key.

    Raises:
        BadInputError: It is none of these. The message does not repeat it, as it may be most of a key.
    """
    if found := _NAMED.fullmatch(given) or _KEY.fullmatch(given):
        return found[1]
    raise BadInputError(
        f"PREFIX must be the {PREFIX_LENGTH} characters after {MARK} of a key, as `achene keys list` shows them."
    )


def hash_of(key: str) -> bytes:
    """Return the SHA-256 of a key, 32 bytes. No salt and no slow hash: a key is random, not a password."""
    return hashlib.sha256(key.encode()).digest()


def checksum(body: str) -> str:
    """Return the CRC-32 of text as six base62 characters, the highest digit first."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def _draw(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
