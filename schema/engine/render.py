"""Outline and shapes -> one SELECT that returns the answer's JSON as bytes.

Each list is one or two CTEs. The rows of a page are read for the distinct keys of the level above, each key its
own page; a list with lists below it keeps its rows in a CTE of their own, which both the level below (for its
keys) and the text of this level read. The text of a level is put together row by row, folded by `string_agg` for
each key, and joined to the level above. Siblings never meet, so they never multiply.

Nothing is decided here but names: what is selected is in the outline, what it is restricted to in the shapes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import aliased

from schema.engine import outline as selected
from schema.engine.arguments import ListShape, RowShape, Shape, bind
from schema.engine.json import Part, concat, text, value_parts
from schema.engine.outline import Member, Outline
from schema.engine.taken import Needed, Parts, lists, needs, relation_at, take_apart
from schema.engine.text import Fold, Heads, JsonWriter, Level, aggregate_name, empty_list
from schema.graph import Graph, ObjectType
from schema.query.conditions import aggregate, aggregate_scalar, to_sql
from schema.query.keyset import ahead_of_page, at_or_behind, order_expressions, page_rows, shown_place
from schema.query.rows import Rows, expression, rows_of_relation, rows_of_type, selectable, tie


def render(graph: Graph, outline: Outline, shapes: Sequence[Shape]) -> Select[Any]:
    """Return the statement of an operation; its one row has one column, the JSON of `data` in UTF-8."""
    renderer = _Renderer(graph, shapes)
    parts: list[Part] = ["{"]
    for index, member in enumerate(outline.members):
        parts.append(f'{"," if index else ""}"{member.key}":')
        parts.append(renderer.root(member.content))
    parts.append("}")
    return select(func.convert_to(concat(parts), literal_column("'UTF8'")).label("data"))


class _Renderer:
    def __init__(self, graph: Graph, shapes: Sequence[Shape]) -> None:
        self._graph = graph
        self._shapes = shapes
        self._json = JsonWriter(graph)

    def root(self, content: selected.Content) -> Part:
        match content:
            case selected.Constant(json):
                return json
            case selected.Row():
                return func.coalesce(self._row(content).scalar_subquery(), text("null"))
            case selected.List():
                return self._list(content, None).scalar_subquery()
            case _:
                raise TypeError(f"{content} is no root field")

    def _row(self, row: selected.Row) -> Select[Any]:
        """Return the JSON of the row that a key names: no row where there is none."""
        shape = self._shapes[row.site]
        if not isinstance(shape, RowShape):
            raise TypeError("a look-up has the shape of a row")
        type_, members = self._graph.types[shape.type_name], row.by_type[shape.type_name]
        rows = rows_of_type(type_)
        for attribute, slot in zip(shape.key, shape.slots, strict=True):
            value = getattr(rows.entity, attribute)
            rows = rows.where(value == bind(slot, value.type))
        needed = needs(self._graph, type_, members)
        columns = {need: expression(rows.entity, need[1]) for need in needed if not need[0]}
        source = self._reach(rows.source, type_, columns, needed)
        if not any(lists(members)):
            level = Level(type_, columns)
            return select(concat(self._json.object(level, members))).select_from(source).where(*rows.conditions)
        found = select(*_labelled(columns)).select_from(source).where(*rows.conditions).cte(f"r{row.site}")
        level = Level(type_, dict(zip(columns, found.c, strict=True)))
        source = self._attach(level, found, found, members)
        return select(concat(self._json.object(level, members))).select_from(source)

    def _list(self, list_: selected.List, keys: FromClause | None) -> Select[Any]:
        """Return the JSON of a list as `json`: one row, or one row a key, with the key's columns first."""
        shape = self._shapes[list_.site]
        if not isinstance(shape, ListShape):
            raise TypeError("a list has the shape of a list")
        parts = take_apart(list_.members)
        heads = self._heads(list_, shape, keys, parts)
        source = keys
        for lateral in dict.fromkeys(column.table for column in heads.values()):
            source = lateral if source is None else source.join(lateral, true())
        if parts.has_rows:
            return self._with_rows(list_, shape, keys, parts, heads, source)
        key_columns: list[ColumnElement[Any]] = [] if keys is None else list(keys.c)
        json = concat(self._json.connection(list_.members, shape, Fold(heads, None, None, []))).label("json")
        made = select(*key_columns, json)
        return (made if source is None else made.select_from(source)).group_by(*key_columns)

    def _with_rows(
        self,
        list_: selected.List,
        shape: ListShape,
        keys: FromClause | None,
        parts: Parts,
        heads: Heads,
        source: FromClause | None,
    ) -> Select[Any]:
        """Return the JSON of a list of which rows are selected."""
        type_ = self._graph.types[list_.target]
        needed = needs(self._graph, type_, parts.row)
        own = [need for need in needed if not need[0]]
        page = self._page(list_, shape, keys, parts, own)
        columns: dict[Needed, ColumnElement[Any]] = {need: page.c[f"c{index}"] for index, need in enumerate(own)}
        places = [page.c[f"o{index}"] for index in range(len(shape.page.order.terms))] if parts.has_cursors else []
        joined: FromClause = page if source is None else source.join(page, true(), isouter=bool(heads))
        joined = self._reach(joined, type_, columns, needed)
        number: ColumnElement[Any] = page.c.n
        key_columns = [] if keys is None else list(keys.c)
        if any(lists(parts.row)):
            # Both this level's text and the keys of the levels below read the rows, so they are kept.
            kept = [*key_columns, number, *_named(heads.values(), "h"), *_named(places, "o"), *_labelled(columns)]
            rows = select(*kept).select_from(joined).cte(f"r{list_.site}")
            taken: Iterator[Any] = iter(rows.c)
            key_columns = [next(taken) for _ in key_columns]
            number = next(taken)
            heads = {name: next(taken) for name in heads}
            places = [next(taken) for _ in places]
            level = Level(type_, {need: next(taken) for need in columns})
            joined = self._attach(level, rows, rows, parts.row)
        else:
            level = Level(type_, columns)
        json = concat(self._json.connection(list_.members, shape, Fold(heads, level, number, places))).label("json")
        return select(*key_columns, json).select_from(joined).group_by(*key_columns)

    def _restricted(self, list_: selected.List, shape: ListShape, keys: FromClause | None) -> Rows:
        """Return the rows of a list, of each key its own, those that the filter leaves."""
        type_ = self._graph.types[list_.target]
        if list_.relation is None or keys is None:
            rows = rows_of_type(type_)
        else:
            near = {column: keys.c[f"k{index}"] for index, column in enumerate(list_.relation.key_columns)}
            rows = rows_of_relation(self._graph, list_.relation, near, keys)
        if shape.condition is None:
            return rows
        return rows.where(to_sql(self._graph, rows, shape.condition, bind))

    def _heads(self, list_: selected.List, shape: ListShape, keys: FromClause | None, parts: Parts) -> Heads:
        """Return what is asked of the whole list, each as the column of a subquery of one row."""
        heads: Heads = {}
        page = shape.page
        if parts.aggregates:
            rows = self._restricted(list_, shape, keys)
            made = [_aggregate_json(rows, each) for each in parts.aggregates]
            whole = rows.select(*_named(made, "a")).lateral(f"w{list_.site}")
            for each, column in zip(parts.aggregates, whole.c, strict=True):
                heads[aggregate_name(each)] = column
        if "hasPreviousPage" in parts.asked and (page.after is not None or page.offset != 0):
            rows, values = self._ordered(list_, shape, keys)
            ahead = ahead_of_page(page.order, values, page.after, page.before, bind, has_offset=page.offset != 0)
            heads["ahead"] = self._is_any(rows.where(ahead), keys, f"b{list_.site}").c[0]
        if "hasNextPage" in parts.asked and page.before is not None:
            rows, values = self._ordered(list_, shape, keys)
            behind_ = at_or_behind(page.order, values, page.before, bind)
            heads["behind"] = self._is_any(rows.where(behind_), keys, f"e{list_.site}").c[0]
        return heads

    def _ordered(
        self, list_: selected.List, shape: ListShape, keys: FromClause | None
    ) -> tuple[Rows, list[ColumnElement[Any]]]:
        """Return the rows of a list and the values that they are ordered by."""
        return order_expressions(self._graph, self._restricted(list_, shape, keys), shape.page.order)

    def _is_any(self, rows: Rows, keys: FromClause | None, name: str) -> FromClause:
        probe = select(exists(rows.select(literal_column("1"))).label("value"))
        return (probe if keys is None else probe.correlate(keys)).lateral(name)

    def _page(
        self, list_: selected.List, shape: ListShape, keys: FromClause | None, parts: Parts, own: Sequence[Needed]
    ) -> FromClause:
        """Return the rows of a page: `c0`, ... what is needed, `o0`, ... the place, and `n`, counted from 1."""
        page = shape.page
        rows, expressions = self._ordered(list_, shape, keys)
        values = _named([expression(rows.entity, attribute) for _, attribute in own], "c")
        places = _named(shown_place(page.order, expressions), "o") if parts.has_cursors else []
        size = bind(page.size, BigInteger())
        limit = size + literal_column("1") if _asks_for_more(parts, shape) else size
        offset = bind(page.offset, BigInteger()) if page.offset != 0 else None
        one: ColumnElement[Any] = literal_column("1").label("one")
        inner = page_rows(rows, expressions, page, [*values, *places, one], limit, offset, bind).subquery(
            f"q{list_.site}"
        )
        numbered = select(*list(inner.c)[:-1], func.row_number().over().label("n")).select_from(inner)
        return numbered.lateral(f"p{list_.site}")

    def _reach(
        self, source: FromClause, type_: ObjectType, columns: dict[Needed, ColumnElement[Any]], needed: Sequence[Needed]
    ) -> FromClause:
        """Join the rows that paths lead to, and add what is needed of them to the columns at hand."""
        for path in sorted({need[0] for need in needed if need[0]}, key=len):
            relation = relation_at(self._graph, type_, path)
            entity = aliased(self._graph.types[relation.target].model)
            table = selectable(entity)
            near: dict[Column[Any], ColumnElement[Any]] = {
                column: columns[path[:-1], key] for column, key in zip(relation.key_columns, relation.keys, strict=True)
            }
            source = source.outerjoin(table, tie(relation.on, near, table))
            for need in needed:
                if need[0] == path:
                    columns[need] = expression(entity, need[1])
        return source

    def _attach(self, level: Level, rows: FromClause, source: FromClause, members: Sequence[Member]) -> FromClause:
        """Join the JSON of the lists below a level, each made for the different keys among the level's rows."""
        for list_, path in lists(members):
            if list_.relation is None:
                raise TypeError("a list below a row is a relation's")
            values = [level.columns[path, key] for key in list_.relation.keys]
            labels = [value.label(f"k{index}") for index, value in enumerate(values)]
            wanted = select(*labels).select_from(rows).where(*(value.is_not(None) for value in values)).distinct()
            below = self._list(list_, wanted.subquery(f"k{list_.site}")).cte(f"t{list_.site}")
            pairs = zip(values, below.c, strict=False)
            source = source.outerjoin(below, and_(*(value == key for value, key in pairs)))
            level.children[list_.site] = func.coalesce(below.c.json, text(empty_list(list_.members)))
        return source


def _labelled(columns: dict[Needed, ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return _named(columns.values(), "c")


def _named(columns: Iterable[ColumnElement[Any]], letter: str) -> list[ColumnElement[Any]]:
    return [column.label(f"{letter}{index}") for index, column in enumerate(columns)]


def _asks_for_more(parts: Parts, shape: ListShape) -> bool:
    """Return whether it has to be known that the list goes on in the direction of reading."""
    return ("hasPreviousPage" if shape.page.is_backward else "hasNextPage") in parts.asked


def _aggregate_json(rows: Rows, content: selected.Aggregate) -> ColumnElement[Any]:
    value = aggregate(rows, content.function, content.attribute)
    if content.function in ("count", "countDistinct"):
        return cast(value, Text)
    field = rows.type_.field_of(content.attribute)
    scalar = aggregate_scalar(content.function, field.scalar)
    return concat(value_parts(replace(field, scalar=scalar, is_nullable=True, references=None), value, None))
