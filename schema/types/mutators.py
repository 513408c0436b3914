"""Gives the mutations their resolvers: read the input, write, and hand over the key of what was written.

Each runs inside a transaction of its own, in which its whole selection is read; see `schema.execution`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, GraphQLUnionType

from schema.context import Context, Transaction
from schema.errors import BadInputError, LimitError, UnauthenticatedError, UnavailableError
from schema.graph import Graph, ObjectType
from schema.opaque import write_id
from schema.query.filter_arguments import read_filter
from schema.query.page import Limits
from schema.query.requests import ObjectRequest
from schema.query.rows import wire_attribute
from schema.types.mutations import REFUSALS, Mutation, mutations_of
from schema.types.write_inputs import upsert_keys
from schema.writing.plan import Row
from schema.writing.problems import Path, Problem, Refused, invalid
from schema.writing.read import InputReader, version_in
from schema.writing.run import Unclear
from schema.writing.violations import Attempt, ConflictingWrites, Violated, problem_of
from schema.writing.write import Writer

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

Way = Callable[["Work", Given], Awaitable[Keys]]
"""Carries a mutation out."""


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


Whole = Callable[["Context", str, tuple[Any, ...]], Awaitable[Any]]
"""Reads all shown values of a row, by its type and primary key."""

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


def wire_mutations(core: GraphQLSchema, graph: Graph, limits: Limits, load: Load, load_edge: Load) -> None:
    """Give the mutations of a built schema their resolvers.

    Args:
        core: The schema.
        graph: Its description.
        limits: How many rows are given back, and written at once.
        load: How a row is read.
        load_edge: How a row is read with its place in the list of its type.
    """
    root = core.mutation_type
    if root is None:
        return
    for type_ in graph.types.values():
        for mutation in mutations_of(type_):
            root.fields[mutation.name].resolve = _mutation(graph, limits, type_, mutation, _whole(graph))
            _wire_payload(core, type_, mutation.base, load, load_edge, limits.for_type(type_).largest_page_size)
    for name in ("FieldError", *REFUSALS):
        found = core.type_map[name]
        if isinstance(found, GraphQLObjectType):
            found.is_type_of = None
            for shown, field in found.fields.items():
                field.resolve = _attribute(shown)


def _wire_payload(core: GraphQLSchema, type_: ObjectType, base: str, load: Load, load_edge: Load, most: int) -> None:
    union, payload = core.type_map[f"{base}Result"], core.type_map[f"{base}Payload"]
    if not isinstance(union, GraphQLUnionType) or not isinstance(payload, GraphQLObjectType):
        raise TypeError(f"{base} has no result union")
    union.resolve_type = lambda value, _info, _type: str(value.graph_type)
    payload.is_type_of = None
    resolvers: dict[str, Callable[..., Any]] = {
        type_.singular: lambda source, info: load(info, type_, source.keys[0]),
        f"{type_.singular}Edge": lambda source, info: load_edge(info, type_, source.keys[0]),
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


def _whole(graph: Graph) -> Whole:
    """Return what reads all shown values of a row: nobody knows yet which of them are asked for."""

    async def read(context: Context, type_name: str, key: tuple[Any, ...]) -> Any:
        type_ = graph.types[type_name]
        needed = {*type_.key_attributes, *(each for relation in type_.relations for each in relation.keys)}
        for field in type_.fields:
            needed |= {field.attribute, wire_attribute(field.attribute, field.scalar)}
        request = ObjectRequest(type_name, None, type_.key_attributes, tuple(sorted(needed)))
        return await context.loaders.load_object(request, key)

    return read


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
    row = Row(work.type_, INPUT, {}, key=key, version=version_in(work.type_, given))
    await work.writer.delete(row, path)
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
    try:
        condition = read_filter(work.graph, work.type_, given["filter"])
    except BadInputError as error:
        raise Refused([invalid(error.code, str(error), (*INPUT, "filter"))]) from error
    return await work.writer.find(work.type_, condition, at_most)


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


def _mutation(graph: Graph, limits: Limits, type_: ObjectType, mutation: Mutation, whole: Whole) -> Callable[..., Any]:
    write, payload = WAYS[mutation.kind], f"{mutation.base}Payload"

    async def resolve(
        _source: Any,
        info: GraphQLResolveInfo[Any],
        input: dict[str, Any],  # noqa: A002 - the argument's name
    ) -> Payload | Refusal:
        context: Context = info.context
        if not context.principal.may(WRITE):
            return _forbidden(context)
        try:
            return Payload(payload, type_, await _carried_out(context, graph, limits, type_, write, input))
        except Refused as error:
            transaction = _transaction(context)
            await transaction.roll_back()
            current = error.current and await whole(context, *error.current)
            return _refusal(error.problems, current)

    return resolve


def _transaction(context: Context) -> Transaction:
    if context.transaction is None:
        raise TypeError("a mutation runs in a transaction")
    return context.transaction


async def _carried_out(
    context: Context, graph: Graph, limits: Limits, type_: ObjectType, write: Way, given: Given
) -> Keys:
    """Write what an input says, and return the keys; again where another transaction stood in the way.

    Raises:
        Refused: It was refused.
        UnavailableError: Others stood in the way each time.
    """
    transaction, tries, is_careful = _transaction(context), 1, False
    while True:
        work = Work(
            graph, type_, InputReader(graph, limits.most_written), Writer(graph, transaction, is_careful=is_careful)
        )
        try:
            keys = await write(work, given)
            await _settled(transaction, graph, type_)
            return keys
        except Unclear:
            await transaction.roll_back()
            is_careful = True
        except ConflictingWrites as error:
            await transaction.roll_back()
            tries += 1
            if tries > MOST_TRIES:
                raise UnavailableError("Other writes stood in the way too often; try again.") from error


async def _settled(transaction: Transaction, graph: Graph, type_: ObjectType) -> None:
    """Let the constraints fire that were put off to the end, as long as it can be told why."""
    if not graph.has_deferred:
        return
    try:
        await transaction.settle()
    except Violated as error:
        problem = problem_of(graph, Attempt(type_.table, (), INPUT), error.violation)
        if problem is None:
            raise
        raise Refused([problem]) from error


def _forbidden(context: Context) -> Refusal:
    if context.principal.is_anonymous:
        raise UnauthenticatedError(
            f"An API key with the scope `{WRITE}` is needed: send it in the header X-API-Key, or as "
            "Authorization: Bearer."
        )
    return _refusal((Problem("ForbiddenError", "FORBIDDEN", f"The API key lacks the scope `{WRITE}`.", ()),), None)


def _refusal(problems: tuple[Problem, ...], current: Any) -> Refusal:
    first = problems[0]
    message = first.message if len(problems) == 1 else f"{len(problems)} things are wrong; the first: {first.message}"
    errors = tuple(Refusal("FieldError", each.message, each.code, each.path) for each in problems)
    return Refusal(first.kind, message, first.code, first.path, errors, current)
