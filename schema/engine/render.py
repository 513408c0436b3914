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
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from schema.engine import outline as selected
from schema.engine.arguments import ListShape, RowShape, RowsShape, Shape, bind
from schema.engine.json import Part, concat, text, value_parts
from schema.engine.outline import Member, Outline, key_attribute
from schema.engine.taken import Needed, Parts, aggregates_in, lists, needs, relation_at, take_apart
from schema.engine.text import Fold, Heads, JsonWriter, Level, aggregate_name, empty_list, groups_name
from schema.graph import Graph, ObjectType
from schema.query.conditions import aggregate, aggregate_scalar, to_sql
from schema.query.groups import KeyValues, grouped_rows
from schema.query.keyset import ahead_of_page, at_or_behind, order_expressions, page_rows, shown_place
from schema.query.requests import RELATION, Grouping, GroupKey
from schema.query.rows import Rows, expression, rows_of_relation, rows_of_type, selectable, tie, unlimited


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
            case selected.Rows():
                return self._rows(content).scalar_subquery()
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
        return self._objects(f"r{row.site}", rows, members, ())

    def _rows(self, rows: selected.Rows) -> Select[Any]:
        """Return the JSON of the rows that ids name, in the order of the ids; null where there is none."""
        shape = self._shapes[rows.site]
        if not isinstance(shape, RowsShape):
            raise TypeError("a look-up of several rows has their shape")
        found = []
        for type_name, slots in shape.by_type:
            type_ = self._graph.types[type_name]
            entity = aliased(type_.model)
            key = [getattr(entity, attribute) for attribute in type_.key_attributes]
            names = [column("n", BigInteger()), *(column(f"k{index}", value.type) for index, value in enumerate(key))]
            arrays = [bind(slot, ARRAY(unlimited(name.type))) for slot, name in zip(slots, names, strict=True)]
            wanted = func.unnest(*arrays).table_valued(*names).render_derived(name=f"k{rows.site}{type_name}")
            on = and_(*(value == given for value, given in zip(key, list(wanted.c)[1:], strict=True)))
            source = Rows(type_, entity, wanted.join(selectable(entity), on), (), None)
            found.append(self._objects(f"r{rows.site}{type_name}", source, rows.by_type[type_name], (wanted.c.n,)))
        if not found:
            return select(text("[]"))
        all_found = union_all(*found).subquery(f"f{rows.site}")
        series = func.generate_series(literal_column("0"), bind(shape.count, BigInteger()) - literal_column("1"))
        place = series.table_valued("n").render_derived(name=f"n{rows.site}")
        each = func.coalesce(all_found.c.json, text("null"))
        together = func.string_agg(each, aggregate_order_by(literal_column("','"), place.c.n), type_=Text)
        return select(concat(["[", together, "]"])).select_from(place.outerjoin(all_found, all_found.c.n == place.c.n))

    def _objects(
        self, name: str, rows: Rows, members: Sequence[Member], lead: Sequence[ColumnElement[Any]]
    ) -> Select[Any]:
        """Return the JSON of rows as `json`, each on its own, behind leading columns."""
        needed = needs(self._graph, rows.type_, members)
        columns = {need: expression(rows.entity, need[1]) for need in needed if not need[0]}
        source = self._reach(rows.source, rows.type_, columns, needed)
        if not any(lists(members)):
            json = concat(self._json.object(Level(rows.type_, columns), members)).label("json")
            return select(*lead, json).select_from(source).where(*rows.conditions)
        found = select(*lead, *_labelled(columns)).select_from(source).where(*rows.conditions).cte(name)
        level = Level(rows.type_, dict(zip(columns, list(found.c)[len(lead) :], strict=True)))
        source = self._attach(level, found, found, members)
        json = concat(self._json.object(level, members)).label("json")
        return select(*list(found.c)[: len(lead)], json).select_from(source)

    def _list(self, list_: selected.List, keys: FromClause | None) -> Select[Any]:
        """Return the JSON of a list as `json`: one row, or one row a key, with the key's columns first."""
        shape = self._shapes[list_.site]
        if not isinstance(shape, ListShape):
            raise TypeError("a list has the shape of a list")
        parts = take_apart(list_.members)
        heads = self._heads(list_, shape, keys, parts)
        source = keys
        for lateral in dict.fromkeys(value.table for value in heads.values()):
            source = lateral if source is None else source.join(lateral, true())
        for groups in parts.groups:
            grouped = self._groups(list_, shape, groups, keys).cte(f"g{groups.site}")
            on = true() if keys is None else and_(*(key == grouped.c[key.key] for key in keys.c))
            source = grouped if source is None else source.outerjoin(grouped, on)
            heads[groups_name(groups.site)] = func.coalesce(grouped.c.json, text("[]"))
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

    def _groups(
        self, list_: selected.List, shape: ListShape, groups: selected.Groups, keys: FromClause | None
    ) -> Select[Any]:
        """Return the JSON of a list's groups as `json`: one row, or one row a key, with the key's columns first."""
        grouping = self._shapes[groups.site]
        if not isinstance(grouping, Grouping):
            raise TypeError("groups have the shape of a grouping")
        members = _grouped_members(groups.members, grouping.keys)
        type_, aggregates = self._graph.types[list_.target], aggregates_in(members)
        needed = needs(self._graph, type_, members)
        own = [need for need in needed if not need[0]]

        def columns(rows: Rows, by: KeyValues) -> list[ColumnElement[Any]]:
            found = _key_columns(grouping.keys, by)
            made = [_aggregate_json(rows, each) for each in aggregates]
            return [*_named((found[attribute] for _, attribute in own), "c"), *_named(made, "a")]

        rows = self._restricted(list_, shape, keys)
        page = grouped_rows(self._graph, rows, grouping, columns, bind).lateral(f"p{groups.site}")
        values: dict[Needed, ColumnElement[Any]] = {need: page.c[f"c{index}"] for index, need in enumerate(own)}
        joined = self._reach(page if keys is None else keys.join(page, true()), type_, values, needed)
        key_columns, number = [] if keys is None else list(keys.c), page.c.n
        made: Heads = {aggregate_name(each): page.c[f"a{index}"] for index, each in enumerate(aggregates)}
        if any(lists(members)):
            kept = [*key_columns, number, *_named(made.values(), "a"), *_labelled(values)]
            found = select(*kept).select_from(joined).cte(f"r{groups.site}")
            taken: Iterator[Any] = iter(found.c)
            key_columns, number = [next(taken) for _ in key_columns], next(taken)
            made = {name: next(taken) for name in made}
            level = Level(type_, {need: next(taken) for need in values}, aggregates=made)
            joined = self._attach(level, found, found, members)
        else:
            level = Level(type_, values, aggregates=made)
        each = concat(self._json.object(level, members))
        together = func.string_agg(each, aggregate_order_by(literal_column("','"), number), type_=Text)
        json = concat(["[", together, "]"]).label("json")
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
            near: dict[Column[Any], ColumnElement[Any]] = {
                column: columns[path[:-1], key] for column, key in zip(relation.key_columns, relation.keys, strict=True)
            }
            far = [need for need in needed if need[0] == path]
            if relation.is_reference:
                entity = aliased(self._graph.types[relation.target].model)
                table = selectable(entity)
                source = source.outerjoin(table, tie(relation.on, near, table))
                columns.update({need: expression(entity, need[1]) for need in far})
            else:
                rows = rows_of_relation(self._graph, relation, near, source)
                least = rows.values(rows.type_.key_attributes)
                first = (
                    rows.select(*_named(rows.values([need[1] for need in far]), "c"))
                    .order_by(*least)
                    .limit(1)
                    .lateral()
                )
                source = source.outerjoin(first, true())
                columns.update(zip(far, first.c, strict=True))
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


def _grouped_members(members: Sequence[Member], keys: Sequence[GroupKey]) -> tuple[Member, ...]:
    """Return what is selected of a group, with null for what the rows are not grouped by."""
    names = {key.name for key in keys}

    def shown(member: Member) -> Member:
        match member.content:
            case selected.Keys(inner):
                return Member(member.key, selected.Keys(tuple(map(shown, inner))))
            case selected.Value(field) if field.name not in names:
                return Member(member.key, selected.Constant("null"))
            case selected.Object(relation) if relation.name not in names:
                return Member(member.key, selected.Constant("null"))
            case _:
                return member

    return tuple(map(shown, members))


def _key_columns(keys: Sequence[GroupKey], by: KeyValues) -> dict[str, ColumnElement[Any]]:
    """Return the values of keys by attribute; see `key_attribute`."""
    found: dict[str, ColumnElement[Any]] = {}
    for key in keys:
        if key.unit == RELATION:
            found.update(zip(key.attributes, by[key.name], strict=True))
        else:
            found[key_attribute(key.name)] = by[key.name][0]
    return found


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
