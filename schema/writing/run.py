"""Runs the statements of a mutation, and says what they were refused for in terms of its input."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Select,
    and_,
    bindparam,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy import tuple_ as row_of

from schema.audit import Notes
from schema.graph import Link, ObjectType
from schema.query.rows import entity_of, hides_rows, hides_values, selectable
from schema.query.statements import unnest
from schema.writing.guard import Guard, Kind, forbidden
from schema.writing.plan import Reference, Row
from schema.writing.problems import Path, Problem, Refused, missing, unwritten
from schema.writing.values import as_held, held, sent
from schema.writing.violations import Attempt, Entry, Overtaken, Unwritten, Violated, problem_of

MOST_CANDIDATES: Final = 100
"""Rows that are looked at together which are not there."""

TOGETHER: Final = 500
"""Most rows of one statement: what is done for each in Python keeps others waiting, for some 20 ms then."""

Part = TypeVar("Part")


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

    async def one(self, statement: Executable, reference: Reference, *, is_delete: bool = False) -> Sequence[Any]:
        """Run a statement on a row that is named, and return what it tells; refuse where there is none."""
        attempt = Attempt(reference.type_.table, (), reference.path, is_delete)
        found = await self.run(statement, None, attempt)
        if not found:
            raise Refused([missing(reference.type_.name, reference.path)])
        return found

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


def columns_of(type_: ObjectType) -> Mapping[str, Any]:
    """Return the columns of a type by attribute."""
    if type_.writes is not None:
        return type_.writes.columns
    return {each.attribute: each.column for each in (*type_.fields, *type_.primary_key) if each.column is not None}


def as_values(type_: ObjectType, values: Mapping[str, Any]) -> dict[Any, Any]:
    """Return what the columns of one row are set to."""
    columns = columns_of(type_)
    return {columns[attribute]: held(columns[attribute], value) for attribute, value in values.items()}


def many_values(
    type_: ObjectType, shape: Iterable[str], rows: Sequence[Row]
) -> tuple[dict[Any, Any], list[dict[str, Any]]]:
    """Return what columns are set to, with a parameter for each, and the parameters of rows that give the same."""
    columns = columns_of(type_)
    names = {
        each: columns[each].key if _is_plain_key(columns[each]) else f"given_{place}"
        for place, each in enumerate(sorted(shape))
    }
    return new_values(type_, names), [
        {names[attribute]: value for attribute, value in row.values.items()} for row in rows
    ]


def _is_plain_key(column: Column[Any]) -> bool:
    """Return whether a column is of the primary key and holds its values as they are sent.

    Its parameter is called as it is and is not spelled out: only so SQLAlchemy finds the key by which it puts rows in
    order that bring their keys.
    """
    return column.primary_key and sent(column) is column.type


def new_values(type_: ObjectType, names: Mapping[str, str]) -> dict[Any, Any]:
    """Return what the columns of a new row are set to, given the name of the parameter of each attribute."""
    columns = columns_of(type_)
    version = type_.writes.version if type_.writes is not None else None
    parameters = {
        each: bindparam(name, type_=sent(columns[each])) for each, name in names.items() if name != columns[each].key
    }
    values = {columns[each]: as_held(columns[each], parameter) for each, parameter in parameters.items()}
    if version is not None:
        values[columns[version.attribute]] = literal(1, columns[version.attribute].type)
    return values


def next_version(type_: ObjectType) -> dict[Any, Any]:
    """Return what the version of a row is set to where it changes; nothing where it has none."""
    version = type_.writes.version if type_.writes is not None else None
    if version is None:
        return {}
    column = columns_of(type_)[version.attribute]
    return {column: column + 1}


def links_of(type_: ObjectType) -> Sequence[Link]:
    """Return the relations that are written."""
    return type_.writes.links if type_.writes is not None else ()


def parts_of(rows: Sequence[Part], most: int) -> Iterator[Sequence[Part]]:
    """Yield a sequence in parts."""
    for start in range(0, len(rows), most):
        yield rows[start : start + most]


def told_of(rows: Sequence[Row]) -> dict[str, Any]:
    """Return what a statement tells of rows of one type: their keys, and what rows that hang on them lead to."""
    type_ = rows[0].type_
    named = {name for row in rows for name in row.children}
    links = [link for link in links_of(type_) if link.relation.name in named]
    near = [attribute for link in links for attribute, _ in (link.pairs or link.near)]
    return {attribute: columns_of(type_)[attribute] for attribute in dict.fromkeys((*type_.key_attributes, *near))}


def take_told(row: Row, told: Mapping[str, Any], values: Sequence[Any]) -> None:
    """Fill in what a statement told of a row."""
    known = dict(zip(told, values, strict=True))
    row.key = tuple(known.pop(attribute) for attribute in row.type_.key_attributes)
    row.values.update(known)


def values_of(row: Row, attributes: Sequence[str]) -> tuple[Any, ...]:
    """Return values of a row that was written."""
    key: dict[str, Any] = dict(zip(row.type_.key_attributes, row.key, strict=False))
    return tuple(key[attribute] if attribute in key else row.values[attribute] for attribute in attributes)


def is_named(reference: Reference) -> ColumnElement[bool]:
    """Return whether a row is the one that a reference names."""
    columns = columns_of(reference.type_)
    return and_(*(columns[each] == value for each, value in zip(reference.key, reference.values, strict=True)))


def is_one_of(type_: ObjectType, keys: Sequence[tuple[Any, ...]]) -> ColumnElement[bool]:
    """Return whether a row has one of the keys."""
    columns = [columns_of(type_)[attribute] for attribute in type_.key_attributes]
    given = unnest([column.type for column in columns], keys)
    return row_of(*columns).in_(select(*(given.c[f"k{index}"] for index in range(len(columns)))))


def attempt_of(table: Any, rows: Sequence[Row], *, is_new: bool = False, is_told: bool = False) -> Attempt:
    """Return what a statement that writes rows may be refused for; see `Attempt`."""
    common = rows[0].path
    while any(row.path[: len(common)] != common for row in rows):
        common = common[:-1]
    columns = columns_of(rows[0].type_)
    sought = frozenset(columns[attribute].name for attribute in rows[0].by)
    entries = [_entry(row) for row in rows]
    return Attempt(table, entries, common, sought=sought, is_new=is_new, is_told=is_told)


def _entry(row: Row) -> Entry:
    columns, places = columns_of(row.type_), dict[str, Path]()
    writes = row.type_.writes
    for each in writes.fields if writes is not None else ():
        if each.field.attribute in row.values:
            places[columns[each.field.attribute].name] = (*row.path, each.field.name)
    for link in links_of(row.type_):
        end = row.parents.get(link.relation.name)
        if end is not None:
            path = end.path if isinstance(end, Reference) else (*row.path, link.relation.name)
            places |= {columns[near].name: path for near, _ in link.pairs}
    values = {columns[attribute].name: value for attribute, value in row.values.items()}
    return Entry(values, row.path, places)


def refuse_missing(references: Iterable[Reference]) -> None:
    """Refuse the input where rows that it names are not there.

    Raises:
        Refused: One is not.
    """
    problems: list[Problem] = [missing(each.type_.name, each.path) for each in references]
    if problems:
        raise Refused(problems)
