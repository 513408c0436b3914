"""The ways of writing: each kind of mutation, from its input to the keys of what was written.

A way runs inside a transaction and may be run several times in it: where another transaction stands in the way, and
where it has to be found out which row was refused.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from schema.audit import Notes
from schema.beside import beside
from schema.errors import BadInputError, UnavailableError
from schema.graph import Graph, ObjectType
from schema.query.filter_arguments import read_filter
from schema.writing.guard import Guard, Kind
from schema.writing.plan import Row
from schema.writing.problems import INPUT, Refused, invalid
from schema.writing.read import InputReader, upsert_keys, version_in
from schema.writing.run import Connection, Unclear
from schema.writing.violations import ConflictingWrites, Overtaken, Violated, refusal_of
from schema.writing.write import Writer

MOST_TRIES: Final = 3
"""How often a mutation is tried that ran into another one."""

Result = TypeVar("Result")

Given = Mapping[str, Any]
"""A coerced input."""

Keys = Sequence[tuple[Any, ...]]
"""Primary keys of the rows that were written."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a mutation is carried out with."""

    graph: Graph
    """The graph description."""

    type_: ObjectType
    """What is written."""

    reader: InputReader
    """Reads the input."""

    writer: Writer
    """Writes."""

    is_large: bool = False
    """True where reading the input would keep others waiting."""

    async def read(self, reading: Callable[..., Result], *given: Any) -> Result:
        """Return what the reader makes of a part of the input."""
        return await beside(self.is_large, reading, *given)


Note = Callable[[Notes], Awaitable[None]] | None
"""Takes note of what a mutation wrote."""

Way = Callable[[Work, Given], Awaitable[Keys]]
"""Carries a mutation out."""


class Transaction(Connection, Protocol):
    """What is written in."""

    async def settle(self) -> None:
        """Check the constraints that were put off to the end.

        Raises:
            Violated: One does not hold.
        """

    async def roll_back(self) -> None:
        """Undo everything; what is run from now on is a new transaction."""


async def carry_out(
    way: Way,
    given: Given,
    *,
    transaction: Transaction,
    guard: Guard,
    type_: ObjectType,
    most_written: int,
    note: Note = None,
    is_large: bool = False,
) -> Keys:
    """Write what an input says, and return the keys; again where another transaction stood in the way.

    Args:
        way: How.
        given: The coerced input.
        transaction: What to write in.
        guard: What the caller sees and may write.
        type_: What is written.
        most_written: Most rows that the input may write or name.
        note: Takes note of what was written, in the same transaction.
        is_large: Whether reading the input would keep others waiting.

    Raises:
        Refused: It was refused.
        UnavailableError: Others stood in the way each time.
    """
    tries, is_careful, graph = 1, False, guard.graph
    type_ = graph.types[type_.name]
    while True:
        writer = Writer(guard, transaction, is_careful=is_careful)
        try:
            keys = await way(Work(graph, type_, InputReader(graph, most_written), writer, is_large), given)
            if graph.has_deferred:
                await transaction.settle()
            if note is not None:
                await note(writer.notes)
            return keys
        except Violated as error:  # by what was put off to the end, or by a way of a team's own
            raise refusal_of(graph, error, given, type_.table) from error
        except Unclear:
            await transaction.roll_back()
            is_careful = True
        except ConflictingWrites as error:
            await transaction.roll_back()
            tries += 1
            if tries > MOST_TRIES and isinstance(error, Overtaken):
                raise Refused([error.problem]) from error
            if tries > MOST_TRIES:
                raise UnavailableError("Other writes stood in the way too often; try again.") from error


async def _create(work: Work, given: Given) -> Keys:
    row = await work.read(work.reader.new_row, work.type_, given, INPUT)
    work.reader.check()
    await work.writer.create([row])
    return [row.key]


async def _create_many(work: Work, given: Given) -> Keys:
    rows = await work.read(work.reader.new_rows, work.type_, given[work.type_.plural], (*INPUT, work.type_.plural))
    work.reader.check()
    await work.writer.create(rows)
    return [row.key for row in rows]


async def _update(work: Work, given: Given) -> Keys:
    row = await work.read(work.reader.change, work.type_, given, INPUT)
    work.reader.check()
    await work.writer.change(row, (*INPUT, "id"))
    return [row.key]


async def _update_many(work: Work, given: Given) -> Keys:
    changes = await work.read(work.reader.changes, work.type_, given["set"], (*INPUT, "set"))
    keys = await _found(work, given, "update", changes.values)
    await work.writer.change_all(changes, keys)
    return keys


async def _delete(work: Work, given: Given) -> Keys:
    path = (*INPUT, "id")
    key = work.reader.key(work.type_, given["id"], path)
    work.reader.check()
    row = Row(work.type_, INPUT, {}, key=key, version=version_in(work.type_, given))
    await work.writer.delete(row, path)
    return [key]


async def _delete_many(work: Work, given: Given) -> Keys:
    keys = await _found(work, given, "delete")
    await work.writer.delete_all(work.type_, keys)
    return keys


async def _upsert(work: Work, given: Given) -> Keys:
    path = (*INPUT, work.type_.singular)
    row = await work.read(work.reader.new_row, work.type_, given[work.type_.singular], path)
    return await _upserted(work, [row], given)


async def _upsert_many(work: Work, given: Given) -> Keys:
    rows = await work.read(work.reader.new_rows, work.type_, given[work.type_.plural], (*INPUT, work.type_.plural))
    return await _upserted(work, rows, given)


async def _upserted(work: Work, rows: list[Row], given: Given) -> Keys:
    key = upsert_keys(work.type_)[given["by"].name].fields
    work.reader.check_keys(rows, key)
    work.reader.check()
    await work.writer.upsert(rows, key)
    return [row.key for row in rows]


async def _found(work: Work, given: Given, kind: Kind, attributes: Iterable[str] = ()) -> list[tuple[Any, ...]]:
    """Return the keys of the rows that `filter` finds."""
    at_most = work.reader.at_most(given["atMost"], (*INPUT, "atMost"))
    work.reader.check()
    try:
        condition = await work.read(read_filter, work.graph, work.type_, given["filter"])
    except BadInputError as error:
        raise Refused([invalid(error.code, str(error), (*INPUT, "filter"))]) from error
    return await work.writer.find(work.type_, condition, at_most, kind, attributes)


WAYS: Final[Mapping[str, Way]] = {
    "create": _create,
    "createMany": _create_many,
    "update": _update,
    "updateMany": _update_many,
    "delete": _delete,
    "deleteMany": _delete_many,
    "upsert": _upsert,
    "upsertMany": _upsert_many,
}
"""How each kind of mutation is carried out."""
