"""Groups -> SELECT: rows of a list grouped by columns, to-one relations or truncated times, each with aggregates."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    true,
)

from schema.graph import Graph, Kind
from schema.query.conditions import Bind, aggregate, as_parameter, restrict, shown_aggregate, to_sql
from schema.query.filters import AllOf
from schema.query.requests import RELATION, Grouping, GroupKey, GroupOrder, GroupRequest
from schema.query.rows import TEXTUAL, Rows, hides_rows, labelled, rows_beside, selectable
from schema.query.statements import Keys, parents_of, rows_below

KeyValues = Mapping[str, Sequence[ColumnElement[Any]]]
"""Keys by name, in SQL: one value each, or those of a relation's attributes."""


def group_statement(graph: Graph, request: GroupRequest, keys: Keys) -> Select[Any]:
    """Return the statement for the groups of all parents at once.

    The columns of its rows: `place` (the parent's, from 1), the values of the keys, the aggregates.
    """
    parents = parents_of(graph, request.relation, keys)
    rows = restrict(graph, rows_below(graph, request.target, request.relation, parents), request.condition)

    def columns(grouped: Rows, by: KeyValues) -> list[ColumnElement[Any]]:
        shown = [_shown(grouped, key, value) for key in request.grouping.keys for value in by[key.name]]
        made = [shown_aggregate(grouped, function, attribute) for function, attribute in request.aggregates]
        return [*labelled(shown, "k"), *labelled(made, "a")]

    groups = grouped_rows(graph, rows, request.grouping, columns).lateral("groups")
    return (
        select(parents.c.place, *list(groups.c)[:-1])
        .select_from(parents.join(groups, true()))
        .order_by(parents.c.place, groups.c.n)
    )


def grouped_rows(
    graph: Graph,
    rows: Rows,
    grouping: Grouping,
    columns: Callable[[Rows, KeyValues], Sequence[ColumnElement[Any]]],
    bind: Bind = as_parameter,
) -> Select[Any]:
    """Return the groups of a list, and last `n`, by which they are in order, from 1.

    Args:
        graph: The graph description.
        rows: The rows of the list.
        grouping: How they are grouped.
        columns: Makes what is selected, labelled, of the rows and the values of the keys.
        bind: Puts the values in.
    """
    rows, by = _keyed(graph, rows, grouping.keys)
    grouped_by = [value for values in by.values() for value in values]
    order = [_sort_key(rows, by, term) for term in grouping.order]
    order += [value.asc() for value in grouped_by]
    statement = rows.select(*columns(rows, by), func.row_number().over(order_by=order).label("n"))
    statement = statement.group_by(*grouped_by).order_by(*order)
    if grouping.having is not None:
        parts = grouping.having.parts if isinstance(grouping.having, AllOf) else (grouping.having,)
        statement = statement.having(and_(true(), *(to_sql(graph, rows, part, bind) for part in parts)))
    statement = statement.limit(_bound(grouping.size, bind))
    return statement.offset(_bound(grouping.offset, bind)) if grouping.offset != 0 else statement


def _bound(number: Any, bind: Bind) -> Any:
    """Return a number of rows as `limit` takes it."""
    return number if isinstance(number, int) else bind(number, BigInteger())


def key_names(key: GroupKey) -> tuple[str, ...]:
    """Return under which names the values of a key are handed over: its own, or a relation's attributes."""
    return key.attributes if len(key.attributes) > 1 or key.unit == RELATION else (key.name,)


def _keyed(graph: Graph, rows: Rows, keys: Sequence[GroupKey]) -> tuple[Rows, KeyValues]:
    """Return the rows joined with what they are grouped by, and where it stands.

    Each key is computed once, in a lateral subquery that PostgreSQL folds in again. An expression that stood in SELECT
    and in GROUP BY would not be the same in both, as soon as it has a parameter in it.
    """
    values = {key.name: _key_values(graph, rows, key) for key in keys}
    made = labelled([value for each in values.values() for value in each], "v")
    lateral = select(*made).correlate(selectable(rows.entity)).lateral("keys")
    columns = iter(lateral.c)
    return rows.beside(lateral), {name: [next(columns) for _ in each] for name, each in values.items()}


def _key_values(graph: Graph, rows: Rows, key: GroupKey) -> Sequence[ColumnElement[Any]]:
    values = [getattr(rows.entity, attribute) for attribute in key.attributes]
    if key.unit == RELATION:
        return _led_to(graph, rows, key, values)
    if key.unit == "":
        return values
    unit = literal(key.unit, Text)
    if rows.type_.field_of(key.attributes[0]).scalar.kind is Kind.TIMESTAMP:
        return [func.date_trunc(unit, values[0], literal("UTC", Text), type_=values[0].type)]
    return [cast(func.date_trunc(unit, cast(values[0], DateTime(timezone=False))), values[0].type)]


def _led_to(
    graph: Graph, rows: Rows, key: GroupKey, values: Sequence[ColumnElement[Any]]
) -> Sequence[ColumnElement[Any]]:
    """Return what tells apart the rows that a relation leads to; null for all that the callers do not see."""
    relation = graph.relations.get((rows.type_.name, key.name))
    if relation is None or not hides_rows(graph.types[relation.target]):
        return values
    is_seen = exists(rows_beside(graph, relation, rows.entity).select(literal(1)))
    return [case((is_seen, value)) for value in values]


def _shown(rows: Rows, key: GroupKey, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a key as it is read: as PostgreSQL's text where Python's value would lose something."""
    is_textual = key.unit == "" and rows.type_.field_of(key.attributes[0]).scalar.kind in TEXTUAL
    return cast(value, Text) if is_textual else value


def _sort_key(rows: Rows, by: KeyValues, term: GroupOrder) -> ColumnElement[Any]:
    value = by[term.attribute][0] if term.function == "key" else aggregate(rows, term.function, term.attribute)
    ordered = value.desc() if term.direction.is_descending else value.asc()
    if term.direction.is_nulls_first == term.direction.is_descending:
        return ordered
    return ordered.nulls_first() if term.direction.is_nulls_first else ordered.nulls_last()
