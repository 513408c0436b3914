"""Groups -> SELECT: rows of a list grouped by columns, to-one relations or truncated times, each with aggregates."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, cast, func, literal_column, select, true

from schema.conditions import aggregate, restrict, shown_aggregate, to_sql
from schema.filters import AllOf
from schema.graph import Graph, Kind
from schema.requests import GroupKey, GroupOrder, GroupRequest
from schema.rows import Rows
from schema.statements import Keys, labelled, parents_of, rows_below


def group_statement(graph: Graph, request: GroupRequest, keys: Keys) -> Select[Any]:
    """Return the statement for the groups of all parents at once.

    The columns of its rows: `place` (the parent's, from 1), the values of the keys, the aggregates.
    """
    parents = parents_of(graph, request.relation, keys)
    rows = restrict(graph, rows_below(graph, request.target, request.relation, parents), request.condition)
    by = [value for key in request.keys for value in _key_values(rows, key)]
    made = [shown_aggregate(rows, function, attribute) for function, attribute in request.aggregates]
    order = [_sort_key(rows, request.keys, term) for term in request.order]
    order += [value.asc() for value in by]
    numbered = func.row_number().over(order_by=order).label("at")
    statement = rows.select(*labelled(by, "k"), *labelled(made, "a"), numbered).group_by(*by).order_by(*order)
    if request.having is not None:
        parts = request.having.parts if isinstance(request.having, AllOf) else (request.having,)
        statement = statement.having(and_(true(), *(to_sql(graph, rows, part) for part in parts)))
    statement = statement.limit(request.size)
    groups = (statement.offset(request.offset) if request.offset else statement).lateral("groups")
    return (
        select(parents.c.place, *list(groups.c)[:-1])
        .select_from(parents.join(groups, true()))
        .order_by(parents.c.place, groups.c.at)
    )


def key_names(key: GroupKey) -> tuple[str, ...]:
    """Return under which names the values of a key are handed over: its own, or a relation's attributes."""
    return key.attributes if len(key.attributes) > 1 or key.unit == RELATION else (key.name,)


RELATION = "relation"
"""The unit of a key that is a to-one relation."""


def _key_values(rows: Rows, key: GroupKey) -> Sequence[ColumnElement[Any]]:
    values = [getattr(rows.entity, attribute) for attribute in key.attributes]
    if key.unit in ("", RELATION):
        return values
    field = rows.type_.field_of(key.attributes[0])
    unit: ColumnElement[str] = literal_column(
        f"'{key.unit}'"
    )  # a parameter would not be the same in SELECT and in GROUP BY
    if field.scalar.kind is Kind.TIMESTAMP:
        return [func.date_trunc(unit, values[0], literal_column("'UTC'"), type_=values[0].type)]
    return [cast(func.date_trunc(unit, values[0]), values[0].type)]


def _sort_key(rows: Rows, keys: Sequence[GroupKey], term: GroupOrder) -> ColumnElement[Any]:
    if term.function == "key":
        key = next(key for key in keys if key.name == term.attribute)
        value = _key_values(rows, key)[0]
    else:
        value = aggregate(rows, term.function, term.attribute)
    ordered = value.desc() if term.direction.is_descending else value.asc()
    if term.direction.is_nulls_first == term.direction.is_descending:
        return ordered
    return ordered.nulls_first() if term.direction.is_nulls_first else ordered.nulls_last()
