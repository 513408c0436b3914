"""What every model stands on: the declarative base, and the words with which a model says what it shows.

A model is plain SQLAlchemy. The one thing Achene adds is `__graph__`, in which a model names the
attributes that the API shows. A table without it, and a column not named in it, stay out of the graph.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel
from sqlalchemy import BigInteger, ColumnElement, Computed, DateTime, Identity, MetaData, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column
from sqlalchemy.types import TypeEngine

from schema.models.access import Access
from schema.models.caching import CacheHint

NAMING_CONVENTION: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""How constraints and indexes are named, so that a migration can name what it drops."""

SECRET: Final = {"secret": True}
"""`info=SECRET` on a column says that it may never be shown: naming it in `__graph__` stops the start."""


Expression = Callable[..., ColumnElement[Any]]
"""A function of an aliased model (and an operand, for a filter) that returns a SQL expression over its row."""


@dataclass(frozen=True, slots=True)
class CustomFilter:
    """A field of the model's filter that the model makes itself."""

    takes: TypeEngine[Any]
    """SQL type of the operand."""

    function: Expression
    """`(entity, operand) -> condition`."""

    description: str
    """What it finds."""


@dataclass(frozen=True, slots=True)
class CustomOrder:
    """A field of the model's order that the model makes itself."""

    type_: TypeEngine[Any]
    """SQL type of what rows are ordered by."""

    function: Expression
    """`(entity) -> expression`; it may be null."""

    description: str
    """What comes first."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a model shows in the graph; a model's `__graph__`. Made by `expose`."""

    attributes: tuple[str, ...]
    """Mapped attributes to show (columns, relationships, column properties, hybrids), in schema order."""

    name: str | None = None
    """The GraphQL type name; the class name where None."""

    plural: str | None = None
    """The root list field, such as `categories`; the pluralised type name where None."""

    names: Mapping[str, str] = field(default_factory=dict)
    """GraphQL field names for attributes whose camelCase form will not do."""

    no_filter: tuple[str, ...] = ()
    """Shown attributes that lists cannot be filtered by."""

    no_order: tuple[str, ...] = ()
    """Shown attributes that lists cannot be ordered by."""

    search: str | None = None
    """The attribute that holds the `tsvector` which `filter: {search: "..."}` looks in."""

    search_language: str = "english"
    """The text search configuration of that vector."""

    order: tuple[str, ...] = ()
    """What lists are ordered by where nothing is asked: attributes, `-` before one for the largest first."""

    page_size: int | None = None
    """Rows of a page where nothing is asked; the setting where None."""

    largest_page: int | None = None
    """Most rows of a page; the setting where None."""

    filters: Mapping[str, CustomFilter] = field(default_factory=dict)
    """Filters of the model's own, by GraphQL name."""

    orders: Mapping[str, CustomOrder] = field(default_factory=dict)
    """Orders of the model's own, by GraphQL name."""


def expose(
    *attributes: str,
    name: str | None = None,
    plural: str | None = None,
    names: Mapping[str, str] | None = None,
    no_filter: Iterable[str] = (),
    no_order: Iterable[str] = (),
    search: str | None = None,
    search_language: str = "english",
    order: Iterable[str] = (),
    page_size: int | None = None,
    largest_page: int | None = None,
    filters: Mapping[str, CustomFilter] | None = None,
    orders: Mapping[str, CustomOrder] | None = None,
) -> Exposure:
    """Name the attributes of a model that the graph shows, in the order of the schema.

    The primary key is always shown, as the global `id`. `schema.graph` checks every name at start.

    Args:
        *attributes: Names of mapped attributes.
        name: The GraphQL type name, where the class name will not do.
        plural: The root list field, where the plural of the type name will not do.
        names: Attribute name to GraphQL field name, where the camelCase form will not do.
        no_filter: Shown attributes that lists cannot be filtered by.
        no_order: Shown attributes that lists cannot be ordered by.
        search: The attribute that holds the searchable `tsvector`; see `search_vector`.
        search_language: The text search configuration of that vector.
        order: What lists are ordered by where nothing is asked: `"-published_at"` for the latest first.
        page_size: Rows of a page where nothing is asked.
        largest_page: Most rows of a page.
        filters: Filters of the model's own, by GraphQL name.
        orders: Orders of the model's own, by GraphQL name.
    """
    return Exposure(
        attributes,
        name,
        plural,
        dict(names or {}),
        tuple(no_filter),
        tuple(no_order),
        search,
        search_language,
        tuple(order),
        page_size,
        largest_page,
        dict(filters or {}),
        dict(orders or {}),
    )


Check = Any
"""What a value must be: a function of it that returns it, or another one to be written in its place, or raises
`ValueError` with a sentence for the client; or a type that Pydantic knows, such as `Annotated[int, Field(gt=0)]`."""


def accepts(check: Check) -> dict[str, Check]:
    """Return the `info` of a column, or of a type of columns, that accepts what passes a check; see `Check`."""
    return {"accepts": check}


Write = Literal["create", "update", "delete", "bulk"]
"""A kind of mutation that is made for a model; `bulk` are those that write several rows."""


@dataclass(frozen=True, slots=True)
class Writable:
    """What clients may write of a model; made by `writable`."""

    attributes: tuple[str, ...]
    """Attributes that a client may give."""

    fixed: tuple[str, ...]
    """Those of them that are given once, when the row is created."""

    without: tuple[Write, ...]
    """Mutations that are not made."""

    checks: Mapping[str, Check]
    """What values of an attribute must be."""

    rules: Any
    """What the values of a row must be together; None where nothing is said."""


def writable(
    *attributes: str,
    fixed: Iterable[str] = (),
    without: Iterable[Write] = (),
    checks: Mapping[str, Check] | None = None,
    rules: type[BaseModel] | Callable[[Mapping[str, Any]], object] | None = None,
) -> Writable:
    """Name the attributes of a model that clients may write: columns and relations that `expose` shows.

    What is not named, the server sets: ids, times, counters. `schema.graph` checks every name at start.

    Args:
        *attributes: Names of shown attributes.
        fixed: Those of them that cannot be changed once the row is there.
        without: Mutations that are not made: `"delete"` for rows that stay.
        checks: For an attribute, what its values must be; see `Check`.
        rules: What the values of a row must be together: a Pydantic model with fields that are called like attributes,
            or a function of the values that are given, by attribute, that raises `ValueError` with a sentence for the
            client. Of a row that changes, it sees what is given alone, and what a Pydantic model misses then is no
            fault. It changes nothing.
    """
    return Writable(attributes, tuple(fixed), tuple(without), dict(checks or {}), rules)


SEARCHED: Final = 250_000
"""How many characters of a text are searchable; PostgreSQL holds at most a megabyte of words for a row."""


def search_vector(*columns: str, language: str = "english") -> MappedColumn[str]:
    """Return a generated column that makes text columns searchable; give it a GIN index in `__table_args__`.

    The expression is spelled as PostgreSQL prints it, so that it equals the one in the database.

    Args:
        *columns: Names of text columns, the weightiest first, four at most.
        language: The text search configuration, such as `simple` or `german`; the same as in `expose`.

    Source: https://www.postgresql.org/docs/current/textsearch-tables.html#TEXTSEARCH-TABLES-INDEX
    """
    parts = [
        f"setweight(to_tsvector('{language}'::regconfig, \"left\"(COALESCE({column}, ''::text), {SEARCHED})), "
        f"'{weight}'::\"char\")"
        for column, weight in zip(columns, "ABCD", strict=False)
    ]
    return mapped_column(TSVECTOR, Computed(" || ".join(parts), persisted=True), deferred=True)


class Base(DeclarativeBase):
    """The declarative base of every model. Times are timezone-aware, text has no length unless it says so."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True), str: Text}

    __graph__: ClassVar[Exposure | None] = None
    """What the graph shows of this model; nothing where None."""

    __writes__: ClassVar[Writable | None] = None
    """What clients may write of this model; nothing where None."""

    __access__: ClassVar[Access | None] = None
    """Who may see and write its rows; every caller, where None."""

    __cache__: ClassVar[CacheHint | None] = None
    """How long answers with its rows may be kept; clients ask each time, where None."""


def identity() -> MappedColumn[int]:
    """Return a BIGINT identity column, the primary key of most models."""
    return mapped_column(BigInteger, Identity(), primary_key=True)
