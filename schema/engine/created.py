"""A row that is created by the statement that answers: what the engine is told of writing, which is not its affair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import (
    Column,
    ColumnElement,
    Insert,
    Select,
    Table,
    TableClause,
    column,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql import visitors

from schema.audit import names_of
from schema.engine.json import id_parts, text
from schema.graph import Graph, ObjectType
from schema.query.rows import Rows, selectable

NEW: Final = "new"
"""What the statement calls the row."""


@dataclass(frozen=True, slots=True)
class Create:
    """A root field that creates one row."""

    type_name: str
    """Type of the row."""

    payload: str
    """Type of what it gives."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a statement writes, as it is noted of it."""

    mutation: str
    """The root field."""

    type_name: str
    """Type of the row."""

    table: str
    """Its table."""

    fields: tuple[str, ...]
    """Names of the fields that it is given."""


class Creator(Protocol):
    """What creating needs; see `schema.one_statement`."""

    roots: Mapping[str, Create]
    """The root fields, by name."""

    def read(
        self, graph: Graph, type_: ObjectType, arguments: Mapping[str, Any], *, is_ahead: bool = False
    ) -> dict[str, Any] | None:
        """Return the values of the row by attribute; None where one INSERT is not all, or something is wrong.

        Args:
            graph: The graph description, as it is for the caller.
            type_: Type of the row.
            arguments: The arguments of the root field.
            is_ahead: True where `Pending` stands for some values, which are read `Later`.

        Raises:
            Undecided: One that is not there yet decides more than what is bound.
        """

    def insert(self, type_: ObjectType, attributes: Sequence[str], names: Sequence[str]) -> Insert:
        """Return what creates a row with attributes, the values of which are bound under these names."""


def written(type_: ObjectType, attributes: Sequence[str]) -> Written:
    """Return what is noted of a row that is created with attributes."""
    return Written(f"create{type_.name}", type_.name, type_.table.name, tuple(names_of(type_, attributes)))


def new_row(type_: ObjectType) -> Rows:
    """Return the row as the statement has it: by the name of what is inserted, and not in its table."""
    source: TableClause = table(NEW, *(column(each.key, each.type) for each in type_.table.columns))
    entity = aliased(type_.model, source, adapt_on_names=True)
    return Rows(type_, entity, selectable(entity), (), None)


def id_line(type_: ObjectType) -> ColumnElement[bytes]:
    """Return a line with the id of the row, behind the answer."""
    row = table(NEW, *(column(each.key, each.type) for each in type_.table.primary_key))
    id_ = id_parts(type_, [*row.c])[1]
    line: ColumnElement[bytes] = func.convert_to(func.concat(func.chr(literal_column("10")), id_), text("UTF8"))
    return select(line).select_from(row).scalar_subquery()


def is_read(select: Select[Any], written: Table) -> bool:
    """Return whether a statement reads a table, where what it writes is not to be seen yet."""
    for element in visitors.iterate(select):
        if element is written or getattr(element, "element", None) is written:
            return True
        if isinstance(element, Column) and element.table is written:
            return True
    return False
