"""Requests -> SELECT statements. The SQL that both executors are made of.

A page of a relation, for each of many parents, is

    SELECT parents.place, page.*
    FROM unnest($1) WITH ORDINALITY AS parents (k0, place)
    LEFT JOIN LATERAL (SELECT ... FROM posts WHERE posts.author_id = parents.k0 ORDER BY posts.id LIMIT 11) AS page
      ON true
    ORDER BY parents.place, page.o0

so that PostgreSQL reads the few index entries of each page and no more, in one statement a level.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    cast,
    column,
    exists,
    func,
    inspect,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import LateralFromClause

from schema.graph import Graph, Kind, ObjectType, Relation, Scalar
from schema.order import Order, behind, sort_keys
from schema.requests import ListRequest, ObjectRequest

Keys = Sequence[tuple[Any, ...]]
"""One tuple of key values a parent; empty tuples for the list of a whole type."""

WIRE = ":wire"
"""Ends the name of an attribute that is read as the text that PostgreSQL prints, not as a Python value."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the rows of a list come from: the inside of a FROM and a WHERE."""

    entity: Any
    """The aliased model; `getattr(entity, attribute)` is an expression over its row."""

    source: FromClause
    """The entity, joined with the association table where the relation has one."""

    conditions: tuple[ColumnElement[bool], ...]
    """What ties the rows to their parent."""

    parents: FromClause | None
    """What the conditions refer to outside."""

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Return a SELECT over the rows, correlated with the parents."""
        statement = select(*columns).select_from(self.source).where(*self.conditions)
        return statement if self.parents is None else statement.correlate(self.parents)

    def values(self, attributes: Sequence[str]) -> list[ColumnElement[Any]]:
        """Return the expressions of attributes."""
        return [expression(self.entity, attribute) for attribute in attributes]


def expression(entity: Any, attribute: str) -> ColumnElement[Any]:
    """Return an attribute of a row, in SQL."""
    if attribute.endswith(WIRE):
        plain = getattr(entity, attribute.removesuffix(WIRE))
        return cast(plain, ARRAY(Text) if isinstance(plain.type, ARRAY) else Text)
    return getattr(entity, attribute)  # type: ignore[no-any-return]


def wire_attribute(attribute: str, scalar: Scalar) -> str:
    """Return the attribute to read for a field that is shown, rather than for a computation.

    Intervals and JSON lose something as Python values (months, the order of keys, digits); their text does not.
    """
    return attribute + WIRE if scalar.kind in (Kind.INTERVAL, Kind.JSON) else attribute


def list_statement(graph: Graph, request: ListRequest, keys: Keys) -> Select[Any]:
    """Return the statement for the pages of all parents at once.

    The columns of its rows: `place` (the parent's, from 1); `total`, `ahead` and `behind` where they are asked
    for; and where rows are, `found` (null where the parent has none), the attributes, and the order's values.
    """
    type_ = graph.types[request.target]
    parents = _parents(graph, request.relation, keys)
    asked = _asked(type_, graph, request, parents)
    page = _page(_rows(graph, type_, request.relation, parents), request).lateral("page") if request.has_rows else None
    source: FromClause = parents
    for lateral in asked:
        source = source.join(lateral, true())
    columns = [parents.c.place, *(lateral.c[0] for lateral in asked)]
    if page is None:
        return select(*columns).select_from(source)
    order = request.page.order
    places = [page.c[f"o{index}"] for index in range(len(order.terms))]
    return (
        select(*columns, *page.c)
        .select_from(source.outerjoin(page, true()))
        .order_by(parents.c.place, *sort_keys(order, places))
    )


def object_statement(graph: Graph, request: ObjectRequest, keys: Keys) -> Select[Any]:
    """Return the statement for the rows that keys name; its columns are the key's `place`, then the attributes."""
    type_ = graph.types[request.target]
    if request.relation is not None:
        parents = _parents(graph, request.relation, keys)
        rows = _rows(graph, type_, request.relation, parents)
    else:
        entity = aliased(type_.model)
        columns = [getattr(entity, attribute) for attribute in request.key]
        parents = _unnest([column_.type for column_ in columns], keys)
        on = and_(*(value == parents.c[f"k{index}"] for index, value in enumerate(columns)))
        rows = Rows(entity, _table(entity), (on,), parents)
    return (
        select(parents.c.place, *_labelled(rows.values(request.attributes), "c"))
        .select_from(parents.join(rows.source, and_(*rows.conditions)))
        .order_by(parents.c.place)
    )


def _asked(type_: ObjectType, graph: Graph, request: ListRequest, parents: FromClause) -> list[LateralFromClause]:
    """Return one lateral subquery of one row for each of `totalCount` and the two ends, as asked for."""

    def rows() -> Rows:
        return _rows(graph, type_, request.relation, parents)

    asked = []
    if request.has_total:
        asked.append(rows().select(func.count().label("value")).lateral("total"))
    if request.has_ahead:
        asked.append(_end(rows(), request.page.order.reversed(), request.page.after).lateral("ahead"))
    if request.has_behind:
        asked.append(_end(rows(), request.page.order, request.page.before).lateral("behind"))
    return asked


def _end(rows: Rows, order: Order, place: tuple[Any, ...] | None) -> Select[Any]:
    """Return whether there are rows at a place or behind it in an order; any rows, where there is no place."""
    inner = rows.select(literal(1))
    if place is not None:
        expressions = rows.values([term.attribute for term in order.terms])
        inner = inner.where(or_(behind(order, expressions, place), _at(order, expressions, place)))
    probe = select(exists(inner).label("value"))
    return probe if rows.parents is None else probe.correlate(rows.parents)


def _at(order: Order, expressions: Sequence[ColumnElement[Any]], place: tuple[Any, ...]) -> ColumnElement[bool]:
    pairs = zip(expressions, order.terms, place, strict=True)
    return and_(
        *(value.is_(None) if at is None else value == literal(at, term.scalar.sql) for value, term, at in pairs)
    )


def _page(rows: Rows, request: ListRequest) -> Select[Any]:
    """Return the rows of one parent's page and one more, by which it is known whether the list goes on."""
    page = request.page
    expressions = rows.values([term.attribute for term in page.order.terms])
    order = page.order.reversed() if page.is_backward else page.order
    found = literal(True).label("found")
    statement = rows.select(
        found, *_labelled(rows.values(request.attributes), "c"), *_labelled(expressions, "o")
    ).order_by(*sort_keys(order, expressions))
    if page.after is not None:
        statement = statement.where(behind(page.order, expressions, page.after))
    if page.before is not None:
        statement = statement.where(behind(page.order.reversed(), expressions, page.before))
    statement = statement.limit(page.size + 1)
    return statement.offset(page.offset) if page.offset else statement


def _labelled(expressions: Sequence[ColumnElement[Any]], letter: str) -> list[ColumnElement[Any]]:
    return [value.label(f"{letter}{index}") for index, value in enumerate(expressions)]


def _parents(graph: Graph, relation: tuple[str, str] | None, keys: Keys) -> FromClause:
    """Return the parents as a table: `k0`, `k1`, ... and `place`, from 1."""
    if relation is None:
        return select(literal(1, BigInteger).label("place")).subquery("parents")
    return _unnest([column_.type for column_ in graph.relation(relation).key_columns], keys)


def _unnest(types: Sequence[Any], keys: Keys) -> FromClause:
    arrays = [literal([key[index] for key in keys], ARRAY(type_)) for index, type_ in enumerate(types)]
    names = [column(f"k{index}", type_) for index, type_ in enumerate(types)]
    table = func.unnest(*arrays).table_valued(*names, with_ordinality="place", name="parents")
    return table.render_derived(name="parents")


def _rows(graph: Graph, type_: ObjectType, relation: tuple[str, str] | None, parents: FromClause) -> Rows:
    entity = aliased(type_.model)
    if relation is None:
        return Rows(entity, _table(entity), (), None)
    description = graph.relation(relation)
    near = {column_: parents.c[f"k{index}"] for index, column_ in enumerate(description.key_columns)}
    if description.through is None:
        return Rows(entity, _table(entity), (joined(description.on, near, _table(entity)),), parents)
    return _rows_through(description, entity, near, parents)


def _rows_through(
    relation: Relation, entity: Any, near: Mapping[Column[Any], ColumnElement[Any]], parents: FromClause
) -> Rows:
    """Return the rows behind an association table: joined, or by EXISTS where it may hold a pair twice."""
    if relation.through is None or relation.through_on is None:
        raise ValueError(f"{relation.source}.{relation.name} has no association table")
    table, through = _table(entity), relation.through.alias()
    far = {column_: table.c[column_.key] for column_ in relation.through_columns}
    tie = joined(relation.through_on, far, through)
    to_parent = joined(relation.on, near, through)
    if relation.is_through_unique:
        return Rows(entity, table.join(through, tie), (to_parent,), parents)
    inside = exists(select(literal(1)).select_from(through).where(tie, to_parent).correlate(table, parents))
    return Rows(entity, table, (inside,), parents)


def joined(
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


def _table(entity: Any) -> FromClause:
    return inspect(entity).selectable  # type: ignore[no-any-return]
