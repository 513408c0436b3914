"""What a resolver asks of the database: frozen data that names a batch and decides its statement.

Two resolvers that ask the same of different parents make equal requests, and so share one statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schema.query.filters import Condition
from schema.query.order import Direction
from schema.query.page import Page


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
    """What the selection needs of each row, sorted; see `schema.query.needs`."""

    has_rows: bool
    """True where rows, or what depends on them, are selected."""

    aggregates: tuple[tuple[str, str], ...]
    """What is aggregated over the whole list: function and attribute, `("count", "")` among them; sorted."""

    condition: Condition | None
    """Which rows the list has; all where None."""

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
    """What the selection needs of the row, sorted; see `schema.query.needs`."""


RELATION: Final = "relation"
"""The unit of a key that is a to-one relation."""


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What rows are grouped by."""

    name: str
    """The field of the keys type, such as `publishedAtMonth`."""

    attributes: tuple[str, ...]
    """The attribute; those of the foreign key, for a to-one relation."""

    unit: str = ""
    """What a time is truncated to, such as `month`; empty for the value itself; `RELATION` for a to-one relation."""


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """One thing that groups are ordered by: an aggregate, or one of the keys."""

    function: str
    """The aggregate; `key` for a key."""

    attribute: str
    """What is aggregated; empty for `count`; the key's name for a key."""

    direction: Direction
    """Which way."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """How the rows of a list are grouped."""

    keys: tuple[GroupKey, ...]
    """What by."""

    having: Condition | None
    """Which groups are given; all where None."""

    order: tuple[GroupOrder, ...]
    """What the groups are ordered by; their keys close the order."""

    size: int
    """Most groups."""

    offset: int
    """How many groups to pass over."""


@dataclass(frozen=True, slots=True)
class GroupRequest:
    """The groups of a list: of a whole type, or of a to-many relation for each of its parents."""

    target: str
    """Name of the type of the rows."""

    relation: tuple[str, str] | None
    """Type and field of the relation; None for the list of the whole type."""

    condition: Condition | None
    """Which rows the list has; all where None."""

    grouping: Grouping
    """How they are grouped."""

    aggregates: tuple[tuple[str, str], ...]
    """What is aggregated over each group."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group, as it was read."""

    keys: Mapping[str, Any]
    """Values of the keys by name; those of a relation by attribute."""

    aggregates: Mapping[tuple[str, str], Any]
    """Its aggregates."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of one parent, as it was read."""

    records: tuple[Any, ...]
    """The rows, in the list's order."""

    places: tuple[tuple[Any, ...], ...]
    """For each row, its values in the order: what its cursor holds."""

    has_more: bool
    """True where the list goes on in the direction of reading."""

    aggregates: Mapping[tuple[str, str], Any]
    """Aggregates over the whole list, as far as they were asked for."""

    has_ahead: bool
    """True where rows stand ahead of the page's start, as far as it was asked for."""

    has_behind: bool
    """True where rows stand behind the page's end, as far as it was asked for."""


COUNT: Final = ("count", "")
"""The aggregate that counts rows."""


def empty_slice(request: ListRequest) -> Slice:
    """Return the page of a parent that has no rows, since a value of its key is null."""
    nothing = {(function, attribute): 0 if function.startswith("count") else None
               for function, attribute in request.aggregates}  # fmt: skip
    return Slice((), (), has_more=False, aggregates=nothing, has_ahead=False, has_behind=False)
