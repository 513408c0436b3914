"""Orders -> SQL: what stands in ORDER BY, and the condition "behind this row" that a cursor stands for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    Text,
    UniqueConstraint,
    and_,
    case,
    cast,
    false,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from schema.graph import Graph
from schema.query.conditions import Bind, aggregate, as_parameter, operand
from schema.query.order import Order, OrderTerm
from schema.query.page import Page
from schema.query.rows import TEXTUAL, Rows, entity_of, rows_beside, selectable, tie

Place = Sequence[Any]
"""A row's values in an order, as its cursor holds them; None for null."""


def order_expressions(graph: Graph, rows: Rows, order: Order) -> tuple[Rows, list[ColumnElement[Any]]]:
    """Return the value of each term of an order in SQL, and the rows joined with what the values come from."""
    joins: dict[tuple[tuple[str, str], ...], tuple[Any, FromClause]] = {}
    expressions = []
    for term in order.terms:
        rows = _join(graph, rows, term, joins)
        entity = joins[term.path][0] if term.path else rows.entity
        expressions.append(_value(graph, rows, term, entity))
    return rows, expressions


def _join(
    graph: Graph, rows: Rows, term: OrderTerm, joins: dict[tuple[tuple[str, str], ...], tuple[Any, FromClause]]
) -> Rows:
    """Join the to-one relations of a term's path, each once however many terms go through it."""
    near = selectable(rows.entity)
    for index in range(len(term.path)):
        path = term.path[: index + 1]
        if path not in joins:
            relation = graph.relation(path[-1])
            entity = entity_of(graph.types[relation.target])
            far = selectable(entity)
            columns: dict[Column[Any], ColumnElement[Any]] = {
                column: near.c[column.key] for column in relation.key_columns
            }
            rows = rows.joined(far, tie(relation.on, columns, far))
            joins[path] = (entity, far)
        near = joins[path][1]
    return rows


def _value(graph: Graph, rows: Rows, term: OrderTerm, entity: Any) -> ColumnElement[Any]:
    if term.relation is not None:
        far = rows_beside(graph, graph.relation(term.relation), entity)
        value = far.select(aggregate(far, term.function, term.attribute)).scalar_subquery()
        # Where the path leads nowhere there is nothing to count: null, not 0.
        return case((getattr(entity, _key_of(graph, term)).is_not(None), value)) if term.path else value
    if term.function == "own":
        type_ = graph.types[graph.relation(term.path[-1]).target] if term.path else rows.type_
        return type_.own_orders[term.attribute].function(entity)
    return getattr(entity, term.attribute)  # type: ignore[no-any-return]  # typed as Any there


def _key_of(graph: Graph, term: OrderTerm) -> str:
    """Return an attribute that is null only where a term's path leads nowhere."""
    return graph.types[graph.relation(term.path[-1]).target].primary_key[0].attribute


def shown_place(order: Order, expressions: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Return what is selected of a row's place for its cursor; as PostgreSQL's text where Python's loses something."""
    return [
        cast(value, Text) if term.scalar.kind in TEXTUAL else value
        for term, value in zip(order.terms, expressions, strict=True)
    ]


def sort_keys(order: Order, expressions: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Return what stands in ORDER BY.

    Args:
        order: The order.
        expressions: The value of each of its terms, in SQL.
    """
    return [_sort_key(term, expression) for term, expression in zip(order.terms, expressions, strict=True)]


def _sort_key(term: OrderTerm, expression: ColumnElement[Any]) -> ColumnElement[Any]:
    key = expression.desc() if term.is_descending else expression.asc()
    if not term.is_nullable or term.is_nulls_first == term.is_descending:
        return key  # PostgreSQL's own default: nulls are larger than all values
    return key.nulls_first() if term.is_nulls_first else key.nulls_last()


def behind(
    order: Order, expressions: Sequence[ColumnElement[Any]], place: Place, bind: Bind = as_parameter
) -> ColumnElement[bool]:
    """Return the condition that a row stands behind a place in the order.

    Where all terms run one way and no null can be behind, it is a row comparison, `(a, b) > (x, y)`, which one
    index range answers. Otherwise it is spelled out term by term: behind in the first, or equal in it and
    behind in the second, and so on.

    Args:
        order: The order.
        expressions: The value of each of its terms, in SQL.
        place: The place.
        bind: Puts the place's values in.

    Source: https://www.postgresql.org/docs/current/functions-comparisons.html#ROW-WISE-COMPARISON
    """
    if _is_one_range(order, place):
        bound = [operand(bind, value, term.scalar) for value, term in zip(place, order.terms, strict=True)]
        left, right = (expressions[0], bound[0]) if len(bound) == 1 else (tuple_(*expressions), tuple_(*bound))
        return left < right if order.terms[0].is_descending else left > right
    cases: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for term, expression, value in zip(order.terms, expressions, place, strict=True):
        cases.append(and_(*equal, _behind_one(term, expression, value, bind)))
        equal.append(expression.is_(None) if value is None else expression == operand(bind, value, term.scalar))
    return and_(_start(order.terms[0], expressions[0], place[0], bind), or_(*cases))


def _start(term: OrderTerm, expression: ColumnElement[Any], value: Any, bind: Bind) -> ColumnElement[bool]:
    """Return where an index may begin to read: it follows from the rest, but PostgreSQL does not see that."""
    if value is None or (term.is_nullable and not term.is_nulls_first):
        return true()
    bound = operand(bind, value, term.scalar)
    return expression <= bound if term.is_descending else expression >= bound


def ranges_behind(
    order: Order, expressions: Sequence[ColumnElement[Any]], place: Place, bind: Bind = as_parameter
) -> list[ColumnElement[bool]]:
    """Return conditions that together mean `behind`, each a range of its own, in the order's direction.

    Where nulls stand among what is behind, no single range of an index holds it all, and PostgreSQL would read the
    index from its start. Each of two ranges it reads from where it begins: the values and the nulls.
    """
    first, expression, value = order.terms[0], expressions[0], place[0]
    if not first.is_nullable or (value is not None and first.is_nulls_first):
        return [behind(order, expressions, place, bind)]
    if value is not None:
        values = Order(order.type_name, (replace(first, is_nullable=False), *order.terms[1:]))
        return [behind(values, expressions, place, bind), expression.is_(None)]
    ties: ColumnElement[bool] = expression.is_(None)
    if len(order.terms) > 1:
        rest = Order(order.type_name, order.terms[1:])
        ties = and_(ties, behind(rest, expressions[1:], place[1:], bind))
    return [ties, expression.is_not(None)] if first.is_nulls_first else [ties]


def page_rows(
    rows: Rows,
    expressions: Sequence[ColumnElement[Any]],
    page: Page,
    columns: Sequence[ColumnElement[Any]],
    limit: Any,
    offset: Any,
    bind: Bind = as_parameter,
) -> Select[Any]:
    """Return the rows of a page, in the direction of reading.

    Args:
        rows: The rows of the list, joined with what the order needs.
        expressions: The value of each of the order's terms, in SQL.
        page: The page; its places may be slots.
        columns: What is selected, labelled.
        limit: Most rows.
        offset: How many rows to pass over; None for none.
        bind: Puts the places' values in.
    """
    order = page.order.reversed() if page.is_backward else page.order
    start, end = (page.before, page.after) if page.is_backward else (page.after, page.before)
    if end is not None:
        rows = rows.where(behind(order.reversed(), expressions, end, bind))
    ranges: list[ColumnElement[bool]] = []
    if start is not None and _is_indexed(rows, order.terms[0]):
        ranges = ranges_behind(order, expressions, start, bind)
    elif start is not None:
        ranges = [behind(order, expressions, start, bind)]
    if len(ranges) < 2:
        chosen = rows.where(*ranges).select(*columns).order_by(*sort_keys(order, expressions))
    else:
        sorted_by = [value.label(f"t{index}") for index, value in enumerate(expressions)]
        most = limit if offset is None else limit + offset
        parts = [
            rows.where(range_).select(*columns, *sorted_by).order_by(*sort_keys(order, expressions)).limit(most)
            for range_ in ranges
        ]
        both = union_all(*parts).subquery("ranges")
        made = list(both.c)
        chosen = select(*made[: len(columns)]).order_by(*sort_keys(order, made[len(columns) :]))
    return chosen.limit(limit) if offset is None else chosen.limit(limit).offset(offset)


def _is_indexed(rows: Rows, term: OrderTerm) -> bool:
    """Return whether an index has a term's values in it, so that ranges of it can be read by themselves."""
    if term.path or term.function:
        return False
    column, table = rows.type_.field_of(term.attribute).column, rows.type_.table
    unique = [item for item in table.constraints if isinstance(item, UniqueConstraint)]
    return any(column is each for items in (table.indexes, unique) for item in items for each in item.columns)


def at_or_behind(
    order: Order, expressions: Sequence[ColumnElement[Any]], place: Place, bind: Bind = as_parameter
) -> ColumnElement[bool]:
    """Return the condition that a row stands at a place or behind it."""
    pairs = zip(expressions, order.terms, place, strict=True)
    at = and_(
        *(value.is_(None) if at is None else value == operand(bind, at, term.scalar) for value, term, at in pairs)
    )
    return or_(behind(order, expressions, place, bind), at)


def ahead_of_page(
    order: Order,
    expressions: Sequence[ColumnElement[Any]],
    after: Place | None,
    before: Place | None,
    bind: Bind = as_parameter,
    *,
    has_offset: ColumnElement[bool] | bool,
) -> ColumnElement[bool]:
    """Return the condition that a row stands ahead of a page that is not empty for lack of rows to pass over.

    Ahead are the rows up to `after`. Where an offset passes over rows, there are such rows as soon as the list has
    any that the page could begin with, whether or not they are as many as the offset.

    Args:
        order: The order.
        expressions: The value of each of its terms, in SQL.
        after: The place that the page begins behind, if any.
        before: The place that it ends ahead of, if any.
        bind: Puts the places' values in.
        has_offset: True where the page passes over rows; a condition where only the statement's values say so.
    """
    backwards = order.reversed()
    passed = [] if after is None else [at_or_behind(backwards, expressions, after, bind)]
    if has_offset is not False:
        passed_over = true() if before is None else behind(backwards, expressions, before, bind)
        passed.append(passed_over if has_offset is True else and_(has_offset, passed_over))
    return or_(false(), *passed)


def _is_one_range(order: Order, place: Place) -> bool:
    """Return whether a row comparison tells who is behind; it holds for no row with a null in it."""
    direction = order.terms[0].is_descending
    return all(
        term.is_descending == direction and (not term.is_nullable or (term.is_nulls_first and value is not None))
        for term, value in zip(order.terms, place, strict=True)
    )


def _behind_one(term: OrderTerm, expression: ColumnElement[Any], value: Any, bind: Bind) -> ColumnElement[bool]:
    if value is None:
        return expression.is_not(None) if term.is_nulls_first else false()
    bound = operand(bind, value, term.scalar)
    condition: ColumnElement[bool] = expression < bound if term.is_descending else expression > bound
    return or_(condition, expression.is_(None)) if term.is_nullable and not term.is_nulls_first else condition
