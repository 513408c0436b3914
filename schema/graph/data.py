"""The description itself: frozen data, without behaviour beyond look-ups."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table

from schema.graph.fields import EnumType, Field, Relation, Scalar
from schema.graph.written import Writes
from schema.models.access import Access
from schema.models.caching import CacheHint


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


RowCondition = Callable[[Any], ColumnElement[bool]]
"""A function of an aliased model that returns a condition on its row."""


@dataclass(frozen=True, slots=True)
class View:
    """What some callers see of a table, and may do with it. None stands for: all."""

    rows: RowCondition | None = None
    """Which rows are there."""

    masks: Mapping[str, RowCondition] = field(default_factory=dict)
    """Where a column has its value, by its key in the table; it is null elsewhere."""

    create: RowCondition | None = None
    """Which rows may be created."""

    update: RowCondition | None = None
    """Which rows may be changed."""

    delete: RowCondition | None = None
    """Which rows may be deleted."""

    changes: Mapping[str, RowCondition] = field(default_factory=dict)
    """In which rows an attribute may be changed, by attribute."""


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

    access: Access | None = None
    """Who may see and write what of it, as the model says; everybody all where None."""

    cache: CacheHint = field(default_factory=CacheHint)
    """How long answers with its rows may be kept."""

    view: View | None = None
    """What the callers see that this description is for; everything where None."""

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

    has_views: bool = False
    """True where a type has a view: the description is for callers who do not see or may not write all."""

    def relation(self, name: tuple[str, str]) -> Relation:
        """Return a relation by the names of its type and field."""
        return self.relations[name]
