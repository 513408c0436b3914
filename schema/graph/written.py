"""What clients may write, as frozen data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Column

from schema.graph.fields import Field, Relation


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

    keywords: Mapping[str, Any] = field(default_factory=dict)
    """The same in keywords of JSON Schema, as far as it has them."""


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

    keywords: tuple[Mapping[str, Any], ...] = ()
    """What all that asks of values, in keywords of JSON Schema."""


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


class RowCheck(Protocol):
    """Looks at the values of a row together."""

    def __call__(self, values: Mapping[str, Any], *, is_new: bool) -> list[tuple[str | None, str]]:
        """Return what is wrong: the attribute, None for the row as a whole, and a sentence.

        Args:
            values: What is given, by attribute.
            is_new: False where the row is there already, and keeps what is not given.
        """


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

    row_check: RowCheck | None = None
    """What the values of a row must be together."""

    version: Field | None = None
    """The column that counts the changes of a row, where the model has one; it must be told to change the row."""
