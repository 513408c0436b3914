"""Gives the mutations their resolvers: read the input, write, and hand over the key of what was written.

Each runs inside a transaction of its own, in which its whole selection is read; see `schema.execution`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, GraphQLUnionType

from schema.context import Context, Transaction
from schema.errors import LimitError, UnauthenticatedError
from schema.graph import Graph, ObjectType
from schema.opaque import write_id
from schema.query.page import Limits
from schema.query.requests import ObjectRequest
from schema.query.rows import wire_attribute
from schema.types.mutations import REFUSALS, Mutation, mutations_of
from schema.writing.problems import Problem, Refused
from schema.writing.ways import WAYS, Keys, carry_out

WRITE: Final = "write"
"""The scope without which nothing is written."""

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


def _mutation(graph: Graph, limits: Limits, type_: ObjectType, mutation: Mutation, whole: Whole) -> Callable[..., Any]:
    way, payload = WAYS[mutation.kind], f"{mutation.base}Payload"

    async def resolve(
        _source: Any,
        info: GraphQLResolveInfo[Any],
        input: dict[str, Any],  # noqa: A002 - the argument's name
    ) -> Payload | Refusal:
        context: Context = info.context
        if not context.principal.may(WRITE):
            return _forbidden(context)
        transaction = _transaction(context)
        try:
            keys = await carry_out(
                way, input, transaction=transaction, graph=graph, type_=type_, most_written=limits.most_written
            )
        except Refused as error:
            await transaction.roll_back()
            current = error.current and await whole(context, *error.current)
            return _refusal(error.problems, current)
        return Payload(payload, type_, keys)

    return resolve


def _transaction(context: Context) -> Transaction:
    if context.transaction is None:
        raise TypeError("a mutation runs in a transaction")
    return context.transaction


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
