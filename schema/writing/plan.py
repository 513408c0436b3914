"""The rows that an input asks for, as data. Keys that only the database knows are filled in as rows are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schema.graph import Link, ObjectType
from schema.writing.problems import Path


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A row that is there already, by its id or by another unique key."""

    type_: ObjectType
    """Its type."""

    key: tuple[str, ...]
    """Attributes of the key."""

    values: tuple[Any, ...]
    """Its values."""

    path: Path
    """Where it is named."""


@dataclass(slots=True)
class Row:
    """A row to be written."""

    type_: ObjectType
    """Its type."""

    path: Path
    """Where it stands in the arguments."""

    values: dict[str, Any]
    """Values by attribute, as far as they are known."""

    parents: dict[str, "Row | Reference"] = field(default_factory=dict)
    """For to-one links, by the name of the relation, what they lead to."""

    named: tuple[Reference, ...] = ()
    """The rows that foreign keys among its values lead to, where they are given as ids."""

    above: Mapping[str, "Row | None"] = field(default_factory=dict)
    """For to-one links, by the name of the relation, how the row is changed that they lead to; None deletes it."""

    children: Mapping[str, "Children"] = field(default_factory=dict)
    """For to-many links, by the name of the relation, what is done to them."""

    key: tuple[Any, ...] = ()
    """Its primary key, once it is written."""

    version: int | None = None
    """The version that it is changed from, where its model counts them."""

    by: tuple[str, ...] = ()
    """Attributes of a unique key: where there is a row with these values, it is taken and nothing is written."""


@dataclass(slots=True)
class Children:
    """What is done to the rows at the other end of a to-many link, in this order."""

    link: Link
    """The link."""

    replaces: bool = False
    """True where `set` is given: rows that are not connected any more are let go."""

    disconnected: tuple[Reference, ...] = ()
    """Rows that are let go."""

    deleted: tuple[Reference, ...] = ()
    """Rows that are deleted."""

    connected: tuple[Reference, ...] = ()
    """Rows that are taken in."""

    created: tuple[Row, ...] = ()
    """Rows that are made."""

    sought: tuple[Row, ...] = ()
    """Rows that are taken in where they are there, and made where they are not; see `Row.by`."""

    changed: tuple[Row, ...] = ()
    """Rows of it that are changed; the one without a key is the only one."""

    is_emptied: bool = False
    """True where all rows of it are deleted."""
