"""Makes mutations of a team's own what the generated ones are: a result union, a transaction, rows read in it."""

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Annotated, Any, Final, Optional, Union

import strawberry
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField

from schema.audit import Notes
from schema.context import Context
from schema.errors import DefinitionError, UnavailableError
from schema.types.mutations import REFUSALS
from schema.types.mutators import MutationWiring, key_of, noting, transaction_of
from schema.types.own import OwnFields
from schema.types.refusals import Refusal, answered
from schema.writing.violations import ConflictingWrites, Violated, refusal_of
from schema.writing.ways import MOST_TRIES

NAMED: Final = "{0} must return a type of its own that is called {1}Payload, made by @strawberry.type."


def with_results(own: Mapping[str, StrawberryField], module: ModuleType) -> dict[str, StrawberryField]:
    """Return mutations that answer a union of their payload and what they can be refused for.

    Args:
        own: Mutations that return their payload, by GraphQL name.
        module: Where the types of refusals are declared.

    Raises:
        DefinitionError: One returns something else.
    """
    return {name: _with_result(name, field, module) for name, field in own.items()}


def _with_result(name: str, field: StrawberryField, module: ModuleType) -> StrawberryField:
    base = f"{name[0].upper()}{name[1:]}"
    resolver, payload = field.base_resolver, field.type
    definition = getattr(payload, "__strawberry_definition__", None)
    if resolver is None or definition is None or definition.name != f"{base}Payload":
        raise DefinitionError(f"Mutation {name!r}: {NAMED.format(resolver.name if resolver else name, base)}")
    members = [payload, *(vars(module)[each] for each in REFUSALS)]
    union = strawberry.union(f"{base}Result", description=f"What `{name}` answers.")
    members_or: Any = Union[tuple(members)]  # noqa: UP007 - made of a tuple
    field.type_annotation = StrawberryAnnotation(Optional[Annotated[members_or, union]])  # noqa: UP045 - a value
    for argument in field.arguments:
        argument.description = argument.description or "What is to be written."
    return field


def wire_own_mutations(core: GraphQLSchema, wiring: MutationWiring, own: Mapping[str, StrawberryField]) -> None:
    """Let mutations of a team's own run as generated ones do.

    Args:
        core: The schema.
        wiring: What resolvers of mutations are made from.
        own: The mutations, by GraphQL name.
    """
    seen = set[str]()
    for name, declared in own.items():
        field = core.mutation_type.fields[name] if core.mutation_type else None
        union = get_named_type(field.type) if field else None
        if field is None or field.resolve is None or not isinstance(union, GraphQLUnionType):
            raise TypeError(f"{name} has no resolver or no result union")
        field.resolve = _in_session(wiring, field.resolve, is_repeatable=bool(declared.metadata.get("repeatable")))
        payload = union.types[0]
        union.resolve_type = partial(_name, payload.name)
        payload.is_type_of = None
        _read_rows(wiring, payload, seen)


def _name(payload: str, value: Any, _info: Any, _type: Any) -> str:
    return value.graph_type if isinstance(value, Refusal) else payload


def _read_rows(wiring: MutationWiring, type_: GraphQLObjectType, seen: set[str], *, is_always: bool = True) -> None:
    """Let rows that stand in a payload, however deep, be read as they are in the database."""
    seen.add(type_.name)
    for field in type_.fields.values():
        below = get_named_type(field.type)
        if below.name in wiring.graph.types:
            field.resolve = _row(wiring, field, is_always=is_always)
        elif isinstance(below, GraphQLObjectType) and below.name not in seen:
            _read_rows(wiring, below, seen, is_always=is_always)


def wire_own_rows(core: GraphQLSchema, wiring: MutationWiring, own: OwnFields) -> None:
    """Let rows that a team's own fields return be read anew for callers who do not see all of their types.

    Args:
        core: The schema.
        wiring: What resolvers of rows are made from.
        own: What the team has added.
    """
    seen = set[str]()
    for type_name, fields in own.by_type.items():
        parent = core.type_map[type_name]
        if not isinstance(parent, GraphQLObjectType) or parent is core.mutation_type:
            continue
        for name in fields:
            field = parent.fields[name]
            below = get_named_type(field.type)
            if below.name in wiring.graph.types:
                field.resolve = _row(wiring, field, is_always=False)
            elif isinstance(below, GraphQLObjectType) and below.name not in seen:
                _read_rows(wiring, below, seen, is_always=False)


def _row(wiring: MutationWiring, field: GraphQLField, *, is_always: bool) -> Callable[..., Any]:
    original = field.resolve
    type_ = wiring.graph.types[get_named_type(field.type).name]
    if original is None:
        raise TypeError(f"a field of type {type_.name} has no resolver")

    if type_.access is None and not is_always:
        return original

    def read(info: GraphQLResolveInfo[Any], value: Any) -> Any:
        if not is_always and info.context.loaders.graph.types[type_.name].view is None:
            return value
        if isinstance(value, list | tuple):
            return several(info, value) if not is_always else [read(info, each) for each in value]
        return wiring.load(info, type_, key_of(type_, value)) if isinstance(value, type_.model) else value

    async def several(info: GraphQLResolveInfo[Any], values: Sequence[Any]) -> list[Any]:
        """Return the rows that are there for the caller."""
        found = await asyncio.gather(*(later(info, _ready(value)) for value in values))
        return [each for given, each in zip(values, found, strict=True) if each is not None or given is None]

    async def later(info: GraphQLResolveInfo[Any], value: Any) -> Any:
        found = read(info, await value)
        return await found if inspect.isawaitable(found) else found

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        value = original(source, info, **arguments)
        return later(info, value) if inspect.isawaitable(value) else read(info, value)

    return resolve


async def _ready(value: Any) -> Any:
    return value


def _in_session(wiring: MutationWiring, original: Callable[..., Any], *, is_repeatable: bool) -> Callable[..., Any]:
    most_tries = MOST_TRIES if is_repeatable else 1

    async def once(context: Context, source: Any, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]) -> Any:
        transaction, notes = transaction_of(context), Notes()
        async with transaction.session() as session:
            context.write_session = session
            try:
                with notes.watching(session, wiring.graph):
                    found = original(source, info, **arguments)
                    found = await found if inspect.isawaitable(found) else found
                    await session.flush()
            finally:
                context.write_session = None
        if wiring.graph.has_deferred:
            await transaction.settle()
        if (note := noting(context, info.field_name)) is not None:
            await note(notes)
        return found

    async def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        context: Context = info.context

        async def write() -> Any:
            for tries in range(1, most_tries + 1):
                try:
                    return await once(context, source, info, arguments)
                except Violated as error:
                    raise refusal_of(wiring.graph, error, arguments.get("input", {})) from error
                except ConflictingWrites as error:
                    await transaction_of(context).roll_back()
                    if tries == most_tries:
                        raise UnavailableError("Other writes stood in the way; try again.") from error
            raise AssertionError("unreachable")

        return await answered(context, wiring.graph, write)

    return resolve
