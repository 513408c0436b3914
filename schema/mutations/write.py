"""Plan -> statements. All rows of one place of the input are written together, whatever their number.

The order is that of the foreign keys: what a row leads to first, then the row, then what leads to it. Nothing is
looked up that a constraint tells as well, so two requests that race meet in PostgreSQL, and nowhere else.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Executable, and_, delete, insert, not_, select, update
from sqlalchemy import tuple_ as row_of
from sqlalchemy.dialects.postgresql import insert as insert_or

from schema.graph import Graph, Link, ObjectType
from schema.mutations.plan import Children, Reference, Row
from schema.mutations.problems import Path, Problem, Refused, invalid, missing
from schema.mutations.violations import Attempt, Entry, Violated, problem_of
from schema.query.statements import unnest


class Connection(Protocol):
    """A transaction, as writing sees it."""

    async def run(self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None = None) -> Sequence[Any]:
        """Run a statement, with the values of each row where it writes several, and return its rows.

        Raises:
            Violated: PostgreSQL refused it.
            ConflictingWrites: Another transaction stood in its way.
        """


class Writer:
    """Writes the rows of one mutation."""

    def __init__(self, graph: Graph, connection: Connection) -> None:
        """Note where to write."""
        self._graph = graph
        self._connection = connection

    async def _run(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None, attempt: Attempt | None
    ) -> Sequence[Any]:
        """Run a statement, and say what it was refused for in terms of the input."""
        try:
            return await self._connection.run(statement, parameters)
        except Violated as error:
            problem = None if attempt is None else problem_of(self._graph, attempt, error.violation)
            if problem is None:
                raise
            raise Refused([problem]) from error

    async def create(self, rows: Sequence[Row]) -> None:
        """Write new rows of one type, and all that hangs on them.

        Raises:
            Refused: PostgreSQL refused one.
        """
        if not rows:
            return
        await self._lead(rows)
        type_ = rows[0].type_
        columns, key = _columns(type_), [type_.table.c[column.key] for column in type_.table.primary_key]
        shapes: dict[frozenset[str], list[Row]] = {}
        for row in rows:
            shapes.setdefault(frozenset(row.values), []).append(row)
        for shape, group in shapes.items():
            statement = insert(type_.table).returning(*key, sort_by_parameter_order=bool(shape))
            for part in [group] if shape else [[row] for row in group]:
                values = [{columns[attribute].key: value for attribute, value in row.values.items()} for row in part]
                found = await self._run(statement, values if shape else None, _attempt(type_.table, part))
                for row, written in zip(part, found, strict=True):
                    row.key = tuple(written)
        await self._follow(rows)

    async def change(self, row: Row) -> None:
        """Change a row, and all that is said of what hangs on it.

        Raises:
            Refused: It is not there, or PostgreSQL refused a change.
        """
        await self._lead([row])
        type_, table = row.type_, row.type_.table
        columns = _columns(type_)
        is_it = and_(*(columns[each] == value for each, value in zip(type_.key_attributes, row.key, strict=True)))
        if row.values:
            values = {columns[attribute]: value for attribute, value in row.values.items()}
            statement: Executable = update(table).where(is_it).values(values).returning(*table.primary_key)
        else:
            statement = select(*table.primary_key).where(is_it).with_for_update()
        if not await self._run(statement, None, _attempt(table, [row])):
            raise Refused([missing(type_.name, (*row.path, "id"))])
        await self._follow([row])

    async def delete(self, type_: ObjectType, key: Sequence[Any], path: Path) -> None:
        """Delete a row.

        Raises:
            Refused: It is not there, or other rows lead to it.
        """
        columns = _columns(type_)
        is_it = and_(*(columns[each] == value for each, value in zip(type_.key_attributes, key, strict=True)))
        statement = delete(type_.table).where(is_it).returning(*type_.table.primary_key)
        if not await self._run(statement, None, Attempt(type_.table, (), path, is_delete=True)):
            raise Refused([missing(type_.name, path)])

    async def _lead(self, rows: Sequence[Row]) -> None:
        """Find or make what to-one links lead to, and fill in the foreign keys."""
        for link in _links(rows[0].type_):
            name, far = link.relation.name, [far for _, far in link.pairs]
            ends = [(row, row.parents[name]) for row in rows if name in row.parents]
            await self.create([end for _, end in ends if isinstance(end, Row)])
            references = [end for _, end in ends if isinstance(end, Reference)]
            found = await self._resolve(references, far)
            for row, end in ends:
                values = _values_of(end, far) if isinstance(end, Row) else found[end]
                row.values.update(zip((near for near, _ in link.pairs), values, strict=True))

    async def _resolve(
        self, references: Iterable[Reference], wanted: Sequence[str]
    ) -> dict[Reference, tuple[Any, ...]]:
        """Return attributes of rows that are there; those that a reference names itself are not looked up.

        Raises:
            Refused: One is not there.
        """
        found: dict[Reference, tuple[Any, ...]] = {}
        asked: dict[tuple[str, ...], list[Reference]] = {}
        for each in references:
            if set(wanted) <= set(each.key):
                found[each] = tuple(each.values[each.key.index(attribute)] for attribute in wanted)
            else:
                asked.setdefault(each.key, []).append(each)
        for key, group in asked.items():
            columns = _columns(group[0].type_)
            given = unnest([columns[attribute].type for attribute in key], [each.values for each in group])
            on = and_(*(columns[attribute] == given.c[f"k{index}"] for index, attribute in enumerate(key)))
            statement = select(given.c.place, *(columns[attribute] for attribute in wanted)).join(
                group[0].type_.table, on
            )
            for place, *values in await self._run(statement, None, None):
                found[group[place - 1]] = tuple(values)
            _refuse_missing(each for each in group if each not in found)
        return found

    async def _follow(self, rows: Sequence[Row]) -> None:
        """Write what is said of the rows that hang on others."""
        for link in _links(rows[0].type_):
            ends = [(row, row.children[link.relation.name]) for row in rows if link.relation.name in row.children]
            if not ends:
                continue
            if link.pairs:
                await self._follow_directly(link, ends)
            else:
                await self._follow_through(link, ends)

    async def _follow_directly(self, link: Link, ends: Sequence[tuple[Row, Children]]) -> None:
        """Write the far side of a one-to-many link, whose rows hold the key."""
        near, far = [near for near, _ in link.pairs], [far for _, far in link.pairs]
        target = self._graph.types[link.relation.target]
        columns, created = _columns(target), list[Row]()
        for row, children in ends:
            owner = _values_of(row, near)
            is_owned = and_(*(columns[name] == value for name, value in zip(far, owner, strict=True)))
            if children.replaces:
                await self._let_go(target, far, row, is_owned, children)
            for reference in children.disconnected:
                await self._let_one_go(target, far, reference, is_owned)
            for reference in children.deleted:
                statement = delete(target.table).where(_is_named(reference), is_owned)
                await self._one(statement.returning(*target.table.primary_key), reference, is_delete=True)
            for child in children.created:
                child.values.update(zip(far, owner, strict=True))
                created.append(child)
        await self._take_in(target, far, ends, near)
        await self.create(created)

    async def _take_in(
        self, target: ObjectType, far: Sequence[str], ends: Sequence[tuple[Row, Children]], near: Sequence[str]
    ) -> None:
        """Let rows that are there lead to other rows."""
        columns, groups = _columns(target), dict[tuple[str, ...], list[tuple[Row, Reference]]]()
        for row, children in ends:
            for reference in children.connected:
                groups.setdefault(reference.key, []).append((row, reference))
        for key, group in groups.items():
            types = [columns[attribute].type for attribute in (*key, *far)]
            given = unnest(types, [(*reference.values, *_values_of(row, near)) for row, reference in group])
            on = and_(*(columns[attribute] == given.c[f"k{index}"] for index, attribute in enumerate(key)))
            values = {columns[attribute]: given.c[f"k{len(key) + index}"] for index, attribute in enumerate(far)}
            statement = update(target.table).where(on).values(values).returning(given.c.place)
            path = group[0][1].path[:-2]
            entries = [Entry({}, reference.path, {}) for _, reference in group]
            found = {place for (place,) in await self._run(statement, None, Attempt(target.table, entries, path))}
            _refuse_missing(reference for place, (_, reference) in enumerate(group, 1) if place not in found)

    async def _let_go(
        self, target: ObjectType, far: Sequence[str], row: Row, is_owned: ColumnElement[bool], children: Children
    ) -> None:
        """Let go of all rows but those that are connected."""
        columns = _columns(target)
        kept = [not_(_is_named(reference)) for reference in children.connected]
        path = (*row.path, children.link.relation.name, "set")
        if all(columns[attribute].nullable for attribute in far):
            values = {columns[attribute]: None for attribute in far}
            await self._run(update(target.table).where(is_owned, *kept).values(values), None, None)
        elif await self._run(select(*target.table.primary_key).where(is_owned, *kept).limit(1), None, None):
            raise Refused([_must_lead(target, path)])

    async def _let_one_go(
        self, target: ObjectType, far: Sequence[str], reference: Reference, is_owned: ColumnElement[bool]
    ) -> None:
        columns = _columns(target)
        if not all(columns[attribute].nullable for attribute in far):
            raise Refused([_must_lead(target, reference.path)])
        values = {columns[attribute]: None for attribute in far}
        statement = update(target.table).where(_is_named(reference), is_owned).values(values)
        await self._one(statement.returning(*target.table.primary_key), reference)

    async def _one(self, statement: Executable, reference: Reference, *, is_delete: bool = False) -> None:
        attempt = Attempt(reference.type_.table, (), reference.path, is_delete)
        if not await self._run(statement, None, attempt):
            raise Refused([missing(reference.type_.name, reference.path)])

    async def _follow_through(self, link: Link, ends: Sequence[tuple[Row, Children]]) -> None:
        """Write the pairs of an association table."""
        through = link.relation.through
        if through is None:
            raise TypeError("no association table")
        near, far = [attribute for attribute, _ in link.near], [attribute for attribute, _ in link.far]
        await self.create([row for _, children in ends for row in children.created])
        named = [each for _, children in ends for each in (*children.connected, *children.disconnected)]
        found = await self._resolve(named, far)
        pairs: dict[tuple[Any, ...], Path] = {}
        for row, children in ends:
            owner = _values_of(row, near)
            is_owned = and_(*(column == value for (_, column), value in zip(link.near, owner, strict=True)))
            there = row_of(*(column for _, column in link.far))
            kept = [found[each] for each in children.connected]
            if children.replaces:
                others = is_owned if not kept else and_(is_owned, there.not_in(kept))
                await self._run(delete(through).where(others), None, None)
            if children.disconnected:
                gone = [found[each] for each in children.disconnected]
                statement = delete(through).where(is_owned, there.in_(gone)).returning(*(each for _, each in link.far))
                left = {tuple(values) for values in await self._run(statement, None, None)}
                _refuse_missing(each for each in children.disconnected if found[each] not in left)
            pairs |= {(*owner, *found[each]): each.path for each in children.connected}
            pairs |= {(*owner, *_values_of(each, far)): each.path for each in children.created}
        if pairs:
            columns = [column for _, column in (*link.near, *link.far)]
            values = [{column.key: value for column, value in zip(columns, pair, strict=True)} for pair in pairs]
            entries = [
                Entry(each, path, {column.key: path for _, column in link.far})
                for each, path in zip(values, pairs.values(), strict=True)
            ]
            attempt = Attempt(through, entries, ends[0][0].path)
            await self._run(insert_or(through).on_conflict_do_nothing(), values, attempt)


def _columns(type_: ObjectType) -> Mapping[str, Any]:
    if type_.writes is not None:
        return type_.writes.columns
    return {each.attribute: each.column for each in (*type_.fields, *type_.primary_key) if each.column is not None}


def _links(type_: ObjectType) -> Sequence[Link]:
    return type_.writes.links if type_.writes is not None else ()


def _values_of(row: Row, attributes: Sequence[str]) -> tuple[Any, ...]:
    """Return values of a row that was written."""
    key: dict[str, Any] = dict(zip(row.type_.key_attributes, row.key, strict=False))
    return tuple(key[attribute] if attribute in key else row.values[attribute] for attribute in attributes)


def _is_named(reference: Reference) -> ColumnElement[bool]:
    columns = _columns(reference.type_)
    return and_(*(columns[each] == value for each, value in zip(reference.key, reference.values, strict=True)))


def _attempt(table: Any, rows: Sequence[Row]) -> Attempt:
    common = rows[0].path
    while any(row.path[: len(common)] != common for row in rows):
        common = common[:-1]
    return Attempt(table, [_entry(row) for row in rows], common)


def _entry(row: Row) -> Entry:
    columns, places = _columns(row.type_), dict[str, Path]()
    writes = row.type_.writes
    for each in writes.fields if writes is not None else ():
        if each.field.attribute in row.values:
            places[columns[each.field.attribute].name] = (*row.path, each.field.name)
    for link in _links(row.type_):
        end = row.parents.get(link.relation.name)
        if end is not None:
            path = end.path if isinstance(end, Reference) else (*row.path, link.relation.name)
            places |= {columns[near].name: path for near, _ in link.pairs}
    values = {columns[attribute].name: value for attribute, value in row.values.items()}
    return Entry(values, row.path, places)


def _refuse_missing(references: Iterable[Reference]) -> None:
    problems: list[Problem] = [missing(each.type_.name, each.path) for each in references]
    if problems:
        raise Refused(problems)


def _must_lead(target: ObjectType, path: Path) -> Problem:
    return invalid("REQUIRED", f"A {target.name} must lead to a row: let it lead to another one, or delete it.", path)
