"""How values are sent to PostgreSQL, of a row that is written or is to be."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Interval, Text, cast, literal, null
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.types import TypeEngine


def sent(column: Column[Any]) -> TypeEngine[Any]:
    """Return the type by which a value is sent: a length of time as text, since Python has no months."""
    if isinstance(column.type, Interval | INTERVAL):
        return Text()
    if isinstance(column.type, JSON):
        return type(column.type)(none_as_null=True)
    return column.type


def as_held(column: Column[Any], value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a value that was sent as the column holds it."""
    return cast(value, INTERVAL) if isinstance(column.type, Interval | INTERVAL) else value


def held(column: Column[Any], value: Any) -> ColumnElement[Any]:
    """Return what a column is set to."""
    return as_held(column, literal(value, sent(column)))


def as_new(column: Column[Any], values: Mapping[str, Any]) -> ColumnElement[Any]:
    """Return what a column of a new row will be: what is given, by column, or its default, so far as it is known."""
    if column.name in values:
        return cast(held(column, values[column.name]), column.type)
    scalar = column.default
    if scalar is not None and scalar.is_scalar:
        return cast(literal(getattr(scalar, "arg", None), column.type), column.type)
    default = getattr(column.server_default, "arg", None)
    return cast(null() if default is None else literal(default) if isinstance(default, str) else default, column.type)
