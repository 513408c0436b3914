"""Gives the mutations their resolvers: read the input, write, and hand over the key of what was written.

Each runs inside a transaction of its own, in which its whole selection is read; see `schema.execution`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, GraphQLUnionType

from schema.context import Context  # noqa: TC001 - a local annotation
from schema.errors import LimitError, UnavailableError
from schema.graph import Graph, ObjectType
from schema.mutations.plan import Row
from schema.mutations.problems import Path, Problem, Refused
from schema.mutations.read import InputReader
from schema.mutations.violations import ConflictingWrites, Violated
from schema.mutations.write import Writer
from schema.opaque import write_id
from schema.query.filter_arguments import read_filter
from schema.query.page import Limits
from schema.types.mutations import REFUSALS, Mutation, mutations_of
from schema.types.write_inputs import upsert_keys

MOST_ROWS: Final = 10_000
"""Most rows that one input writes or names."""

MOST_TRIES: Final = 3
"""How often a mutation is tried that ran into another one."""

WRITE: Final = "write"
"""The scope without which nothing is written."""

INPUT: Final[Path] = ("input",)
"""Where every input begins."""

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


Load = Callable[[GraphQLResolveInfo[Any], ObjectType, tuple[Any, ...]], Awaitable[Any]]
"""Reads a row by its primary key, for the selection of a field."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What a mutation wrote."""

    graph_type: str
    """The payload's type."""

    type_: ObjectType
    """Type of the rows."""

    keys: Keys
    """Their primary keys."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a mutation was refused for; named as in GraphQL."""

    graph_type: str
    message: str
    code: str
    path: tuple[str | int, ...]
    errors: tuple["Refusal", ...] = ()
    current: Any = None


def wire_mutations(core: GraphQLSchema, graph: Graph, limits: Limits, load: Load) -> None:
    """Give the mutations of a built schema their resolvers.

    Args:
        core: The schema.
        graph: Its description.
        limits: How large a page may be.
        load: How a row is read.
    """
    root = core.mutation_type
    if root is None:
        return
    for type_ in graph.types.values():
        for mutation in mutations_of(type_):
            root.fields[mutation.name].resolve = _mutation(graph, type_, mutation)
            _wire_payload(core, type_, mutation.base, load, limits.for_type(type_).largest_page_size)
    for name in ("FieldError", *REFUSALS):
        found = core.type_map[name]
        if isinstance(found, GraphQLObjectType):
            found.is_type_of = None
            for shown, field in found.fields.items():
                field.resolve = _attribute(shown)


def _wire_payload(core: GraphQLSchema, type_: ObjectType, base: str, load: Load, most: int) -> None:
    union, payload = core.type_map[f"{base}Result"], core.type_map[f"{base}Payload"]
    if not isinstance(union, GraphQLUnionType) or not isinstance(payload, GraphQLObjectType):
        raise TypeError(f"{base} has no result union")
    union.resolve_type = lambda value, _info, _type: str(value.graph_type)
    payload.is_type_of = None
    resolvers: dict[str, Callable[..., Any]] = {
        type_.singular: lambda source, info: load(info, type_, source.keys[0]),
        type_.plural: lambda source, info: _rows(source, info, load, most),
        "deletedId": lambda source, _info: write_id(type_, source.keys[0]),
        "deletedIds": lambda source, _info: [write_id(type_, key) for key in source.keys],
        "affectedCount": lambda source, _info: len(source.keys),
    }
    for shown, field in payload.fields.items():
        field.resolve = resolvers[shown]


def _rows(source: Payload, info: GraphQLResolveInfo[Any], load: Load, most: int) -> list[Awaitable[Any]]:
    """Return the rows that were written, as many as a page may have."""
    if len(source.keys) > most:
        raise LimitError(
            f"`{info.field_name}` gives at most {most:,} rows, and {len(source.keys):,} would be written; leave it "
            "out and ask for `affectedCount`."
        )
    return [load(info, source.type_, key) for key in source.keys]


def _attribute(name: str) -> Callable[..., Any]:
    return lambda source, _info: getattr(source, name)


async def _create(work: "Work", given: Given) -> Keys:
    row = work.reader.new_row(work.type_, given, INPUT)
    work.reader.check()
    await work.writer.create([row])
    return [row.key]


async def _create_many(work: "Work", given: Given) -> Keys:
    rows = work.reader.new_rows(work.type_, given[work.type_.plural], (*INPUT, work.type_.plural))
    work.reader.check()
    await work.writer.create(rows)
    return [row.key for row in rows]


async def _update(work: "Work", given: Given) -> Keys:
    row = work.reader.change(work.type_, given, INPUT)
    work.reader.check()
    await work.writer.change(row)
    return [row.key]


async def _update_many(work: "Work", given: Given) -> Keys:
    changes = work.reader.changes(work.type_, given["set"], (*INPUT, "set"))
    keys = await _found(work, given)
    await work.writer.change_all(changes, keys)
    return keys


async def _delete(work: "Work", given: Given) -> Keys:
    path = (*INPUT, "id")
    key = work.reader.key(work.type_, given["id"], path)
    work.reader.check()
    await work.writer.delete(work.type_, key, path)
    return [key]


async def _delete_many(work: "Work", given: Given) -> Keys:
    keys = await _found(work, given)
    await work.writer.delete_all(work.type_, keys)
    return keys


async def _upsert(work: "Work", given: Given) -> Keys:
    row = work.reader.new_row(work.type_, given[work.type_.singular], (*INPUT, work.type_.singular))
    return await _upserted(work, [row], given)


async def _upsert_many(work: "Work", given: Given) -> Keys:
    rows = work.reader.new_rows(work.type_, given[work.type_.plural], (*INPUT, work.type_.plural))
    return await _upserted(work, rows, given)


async def _upserted(work: "Work", rows: list[Row], given: Given) -> Keys:
    key = upsert_keys(work.type_)[given["by"].name].fields
    work.reader.check_keys(rows, key)
    work.reader.check()
    await work.writer.upsert(rows, key)
    return [row.key for row in rows]


async def _found(work: "Work", given: Given) -> list[tuple[Any, ...]]:
    """Return the keys of the rows that `filter` finds."""
    at_most = work.reader.at_most(given["atMost"], (*INPUT, "atMost"))
    work.reader.check()
    return await work.writer.find(work.type_, read_filter(work.graph, work.type_, given["filter"]), at_most)


WAYS: Final[Mapping[str, Callable[["Work", Given], Awaitable[Keys]]]] = {
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


def _mutation(graph: Graph, type_: ObjectType, mutation: Mutation) -> Callable[..., Any]:
    write, payload = WAYS[mutation.kind], f"{mutation.base}Payload"

    async def resolve(
        _source: Any,
        info: GraphQLResolveInfo[Any],
        input: dict[str, Any],  # noqa: A002 - the argument's name
    ) -> Payload | Refusal:
        context: Context = info.context
        transaction = context.transaction
        if transaction is None:
            raise TypeError("a mutation runs in a transaction")
        if not context.principal.may(WRITE):
            return _refusal((_forbidden(),))
        for last in (False,) * (MOST_TRIES - 1) + (True,):
            try:
                work = Work(graph, type_, InputReader(graph, MOST_ROWS), Writer(graph, transaction))
                keys = await write(work, input)
                await transaction.settle()
                return Payload(payload, type_, keys)
            except Refused as error:
                await transaction.roll_back()
                return _refusal(error.problems)
            except Violated as error:
                await transaction.roll_back()
                raise UnavailableError("The database refused the change.") from error
            except ConflictingWrites as error:
                await transaction.roll_back()
                if last:
                    raise UnavailableError("Other writes stood in the way too often; try again.") from error
        raise AssertionError("not reached")

    return resolve


def _forbidden() -> Problem:
    text = "An API key with the scope `write` is needed: send it in the header X-API-Key."
    return Problem("ForbiddenError", "FORBIDDEN", text, ())


def _refusal(problems: tuple[Problem, ...]) -> Refusal:
    first = problems[0]
    message = first.message if len(problems) == 1 else f"{len(problems)} things are wrong; the first: {first.message}"
    errors = tuple(Refusal("FieldError", each.message, each.code, each.path) for each in problems)
    return Refusal(first.kind, message, first.code, first.path, errors)
