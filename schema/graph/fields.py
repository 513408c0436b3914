"""What rows have, as frozen data: scalars, enums, fields and relations."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Column, ColumnElement, Table
from sqlalchemy.types import TypeEngine

from schema.graph.kinds import Kind


@dataclass(frozen=True, slots=True)
class EnumMember:
    """One value of an enum."""

    name: str
    """The GraphQL name, such as `DRAFT`."""

    label: str
    """The label that PostgreSQL stores."""

    value: Any
    """The value that SQLAlchemy hands over: a member of a Python enum, or the label itself."""


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enum of the database, and so of the graph."""

    name: str
    """The GraphQL type name."""

    description: str | None
    """What the values mean."""

    members: tuple[EnumMember, ...]
    """The values, in the order of the database type."""

    python: type[Enum]
    """The Python enum that Strawberry is given; its members are named as in GraphQL."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """What one value of a column is."""

    kind: Kind
    """Which GraphQL scalar it is, or that it is an enum."""

    sql: TypeEngine[Any]
    """The SQLAlchemy type of one value (of one item, where it is a list)."""

    is_list: bool = False
    """True for an array: a GraphQL list of nullable items."""

    enum: EnumType | None = None
    """The enum, where `kind` is ENUM."""

    is_single: bool = False
    """True for a float of 32 bits, whose value a client knows by fewer digits than Python's float has."""


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a row: a column, or a SQL expression over the row."""

    name: str
    """The GraphQL field name."""

    attribute: str
    """The mapped attribute; `getattr(entity, attribute)` is the SQL expression."""

    scalar: Scalar
    """What a value is."""

    is_nullable: bool
    """True where the value may be null."""

    description: str | None
    """The column's comment, or the docstring of the property."""

    column: Column[Any] | None
    """The table's column; None for a computed expression."""

    references: str | None = None
    """For a foreign key: the type whose global id this is shown as."""

    is_filterable: bool = True
    """True where lists can be filtered by it."""

    is_orderable: bool = True
    """True where lists can be ordered by it: its kind has an order, and the model does not forbid it."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship between two types, as seen from one of them."""

    name: str
    """The GraphQL field name."""

    attribute: str
    """The mapped relationship."""

    source: str
    """Name of the type that has this field."""

    target: str
    """Name of the type that it leads to."""

    is_list: bool
    """True for to-many: the field is a connection."""

    is_reference: bool
    """True where the source's row holds the target's key, so that many sources share one target."""

    is_nullable: bool
    """True where a to-one relation may lead nowhere."""

    description: str | None
    """The relationship's `doc`."""

    keys: tuple[str, ...]
    """Attributes of the source whose values pick the target's rows."""

    key_columns: tuple[Column[Any], ...]
    """The columns behind `keys`, in the same order."""

    on: ColumnElement[bool]
    """Condition between the source and the target, or the association table where there is one; the far
    side's columns are annotated `remote`."""

    through: Table | None = None
    """The association table, for many-to-many."""

    through_on: ColumnElement[bool] | None = None
    """Condition between the association table (annotated `remote`) and the target."""

    through_columns: tuple[Column[Any], ...] = ()
    """The target's columns in `through_on`."""

    is_through_unique: bool = True
    """True where the association table cannot hold the same pair twice."""

    is_filterable: bool = True
    """True where lists can be filtered by it."""

    is_orderable: bool = True
    """True where lists can be ordered by it."""
