"""What a resolver asks of the database: frozen data that names a batch and decides its statement.

Two resolvers that ask the same of different parents make equal requests, and so share one statement.
"""

from dataclasses import dataclass
from typing import Any

from schema.page import Page


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A page of a list: of a whole type, or of a to-many relation for each of its parents."""

    target: str
    """Name of the type of the rows."""

    relation: tuple[str, str] | None
    """Type and field of the relation; None for the list of the whole type."""

    page: Page
    """Which part of the list."""

    attributes: tuple[str, ...]
    """What the selection needs of each row, sorted; see `schema.needs`."""

    has_rows: bool
    """True where rows, or what depends on them, are selected."""

    has_total: bool
    """True where `totalCount` is selected."""

    has_ahead: bool
    """True where it is to be found out whether rows stand ahead of the page's start."""

    has_behind: bool
    """True where it is to be found out whether rows stand behind the page's end."""


@dataclass(frozen=True, slots=True)
class ObjectRequest:
    """The row at the other end of a to-one relation, or the row that a unique key names."""

    target: str
    """Name of the type of the row."""

    relation: tuple[str, str] | None
    """Type and field of the relation; None for a unique key."""

    key: tuple[str, ...]
    """Attributes of the unique key; empty for a relation."""

    attributes: tuple[str, ...]
    """What the selection needs of the row, sorted; see `schema.needs`."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of one parent, as it was read."""

    records: tuple[Any, ...]
    """The rows, in the list's order."""

    places: tuple[tuple[Any, ...], ...]
    """For each row, its values in the order: what its cursor holds."""

    has_more: bool
    """True where the list goes on in the direction of reading."""

    total: int
    """Rows of the whole list; 0 where it was not asked for."""

    has_ahead: bool
    """True where rows stand ahead of the page's start, as far as it was asked for."""

    has_behind: bool
    """True where rows stand behind the page's end, as far as it was asked for."""
