"""Runs the statements of a mutation, and says what they were refused for in terms of its input."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, Final, Protocol

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    and_,
    literal,
    select,
    true,
    union_all,
)

from schema.audit import Notes
from schema.graph import ObjectType
from schema.query.rows import entity_of, hides_rows, hides_values, selectable
from schema.query.statements import unnest
from schema.writing.guard import Guard, Kind, forbidden
from schema.writing.plan import Reference, Row
from schema.writing.problems import Path, Refused, missing, unwritten
from schema.writing.rows import columns_of, refuse_missing
from schema.writing.violations import Attempt, Overtaken, Unwritten, Violated, problem_of

MOST_CANDIDATES: Final = 100
"""Rows that are looked at together which are not there."""


class Connection(Protocol):
    """A transaction, as writing sees it."""

    async def run(self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None = None) -> Sequence[Any]:
        """Run a statement, with the values of each row where it writes several, and return its rows.

        Raises:
            Violated: PostgreSQL refused it.
            Unwritten: It was told to give back each row that it wrote, and gave back fewer than it was given.
            ConflictingWrites: Another transaction stood in its way.
        """

    def savepoint(self) -> AbstractAsyncContextManager[Any]:
        """Open a part of the transaction that is undone by itself where its block raises."""


class Unclear(Exception):  # noqa: N818 - a turn of the road rather than an error
    """One of many rows was refused, and PostgreSQL did not say which: run it all again, with care."""


class Runner:
    """The connection of one mutation."""

    def __init__(self, guard: Guard, connection: Connection, *, is_careful: bool = False) -> None:
        """Note for whom and where to write, and whether the row that is refused is looked for."""
        self.guard = guard
        self.graph = guard.graph
        self._connection = connection
        self._is_careful = is_careful
        self.notes = Notes()
        """What was written."""

    async def run(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None, attempt: Attempt | None
    ) -> Sequence[Any]:
        """Run a statement, and say what it was refused for in terms of the input.

        Raises:
            Refused: PostgreSQL refused what the input says, or did not write it.
            Unclear: It did not say for which of the rows.
        """
        is_several = parameters is not None and len(parameters) > 1
        if self._is_careful and attempt is not None and (is_several or attempt.is_new):
            return await self._run_with_care(statement, parameters, attempt)
        try:
            return await self._written(statement, parameters, attempt)
        except Unwritten as error:
            raise self._skipped(attempt) from error
        except Violated as error:
            if attempt is not None and attempt.may_tell(error.violation) and self._candidates(attempt):
                raise Unclear from error
            raise self._refusal(error, attempt, is_several=is_several) from error

    async def _written(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None, attempt: Attempt | None
    ) -> Sequence[Any]:
        """Run a statement, and see that it gives back each row that it was to write."""
        found = await self._connection.run(statement, parameters)
        if attempt is not None and attempt.is_told and len(found) < len(attempt.entries):
            raise Unwritten
        return found

    def _skipped(self, attempt: Attempt | None) -> Exception:
        """Return what it is to the mutation that rows were not written, and nothing was said."""
        if attempt is None or len(attempt.entries) > 1:
            return Unclear()
        type_ = next((each.name for each in self.graph.types.values() if each.table is attempt.table), None)
        return Refused([unwritten(type_, attempt.entries[0].path)])

    def _refusal(self, error: Violated, attempt: Attempt | None, *, is_several: bool = False) -> Exception:
        """Return what a refused statement is to the mutation."""
        problem = None if attempt is None else problem_of(self.graph, attempt, error.violation)
        if problem is None or attempt is None:
            return error
        if attempt.is_overtaken(error.violation):
            return Overtaken(problem)
        return Unclear() if is_several and problem.path == attempt.path else Refused([problem])

    async def _run_with_care(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None, attempt: Attempt
    ) -> Sequence[Any]:
        """Run a statement; where it is refused, each half of its rows by itself, until it is clear which row it was.

        Who may not create a row is told that, and not that there is one with the same unique key.
        """
        try:
            async with self._connection.savepoint():
                return await self._written(statement, parameters, attempt)
        except Unwritten as error:
            if parameters is None or len(parameters) == 1:
                raise self._skipped(attempt) from error
        except Violated as error:
            if attempt.may_tell(error.violation):
                await self.check_new_rows(attempt)
            if parameters is None or len(parameters) == 1:
                raise self._refusal(error, attempt) from error
        found = list[Any]()
        middle = len(parameters) // 2
        for part in (slice(middle), slice(middle, None)):
            rows = replace(attempt, entries=attempt.entries[part])
            found += await self.run(statement, parameters[part], rows)
        return found

    async def check_new_rows(self, attempt: Attempt) -> None:
        """Refuse where the caller may not create one of the rows that a statement is to create.

        Raises:
            Refused: It may not.
        """
        candidates, type_ = self._candidates(attempt), self._type(attempt)
        for start in range(0, len(candidates), MOST_CANDIDATES):
            part = candidates[start : start + MOST_CANDIDATES]
            found = await self._connection.run(union_all(*(each for each, _ in part)).order_by("place"))
            for (_, path), (_, may) in zip(part, found, strict=True):
                if not may:
                    raise Refused([forbidden(type_, "create", path)])

    def _candidates(self, attempt: Attempt) -> list[tuple[Select[int, bool], Path]]:
        """Return what finds out whether the caller may create rows that are not there, with where these stand."""
        rows = [(self.guard.creatable(self._type(attempt), each.values), each.path) for each in attempt.entries]
        return [
            (select(literal(place).label("place"), may), path)
            for place, (may, path) in enumerate(rows)
            if may is not None
        ]

    def _type(self, attempt: Attempt) -> ObjectType:
        return next(type_ for type_ in self.graph.types.values() if type_.table is attempt.table)

    async def one(
        self,
        statement: Executable,
        reference: Reference,
        is_it: Sequence[ColumnElement[bool]],
        *,
        is_delete: bool = False,
    ) -> Sequence[Any]:
        """Run a statement on a row that is named, and return what it tells; refuse where it wrote none.

        Args:
            statement: Writes.
            reference: The row, for who is told.
            is_it: Whether a row is it, for who looks whether it is there.
            is_delete: True where the row is deleted.
        """
        type_ = reference.type_
        found = await self.run(statement, None, Attempt(type_.table, (), reference.path, is_delete))
        if not found:
            there = select(literal(1)).select_from(type_.table).where(*is_it, *self.guard.editable(type_)).limit(1)
            problem = unwritten if await self.run(there, None, None) else missing
            raise Refused([problem(type_.name, reference.path)])
        return found

    async def refuse_unwritten(self, references: Sequence[Reference]) -> None:
        """Refuse where references of one type and key name rows that a statement has not written.

        Raises:
            Refused: They are not there, or were passed over.
        """
        if references:
            type_, key = references[0].type_, references[0].key
            there = await self.look_up(type_, key, [each.values for each in references], type_.key_attributes)
            refuse_missing(each for place, each in enumerate(references) if place not in there)
            raise Refused([unwritten(type_.name, each.path) for each in references])

    async def resolve(self, references: Iterable[Reference], wanted: Sequence[str]) -> dict[Reference, tuple[Any, ...]]:
        """Return attributes of rows that are there; those that a reference names itself are not looked up.

        Raises:
            Refused: One is not there.
        """
        found: dict[Reference, tuple[Any, ...]] = {}
        asked: dict[tuple[str, ...], list[Reference]] = {}
        for each in references:
            if set(wanted) <= set(each.key) and not (hides_rows(each.type_) or hides_values(each.type_, each.key)):
                found[each] = tuple(each.values[each.key.index(attribute)] for attribute in wanted)
            else:
                asked.setdefault(each.key, []).append(each)
        for key, group in asked.items():
            there = await self.look_up(group[0].type_, key, [each.values for each in group], wanted)
            found |= {group[index]: values for index, values in there.items()}
            refuse_missing(each for each in group if each not in found)
        return found

    async def look_up(
        self, type_: ObjectType, key: Sequence[str], values: Sequence[tuple[Any, ...]], wanted: Sequence[str]
    ) -> dict[int, tuple[Any, ...]]:
        """Return attributes of the rows that are there, by their index in the values of a unique key."""
        entity = entity_of(type_)
        given = unnest([columns_of(type_)[attribute].type for attribute in key], values)
        on = and_(*(getattr(entity, attribute) == given.c[f"k{index}"] for index, attribute in enumerate(key)))
        shown = [getattr(entity, attribute) for attribute in wanted]
        statement = select(given.c.place, *shown).select_from(given.join(selectable(entity), on))
        return {place - 1: tuple(row) for place, *row in await self.run(statement, None, None)}

    async def are_seen(
        self,
        type_: ObjectType,
        key: Sequence[str],
        values: Sequence[tuple[Any, ...]],
        seen: Sequence[ColumnElement[bool]],
    ) -> dict[int, bool]:
        """Return of the rows that are there, for whomever, whether they are seen; by their index in the values."""
        columns = [columns_of(type_)[attribute] for attribute in key]
        given = unnest([column.type for column in columns], values)
        on = and_(*(column == given.c[f"k{index}"] for index, column in enumerate(columns)))
        is_seen = and_(true(), *seen).is_(true())
        statement = select(given.c.place, is_seen).select_from(given.join(type_.table, on))
        return {place - 1: found for place, found in await self.run(statement, None, None)}

    async def check_before(
        self,
        type_: ObjectType,
        kind: Kind,
        where: Sequence[ColumnElement[bool]],
        path: Path,
        attributes: Iterable[str] = (),
    ) -> None:
        """Refuse where one of the rows that a statement is about to write is seen and may not be written.

        Raises:
            Refused: One is.
        """
        statement = self.guard.not_editable(type_, kind, where, attributes)
        if statement is not None and not all(may for (may,) in await self.run(statement, None, None)):
            raise Refused([forbidden(type_, kind, path)])

    async def check_after(self, type_: ObjectType, kind: Kind, where: ColumnElement[bool], path: Path) -> None:
        """Refuse where one of the rows that were written is not one that the caller sees and may write so.

        Raises:
            Refused: One is not.
        """
        statement = self.guard.not_allowed(type_, kind, where)
        if statement is not None and await self.run(statement, None, None):
            raise Refused([forbidden(type_, kind, path)])

    async def take(self, rows: Sequence[Row]) -> list[Row | Reference]:
        """Return rows that are looked for: a reference to each that is there; of those that are not, those to make.

        Of several that look for the same, the first one is made.
        """
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault((row.type_.name, *row.by), []).append(row)
        ends: dict[int, Row | Reference] = {}
        for (_, *by), group in groups.items():
            type_, values = group[0].type_, [tuple(row.values[attribute] for attribute in by) for row in group]
            found = await self.look_up(type_, by, values, type_.key_attributes)
            first = dict[tuple[Any, ...], Row]()
            for index, row in enumerate(group):
                key = found.get(index)
                made = first.setdefault(values[index], row)
                ends[id(row)] = made if key is None else Reference(type_, type_.key_attributes, key, row.path)
        return [ends[id(row)] for row in rows]
