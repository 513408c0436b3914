"""Gives the generated mutations their resolvers: write, and hand over the keys of what was written.

Each runs inside a transaction of its own, in which its whole selection is read; see `schema.execution`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, GraphQLUnionType

from schema.audit import Notes
from schema.context import Context, Transaction
from schema.errors import LimitError
from schema.graph import Graph, ObjectType
from schema.opaque import write_id
from schema.query.page import Limits
from schema.types.mutations import Mutation, mutations_of
from schema.types.own import Replacement
from schema.types.refusals import answered
from schema.writing.guard import Guard
from schema.writing.ways import WAYS, Given, Keys, Note, Way, Work, carry_out

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
class MutationWiring:
    """What the resolvers of mutations are made from."""

    graph: Graph
    """The graph description."""

    limits: Limits
    """How many rows are given back, and written at once."""

    load: Load
    """How a row is read."""

    load_edge: Load
    """How a row is read with its place in the list of its type."""


def wire_mutations(
    core: GraphQLSchema, wiring: MutationWiring, replaced: Mapping[tuple[str, str], Replacement]
) -> None:
    """Give the generated mutations of a built schema their resolvers.

    Args:
        core: The schema.
        wiring: What they are made from.
        replaced: What stands for some of them, by type name and kind.
    """
    root = core.mutation_type
    if root is None:
        return
    for type_ in wiring.graph.types.values():
        for mutation in mutations_of(type_):
            own = replaced.get((type_.name, mutation.kind))
            root.fields[mutation.name].resolve = _mutation(wiring, type_, mutation, own)
            _wire_payload(core, type_, mutation.base, wiring)


def _wire_payload(core: GraphQLSchema, type_: ObjectType, base: str, wiring: MutationWiring) -> None:
    union, payload = core.type_map[f"{base}Result"], core.type_map[f"{base}Payload"]
    if not isinstance(union, GraphQLUnionType) or not isinstance(payload, GraphQLObjectType):
        raise TypeError(f"{base} has no result union")
    union.resolve_type = lambda value, _info, _type: str(value.graph_type)
    payload.is_type_of = None
    load, load_edge, most = wiring.load, wiring.load_edge, wiring.limits.for_type(type_).largest_page_size
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


def _mutation(
    wiring: MutationWiring, type_: ObjectType, mutation: Mutation, own: Replacement | None
) -> Callable[..., Awaitable[Any]]:
    generated, payload = WAYS[mutation.kind], f"{mutation.base}Payload"

    async def resolve(
        _source: Any,
        info: GraphQLResolveInfo[Any],
        input: dict[str, Any],  # noqa: A002 - the argument's name
    ) -> Any:
        context: Context = info.context
        way = generated if own is None else _own_way(context, own, generated)

        async def write() -> Payload:
            keys = await carry_out(
                way,
                input,
                transaction=transaction_of(context),
                guard=guard_of(context),
                type_=type_,
                most_written=wiring.limits.most_written,
                note=noting(context, mutation.name),
                is_large=context.is_large,
            )
            return Payload(payload, type_, keys)

        return await answered(context, context.loaders.graph, write)

    return resolve


def _own_way(context: Context, own: Replacement, generated: Way) -> Way:
    """Return a way that does what a team's own function does."""

    async def way(work: Work, given: Given) -> Keys:
        async def carry(changed: Given) -> Keys:
            await context.session.flush()
            await context.session.connection()  # where it has begun a part, to be undone by itself, that begins now
            return await generated(work, changed)

        async with transaction_of(context).session() as session:
            context.write_session = session
            try:
                with work.writer.notes.watching(session, work.graph):
                    found = await own(context, given, carry)
                    await session.flush()  # which gives new rows their keys
            finally:
                context.write_session = None
        return _keys(work.type_, found)

    return way


def _keys(type_: ObjectType, found: Any) -> Keys:
    """Return keys, of which model objects may have been given instead."""
    several: Sequence[Any] = found if isinstance(found, list | tuple) else [found]
    return [key_of(type_, each) if isinstance(each, type_.model) else each for each in several]


def key_of(type_: ObjectType, row: Any) -> tuple[Any, ...]:
    """Return the primary key of a model object."""
    return tuple(getattr(row, attribute) for attribute in type_.key_attributes)


def noting(context: Context, mutation: str) -> Note:
    """Return what takes note of what a mutation writes; None where nobody wants to know."""
    audit = context.audit
    if audit is None:
        return None

    async def note(notes: Notes) -> None:
        await audit.take(mutation, notes, transaction_of(context))

    return note


def guard_of(context: Context) -> Guard:
    """Return what the caller of a request sees and may write."""
    return Guard(context.loaders.sight, context.loaders.identity)


def transaction_of(context: Context) -> Transaction:
    """Return what a mutation is run in."""
    if context.transaction is None:
        raise TypeError("a mutation runs in a transaction")
    return context.transaction
