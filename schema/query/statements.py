"""Requests -> SELECT statements: what the loaders run.

A page of a relation, for each of many parents, is

    SELECT parents.place, page.*
    FROM unnest($1) WITH ORDINALITY AS parents (k0, place)
    LEFT JOIN LATERAL (SELECT ... FROM posts WHERE posts.author_id = parents.k0 ORDER BY posts.id LIMIT 11) AS page
      ON true
    ORDER BY parents.place, page.o0

so that PostgreSQL reads the few index entries of each page and no more, in one statement a level. Aggregates
of the list, and whether rows stand ahead of the page, are further lateral subqueries of one row.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    column,
    exists,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.sql.selectable import LateralFromClause

from schema.graph import Graph
from schema.query.conditions import restrict, shown_aggregate
from schema.query.keyset import ahead_of_page, at_or_behind, order_expressions, page_rows, shown_place, sort_keys
from schema.query.requests import ListRequest, ObjectRequest
from schema.query.rows import TEXTUAL, Rows, entity_of, labelled, rows_of_relation, rows_of_type, selectable, unlimited

Keys = Sequence[tuple[Any, ...]]
"""One tuple of key values a parent; empty tuples for the list of a whole type."""


def list_statement(graph: Graph, request: ListRequest, keys: Keys) -> Select[Any]:
    """Return the statement for the pages of all parents at once.

    The columns of its rows: `place` (the parent's, from 1); the aggregates, then `ahead` and `behind`, as they
    are asked for; and where rows are, `found` (null where the parent has none), the attributes, and the row's
    place in the order.
    """
    parents = parents_of(graph, request.relation, keys)
    asked = _asked(graph, request, parents)
    source: FromClause = parents
    for lateral in asked:
        source = source.join(lateral, true())
    columns = [parents.c.place, *(value for lateral in asked for value in lateral.c)]
    if not request.has_rows:
        return select(*columns).select_from(source)
    statement = _page(graph, restricted(graph, request, parents), request)
    if request.relation is None and not asked and not request.page.is_backward:
        return statement  # the plain list of a whole type: no parents, nothing beside it
    page, order = statement.lateral("page"), request.page.order
    shown = [value for value in page.c if not value.key.startswith("s")][1:]
    places = [page.c.get(f"s{index}", page.c[f"o{index}"]) for index in range(len(order.terms))]
    return (
        select(*columns, *shown)
        .select_from(source.outerjoin(page, true()))
        .order_by(parents.c.place, *sort_keys(order, places))
    )


def object_statement(graph: Graph, request: ObjectRequest, keys: Keys) -> Select[Any]:
    """Return the statement for the rows that keys name; its columns are the key's `place`, then the attributes."""
    type_ = graph.types[request.target]
    if request.relation is not None:
        parents = parents_of(graph, request.relation, keys)
        rows = rows_below(graph, request.target, request.relation, parents)
    else:
        entity = entity_of(type_)
        columns = [getattr(entity, attribute) for attribute in request.key]
        parents = unnest([column_.type for column_ in columns], keys)
        on = and_(*(value == parents.c[f"k{index}"] for index, value in enumerate(columns)))
        rows = Rows(type_, entity, selectable(entity), (on,), parents)
    statement = select(parents.c.place, *labelled(rows.values(request.attributes), "c")).select_from(
        parents.join(rows.source, and_(*rows.conditions))
    )
    if request.relation is None or graph.relation(request.relation).is_reference:
        return statement
    # Nothing may keep a second row from being there. The one with the least key counts: it comes last.
    return statement.order_by(parents.c.place, *(value.desc() for value in rows.values(type_.key_attributes)))


def restricted(graph: Graph, request: ListRequest, parents: FromClause) -> Rows:
    """Return the rows of a list, of each parent its own, those that the filter leaves."""
    return restrict(graph, rows_below(graph, request.target, request.relation, parents), request.condition)


def _asked(graph: Graph, request: ListRequest, parents: FromClause) -> list[LateralFromClause]:
    """Return lateral subqueries of one row: the aggregates, and what is beyond the page's two ends."""
    asked = []
    if request.aggregates:
        rows = restricted(graph, request, parents)
        made = [shown_aggregate(rows, function, attribute) for function, attribute in request.aggregates]
        asked.append(rows.select(*labelled(made, "a")).lateral("whole"))
    if request.has_ahead:
        rows, page = restricted(graph, request, parents), request.page
        rows, expressions = order_expressions(graph, rows, page.order)
        ahead = ahead_of_page(page.order, expressions, page.after, page.before, has_offset=page.offset > 0)
        asked.append(_is_any(rows.where(ahead)).lateral("ahead"))
    if request.has_behind:
        rows, page = restricted(graph, request, parents), request.page
        rows, expressions = order_expressions(graph, rows, page.order)
        asked.append(_is_any(rows.where(at_or_behind(page.order, expressions, page.before or ()))).lateral("behind"))
    return asked


def _is_any(rows: Rows) -> Select[Any]:
    probe = select(exists(rows.select(literal(1))).label("value"))
    return probe if rows.outer is None else probe.correlate(rows.outer)


def _page(graph: Graph, rows: Rows, request: ListRequest) -> Select[Any]:
    """Return the rows of one parent's page and one more, by which it is known whether the list goes on."""
    page = request.page
    rows, expressions = order_expressions(graph, rows, page.order)
    head = literal(1).label("place"), literal(True).label("found")
    values = labelled(rows.values(request.attributes), "c")
    places = labelled(shown_place(page.order, expressions), "o")
    # What is shown as text sorts as what it is.
    sorted_by = [
        value.label(f"s{index}")
        for index, (term, value) in enumerate(zip(page.order.terms, expressions, strict=True))
        if term.scalar.kind in TEXTUAL
    ]
    columns: list[ColumnElement[Any]] = [*head, *values, *places, *sorted_by]
    return page_rows(rows, expressions, page, columns, page.size + 1, page.offset or None)


def parents_of(graph: Graph, relation: tuple[str, str] | None, keys: Keys) -> FromClause:
    """Return the parents as a table: `k0`, `k1`, ... and `place`, from 1; of a whole type's list, a single one."""
    if relation is None:
        return select(literal(1, BigInteger).label("place")).subquery("parents")
    return unnest([column_.type for column_ in graph.relation(relation).key_columns], keys)


def unnest(types: Sequence[Any], keys: Keys) -> FromClause:
    """Return keys as a table of columns `k0`, `k1`, ... and `place`, from 1.

    Keys may come from a client, who knows nothing of a column's limits.
    """
    types = [unlimited(type_) for type_ in types]
    arrays = [literal([key[index] for key in keys], ARRAY(type_)) for index, type_ in enumerate(types)]
    names = [column(f"k{index}", type_) for index, type_ in enumerate(types)]
    table = func.unnest(*arrays).table_valued(*names, with_ordinality="place", name="parents")
    return table.render_derived(name="parents")


def rows_below(graph: Graph, target: str, relation: tuple[str, str] | None, parents: FromClause) -> Rows:
    """Return the rows of a type, or those that a relation leads to from the parents."""
    if relation is None:
        return rows_of_type(graph.types[target])
    description = graph.relation(relation)
    near = {column_: parents.c[f"k{index}"] for index, column_ in enumerate(description.key_columns)}
    return rows_of_relation(graph, description, near, parents)
