"""Gives the mutations their resolvers: read the input, write, and hand over the key of what was written.

Each runs inside a transaction of its own, in which its whole selection is read; see `schema.execution`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, GraphQLUnionType

from schema.context import Context  # noqa: TC001 - a local annotation
from schema.errors import UnavailableError
from schema.graph import Graph, ObjectType
from schema.mutations.problems import Problem, Refused
from schema.mutations.read import InputReader
from schema.mutations.violations import ConflictingWrites, Violated
from schema.mutations.write import Writer
from schema.opaque import write_id
from schema.types.mutations import REFUSALS

MOST_ROWS: Final = 10_000
"""Most rows that one input writes or names."""

MOST_TRIES: Final = 3
"""How often a mutation is tried that ran into another one."""

WRITE: Final = "write"
"""The scope without which nothing is written."""

Write = Callable[[InputReader, Writer, ObjectType, dict[str, Any]], Awaitable[tuple[Any, ...]]]
"""Reads an input, writes it, and returns the primary key of its row."""

Load = Callable[[GraphQLResolveInfo[Any], ObjectType, tuple[Any, ...]], Awaitable[Any]]
"""Reads a row by its primary key, for the selection of a field."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What a mutation wrote."""

    graph_type: str
    """The payload's type."""

    type_: ObjectType
    """Type of the row."""

    key: tuple[Any, ...]
    """Its primary key."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a mutation was refused for; named as in GraphQL."""

    graph_type: str
    message: str
    code: str
    path: tuple[str | int, ...]
    errors: tuple["Refusal", ...] = ()
    current: Any = None


def wire_mutations(core: GraphQLSchema, graph: Graph, load: Load) -> None:
    """Give the mutations of a built schema their resolvers.

    Args:
        core: The schema.
        graph: Its description.
        load: How a row is read.
    """
    root = core.mutation_type
    if root is None:
        return
    for type_ in graph.types.values():
        for word, write in (("create", _create), ("update", _update), ("delete", _delete)):
            name = f"{word}{type_.name}"
            if name in root.fields:
                root.fields[name].resolve = _mutation(graph, type_, f"{name[0].upper()}{name[1:]}Payload", write)
                _wire_payload(core, type_, f"{name[0].upper()}{name[1:]}", load)
    for name in ("FieldError", *REFUSALS):
        found = core.type_map[name]
        if isinstance(found, GraphQLObjectType):
            found.is_type_of = None
            for shown, field in found.fields.items():
                field.resolve = _attribute(shown)


def _wire_payload(core: GraphQLSchema, type_: ObjectType, mutation: str, load: Load) -> None:
    union, payload = core.type_map[f"{mutation}Result"], core.type_map[f"{mutation}Payload"]
    if not isinstance(union, GraphQLUnionType) or not isinstance(payload, GraphQLObjectType):
        raise TypeError(f"{mutation} has no result union")
    union.resolve_type = lambda value, _info, _type: str(value.graph_type)
    payload.is_type_of = None
    if "deletedId" in payload.fields:
        payload.fields["deletedId"].resolve = lambda source, _info: write_id(source.type_, source.key)
    else:
        payload.fields[type_.singular].resolve = lambda source, info: load(info, source.type_, source.key)


def _attribute(name: str) -> Callable[..., Any]:
    return lambda source, _info: getattr(source, name)


async def _create(reader: InputReader, writer: Writer, type_: ObjectType, given: dict[str, Any]) -> tuple[Any, ...]:
    row = reader.new_row(type_, given, ("input",))
    reader.check()
    await writer.create([row])
    return row.key


async def _update(reader: InputReader, writer: Writer, type_: ObjectType, given: dict[str, Any]) -> tuple[Any, ...]:
    row = reader.change(type_, given, ("input",))
    reader.check()
    await writer.change(row)
    return row.key


async def _delete(reader: InputReader, writer: Writer, type_: ObjectType, given: dict[str, Any]) -> tuple[Any, ...]:
    path = ("input", "id")
    key = reader.key(type_, given["id"], path)
    reader.check()
    await writer.delete(type_, key, path)
    return key


def _mutation(graph: Graph, type_: ObjectType, payload: str, write: Write) -> Callable[..., Any]:
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
                key = await write(InputReader(graph, MOST_ROWS), Writer(graph, transaction), type_, input)
                await transaction.settle()
                return Payload(payload, type_, key)
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
