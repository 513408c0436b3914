"""Plan -> statements. All rows of one place of the input are written together, whatever their number.

The order is that of the foreign keys: what a row leads to first, then the row, then what leads to it. Nothing is
looked up that a constraint tells as well, so two requests that race meet in PostgreSQL, and nowhere else.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn

from sqlalchemy import ColumnElement, Delete, Executable, Update, and_, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from schema.graph import Field, Link, ObjectType
from schema.query.conditions import restrict
from schema.query.filters import Condition
from schema.query.rows import hides_rows, masks_of, rows_of_type
from schema.writing.children import ChildWriter
from schema.writing.guard import Guard, Kind, forbidden
from schema.writing.plan import Reference, Row
from schema.writing.problems import Path, Problem, Refused, invalid, missing, unwritten
from schema.writing.rows import (
    TOGETHER,
    as_values,
    attempt_of,
    columns_of,
    is_one_of,
    links_of,
    many_values,
    next_version,
    parts_of,
    take_told,
    told_of,
    values_of,
)
from schema.writing.run import Connection, Runner
from schema.writing.violations import Attempt

TAKEN: Final = "There is another {} with the same unique key."
"""Said of a row that is there and that the caller does not see."""


class Writer:
    """Writes the rows of one mutation."""

    def __init__(self, guard: Guard, connection: Connection, *, is_careful: bool = False) -> None:
        """Note for whom and where to write, and whether the row that is refused is looked for; see `Unclear`."""
        self._guard = guard
        self._runner = Runner(guard, connection, is_careful=is_careful)
        self.notes = self._runner.notes
        """What was written."""
        self._children = ChildWriter(self._runner, self.create, self.change)

    async def create(self, rows: Sequence[Row]) -> None:
        """Write new rows of one type, and all that hangs on them.

        Raises:
            Refused: PostgreSQL refused one.
        """
        if not rows:
            return
        rows = list({id(row): row for row in rows}.values())  # one that several lead to is made once
        await self._lead(rows)
        await self._insert(rows)
        await self._children.write(rows)

    async def _insert(self, rows: Sequence[Row]) -> None:
        """Write new rows, and see that they are such as the caller may create."""
        table = rows[0].type_.table
        told = told_of(rows)
        for shape, group in _by_shape(rows):
            statement = insert(table).returning(*told.values(), sort_by_parameter_order=bool(shape))
            for part in parts_of(group, TOGETHER if shape else 1):
                values, given = many_values(rows[0].type_, shape, part)
                attempt = attempt_of(table, part, is_new=True, is_told=True)
                whole = statement.values(values) if values or not shape else statement
                found = await self._runner.run(whole, given if shape else None, attempt)
                for row, written in zip(part, found, strict=True):
                    take_told(row, told, written)
                await self._check_new(part)
                self.notes.add(rows[0].type_, "create", [row.key for row in part], shape)

    async def _check_new(self, rows: Sequence[Row], kind: Kind = "create") -> None:
        """Refuse rows that were written and that the caller may not see, or not write so; the first one is named."""
        if not rows or not self._guard.is_guarded(rows[0].type_, kind):
            return
        type_ = rows[0].type_
        path = attempt_of(type_.table, rows).path
        try:
            await self._runner.check_after(type_, kind, is_one_of(type_, [row.key for row in rows]), path)
        except Refused:
            for row in rows:
                await self._runner.check_after(type_, kind, is_one_of(type_, [row.key]), row.path)
            raise

    async def upsert(self, rows: Sequence[Row], key: Sequence[Field]) -> None:
        """Write rows of one type, changing those that are there already under a unique key.

        Raises:
            Refused: PostgreSQL refused one.
        """
        if not rows:
            return
        await self._lead(rows)
        named = [field.attribute for field in key]
        before = await self._there_before(rows, named)
        if before is None:
            await self._insert_or_change(rows, named)
        else:
            new = [row for row in rows if id(row) not in before]
            for row in new:
                row.by = tuple(named)  # another may be faster; the mutation is run again then, and finds the row
            if new:
                await self._insert(new)
            if before:
                await self._insert_or_change([*before.values()], named, is_there=True)
                await self._check_new([*before.values()], "update")
        await self._children.write(rows)

    async def _insert_or_change(self, rows: Sequence[Row], named: Sequence[str], *, is_there: bool = False) -> None:
        """Write rows, of which some may be there already, and fill in what is known of them then."""
        for part in parts_of(rows, TOGETHER):
            await self._insert_or_change_some(part, named, is_there=is_there)

    async def _insert_or_change_some(self, rows: Sequence[Row], named: Sequence[str], *, is_there: bool) -> None:
        type_, table, columns = rows[0].type_, rows[0].type_.table, columns_of(rows[0].type_)
        for shape, group in _by_shape(rows):
            values, given = many_values(type_, shape, group)
            statement = insert_or(table).values(values) if values else insert_or(table)
            changed = (
                sorted(shape - _fixed(type_) - set(named)) or named[:1]
            )  # something has to, for the row to be told
            new = {columns[attribute].key: statement.excluded[columns[attribute].key] for attribute in changed}
            elements = [columns[attribute] for attribute in named]
            new |= {column.key: value for column, value in next_version(type_).items()}
            may = self._guard.editable(type_, "update", changed)
            statement = statement.on_conflict_do_update(
                index_elements=elements, set_=new, where=and_(*may) if may else None
            )
            await self._runner.run(statement.returning(*elements), given, attempt_of(table, group, is_told=True))
        there = [Reference(type_, tuple(named), tuple(row.values[each] for each in named), row.path) for row in rows]
        told = told_of(rows)
        try:
            found = await self._runner.resolve(there, [*told])
        except Refused as error:  # what it has become is not seen
            raise Refused([forbidden(type_, "update", each.path) for each in error.problems]) from error
        for row, reference in zip(rows, there, strict=True):
            take_told(row, told, found[reference])
        self.notes.add(type_, "update" if is_there else "upsert", [row.key for row in rows], _given(rows))

    async def _there_before(self, rows: Sequence[Row], named: Sequence[str]) -> dict[int, Row] | None:
        """Return the rows of an upsert that are there already; refuse those that the caller may not change.

        Where no rule is, nobody asks, and None is returned.
        """
        type_ = rows[0].type_
        if type_.view is None:
            return None
        seen = [*self._guard.editable(type_), *(is_seen(type_.model) for is_seen in masks_of(type_, named))]
        values = [tuple(row.values[each] for each in named) for row in rows]
        found = await self._runner.are_seen(type_, named, values, seen)
        before = {id(rows[index]): rows[index] for index, is_seen in found.items() if is_seen}
        for row in before.values():
            is_it = [columns_of(type_)[each] == row.values[each] for each in named]
            await self._runner.check_before(type_, "update", is_it, row.path, set(row.values) - set(named))
        if not all(found.values()):
            for _, group in _by_shape([row for row in rows if id(row) not in before]):
                await self._runner.check_new_rows(attempt_of(type_.table, group, is_new=True))
            hidden = next(rows[index] for index, is_seen in sorted(found.items()) if not is_seen)
            raise Refused([Problem("ConflictError", "NOT_UNIQUE", TAKEN.format(type_.name), hidden.path)])
        return before

    async def find(
        self, type_: ObjectType, condition: Condition | None, at_most: int, kind: Kind, attributes: Iterable[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Return the keys of the rows that a filter finds, and keep others from changing them.

        Args:
            type_: Their type.
            condition: The filter.
            at_most: Most rows.
            kind: What is done to them.
            attributes: What is changed of them.

        Raises:
            Refused: There are more than may be written, or one of them may not be.
        """
        rows = restrict(self._runner.graph, rows_of_type(type_), condition)
        keys = rows.values(type_.key_attributes)
        statement = rows.select(*keys).order_by(*keys).limit(at_most + 1).with_for_update(of=rows.entity)
        found = [tuple(key) for key in await self._runner.run(statement, None, None)]
        if len(found) > at_most:
            text = f"The filter finds more {type_.name} rows than `atMost`, which is {at_most:,}."
            raise Refused([invalid("TOO_MANY", text, ("input", "atMost"))])
        if found:
            await self._runner.check_before(type_, kind, [is_one_of(type_, found)], ("input", "filter"), attributes)
        return found

    async def change_all(self, changes: Row, keys: Sequence[tuple[Any, ...]]) -> None:
        """Change rows alike.

        Raises:
            Refused: PostgreSQL refused a change.
        """
        await self._lead([changes])
        if not keys or not changes.values:
            return
        type_, values = changes.type_, as_values(changes.type_, changes.values) | next_version(changes.type_)
        is_it = is_one_of(type_, keys)
        may = self._guard.editable(type_, "update", changes.values)
        statement = update(type_.table).where(is_it, *may).values(values)
        await self._run_on_all(type_, statement, keys, attempt_of(type_.table, [changes]))
        await self._runner.check_after(type_, "update", is_it, changes.path)
        self.notes.add(type_, "update", keys, changes.values)

    async def delete_all(self, type_: ObjectType, keys: Sequence[tuple[Any, ...]]) -> None:
        """Delete rows.

        Raises:
            Refused: Other rows lead to one.
        """
        if keys:
            attempt = Attempt(type_.table, (), ("input", "filter"), is_delete=True)
            may = self._guard.editable(type_, "delete")
            statement = delete(type_.table).where(is_one_of(type_, keys), *may)
            await self._run_on_all(type_, statement, keys, attempt)
            self.notes.add(type_, "delete", keys)

    async def _run_on_all(
        self, type_: ObjectType, statement: Update | Delete, keys: Sequence[tuple[Any, ...]], attempt: Attempt
    ) -> None:
        """Run a statement on rows that were found and are held, and see that it wrote all of them."""
        written = statement.returning(*table_key(type_)).cte("written")
        ((count,),) = await self._runner.run(select(func.count()).select_from(written), None, attempt)
        if count < len(keys):
            raise Refused([unwritten(type_.name, ("input", "filter"))])

    async def change(self, row: Row, path: Path) -> None:
        """Change a row, and all that is said of what hangs on it.

        Args:
            row: The row, by its primary key.
            path: Where the arguments name it.

        Raises:
            Refused: It is not there or was changed by another, or PostgreSQL refused a change.
        """
        await self._lead([row])
        if row.above:
            await self._see(row, path)  # before it is told of what it leads to
        above = [(change, there, await self._above(row, link, there)) for link, change, there in _above(row)]
        type_, table, told = row.type_, row.type_.table, told_of([row])
        is_it = [*_is_it(row), *self._guard.editable(type_)]
        await self._runner.check_before(type_, "update", is_it, path, row.values)
        may = self._guard.editable(type_, "update", row.values)
        if row.values or row.version is not None:
            values = as_values(type_, row.values) | next_version(type_)
            statement: Executable = update(table).where(*_is_it(row), *may).values(values).returning(*told.values())
        else:
            statement = select(*told.values()).where(*is_it).with_for_update()
        found = await self._runner.run(statement, None, attempt_of(table, [row]))
        if not found:
            await self._refuse(row, path)
        take_told(row, told, found[0])
        if row.values:
            await self._runner.check_after(type_, "update", is_one_of(type_, [row.key]), row.path)
            self.notes.add(type_, "update", [row.key], row.values)
        for change, there, (target, key) in above:
            if change is None:
                await self.delete(Row(target, there, {}, key=key), there)
            else:
                change.key = key
                await self.change(change, there)
        await self._children.write([row])

    async def _see(self, row: Row, path: Path) -> None:
        """Refuse where a row that is to change is not there for the caller."""
        is_there = [*_is_it(row), *self._guard.editable(row.type_)]
        if not await self._runner.run(select(*table_key(row.type_)).where(*is_there), None, None):
            await self._refuse(row, path)

    async def _above(self, row: Row, link: Link, path: Path) -> tuple[ObjectType, tuple[Any, ...]]:
        """Return the row that a to-one link leads to at the moment: its type and key."""
        target = self._runner.graph.types[link.relation.target]
        near, far = columns_of(row.type_), columns_of(target)
        on = and_(*(near[mine] == far[theirs] for mine, theirs in link.pairs))
        statement = select(*(far[attribute] for attribute in target.key_attributes)).where(on, *_is_it(row))
        found = await self._runner.run(statement, None, None)
        if not found:
            raise Refused([missing(target.name, path)])
        return target, tuple(found[0])

    async def delete(self, row: Row, path: Path) -> None:
        """Delete a row.

        Raises:
            Refused: It is not there or was changed by another, or other rows lead to it.
        """
        table, type_ = row.type_.table, row.type_
        await self._runner.check_before(type_, "delete", _is_it(row), path)
        may = self._guard.editable(type_, "delete")
        statement = delete(table).where(*_is_it(row), *may).returning(*table.primary_key)
        if not await self._runner.run(statement, None, Attempt(table, (), path, is_delete=True)):
            await self._refuse(row, path)
        self.notes.add(type_, "delete", [row.key])

    async def _refuse(self, row: Row, path: Path) -> NoReturn:
        """Refuse to change a row that is not there, or not as it was when it was read, or that was passed over."""
        is_there = [*_is_it(replace(row, version=None)), *self._guard.editable(row.type_)]
        found = await self._runner.run(select(and_(*_is_it(row))).where(*is_there), None, None)
        if not found:
            raise Refused([missing(row.type_.name, path)])
        if found[0][0]:
            raise Refused([unwritten(row.type_.name, path)])
        text = f"The {row.type_.name} was changed since it was read; `current` has it as it is."
        raise Refused([Problem("ConflictError", "STALE_VERSION", text, path)], (row.type_.name, row.key))

    async def _lead(self, rows: Sequence[Row]) -> None:
        """Find or make what to-one links lead to, and fill in the foreign keys."""
        await self._runner.resolve((end for row in rows for end in row.named if hides_rows(end.type_)), ())
        for link in links_of(rows[0].type_):
            name, far = link.relation.name, [far for _, far in link.pairs]
            ends = [(row, row.parents[name]) for row in rows if name in row.parents]
            sought = [(row, end) for row, end in ends if isinstance(end, Row) and end.by]
            if sought:
                taken = await self._runner.take([end for _, end in sought])
                for (row, _), end in zip(sought, taken, strict=True):
                    row.parents[name] = end
                ends = [(row, row.parents[name]) for row in rows if name in row.parents]
            await self.create([end for _, end in ends if isinstance(end, Row)])
            references = [end for _, end in ends if isinstance(end, Reference)]
            found = await self._runner.resolve(references, far)
            for row, end in ends:
                values = values_of(end, far) if isinstance(end, Row) else found[end]
                row.values.update(zip((near for near, _ in link.pairs), values, strict=True))


def table_key(type_: ObjectType) -> Sequence[Any]:
    """Return the columns of a type's primary key."""
    return [*type_.table.primary_key]


def _given(rows: Iterable[Row]) -> set[str]:
    """Return the attributes that rows give."""
    return {attribute for row in rows for attribute in row.values}


def _by_shape(rows: Sequence[Row]) -> Iterator[tuple[frozenset[str], list[Row]]]:
    """Yield rows by what they give: a statement writes those that give the same, and were looked for alike."""
    shapes: dict[tuple[frozenset[str], tuple[str, ...]], list[Row]] = {}
    for row in rows:
        shapes.setdefault((frozenset(row.values), row.by), []).append(row)
    for (shape, _), group in shapes.items():
        yield shape, group


def _above(row: Row) -> Iterator[tuple[Link, Row | None, Path]]:
    """Yield the to-one links whose other end is to change, with how and where the arguments say so."""
    for link in links_of(row.type_):
        name = link.relation.name
        if name in row.above:
            change = row.above[name]
            yield link, change, (*row.path, name, "delete" if change is None else "update")


def _is_it(row: Row) -> Sequence[ColumnElement[bool]]:
    """Return whether a row of the table is the one that is meant, in the version that is meant."""
    columns, writes = columns_of(row.type_), row.type_.writes
    key = [columns[each] == value for each, value in zip(row.type_.key_attributes, row.key, strict=True)]
    if row.version is None or writes is None or writes.version is None:
        return key
    return [*key, columns[writes.version.attribute] == row.version]


def _fixed(type_: ObjectType) -> set[str]:
    """Return the attributes that are given once."""
    writes = type_.writes
    if writes is None:
        return set()
    fixed = {each.field.attribute for each in writes.fields if each.is_fixed}
    return fixed | {near for link in writes.links if link.is_fixed for near, _ in link.pairs}
