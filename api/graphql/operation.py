"""What a GraphQL request says: read from the address for GET, from a JSON body for POST, and checked.

Source: GraphQL over HTTP, sections Request Parameters, GET and POST,
https://graphql.github.io/graphql-over-http/draft/#sec-Request
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from api.http.errors import BadRequestError
from api.http.json_limits import JsonLimits
from schema.documents import Document
from schema.errors import LimitError

MOST_PARAMETERS: Final = 50
"""Most parameters of an address that are looked at."""


LONGEST_KEPT: Final = 4_096
"""Most bytes of the parameters of an address that are kept: who asks whether an answer still holds sends them again."""

MOST_KEPT: Final = 1_000
"""Most addresses of which they are kept."""

PERSISTED: Final = "persistedQuery"
"""The extension by which Apollo's clients call a document by its hash."""

IDS: Final = ("documentId", "id", "doc_id")
"""Parameters that call a document by its id: the specification's, and those of Relay's clients."""

_IDS_GIVEN: Final = tuple(f"{name}=".encode() for name in IDS)
_HASH: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation that a client wants run, its parameters of the right types."""

    query: str
    """Text of the document; empty where the client names one by its id."""

    name: str | None
    """Which operation of the document; None where it names none."""

    variables: dict[str, Any] | None
    """Values of the operation's variables, as JSON has them."""

    extensions: dict[str, Any] | None
    """What the client says beside the protocol."""

    id: str | None = None
    """What the client calls a document by that the server knows."""

    is_hash: bool = False
    """True where that is the SHA-256 of the document, by which the server may be taught it."""

    size: int = 0
    """How many values the variables have, where they are many."""

    document: Document | None = None
    """The document itself, where it is known already."""


Batch = Sequence[Operation]
"""Several operations in one request, to be run one after the other."""


def from_body(body: bytes, limits: JsonLimits, most_batched: int = 0) -> Operation | Batch:
    """Return what the JSON body of a POST says.

    Args:
        body: The body.
        limits: How large its parameters may be.
        most_batched: How many operations it may have; 0 takes no list of them, not even of one.

    Raises:
        BadRequestError: It is not JSON in UTF-8, no object, or a parameter is missing or of another type.
        LimitError: A parameter nests too deeply, or holds too much, or there are too many operations.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestError(
            f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from error
    if isinstance(found, list) and most_batched:
        return _batch(body, found, limits, most_batched)
    return _one(body, found, limits)


def _batch(body: bytes, found: list[Any], limits: JsonLimits, most: int) -> Batch:
    if not found:
        raise BadRequestError("The body is an empty list; it must hold at least one operation.")
    if len(found) > most:
        raise LimitError(f"The request has {len(found):,} operations; {most:,} are accepted.")
    return [_one(body, each, limits) for each in found]


def _one(body: bytes, found: Any, limits: JsonLimits) -> Operation:
    if not isinstance(found, dict):
        raise BadRequestError('The body must be a JSON object such as {"query": "{ __typename }"}.')
    operation = _operation(found)
    if operation.extensions:
        limits.check(body, "extensions", operation.extensions)
    size = limits.check(body, "variables", operation.variables) if operation.variables else 0
    return replace(operation, size=size) if size else operation


def from_address(query_string: bytes, limits: JsonLimits) -> Operation:
    """Return what the query component of a GET says.

    Raises:
        BadRequestError: It is not UTF-8, or a parameter is missing, repeated, or not JSON where it must be.
        LimitError: A parameter nests too deeply, or holds too much.
    """
    found: dict[str, Any] = _parameters(query_string)
    for name in ("variables", "extensions"):
        if found.get(name):
            text = found[name].encode()
            try:
                found[name] = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise BadRequestError(f"Parameter `{name}` is not JSON: {error.msg}.") from error
            limits.check(text, name, found[name])
    return _operation({name: value for name, value in found.items() if value != ""})


def has_query(query_string: bytes) -> bool:
    """Return whether an address carries a GraphQL request at all."""
    return (
        b"query=" in query_string or b"extensions=" in query_string or any(name in query_string for name in _IDS_GIVEN)
    )


def _parameters(query_string: bytes) -> dict[str, Any]:
    try:
        pairs = (_kept_pairs if len(query_string) <= LONGEST_KEPT else _pairs)(query_string)
    except UnicodeDecodeError as error:
        raise BadRequestError("The parameters of the address are not UTF-8.") from error
    except ValueError as error:
        raise BadRequestError(f"The address has more than {MOST_PARAMETERS} parameters.") from error
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadRequestError("A parameter of the address is given twice.")
    return found


def _pairs(query_string: bytes) -> tuple[tuple[str, str], ...]:
    """Return names and values, read from the address."""
    text = query_string.decode()
    return tuple(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS))


_kept_pairs = lru_cache(MOST_KEPT)(_pairs)


def _operation(found: dict[str, Any]) -> Operation:
    query, name = found.get("query"), found.get("operationName")
    extensions = _object(found, "extensions")
    id_, is_hash = _id(found, extensions)
    if query is None and id_ is not None:
        query = ""
    if query is None:
        raise BadRequestError("Parameter `query` is missing: the text of a GraphQL document.")
    if not isinstance(query, str):
        raise BadRequestError(f"Parameter `query` must be a string, not {_kind(query)}.")
    if name is not None and not isinstance(name, str):
        raise BadRequestError(f"Parameter `operationName` must be a string or null, not {_kind(name)}.")
    return Operation(query, name or None, _object(found, "variables"), extensions, id_, is_hash)


def _id(found: dict[str, Any], extensions: dict[str, Any] | None) -> tuple[str | None, bool]:
    """Return what a request calls its document by, and whether it is a hash as Apollo's protocol has it."""
    persisted = (extensions or {}).get(PERSISTED)
    if persisted is not None:
        hash_ = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
        if not isinstance(hash_, str) or persisted.get("version") != 1 or not _HASH.fullmatch(hash_):
            raise BadRequestError(
                f'`extensions.{PERSISTED}` must be {{"version": 1, "sha256Hash": "..."}}, with 64 hexadecimal digits.'
            )
        return hash_, True
    for name in IDS:
        value = found.get(name)
        if value is not None:
            if not isinstance(value, str) or not value:
                raise BadRequestError(f"Parameter `{name}` must be a string that is not empty, not {_kind(value)}.")
            return value, False
    return None, False


def _object(found: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = found.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadRequestError(f"Parameter `{name}` must be an object or null, not {_kind(value)}.")
    return value


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
