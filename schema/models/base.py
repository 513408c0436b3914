"""What every model stands on: the declarative base, and the words with which a model says what it shows.

A model is plain SQLAlchemy. The one thing Achene adds is `__graph__`, in which a model names the
attributes that the API shows. A table without it, and a column not named in it, stay out of the graph.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column

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


def expose(
    *attributes: str,
    name: str | None = None,
    plural: str | None = None,
    names: Mapping[str, str] | None = None,
) -> Exposure:
    """Name the attributes of a model that the graph shows, in the order of the schema.

    The primary key is always shown, as the global `id`. `schema.graph` checks every name at start.

    Args:
        *attributes: Names of mapped attributes.
        name: The GraphQL type name, where the class name will not do.
        plural: The root list field, where the plural of the type name will not do.
        names: Attribute name to GraphQL field name, where the camelCase form will not do.
    """
    return Exposure(attributes, name, plural, dict(names or {}))


class Base(DeclarativeBase):
    """The declarative base of every model. Times are timezone-aware, text has no length unless it says so."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True), str: Text}

    __graph__: ClassVar[Exposure | None] = None
    """What the graph shows of this model; nothing where None."""


def identity() -> MappedColumn[int]:
    """Return a BIGINT identity column, the primary key of most models."""
    return mapped_column(BigInteger, Identity(), primary_key=True)
