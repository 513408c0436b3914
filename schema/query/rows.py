"""Where rows come from: the inside of a FROM and a WHERE for a type or a relation, with nothing selected yet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    CHAR,
    Column,
    ColumnElement,
    DateTime,
    Enum,
    Float,
    FromClause,
    Integer,
    Numeric,
    Select,
    SmallInteger,
    String,
    Text,
    Time,
    TypeDecorator,
    case,
    cast,
    exists,
    inspect,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import QueryableAttribute, aliased
from sqlalchemy.sql import visitors
from sqlalchemy.types import TypeEngine

from schema.graph import Graph, Kind, ObjectType, Relation, Scalar, View
from schema.graph.data import RowCondition

TEXTUAL = frozenset({Kind.INTERVAL, Kind.JSON, Kind.FLOAT})
"""Kinds that are read as PostgreSQL's text, since Python's values differ from it: intervals and JSON lose something
(months, the order of keys, digits), and floats gain or lose a last digit (0.1 of 32 bits: 0.10000000149011612)."""

WIRE = ":wire"
"""Ends the name of an attribute that is read as the text that PostgreSQL prints, not as a Python value."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one type: the inside of a FROM and a WHERE."""

    type_: ObjectType
    """Their type."""

    entity: Any
    """The aliased model; `getattr(entity, attribute)` is an expression over its row."""

    source: FromClause
    """The entity, joined with whatever else the conditions and the order need."""

    conditions: tuple[ColumnElement[bool], ...]
    """What picks the rows."""

    outer: FromClause | None
    """What the conditions refer to outside; None for the list of a whole type."""

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Return a SELECT over the rows, correlated with what is outside."""
        statement = select(*columns).select_from(self.source).where(*self.conditions)
        return statement if self.outer is None else statement.correlate(self.outer)

    def where(self, *conditions: ColumnElement[bool]) -> "Rows":
        """Return those of the rows that conditions hold for."""
        return Rows(self.type_, self.entity, self.source, (*self.conditions, *conditions), self.outer)

    def joined(self, other: FromClause, on: ColumnElement[bool]) -> "Rows":
        """Return the rows with another source joined to the left of which they stay, each once."""
        return Rows(self.type_, self.entity, self.source.outerjoin(other, on), self.conditions, self.outer)

    def beside(self, lateral: FromClause) -> "Rows":
        """Return the rows, each beside the one row that a lateral subquery makes of it."""
        return Rows(self.type_, self.entity, self.source.join(lateral, true()), self.conditions, self.outer)

    def values(self, attributes: Sequence[str]) -> list[ColumnElement[Any]]:
        """Return the expressions of attributes."""
        return [expression(self.entity, attribute) for attribute in attributes]


def labelled(expressions: Iterable[ColumnElement[Any]], letter: str) -> list[ColumnElement[Any]]:
    """Return expressions with the labels `c0`, `c1`, and so on."""
    return [value.label(f"{letter}{index}") for index, value in enumerate(expressions)]


def expression(entity: Any, attribute: str) -> ColumnElement[Any]:
    """Return an attribute of a row, in SQL."""
    if attribute.endswith(WIRE):
        plain = getattr(entity, attribute.removesuffix(WIRE))
        return cast(plain, ARRAY(Text) if isinstance(plain.type, ARRAY) else Text)
    return getattr(entity, attribute)  # type: ignore[no-any-return]  # typed as Any there


def wire_attribute(attribute: str, scalar: Scalar) -> str:
    """Return the attribute to read for a field that is shown, rather than for a computation.

    See `TEXTUAL`.
    """
    return attribute + WIRE if scalar.kind in TEXTUAL else attribute


def rows_of_type(type_: ObjectType) -> Rows:
    """Return all rows of a type."""
    entity = entity_of(type_)
    return Rows(type_, entity, selectable(entity), (), None)


def entity_of(type_: ObjectType) -> Any:
    """Return the model as statements read it: an alias of the table, or of what there is of it for the callers.

    This is the only way to a table for all that is read. What is not to be seen is gone below every filter, order,
    aggregate and count; PostgreSQL folds the subquery into the statement around it.
    """
    plain, view = aliased(type_.model), type_.view
    if view is None or (view.rows is None and not view.masks):
        return plain
    return seen_through(type_, plain, selectable(plain))


def hides_rows(type_: ObjectType) -> bool:
    """Return whether rows of a type may be there that the callers do not see."""
    return type_.view is not None and type_.view.rows is not None


def hides_values(type_: ObjectType, attributes: Iterable[str]) -> bool:
    """Return whether rows of a type may be there of which the callers do not see one of the attributes."""
    return any(True for _ in masks_of(type_, attributes))


def masks_of(type_: ObjectType, attributes: Iterable[str]) -> Iterator[RowCondition]:
    """Yield the conditions on rows of which the callers see attributes."""
    if type_.view is not None and type_.view.masks:
        columns = inspect(type_.model).columns
        yield from (type_.view.masks[key] for each in attributes if (key := columns[each].key) in type_.view.masks)


def seen_through(type_: ObjectType, entity: Any, source: FromClause) -> Any:
    """Return the model over the rows of a source, as a type's view shows them.

    Args:
        type_: The type; it has a view.
        entity: The model over the source, of which conditions are made.
        source: The table, or what stands for it.
    """
    view = type_.view or View()
    columns = [
        case((view.masks[column.key](entity), column)).label(column.name) if column.key in view.masks else column
        for column in source.c
    ]
    shown = select(*columns).select_from(source)
    if view.rows is not None:
        shown = shown.where(view.rows(entity))
    return aliased(type_.model, shown.subquery(), adapt_on_names=True)


def rows_of_relation(
    graph: Graph, relation: Relation, near: Mapping[Column[Any], ColumnElement[Any]], outer: FromClause
) -> Rows:
    """Return the rows that a relation leads to.

    Args:
        graph: The graph description.
        relation: The relation.
        near: What stands for each column of the row that it starts from.
        outer: Where those come from.
    """
    type_ = graph.types[relation.target]
    entity = entity_of(type_)
    table = selectable(entity)
    if relation.through is None or relation.through_on is None:
        return Rows(type_, entity, table, (tie(relation.on, near, table),), outer)
    through = relation.through.alias()
    to_target = tie(relation.through_on, {column: table.c[column.key] for column in relation.through_columns}, through)
    to_source = tie(relation.on, near, through)
    if relation.is_through_unique:
        return Rows(type_, entity, table.join(through, to_target), (to_source,), outer)
    # The association table may hold a pair twice; EXISTS gives each row once all the same.
    inside = exists(
        select(literal_column("1")).select_from(through).where(to_target, to_source).correlate(table, outer)
    )
    return Rows(type_, entity, table, (inside,), outer)


def rows_beside(graph: Graph, relation: Relation, entity: Any) -> Rows:
    """Return the rows that a relation leads to from a row that is at hand, for a subquery beside it."""
    table = selectable(entity)
    return rows_of_relation(graph, relation, {column: table.c[column.key] for column in relation.key_columns}, table)


def tie(
    on: ColumnElement[bool], near: Mapping[Column[Any], ColumnElement[Any]], far: FromClause
) -> ColumnElement[bool]:
    """Return a relation's condition with both ends put in.

    Args:
        on: The condition as mapped; the far side's columns are annotated `remote`.
        near: What stands for each column of the near side.
        far: The alias that stands for the far side's table.
    """

    def replace(element: Any, **_: Any) -> Any:
        if not isinstance(element, Column):
            return None
        return far.c[element.key] if "remote" in element._annotations else near[element._deannotate()]

    return visitors.replacement_traverse(on, {}, replace)


def unlimited(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type that a client's value is bound as: a column's, without its limits.

    A cast to VARCHAR(4) or NUMERIC(8, 2) would cut or round the value before it is compared, and so find rows that
    it does not equal; one to SMALLINT would fail. A collation is the column's, and cannot stand in a cast.
    """
    match type_:
        case TypeDecorator() | Enum() | CHAR() | CITEXT():
            return type_
        case Text():
            return Text()
        case String():
            return String()
        case SmallInteger():
            return Integer()
        case Numeric() if type_.asdecimal and not isinstance(type_, Float):
            return Numeric()
        case DateTime():
            return DateTime(timezone=type_.timezone)
        case Time():
            return Time(timezone=type_.timezone)
        case _:
            return type_


def home_of(value: Any) -> FromClause:
    """Return the table, alias or subquery that a column of a row comes from."""
    return value.parent.selectable if isinstance(value, QueryableAttribute) else value.table


def selectable(entity: Any) -> FromClause:
    """Return the table alias behind an aliased model."""
    return inspect(entity).selectable  # type: ignore[no-any-return]  # typed as Any there
