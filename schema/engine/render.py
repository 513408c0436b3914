"""Outline and shapes -> one SELECT that returns the answer's JSON as bytes.

Each list is one or two CTEs. The rows of a page are read for the distinct keys of the level above, each key its
own page; a list with lists below it keeps its rows in a CTE of their own, which both the level below (for its
keys) and the text of this level read. The text of a level is put together row by row, folded by `string_agg` for
each key, and joined to the level above. Siblings never meet, so they never multiply.

Nothing is decided here but names: what is selected is in the outline, what it is restricted to in the shapes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
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
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from schema.conditions import aggregate, aggregate_scalar, to_sql
from schema.engine import outline as selected
from schema.engine.arguments import ListShape, RowShape, Shape, Slot
from schema.engine.json import Part, concat, cursor_text, id_parts, text, value_parts
from schema.engine.outline import Member, Outline
from schema.graph import Graph, ObjectType, Relation
from schema.keyset import ahead_of_page, at_or_behind, behind, order_expressions, shown_place, sort_keys
from schema.rows import Rows, expression, rows_of_relation, rows_of_type, selectable, tie

Path = tuple[str, ...]
"""To-one relations that lead from a row to another, by field name."""

Needed = tuple[Path, str]
"""An attribute of the row at the end of a path."""


def slot_name(slot: Slot) -> str:
    """Return the name of the parameter that a slot is bound by."""
    return f"s{slot.site}_{slot.index}"


def bind(value: Any, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """Put a slot into the statement, or a value that decides it."""
    if isinstance(value, Slot):
        return bindparam(slot_name(value), type_=type_)
    return literal(list(value) if isinstance(value, tuple) else value, type_)


def render(graph: Graph, outline: Outline, shapes: Sequence[Shape]) -> Select[Any]:
    """Return the statement of an operation; its one row has one column, the JSON of `data` in UTF-8."""
    renderer = _Renderer(graph, shapes)
    parts: list[Part] = ["{"]
    for index, member in enumerate(outline.members):
        parts.append(f'{"," if index else ""}"{member.key}":')
        parts.append(renderer.root(member.content))
    parts.append("}")
    return select(func.convert_to(concat(parts), literal_column("'UTF8'")).label("data"))


@dataclass(slots=True)
class _Level:
    """A row at hand, whose values are put into JSON."""

    type_: ObjectType
    """Its type."""

    columns: dict[Needed, ColumnElement[Any]]
    """The values at hand."""

    children: dict[int, ColumnElement[str]] = field(default_factory=dict)
    """The JSON of each list below, by site."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is selected of a connection, taken apart."""

    row: tuple[Member, ...]
    """All that is selected of its rows, under `nodes` and under `edges`, for what it needs."""

    has_rows: bool
    """True where rows, or what depends on them, are selected."""

    has_cursors: bool
    """True where cursors are selected."""

    asked: frozenset[str]
    """Names of what is selected of `pageInfo`."""

    aggregates: tuple[selected.Aggregate, ...]
    """The aggregates over the whole list."""


Heads = dict[str, ColumnElement[Any]]
"""What is asked of the whole list, by name."""


@dataclass(frozen=True, slots=True)
class _Fold:
    """What the JSON of a list is put together from."""

    heads: Heads
    """What is asked of the whole list."""

    level: _Level | None
    """The rows; None where none are selected."""

    number: ColumnElement[Any] | None
    """The row's number in its page, from 1; null where the page is empty."""

    places: Sequence[ColumnElement[Any]]
    """The row's values in the order, where cursors are selected."""


class _Renderer:
    def __init__(self, graph: Graph, shapes: Sequence[Shape]) -> None:
        self._graph = graph
        self._shapes = shapes

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
        needed = _needs(self._graph, type_, members)
        columns = {need: expression(rows.entity, need[1]) for need in needed if not need[0]}
        source = self._reach(rows.source, type_, columns, needed)
        if not any(_lists(members)):
            level = _Level(type_, columns)
            return select(concat(self._object(level, members))).select_from(source).where(*rows.conditions)
        found = select(*_labelled(columns)).select_from(source).where(*rows.conditions).cte(f"r{row.site}")
        level = _Level(type_, dict(zip(columns, found.c, strict=True)))
        source = self._attach(level, found, found, members)
        return select(concat(self._object(level, members))).select_from(source)

    def _list(self, list_: selected.List, keys: FromClause | None) -> Select[Any]:
        """Return the JSON of a list as `json`: one row, or one row a key, with the key's columns first."""
        shape = self._shapes[list_.site]
        if not isinstance(shape, ListShape):
            raise TypeError("a list has the shape of a list")
        parts = _take_apart(list_.members)
        heads = self._heads(list_, shape, keys, parts)
        source = keys
        for lateral in dict.fromkeys(column.table for column in heads.values()):
            source = lateral if source is None else source.join(lateral, true())
        if parts.has_rows:
            return self._with_rows(list_, shape, keys, parts, heads, source)
        key_columns: list[ColumnElement[Any]] = [] if keys is None else list(keys.c)
        json = concat(self._connection(list_.members, shape, _Fold(heads, None, None, []))).label("json")
        made = select(*key_columns, json)
        return (made if source is None else made.select_from(source)).group_by(*key_columns)

    def _with_rows(
        self,
        list_: selected.List,
        shape: ListShape,
        keys: FromClause | None,
        parts: _Parts,
        heads: Heads,
        source: FromClause | None,
    ) -> Select[Any]:
        """Return the JSON of a list of which rows are selected."""
        type_ = self._graph.types[list_.target]
        needed = _needs(self._graph, type_, parts.row)
        own = [need for need in needed if not need[0]]
        page = self._page(list_, shape, keys, parts, own)
        columns: dict[Needed, ColumnElement[Any]] = {need: page.c[f"c{index}"] for index, need in enumerate(own)}
        places = [page.c[f"o{index}"] for index in range(len(shape.page.order.terms))] if parts.has_cursors else []
        joined: FromClause = page if source is None else source.join(page, true(), isouter=bool(heads))
        joined = self._reach(joined, type_, columns, needed)
        number: ColumnElement[Any] = page.c.n
        key_columns = [] if keys is None else list(keys.c)
        if any(_lists(parts.row)):
            # Both this level's text and the keys of the levels below read the rows, so they are kept.
            kept = [*key_columns, number, *_named(heads.values(), "h"), *_named(places, "o"), *_labelled(columns)]
            rows = select(*kept).select_from(joined).cte(f"r{list_.site}")
            taken: Iterator[Any] = iter(rows.c)
            key_columns = [next(taken) for _ in key_columns]
            number = next(taken)
            heads = {name: next(taken) for name in heads}
            places = [next(taken) for _ in places]
            level = _Level(type_, {need: next(taken) for need in columns})
            joined = self._attach(level, rows, rows, parts.row)
        else:
            level = _Level(type_, columns)
        json = concat(self._connection(list_.members, shape, _Fold(heads, level, number, places))).label("json")
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

    def _heads(self, list_: selected.List, shape: ListShape, keys: FromClause | None, parts: _Parts) -> Heads:
        """Return what is asked of the whole list, each as the column of a subquery of one row."""
        heads: Heads = {}
        page = shape.page
        if parts.aggregates:
            rows = self._restricted(list_, shape, keys)
            made = [_aggregate_json(rows, each) for each in parts.aggregates]
            whole = rows.select(*_named(made, "a")).lateral(f"w{list_.site}")
            for each, column in zip(parts.aggregates, whole.c, strict=True):
                heads[_aggregate_name(each)] = column
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
        self, list_: selected.List, shape: ListShape, keys: FromClause | None, parts: _Parts, own: Sequence[Needed]
    ) -> FromClause:
        """Return the rows of a page: `c0`, ... what is needed, `o0`, ... the place, and `n`, counted from 1."""
        page = shape.page
        rows, expressions = self._ordered(list_, shape, keys)
        if page.after is not None:
            rows = rows.where(behind(page.order, expressions, page.after, bind))
        if page.before is not None:
            rows = rows.where(behind(page.order.reversed(), expressions, page.before, bind))
        direction = page.order.reversed() if page.is_backward else page.order
        values = _named([expression(rows.entity, attribute) for _, attribute in own], "c")
        places = _named(shown_place(page.order, expressions), "o") if parts.has_cursors else []
        size = bind(page.size, BigInteger())
        limit = size + literal_column("1") if _asks_for_more(parts, shape) else size
        chosen = rows.select(*values, *places, literal_column("1").label("one"))
        chosen = chosen.order_by(*sort_keys(direction, expressions)).limit(limit)
        if page.offset != 0:
            chosen = chosen.offset(bind(page.offset, BigInteger()))
        inner = chosen.subquery(f"q{list_.site}")
        numbered = select(*list(inner.c)[:-1], func.row_number().over().label("n")).select_from(inner)
        return numbered.lateral(f"p{list_.site}")

    def _reach(
        self, source: FromClause, type_: ObjectType, columns: dict[Needed, ColumnElement[Any]], needed: Sequence[Needed]
    ) -> FromClause:
        """Join the rows that paths lead to, and add what is needed of them to the columns at hand."""
        for path in sorted({need[0] for need in needed if need[0]}, key=len):
            relation = _relation_at(self._graph, type_, path)
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

    def _attach(self, level: _Level, rows: FromClause, source: FromClause, members: Sequence[Member]) -> FromClause:
        """Join the JSON of the lists below a level, each made for the different keys among the level's rows."""
        for list_, path in _lists(members):
            if list_.relation is None:
                raise TypeError("a list below a row is a relation's")
            values = [level.columns[path, key] for key in list_.relation.keys]
            labels = [value.label(f"k{index}") for index, value in enumerate(values)]
            wanted = select(*labels).select_from(rows).where(*(value.is_not(None) for value in values)).distinct()
            below = self._list(list_, wanted.subquery(f"k{list_.site}")).cte(f"t{list_.site}")
            pairs = zip(values, below.c, strict=False)
            source = source.outerjoin(below, and_(*(value == key for value, key in pairs)))
            level.children[list_.site] = func.coalesce(below.c.json, text(_plain(list_.members)))
        return source

    # JSON

    def _object(self, level: _Level, members: Sequence[Member], path: Path = ()) -> list[Part]:
        type_ = _type_at(self._graph, level.type_, path)
        parts: list[Part] = ["{"]
        for index, member in enumerate(members):
            parts.append(f'{"," if index else ""}"{member.key}":')
            parts.extend(self._member(level, type_, member.content, path))
        return [*parts, "}"]

    def _member(self, level: _Level, type_: ObjectType, content: selected.Content, path: Path) -> list[Part]:
        match content:
            case selected.Constant(json):
                return [json]
            case selected.Id():
                return id_parts(type_, [level.columns[path, field.attribute] for field in type_.primary_key])
            case selected.Value(field):
                references = self._graph.types[field.references] if field.references else None
                return value_parts(field, level.columns[path, field.attribute], references)
            case selected.Object(relation, members):
                return self._related(level, relation, members, (*path, relation.name))
            case selected.List():
                return [level.children[content.site]]
            case _:
                raise TypeError(f"{content} is no member of a row")

    def _related(self, level: _Level, relation: Relation, members: Sequence[Member], path: Path) -> list[Part]:
        parts = self._object(level, members, path)
        if not relation.is_nullable and len(path) == 1:
            return parts
        key = self._graph.types[relation.target].primary_key[0].attribute
        return [case((level.columns[path, key].is_(None), text("null")), else_=concat(parts))]

    def _connection(self, members: Sequence[Member], shape: ListShape, fold: _Fold) -> list[Part]:
        parts: list[Part] = ["{"]
        for index, member in enumerate(members):
            parts.append(f'{"," if index else ""}"{member.key}":')
            match member.content:
                case selected.Constant(json):
                    parts.append(json)
                case selected.Nodes(inner):
                    parts.extend(["[", self._folded(self._row_json(fold, inner), shape, fold), "]"])
                case selected.Edges(inner):
                    parts.extend(["[", self._folded(self._edge_json(inner, shape, fold), shape, fold), "]"])
                case selected.PageInfo(fields):
                    parts.extend(self._page_info(fields, shape, fold))
                case selected.Aggregate() | selected.Aggregates():
                    parts.extend(_aggregates(member.content, fold.heads))
                case _:
                    raise TypeError(f"{member.content} is no member of a connection")
        return [*parts, "}"]

    def _row_json(self, fold: _Fold, members: Sequence[Member]) -> ColumnElement[str]:
        if fold.level is None:
            raise TypeError("rows are selected, but none are at hand")
        return concat(self._object(fold.level, members))

    def _edge_json(self, members: Sequence[Member], shape: ListShape, fold: _Fold) -> ColumnElement[str]:
        parts: list[Part] = ["{"]
        for index, member in enumerate(members):
            parts.append(f'{"," if index else ""}"{member.key}":')
            match member.content:
                case selected.Constant(json):
                    parts.append(json)
                case selected.Cursor():
                    parts.extend(['"', _cursor(shape, fold), '"'])
                case selected.Node(inner):
                    parts.append(self._row_json(fold, inner))
                case _:
                    raise TypeError(f"{member.content} is no member of an edge")
        return concat([*parts, "}"])

    def _folded(self, row: ColumnElement[str], shape: ListShape, fold: _Fold) -> ColumnElement[str]:
        """Return the JSON of the rows of a page, put together in the list's order."""
        number = _numbered(fold)
        order = number.desc() if shape.page.is_backward else number.asc()
        together = func.string_agg(row, aggregate_order_by(literal_column("','"), order), type_=Text)
        return together.filter(_in_page(shape, fold))

    def _page_info(self, fields: Sequence[tuple[str, str]], shape: ListShape, fold: _Fold) -> list[Part]:
        more = func.count(_numbered(fold)) > bind(shape.page.size, BigInteger())
        ends = {
            "hasNextPage": _is_any(None if shape.page.is_backward else more, fold.heads.get("behind")),
            "hasPreviousPage": _is_any(more if shape.page.is_backward else None, fold.heads.get("ahead")),
        }
        parts: list[Part] = ["{"]
        for index, (key, name) in enumerate(fields):
            parts.append(f'{"," if index else ""}"{key}":')
            if name in ends:
                parts.append(ends[name])
            elif name == "__typename":
                parts.append('"PageInfo"')
            else:
                parts.append(self._end_cursor(shape, fold, is_start=name == "startCursor"))
        return [*parts, "}"]

    def _end_cursor(self, shape: ListShape, fold: _Fold, *, is_start: bool) -> ColumnElement[str]:
        """Return the JSON of the cursor of the first or last row of a page, or null."""
        number = _numbered(fold)
        order = number.asc() if is_start is not shape.page.is_backward else number.desc()
        cursors = func.array_agg(aggregate_order_by(_cursor(shape, fold), order), type_=ARRAY(Text))
        first = cursors.filter(_in_page(shape, fold))[1]
        return func.coalesce(literal_column("'\"'", Text) + first + literal_column("'\"'", Text), text("null"))


def _take_apart(members: Sequence[Member]) -> _Parts:
    row: list[Member] = []
    has_cursors, asked, aggregates = False, set[str](), list[selected.Aggregate]()
    has_rows = False
    for member in members:
        match member.content:
            case selected.Nodes(inner):
                has_rows = True
                row.extend(inner)
            case selected.Edges(inner):
                has_rows = True
                for each in inner:
                    has_cursors = has_cursors or isinstance(each.content, selected.Cursor)
                    if isinstance(each.content, selected.Node):
                        row.extend(each.content.members)
            case selected.PageInfo(fields):
                has_rows = True
                asked.update(name for _, name in fields)
            case selected.Aggregate() | selected.Aggregates():
                aggregates.extend(_flat(member.content))
    has_cursors = has_cursors or bool(asked & {"startCursor", "endCursor"})
    return _Parts(tuple(row), has_rows, has_cursors, frozenset(asked), tuple(dict.fromkeys(aggregates)))


def _flat(content: selected.Content) -> Iterator[selected.Aggregate]:
    match content:
        case selected.Aggregate():
            yield content
        case selected.Aggregates(members):
            for member in members:
                yield from _flat(member.content)


def _asks_for_more(parts: _Parts, shape: ListShape) -> bool:
    """Return whether it has to be known that the list goes on in the direction of reading."""
    return ("hasPreviousPage" if shape.page.is_backward else "hasNextPage") in parts.asked


def _in_page(shape: ListShape, fold: _Fold) -> ColumnElement[bool]:
    """Return the condition that a row is there and not the one behind the page, by which it is known to go on."""
    return _numbered(fold) <= bind(shape.page.size, BigInteger())


def _numbered(fold: _Fold) -> ColumnElement[Any]:
    if fold.number is None:
        raise TypeError("rows are selected, but none are at hand")
    return fold.number


def _cursor(shape: ListShape, fold: _Fold) -> ColumnElement[str]:
    return cursor_text(shape.page.order.name, shape.page.order.scalars, fold.places)


def _is_any(*conditions: ColumnElement[Any] | None) -> ColumnElement[str]:
    """Return `true` or `false` in JSON; a condition of the whole list is the same for all rows of it."""
    given = [
        func.coalesce(func.bool_or(condition), literal_column("false")) if index else condition
        for index, condition in enumerate(conditions)
        if condition is not None
    ]
    return cast(or_(*given), Text) if given else text("false")


def _aggregate_name(content: selected.Aggregate) -> str:
    return f"{content.function}:{content.attribute}"


def _aggregate_json(rows: Rows, content: selected.Aggregate) -> ColumnElement[Any]:
    value = aggregate(rows, content.function, content.attribute)
    if content.function in ("count", "countDistinct"):
        return cast(value, Text)
    field = rows.type_.field_of(content.attribute)
    scalar = aggregate_scalar(content.function, field.scalar)
    return concat(value_parts(replace(field, scalar=scalar, is_nullable=True, references=None), value, None))


def _aggregates(content: selected.Content, heads: Heads) -> list[Part]:
    """Return the JSON of aggregates; each is the same for all rows, so any of them will do: the largest."""
    match content:
        case selected.Constant(json):
            return [json]
        case selected.Aggregate():
            return [func.max(heads[_aggregate_name(content)], type_=Text)]
        case selected.Aggregates(members):
            parts: list[Part] = ["{"]
            for index, member in enumerate(members):
                parts.append(f'{"," if index else ""}"{member.key}":')
                parts.extend(_aggregates(member.content, heads))
            return [*parts, "}"]
        case _:
            raise TypeError(f"{content} is no aggregate")


def _plain(members: Sequence[Member]) -> str:
    """Return the JSON of a list of which nothing was read, since its parent has no rows in it."""
    pieces = []
    for member in members:
        match member.content:
            case selected.Constant(json):
                value = json
            case selected.Nodes() | selected.Edges():
                value = "[]"
            case selected.PageInfo(fields):
                known = {"hasNextPage": "false", "hasPreviousPage": "false", "__typename": '"PageInfo"'}
                value = "{" + ",".join(f'"{key}":{known.get(name, "null")}' for key, name in fields) + "}"
            case selected.Aggregate(function):
                value = "0" if function.startswith("count") else "null"
            case selected.Aggregates(inner):
                value = _plain(inner)
            case _:
                raise TypeError(f"{member.content} is no member of a connection")
        pieces.append(f'"{member.key}":{value}')
    return "{" + ",".join(pieces) + "}"


def _needs(graph: Graph, type_: ObjectType, members: Sequence[Member]) -> list[Needed]:
    """Return the attributes that members need, in a fixed order."""
    return sorted(set(_needed(graph, type_, members, ())))


def _needed(graph: Graph, type_: ObjectType, members: Sequence[Member], path: Path) -> Iterator[Needed]:
    for member in members:
        match member.content:
            case selected.Id():
                yield from ((path, field.attribute) for field in type_.primary_key)
            case selected.Value(field):
                yield path, field.attribute
            case selected.List(relation=Relation() as relation):
                yield from ((path, key) for key in relation.keys)
            case selected.Object(relation, inner):
                target, below = graph.types[relation.target], (*path, relation.name)
                yield from ((path, key) for key in relation.keys)
                yield below, target.primary_key[0].attribute
                yield from _needed(graph, target, inner, below)


def _lists(members: Sequence[Member], path: Path = ()) -> Iterator[tuple[selected.List, Path]]:
    """Yield the lists below a row, each with the path to the row that it is a list of."""
    for member in members:
        match member.content:
            case selected.List():
                yield member.content, path
            case selected.Object(relation, inner):
                yield from _lists(inner, (*path, relation.name))


def _relation_at(graph: Graph, type_: ObjectType, path: Path) -> Relation:
    relation = graph.relation((type_.name, path[0]))
    return relation if len(path) == 1 else _relation_at(graph, graph.types[relation.target], path[1:])


def _type_at(graph: Graph, type_: ObjectType, path: Path) -> ObjectType:
    return graph.types[_relation_at(graph, type_, path).target] if path else type_


def _labelled(columns: dict[Needed, ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return _named(columns.values(), "c")


def _named(columns: Iterable[ColumnElement[Any]], letter: str) -> list[ColumnElement[Any]]:
    return [column.label(f"{letter}{index}") for index, column in enumerate(columns)]
