"""Ids and cursors: texts that name a row, or a place in a list, and that clients hand back unread.

Both are base64url (RFC 4648 section 5, unpadded), so that they fit in a path and PostgreSQL can make them
as well: an id of `Post:1` or, for a key of several columns, `PostTag:["1", "2"]`; a cursor of a JSON array
whose first item names the list's order and whose others are the row's values in it.
"""

import binascii
import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

from schema.errors import BadCursorError, BadIdError
from schema.graph import ObjectType, Scalar
from schema.values import from_text, to_text

LONGEST: Final = 4096
"""Most characters of an id that are looked at."""

LONGEST_CURSOR: Final = 262_144
"""Most characters of a cursor, which holds the texts that a list is ordered by."""

_TO_BASE64URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_BASE64URL: Final = str.maketrans("-_", "+/")

LONGEST_NAME: Final = 64
"""Most characters of another type's name that a message repeats."""


NO_ID: Final = "{} is not an id of this API; pass one as a field `id` gave it."
"""What is said of a text that is no id."""


def encode(text: str) -> str:
    """Return a text in base64url without padding."""
    encoded = binascii.b2a_base64(text.encode(), newline=False)
    return encoded.translate(_TO_BASE64URL, b"=").decode()


def decode(opaque: str, longest: int = LONGEST) -> str:
    """Return the text behind `encode`.

    Raises:
        ValueError: It is not base64url of UTF-8, or is longer than any of ours.
    """
    if len(opaque) > longest or not opaque.isascii():
        raise ValueError("too long, or not ASCII")
    standard = opaque.rstrip("=").translate(_FROM_BASE64URL)
    try:
        return binascii.a2b_base64(standard + "=" * (-len(standard) % 4), strict_mode=True).decode()
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def write_id(type_: ObjectType, values: Sequence[Any]) -> str:
    """Return the global id of a row from the values of its primary key, in the key's order."""
    key = type_.primary_key
    if len(key) == 1:
        return encode(f"{type_.name}:{to_text(key[0].scalar, values[0])}")
    texts = [to_text(field.scalar, value) for field, value in zip(key, values, strict=True)]
    return encode(f"{type_.name}:{json.dumps(texts, ensure_ascii=False)}")


def read_id(types: Mapping[str, ObjectType], id_: str) -> tuple[ObjectType, tuple[Any, ...]]:
    """Return the type and the primary key that a global id names.

    Raises:
        BadIdError: It is no id of this graph.
    """
    try:
        name, _, rest = decode(id_).partition(":")
        type_ = types[name]
        return type_, _read_key(type_, rest)
    except (ValueError, KeyError, RecursionError) as error:
        raise BadIdError(NO_ID.format(_shown(id_))) from error


def read_id_of(type_: ObjectType, id_: str, argument: str) -> tuple[Any, ...]:
    """Return the primary key that a global id of one type names.

    Raises:
        BadIdError: It is no id, or one of another type; the message names the argument.
    """
    try:
        name, _, rest = decode(id_).partition(":")
        if name == type_.name:
            return _read_key(type_, rest)
        cause: Exception = ValueError("another type")
    except (ValueError, RecursionError) as error:
        name, cause = "", error
    if name.isidentifier() and len(name) <= LONGEST_NAME:
        raise BadIdError(f"Argument `{argument}` takes the id of a {type_.name}; {_shown(id_)} is the id of a {name}.")
    raise BadIdError(f"Argument `{argument}`: {NO_ID.format(_shown(id_))}") from cause


def _read_key(type_: ObjectType, text: str) -> tuple[Any, ...]:
    """Return the primary key that an id holds behind the name of its type."""
    if len(type_.primary_key) == 1:
        return (from_text(type_.primary_key[0].scalar, text),)
    values = _read_texts([field.scalar for field in type_.primary_key], json.loads(text))
    if None in values:
        raise ValueError("no part of a key is null")
    return values


def write_cursor(order: str, scalars: Sequence[Scalar], values: Sequence[Any]) -> str:
    """Return the cursor of a row.

    Args:
        order: Names the list's order; a cursor is refused under any other.
        scalars: What the values are.
        values: The row's values in that order; None for null.
    """
    texts = [None if value is None else to_text(scalar, value) for scalar, value in zip(scalars, values, strict=True)]
    return encode(json.dumps([order, *texts], ensure_ascii=False))


def read_cursor(
    order: str, scalars: Sequence[Scalar], cursor: str, argument: str, is_nullable: Sequence[bool] = ()
) -> tuple[Any, ...]:
    """Return the values that a cursor holds.

    Args:
        order: Names the list's order.
        scalars: What the values are.
        cursor: What the client sent.
        argument: The argument that it came in, for messages.
        is_nullable: For each value, whether it may be null; none may where empty.

    Raises:
        BadCursorError: It does not decode, or belongs to another list or order; the message names the argument.
    """
    try:
        parts = json.loads(decode(cursor, LONGEST_CURSOR))
        if not isinstance(parts, list) or not parts or not isinstance(parts[0], str):
            raise ValueError("not an order and its values")
    except (ValueError, RecursionError) as error:
        raise BadCursorError(
            f"Argument `{argument}`: {_shown(cursor)} is not a cursor; pass one as `cursor`, `startCursor` or "
            "`endCursor` gave it."
        ) from error
    found, *texts = parts
    if found != order:
        raise BadCursorError(
            f"Argument `{argument}`: the cursor belongs to another list or order; a cursor is good only for the list "
            "and the order that it came from."
        )
    try:
        values = _read_texts(scalars, texts)
        if any(value is None and not may for value, may in zip_longest(values, is_nullable, fillvalue=False)):
            raise ValueError("null, where the order has none")
        return values
    except (ValueError, RecursionError) as error:
        raise BadCursorError(f"Argument `{argument}`: {_shown(cursor)} is not a cursor of this list.") from error


def _read_texts(scalars: Sequence[Scalar], texts: Any) -> tuple[Any, ...]:
    if not isinstance(texts, list) or len(texts) != len(scalars):
        raise ValueError("wrong number of values")
    if not all(text is None or isinstance(text, str) for text in texts):
        raise ValueError("values must be texts")
    return tuple(None if text is None else from_text(scalar, text) for scalar, text in zip(scalars, texts, strict=True))


def _shown(opaque: str) -> str:
    printable = "".join(character if character.isprintable() else "?" for character in opaque[:40])
    return f"'{printable}{'...' if len(opaque) > 40 else ''}'"


__all__ = ["decode", "encode", "read_cursor", "read_id", "read_id_of", "write_cursor", "write_id"]
