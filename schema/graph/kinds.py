"""The kinds of value that a column can hold, and how a SQLAlchemy type tells which.

Source: https://docs.sqlalchemy.org/en/21/core/type_basics.html
"""

from enum import Enum
from typing import Any

from sqlalchemy import types as sql
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine


class Kind(Enum):
    """A kind of value; the value of the member is the name of the GraphQL scalar."""

    TEXT = "String"
    INTEGER = "Int"
    BIGINT = "BigInt"
    NUMERIC = "Decimal"
    FLOAT = "Float"
    BOOLEAN = "Boolean"
    DATE = "Date"
    TIME = "Time"
    TIMESTAMP = "DateTime"
    LOCAL_TIMESTAMP = "LocalDateTime"
    INTERVAL = "Interval"
    UUID = "UUID"
    JSON = "JSON"
    BYTES = "Base64"
    ENUM = "enum"


UNORDERED = frozenset({Kind.JSON, Kind.BYTES})
"""Kinds that rows cannot be ordered by."""

NUMBERS = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.NUMERIC, Kind.FLOAT})
"""Kinds that can be summed up and averaged."""

COMPARABLE = NUMBERS | {Kind.TEXT, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.LOCAL_TIMESTAMP, Kind.INTERVAL}
"""Kinds that have a least and a largest value."""


# The first class that fits decides, so subclasses stand before what they inherit from.
_KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (sql.Enum, Kind.ENUM),
    (postgresql.CITEXT, Kind.TEXT),
    (sql.Boolean, Kind.BOOLEAN),
    (sql.BigInteger, Kind.BIGINT),
    (sql.Integer, Kind.INTEGER),
    (sql.Float, Kind.FLOAT),
    (sql.Numeric, Kind.NUMERIC),
    (sql.DateTime, Kind.TIMESTAMP),
    (sql.Date, Kind.DATE),
    (sql.Time, Kind.TIME),
    (sql.Interval, Kind.INTERVAL),
    (postgresql.INTERVAL, Kind.INTERVAL),
    (sql.Uuid, Kind.UUID),
    (sql.JSON, Kind.JSON),
    (sql.LargeBinary, Kind.BYTES),
    (sql.String, Kind.TEXT),
)


def kind_of(type_: TypeEngine[Any]) -> Kind | None:
    """Return the kind of a column type, or None where the graph has no scalar for it.

    A `TypeDecorator` counts as the type that it decorates. A time with a time zone has no kind, since
    PostgreSQL itself advises against it, nor has an array: its items have. Pickled objects have none either.
    """
    if isinstance(type_, sql.PickleType):
        return None
    if isinstance(type_, sql.TypeDecorator) and not isinstance(type_, sql.Interval):  # Interval is one, by accident
        return kind_of(type_.impl_instance)
    for class_, kind in _KINDS:
        if isinstance(type_, class_):
            return _refined(kind, type_)
    return None


def _refined(kind: Kind, type_: TypeEngine[Any]) -> Kind | None:
    if kind is Kind.TIMESTAMP and not getattr(type_, "timezone", False):
        return Kind.LOCAL_TIMESTAMP
    if kind is Kind.TIME and getattr(type_, "timezone", False):
        return None
    if kind in (Kind.NUMERIC, Kind.FLOAT):
        return Kind.NUMERIC if getattr(type_, "asdecimal", False) else Kind.FLOAT
    return kind
