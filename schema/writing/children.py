"""Writes what hangs on rows: the far side of one-to-many links, and the pairs of association tables."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, not_, select, update
from sqlalchemy import tuple_ as row_of
from sqlalchemy.dialects.postgresql import insert as insert_or

from schema.audit import Action
from schema.graph import Link, ObjectType
from schema.query.rows import entity_of, hides_rows, masks_of
from schema.query.statements import unnest
from schema.writing.plan import Children, Reference, Row
from schema.writing.problems import Path, Problem, Refused, invalid
from schema.writing.rows import TOGETHER, columns_of, is_named, links_of, parts_of, refuse_missing, values_of
from schema.writing.run import Runner
from schema.writing.violations import Attempt, Entry


class ChildWriter:
    """Writes the to-many links of rows that are there."""

    def __init__(
        self,
        runner: Runner,
        create: Callable[[Sequence[Row]], Awaitable[None]],
        change: Callable[[Row, Path], Awaitable[None]],
    ) -> None:
        """Note how statements are run, and how new rows and changes are written."""
        self._runner = runner
        self._create = create
        self._change = change

    async def write(self, rows: Sequence[Row]) -> None:
        """Write all that is said of the to-many links of rows of one type.

        Raises:
            Refused: A row that is named is not there, or PostgreSQL refused one.
        """
        for link in links_of(rows[0].type_):
            ends = [(row, row.children[link.relation.name]) for row in rows if link.relation.name in row.children]
            if ends:
                for row, children in ends:
                    await self._change_all(link, row, children)
                await (self._directly if link.pairs else self._through)(link, await self._taken(ends))

    async def _change_all(self, link: Link, row: Row, children: Children) -> None:
        """Change rows that hang on a row."""
        target = self._runner.graph.types[link.relation.target]
        columns = columns_of(target)
        key = [columns[attribute] for attribute in target.key_attributes]
        for change in children.changed:
            path = (*change.path, "id") if change.key else change.path
            is_it = [column == value for column, value in zip(key, change.key, strict=False)]
            found = await self._runner.run(select(*key).where(_hangs_on(link, row, columns), *is_it), None, None)
            refuse_missing([] if found else [Reference(target, (), (), path)])
            change.key = tuple(found[0])
            await self._change(change, path)

    async def _taken(self, ends: Sequence[tuple[Row, Children]]) -> Sequence[tuple[Row, Children]]:
        """Look for the rows that are taken where they are there and made where they are not."""
        sought = [each for _, children in ends for each in children.sought]
        if not sought:
            return ends
        found, known = iter(await self._runner.take(sought)), list[tuple[Row, Children]]()
        for row, children in ends:
            taken = [next(found) for _ in children.sought]
            made = {id(each): each for each in taken if isinstance(each, Row)}
            there = [each for each in taken if isinstance(each, Reference)]
            connected, created = (*children.connected, *there), (*children.created, *made.values())
            known.append((row, replace(children, connected=connected, created=created)))
        return known

    async def _directly(self, link: Link, ends: Sequence[tuple[Row, Children]]) -> None:
        """Write the far side of a one-to-many link, whose rows hold the key."""
        near, far = [near for near, _ in link.pairs], [far for _, far in link.pairs]
        target = self._runner.graph.types[link.relation.target]
        columns, created = columns_of(target), list[Row]()
        for row, children in ends:
            owner = values_of(row, near)
            is_owned = and_(*(columns[name] == value for name, value in zip(far, owner, strict=True)))
            if children.replaces:
                await self._let_go(target, far, row, is_owned, children)
            for reference in children.disconnected:
                await self._let_one_go(target, far, reference, is_owned)
            may = self._runner.guard.editable(target, "delete")
            if children.is_emptied:
                all_ = delete(target.table).where(is_owned, *may).returning(*target.table.primary_key)
                await self._runner.check_before(target, "delete", [is_owned], (*row.path, link.relation.name))
                there = Reference(target, (), (), (*row.path, link.relation.name, "delete"))
                self._note(target, "delete", await self._runner.one(all_, there, [is_owned], is_delete=True))
            for reference in children.deleted:
                is_it = [*self._runner.guard.named(reference), is_owned]
                statement = delete(target.table).where(*is_it, *may)
                await self._runner.check_before(target, "delete", is_it, reference.path)
                gone = statement.returning(*target.table.primary_key)
                self._note(target, "delete", await self._runner.one(gone, reference, is_it, is_delete=True))
            for child in children.created:
                child.values.update(zip(far, owner, strict=True))
                created.append(child)
        await self._take_in(target, far, ends, near)
        await self._create(created)

    async def _take_in(
        self, target: ObjectType, far: Sequence[str], ends: Sequence[tuple[Row, Children]], near: Sequence[str]
    ) -> None:
        """Let rows that are there lead to other rows."""
        columns, groups = columns_of(target), dict[tuple[str, ...], list[tuple[Row, Reference]]]()
        for row, children in ends:
            for reference in children.connected:
                groups.setdefault(reference.key, []).append((row, reference))
        for key, group in groups.items():
            types = [columns[attribute].type for attribute in (*key, *far)]
            given = unnest(types, [(*reference.values, *values_of(row, near)) for row, reference in group])
            on = and_(*(columns[attribute] == given.c[f"k{index}"] for index, attribute in enumerate(key)))
            values = {columns[attribute]: given.c[f"k{len(key) + index}"] for index, attribute in enumerate(far)}
            guard = self._runner.guard
            may = [
                *guard.editable(target, "update", far),
                *(is_seen(target.model) for is_seen in masks_of(target, key)),
            ]
            statement = update(target.table).where(on, *may).values(values)
            statement = statement.returning(given.c.place, *target.table.primary_key)
            path = group[0][1].path[:-2]
            for _, reference in group if may else ():
                await self._runner.check_before(target, "update", guard.named(reference), reference.path, far)
            entries = [Entry({}, reference.path, {}) for _, reference in group]
            told = await self._runner.run(statement, None, Attempt(target.table, entries, path))
            found, taken = {place for place, *_ in told}, [tuple(key) for _, *key in told]
            await self._runner.refuse_unwritten(
                [reference for place, (_, reference) in enumerate(group, 1) if place not in found]
            )
            self._note(target, "update", taken, far)
            for _, reference in group if may else ():
                await self._runner.check_after(target, "update", is_named(reference), reference.path)

    async def _let_go(
        self, target: ObjectType, far: Sequence[str], row: Row, is_owned: ColumnElement[bool], children: Children
    ) -> None:
        """Let go of all rows but those that are connected."""
        columns = columns_of(target)
        kept = [not_(is_named(reference)) for reference in children.connected]
        relation = children.link.relation
        path = (*row.path, relation.name, "set") if relation.is_list else (*row.path, relation.name)
        guard = self._runner.guard
        gone, may = [is_owned, *kept, *guard.editable(target)], guard.editable(target, "update", far)
        await self._runner.check_before(target, "update", gone, path, far)
        if all(columns[attribute].nullable for attribute in far):
            values = {columns[attribute]: None for attribute in far}
            let_go = update(target.table).where(*gone, *may).values(values).returning(*target.table.primary_key)
            self._note(target, "update", await self._runner.run(let_go, None, None), far)
        elif await self._runner.run(select(*target.table.primary_key).where(*gone).limit(1), None, None):
            raise Refused([_must_lead(target, path)])

    async def _let_one_go(
        self, target: ObjectType, far: Sequence[str], reference: Reference, is_owned: ColumnElement[bool]
    ) -> None:
        columns = columns_of(target)
        if not all(columns[attribute].nullable for attribute in far):
            raise Refused([_must_lead(target, reference.path)])
        values = {columns[attribute]: None for attribute in far}
        is_it = [*self._runner.guard.named(reference), is_owned]
        await self._runner.check_before(target, "update", is_it, reference.path, far)
        may = self._runner.guard.editable(target, "update", far)
        statement = update(target.table).where(*is_it, *may).values(values)
        let_go = statement.returning(*target.table.primary_key)
        self._note(target, "update", await self._runner.one(let_go, reference, is_it), far)

    def _note(self, target: ObjectType, action: Action, rows: Sequence[Any], attributes: Sequence[str] = ()) -> None:
        """Note rows that were written, by their keys."""
        self._runner.notes.add(target, action, [tuple(row) for row in rows], attributes)

    async def _through(self, link: Link, ends: Sequence[tuple[Row, Children]]) -> None:
        """Write the pairs of an association table."""
        through = link.relation.through
        if through is None:
            raise TypeError("no association table")
        near, far = [attribute for attribute, _ in link.near], [attribute for attribute, _ in link.far]
        await self._create([row for _, children in ends for row in children.created])
        named = [each for _, children in ends for each in (*children.connected, *children.disconnected)]
        found = await self._runner.resolve(named, far)
        pairs: dict[tuple[Any, ...], Path] = {}
        for row, children in ends:
            owner = values_of(row, near)
            is_owned = and_(*(column == value for (_, column), value in zip(link.near, owner, strict=True)))
            there = row_of(*(column for _, column in link.far))
            kept = [found[each] for each in children.connected]
            if children.replaces:
                others = [is_owned, *([there.not_in(kept)] if kept else ()), *self._is_seen(link, there)]
                await self._runner.run(delete(through).where(*others), None, None)
            if children.disconnected:
                gone = [found[each] for each in children.disconnected]
                statement = delete(through).where(is_owned, there.in_(gone)).returning(*(each for _, each in link.far))
                left = {tuple(values) for values in await self._runner.run(statement, None, None)}
                refuse_missing(each for each in children.disconnected if found[each] not in left)
            pairs |= {(*owner, *found[each]): each.path for each in children.connected}
            pairs |= {(*owner, *values_of(each, far)): each.path for each in children.created}
        if pairs:
            columns = [column for _, column in (*link.near, *link.far)]
            values = [{column.key: value for column, value in zip(columns, pair, strict=True)} for pair in pairs]
            entries = [
                Entry(each, path, {column.key: path for _, column in link.far})
                for each, path in zip(values, pairs.values(), strict=True)
            ]
            paired = insert_or(through).on_conflict_do_nothing()
            for some, told in zip(parts_of(values, TOGETHER), parts_of(entries, TOGETHER), strict=True):
                await self._runner.run(paired, some, Attempt(through, told, ends[0][0].path))
        self._note(ends[0][0].type_, "update", [row.key for row, _ in ends], [link.relation.name])

    def _is_seen(self, link: Link, there: Any) -> list[ColumnElement[bool]]:
        """Return the condition that a pair leads to a row that the caller sees."""
        target = self._runner.graph.types[link.relation.target]
        if not hides_rows(target):
            return []
        entity = entity_of(target)
        return [there.in_(select(*(getattr(entity, far) for far, _ in link.far)))]


def _hangs_on(link: Link, row: Row, columns: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return whether a row is at the other end of a link of a row."""
    if link.pairs:
        owner = values_of(row, [near for near, _ in link.pairs])
        return and_(*(columns[far] == value for (_, far), value in zip(link.pairs, owner, strict=True)))
    owner = values_of(row, [near for near, _ in link.near])
    is_pair = [column == value for (_, column), value in zip(link.near, owner, strict=True)]
    return exists().where(*is_pair, *(column == columns[far] for far, column in link.far))


def _must_lead(target: ObjectType, path: Path) -> Problem:
    return invalid("REQUIRED", f"A {target.name} must lead to a row: let it lead to another one, or delete it.", path)
