"""The description itself: frozen data, without behaviour beyond look-ups."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """Columns that name at most one row, and the root field that looks it up."""

    name: str
    """The root field, such as `postBySlug`."""

    by: str
    """What it looks by: `slug`, `smallAndColor`."""

    fields: tuple[Field, ...]
    """The columns, in the order of the constraint."""

    is_deferrable: bool = False
    """True where two rows may have the same until they are committed."""


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """What full text search looks in."""

    attribute: str
    """The mapped `tsvector`."""

    language: str
    """Its text search configuration."""


@dataclass(frozen=True, slots=True)
class OwnFilter:
    """A filter of the model's own."""

    scalar: Scalar
    """What it takes."""

    function: Callable[..., ColumnElement[bool]]
    """`(entity, operand) -> condition`."""

    description: str
    """What it finds."""


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order of the model's own."""

    scalar: Scalar
    """What rows are ordered by."""

    function: Callable[..., ColumnElement[Any]]
    """`(entity) -> expression`."""

    description: str
    """What comes first."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a check constraint asks of one column, as far as it can be told without the database."""

    holds: Callable[[Any], bool]
    """Whether a value keeps it; null always does."""

    code: str
    """Stable word for programs: `TOO_LONG`, `OUT_OF_RANGE`, `PATTERN`, `EMPTY`, `FORM`."""

    message: str
    """What is accepted, to stand behind the name of the field: `takes a whole number from 0 to 150`."""

    constraint: str | None = None
    """Name of the constraint."""


@dataclass(frozen=True, slots=True)
class WriteField:
    """A column that clients may give."""

    field: Field
    """The column."""

    is_required: bool
    """True where a new row needs it: it is not null, and nothing else sets it."""

    is_fixed: bool
    """True where it is given once, when the row is created."""

    rules: tuple[Rule, ...]
    """What values must keep."""

    check: Callable[[Any], Any] | None
    """The model's own check."""


@dataclass(frozen=True, slots=True)
class Link:
    """A relation that clients may write."""

    relation: Relation
    """The relation."""

    is_required: bool
    """True where a new row needs it."""

    is_fixed: bool
    """True where it is given once, when the row is created."""

    pairs: tuple[tuple[str, str], ...]
    """Attributes of the source and of the target that are equal; none where there is an association table."""

    near: tuple[tuple[str, Column[Any]], ...] = ()
    """Attributes of the source, and the columns of the association table that hold them."""

    far: tuple[tuple[str, Column[Any]], ...] = ()
    """The same of the target."""

    back: str | None = None
    """The target's relation over the same foreign key, by field name: it is given by where a row stands."""


@dataclass(frozen=True, slots=True)
class Writes:
    """What clients may write of a type."""

    fields: tuple[WriteField, ...]
    """The columns."""

    links: tuple[Link, ...]
    """The relations."""

    operations: frozenset[str]
    """`create`, `update`, `delete` and `bulk`, as far as they are made."""

    columns: Mapping[str, Column[Any]]
    """All columns of the table by attribute."""

    rules: Mapping[str, tuple[str, ...]]
    """Attributes that each check constraint looks at, by its name."""

    version: Field | None = None
    """The column that counts the changes of a row, where the model has one; it must be told to change the row."""


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A model, as the graph shows it."""

    name: str
    """The GraphQL type name."""

    singular: str
    """The root field for one row: `post`."""

    plural: str
    """The root field for the list: `posts`."""

    description: str | None
    """The model's docstring."""

    model: type[Any]
    """The mapped class."""

    table: Table
    """Its table."""

    primary_key: tuple[Field, ...]
    """The columns of the primary key, in order; shown together as the global `id`."""

    readable: frozenset[str]
    """Attributes that a row has a value for (columns, column properties, hybrids), shown or not."""

    fields: tuple[Field, ...]
    """The values that are shown, in schema order."""

    relations: tuple[Relation, ...]
    """The relations that are shown, in schema order."""

    order: tuple[str, ...]
    """GraphQL names of all shown fields and relations, in schema order."""

    unique_keys: tuple[UniqueKey, ...]
    """Unique constraints whose columns are all shown."""

    search: SearchIndex | None = None
    """What full text search looks in, where the model is searchable."""

    default_order: tuple[tuple[str, bool], ...] = ()
    """Field names that lists are ordered by where nothing is asked, each with True for the largest first."""

    page_size: int | None = None
    """Rows of a page where nothing is asked; the setting where None."""

    largest_page: int | None = None
    """Most rows of a page; the setting where None."""

    own_filters: Mapping[str, OwnFilter] = field(default_factory=dict)
    """Filters of the model's own, by GraphQL name."""

    own_orders: Mapping[str, OwnOrder] = field(default_factory=dict)
    """Orders of the model's own, by GraphQL name."""

    writes: Writes | None = None
    """What clients may write; nothing where None."""

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """Attributes of the primary key."""
        return tuple(field.attribute for field in self.primary_key)

    def field_named(self, name: str) -> Field | None:
        """Return a shown field by its GraphQL name."""
        return next((field for field in self.fields if field.name == name), None)

    def field_of(self, attribute: str) -> Field:
        """Return a field by its attribute; a field of the primary key too."""
        return next(field for field in (*self.fields, *self.primary_key) if field.attribute == attribute)


@dataclass(frozen=True, slots=True)
class Graph:
    """All that the models say."""

    types: Mapping[str, ObjectType]
    """The types by name, in alphabetical order."""

    enums: Mapping[str, EnumType]
    """The enums by name."""

    by_model: Mapping[type[Any], ObjectType]
    """The types by mapped class."""

    relations: Mapping[tuple[str, str], Relation]
    """The relations by the names of their type and field."""

    has_deferred: bool = False
    """True where a constraint of the tables may fire at the end of a transaction only."""

    def relation(self, name: tuple[str, str]) -> Relation:
        """Return a relation by the names of its type and field."""
        return self.relations[name]
