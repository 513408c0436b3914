"""The scalars of the graph, as Strawberry knows them; `schema.values` knows their formats."""

import datetime
import decimal
import math
import uuid
from collections.abc import Callable
from typing import Any, Final, NewType

import orjson
import strawberry
from graphql import (
    ConstValueNode,
    GraphQLError,
    GraphQLFloat,
    GraphQLScalarType,
    GraphQLSchema,
    value_from_ast_untyped,
)
from strawberry.types.scalar import ScalarDefinition

from schema.graph import Kind
from schema.spelled import SpelledFloat, float_text
from schema.values import read, writer

BigInt = NewType("BigInt", int)
Decimal = NewType("Decimal", str)
Date = NewType("Date", str)
Time = NewType("Time", str)
DateTime = NewType("DateTime", str)
LocalDateTime = NewType("LocalDateTime", str)
Interval = NewType("Interval", str)
Uuid = NewType("Uuid", str)
Json = NewType("Json", object)
Base64 = NewType("Base64", bytes)

_DESCRIPTIONS: Final[dict[Kind, str]] = {
    Kind.BIGINT: 'A whole number of 64 bits, as a string, since JavaScript numbers lose digits: `"9007199254740993"`.',
    Kind.NUMERIC: 'An exact decimal number, as a string: `"12.50"`.',
    Kind.DATE: 'A day of the calendar, ISO 8601: `"2026-03-01"`.',
    Kind.TIME: 'A time of day without an offset, ISO 8601: `"12:30:00"`.',
    Kind.TIMESTAMP: 'A point in time, RFC 3339; always given in UTC: `"2026-03-01T12:00:00Z"`.',
    Kind.LOCAL_TIMESTAMP: 'A date and time without an offset, ISO 8601: `"2026-03-01T12:00:00"`.',
    Kind.INTERVAL: 'A length of time, ISO 8601: `"P1DT2H30M"`.',
    Kind.UUID: 'A universally unique identifier, RFC 9562: `"6fa459ea-ee8a-4ca4-894e-db77e160355e"`.',
    Kind.JSON: "Any JSON value.",
    Kind.BYTES: 'Bytes in base64, RFC 4648: `"aGVsbG8="`.',
}

_SOURCES: Final[dict[Kind, str]] = {
    Kind.TIMESTAMP: "https://www.rfc-editor.org/rfc/rfc3339",
    Kind.UUID: "https://www.rfc-editor.org/rfc/rfc9562",
    Kind.BYTES: "https://www.rfc-editor.org/rfc/rfc4648#section-4",
}

PYTHON_NAMES: Final[dict[Kind, str]] = {
    Kind.TEXT: "str",
    Kind.INTEGER: "int",
    Kind.FLOAT: "float",
    Kind.BOOLEAN: "bool",
    Kind.BIGINT: "BigInt",
    Kind.NUMERIC: "Decimal",
    Kind.DATE: "Date",
    Kind.TIME: "Time",
    Kind.TIMESTAMP: "DateTime",
    Kind.LOCAL_TIMESTAMP: "LocalDateTime",
    Kind.INTERVAL: "Interval",
    Kind.UUID: "Uuid",
    Kind.JSON: "Json",
    Kind.BYTES: "Base64",
}
"""What an annotation calls the scalar of each kind; enums go by their own names."""

NAMESPACE: Final[dict[str, Any]] = {
    "BigInt": BigInt,
    "Decimal": Decimal,
    "Date": Date,
    "Time": Time,
    "DateTime": DateTime,
    "LocalDateTime": LocalDateTime,
    "Interval": Interval,
    "Uuid": Uuid,
    "Json": Json,
    "Base64": Base64,
}
"""The scalars by the names that annotations use."""


PYTHON_TYPES: Final[dict[object, Kind]] = {
    decimal.Decimal: Kind.NUMERIC,
    datetime.date: Kind.DATE,
    datetime.time: Kind.TIME,
    datetime.datetime: Kind.TIMESTAMP,
    uuid.UUID: Kind.UUID,
}
"""What a team's own types may be annotated with instead; Strawberry has scalars of its own for them."""


def scalar_map() -> dict[object, ScalarDefinition]:
    """Return the definitions of our scalars, for `StrawberryConfig`."""
    definitions = {kind: _definition(kind) for kind in _DESCRIPTIONS}
    ours: dict[object, ScalarDefinition] = {NAMESPACE[PYTHON_NAMES[kind]]: each for kind, each in definitions.items()}
    return ours | {python: definitions[kind] for python, kind in PYTHON_TYPES.items()}


def _definition(kind: Kind) -> ScalarDefinition:
    return strawberry.scalar(
        name=kind.value,
        description=_DESCRIPTIONS[kind],
        specified_by_url=_SOURCES.get(kind),
        serialize=writer(kind),
        parse_value=_parser(kind),
    )


def _parser(kind: Kind) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        try:
            return read(kind, value)
        except ValueError as error:
            raise GraphQLError(f"{kind.value}: {error}") from error

    return parse


def locate(core: GraphQLSchema) -> None:
    """Let errors of values that stand in a document say where, as graphql-core does for its own scalars alone."""
    for kind in _DESCRIPTIONS:
        type_ = core.type_map.get(kind.value)
        if isinstance(type_, GraphQLScalarType) and kind is not Kind.JSON:
            type_.coerce_input_literal = _literal_parser(kind)


def _literal_parser(kind: Kind) -> Callable[[ConstValueNode], Any]:
    def parse(node: ConstValueNode) -> Any:
        try:
            return read(kind, value_from_ast_untyped(node))
        except ValueError as error:
            raise GraphQLError(f"{kind.value}: {error}", node) from error

    return parse


def spelled_float() -> GraphQLScalarType:
    """Return `Float` as our fields write it: spelled as PostgreSQL spells it, so that both ways of running agree.

    GraphQL's own `Float` cannot be declared again, nor may it be changed for everybody in the process.
    """
    ours = GraphQLScalarType(
        name="SpelledFloat", description=GraphQLFloat.description, coerce_output_value=_write_float
    )
    ours.name = GraphQLFloat.name
    return ours


def _write_float(value: Any) -> orjson.Fragment:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise GraphQLError(f"Float cannot represent non numeric value: {value!r}")
    return orjson.Fragment(value.text if isinstance(value, SpelledFloat) else float_text(float(value)))
