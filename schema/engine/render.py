"""Outline and shapes -> one SELECT that returns the answer's JSON as bytes.

Each list is one or two CTEs. The rows of a page are read for the distinct keys of the level above, each key its
own page; a list with lists below it keeps its rows in a CTE of their own, which both the level below (for its
keys) and the text of this level read. The text of a level is put together row by row, folded by `string_agg` for
each key, and joined to the level above. Siblings never meet, so they never multiply.

Nothing is decided here but names: what is selected is in the outline, what it is restricted to in the shapes.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

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
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import UserDefinedType

from schema.engine import outline as selected
from schema.engine.arguments import ListShape, RowShape, RowsShape, Shape, WrittenShape, bind
from schema.engine.created import new_row
from schema.engine.json import Part, concat, merged, text
from schema.engine.outline import Member, Outline
from schema.engine.pages import Keys, ListReader, asks_for_more, folded, places_of, reads_page
from schema.engine.taken import (
    Needed,
    Parts,
    aggregates_in,
    has_own_rows,
    is_beside,
    lists,
    needs,
    relation_at,
    shares,
    take_apart,
)
from schema.engine.text import Fold, Heads, JsonWriter, Level, aggregate_name, empty_list, groups_name
from schema.graph import Graph, ObjectType
from schema.query.requests import Grouping, GroupKey
from schema.query.rows import (
    Rows,
    entity_of,
    expression,
    home_of,
    labelled,
    rows_of_relation,
    rows_of_type,
    selectable,
    tie,
    unlimited,
)


class _Piece(UserDefinedType[bytes]):
    """BPCHAR without a length: text under another name, which the connection hands over as the bytes that it is.

    See `schema.context.Database.fetch_bytes`. To make bytes of a text would copy it once more.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return its name in SQL."""
        return "BPCHAR"


MOST_PIECES: Final = 50
"""Most columns of a statement."""


def render(graph: Graph, outline: Outline, shapes: Sequence[Shape]) -> Select[Any]:
    """Return the statement of an operation; the columns of its one row, put together, are the JSON of `data`.

    A column is a piece of the JSON, and nothing where it is null. PostgreSQL copies a long text several times to put
    another before it, which for a list of a thousand rows takes as long as reading them.
    """
    return pieces(_Renderer(graph, shapes).whole(outline.members))


def pieces(whole: tuple[Sequence[Part], FromClause | None]) -> Select[Any]:
    """Return the SELECT of a JSON text in pieces, and in one piece where there would be too many."""
    parts, source = merged(whole[0]), whole[1]
    if len(parts) > MOST_PIECES:
        parts = [concat(parts)]
    columns: list[Any] = [cast(part, _Piece()).label(f"j{index}") for index, part in enumerate(parts)]
    made = select(*columns)
    return made if source is None else made.select_from(source)


class _Renderer:
    def __init__(self, graph: Graph, shapes: Sequence[Shape]) -> None:
        self._graph = graph
        self._shapes = shapes
        self._json = JsonWriter(graph)

    def whole(self, members: Sequence[Member]) -> tuple[list[Part], FromClause | None]:
        """Return the JSON of `data`, and what it is read from."""
        if len(members) == 1 and isinstance(list_ := members[0].content, selected.List) and not shares(list_):
            parts, source = self._connection(list_, None)
            return ['{"', members[0].key, '":', *parts, "}"], source
        return self.object(members), None

    def object(self, members: Sequence[Member]) -> list[Part]:
        """Return the JSON of an object whose fields stand by themselves: `data`, or a payload."""
        parts: list[Part] = ["{"]
        for index, member in enumerate(members):
            parts.append(f'{"," if index else ""}"{member.key}":')
            parts.append(self._standing(member.content))
        return [*parts, "}"]

    def _standing(self, content: selected.Content) -> Part:
        match content:
            case selected.Constant(json):
                return json
            case selected.Row():
                return func.coalesce(self._row(content).scalar_subquery(), text("null"))
            case selected.Rows():
                return self._rows(content).scalar_subquery()
            case selected.Written(members):
                return concat(self.object(members))
            case selected.List():
                return self._list_by_key(content, None).scalar_subquery()
            case _:
                raise TypeError(f"{content} is no root field")

    def _row(self, row: selected.Row) -> Select[Any]:
        """Return the JSON of the row that a key names, or that is written: no row where there is none."""
        shape = self._shapes[row.site]
        if isinstance(shape, WrittenShape):
            written = new_row(self._graph.types[shape.type_name])
            return self._objects(f"r{row.site}", written, row.by_type[shape.type_name], ())
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
            entity = entity_of(type_)
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
        self,
        name: str,
        rows: Rows,
        members: Sequence[Member],
        lead: Sequence[ColumnElement[Any]],
    ) -> Select[Any]:
        """Return the JSON of rows as `json`, each on its own, behind leading columns; without these, of one row."""
        needed, is_single = needs(self._graph, rows.type_, members), not lead
        columns = {need: expression(rows.entity, need[1]) for need in needed if not need[0]}
        source = self._reach(rows.source, rows.type_, columns, needed)
        level, conditions, kept = Level(rows.type_, columns), rows.conditions, None
        if not all(is_beside(each, path, is_unique=True, is_single=is_single) for each, path in lists(members)):
            kept = select(*lead, *labelled(columns.values(), "c")).select_from(source).where(*conditions).cte(name)
            level = Level(rows.type_, dict(zip(columns, list(kept.c)[len(lead) :], strict=True)))
            source, conditions, lead = kept, (), list(kept.c)[: len(lead)]
        source = self._attach(level, source, members, kept, is_unique=True, is_single=is_single)
        json = concat(self._json.object(level, members)).label("json")
        return select(*lead, json).select_from(source).where(*conditions)

    def _list(self, list_: selected.List, keys: Keys | None) -> Select[Any]:
        """Return the JSON of a list as `json`, for the row beside which it stands: always one row."""
        made, source = self._connection(list_, keys)
        json = concat(made).label("json")
        return select(json) if source is None else select(json).select_from(source)

    def _connection(self, list_: selected.List, keys: Keys | None) -> tuple[list[Part], FromClause | None]:
        """Return the JSON of a list for the row beside which it stands, and what it is read from."""
        shape, parts = self._list_shape(list_), take_apart(list_.members)
        reader = ListReader(self._graph, list_, shape, keys)
        source, heads = self._heads(reader, parts, None)
        rows = None
        if reads_page(parts, shape):
            page, level, joined = self._page(reader, parts, source, is_numbered=asks_for_more(parts, shape))
            source = self._attach(level, joined, parts.row, None, is_unique=True)
            rows = folded(shape, parts, page, level, has_heads=bool(heads))
        return self._json.connection(list_.members, shape, Fold(heads, rows)), source

    def _list_by_key(self, list_: selected.List, wanted: FromClause | None) -> Select[Any]:
        """Return the JSON of a list for all parents at once: a row for each, with its key first; `json` is last."""
        if not shares(list_):
            if wanted is None:
                return self._list(list_, None)
            below = self._list(list_, Keys(list(wanted.c), wanted)).lateral(f"l{list_.site}")
            return select(*wanted.c, below.c.json).select_from(wanted.join(below, true()))
        shape, parts = self._list_shape(list_), take_apart(list_.members)
        reader = ListReader(self._graph, list_, shape, None if wanted is None else Keys(list(wanted.c), wanted))
        source, heads = self._heads(reader, parts, wanted)
        key_columns: list[ColumnElement[Any]] = [] if wanted is None else list(wanted.c)
        rows = None
        if reads_page(parts, shape):
            page, level, joined = self._page(reader, parts, source, is_numbered=True)
            # Both this level's text and the keys of the levels below read the rows, so they are kept.
            columns = list(level.columns.values())
            kept = [*key_columns, page.c.n, *labelled(heads.values(), "h"), *places_of(page), *labelled(columns, "c")]
            cte = select(*kept).select_from(joined).cte(f"r{list_.site}")
            taken: Iterator[Any] = iter(cte.c)
            key_columns = [next(taken) for _ in (*key_columns, page.c.n)][:-1]
            heads = {name: next(taken) for name in heads}
            for _ in places_of(page):
                next(taken)
            level = Level(reader.type_, {need: next(taken) for need in level.columns})
            source = self._attach(level, cte, parts.row, cte, is_unique=has_own_rows(list_))
            rows = folded(shape, parts, cte, level, has_heads=bool(heads))
        json = concat(self._json.connection(list_.members, shape, Fold(heads, rows))).label("json")
        made = select(*key_columns, json)
        return (made if source is None else made.select_from(source)).group_by(*key_columns)

    def _list_shape(self, list_: selected.List) -> ListShape:
        shape = self._shapes[list_.site]
        if not isinstance(shape, ListShape):
            raise TypeError("a list has the shape of a list")
        return shape

    def _heads(self, reader: ListReader, parts: Parts, wanted: FromClause | None) -> tuple[FromClause | None, Heads]:
        """Join what is asked of the whole list; return the source, and the columns by name."""
        source, heads = wanted, reader.heads(parts)
        for head in dict.fromkeys(value.table for value in heads.values()):
            source = head if source is None else source.join(head, true())
        for groups in parts.groups:
            made = self._groups(reader, groups, wanted)
            if wanted is None:
                whole: FromClause = made.lateral(f"g{groups.site}")
                source = whole if source is None else source.join(whole, true())
            else:
                whole = made.cte(f"g{groups.site}")
                on = and_(*(key == whole.c[key.key] for key in wanted.c))
                source = whole if source is None else source.outerjoin(whole, on)
            heads[groups_name(groups.site)] = func.coalesce(whole.c.json, text("[]"))
        return source, heads

    def _page(
        self, reader: ListReader, parts: Parts, source: FromClause | None, *, is_numbered: bool
    ) -> tuple[FromClause, Level, FromClause]:
        """Return the page of a list, a row of it with all that is needed, and both joined with what is there."""
        needed = needs(self._graph, reader.type_, parts.row)
        own = [need for need in needed if not need[0]]
        page = reader.page(parts, own, is_numbered=is_numbered)
        columns: dict[Needed, ColumnElement[Any]] = {need: page.c[f"c{index}"] for index, need in enumerate(own)}
        has_heads = source is not None and source is not reader.wanted
        joined = page if source is None else source.join(page, true(), isouter=has_heads)
        joined = self._reach(joined, reader.type_, columns, needed)
        return page, Level(reader.type_, columns), joined

    def _groups(self, reader: ListReader, groups: selected.Groups, wanted: FromClause | None) -> Select[Any]:
        """Return the JSON of a list's groups as `json`, a row for each parent, with its key first."""
        grouping = self._shapes[groups.site]
        if not isinstance(grouping, Grouping):
            raise TypeError("groups have the shape of a grouping")
        members = _grouped_members(groups.members, grouping.keys)
        aggregates, needed = aggregates_in(members), needs(self._graph, reader.type_, members)
        own = [need for need in needed if not need[0]]
        page = reader.groups(groups.site, grouping, own, aggregates)
        values: dict[Needed, ColumnElement[Any]] = {need: page.c[f"c{index}"] for index, need in enumerate(own)}
        joined = self._reach(page if wanted is None else wanted.join(page, true()), reader.type_, values, needed)
        key_columns: list[ColumnElement[Any]] = [] if wanted is None else list(wanted.c)
        number = page.c.n
        made: Heads = {aggregate_name(each): page.c[f"a{index}"] for index, each in enumerate(aggregates)}
        level = Level(reader.type_, values, aggregates=made)
        if any(lists(members)):
            kept = [*key_columns, number, *labelled(made.values(), "a"), *labelled(values.values(), "c")]
            cte = select(*kept).select_from(joined).cte(f"r{groups.site}")
            taken: Iterator[Any] = iter(cte.c)
            key_columns, number = [next(taken) for _ in key_columns], next(taken)
            made = {name: next(taken) for name in made}
            level = Level(reader.type_, {need: next(taken) for need in values}, aggregates=made)
            joined = self._attach(level, cte, members, cte, is_unique=False)
        each = concat(self._json.object(level, members))
        together = func.string_agg(each, aggregate_order_by(literal_column("','"), number), type_=Text)
        json = concat(["[", together, "]"]).label("json")
        return select(*key_columns, json).select_from(joined).group_by(*key_columns)

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
                entity = entity_of(self._graph.types[relation.target])
                table = selectable(entity)
                source = source.outerjoin(table, tie(relation.on, near, table))
                columns.update({need: expression(entity, need[1]) for need in far})
            else:
                rows = rows_of_relation(self._graph, relation, near, home_of(next(iter(near.values()))))
                least = rows.values(rows.type_.key_attributes)
                first = (
                    rows.select(*labelled(rows.values([need[1] for need in far]), "c"))
                    .order_by(*least)
                    .limit(1)
                    .lateral()
                )
                source = source.outerjoin(first, true())
                columns.update(zip(far, first.c, strict=True))
        return source

    def _attach(
        self,
        level: Level,
        source: FromClause,
        members: Sequence[Member],
        rows: FromClause | None,
        *,
        is_unique: bool,
        is_single: bool = False,
    ) -> FromClause:
        """Join the JSON of the lists below a level.

        A list whose parents differ from row to row is read beside its row. Where rows may share a parent, it is read
        once for each different one among them.

        Args:
            level: A row.
            source: What the row is in, joined.
            members: What is selected of it.
            rows: The rows, kept; None where all lists are read beside them.
            is_unique: True where no row is there twice.
            is_single: True where there is one row.
        """
        for list_, path in lists(members):
            if list_.relation is None:
                raise TypeError("a list below a row is a relation's")
            values = [level.columns[path, key] for key in list_.relation.keys]
            if is_beside(list_, path, is_unique=is_unique, is_single=is_single):
                below: FromClause = self._list(list_, Keys(values, home_of(values[0]))).lateral(f"t{list_.site}")
                source = source.join(below, true())
                level.children[list_.site] = below.c.json
                continue
            if rows is None:
                raise TypeError("rows that may share a parent are kept")
            labels = [value.label(f"k{index}") for index, value in enumerate(values)]
            wanted = select(*labels).select_from(rows).where(*(value.is_not(None) for value in values)).distinct()
            below = self._list_by_key(list_, wanted.subquery(f"k{list_.site}")).cte(f"t{list_.site}")
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
