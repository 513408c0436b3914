"""What a mutation answers where it is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema

from schema.context import Context
from schema.errors import UnauthenticatedError
from schema.graph import Graph
from schema.principal import WRITE
from schema.query.requests import ObjectRequest
from schema.query.rows import wire_attribute
from schema.types.mutations import REFUSALS
from schema.writing.problems import Problem, Refused


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a mutation was refused for; named as in GraphQL."""

    graph_type: str
    message: str
    code: str
    path: tuple[str | int, ...]
    errors: tuple["Refusal", ...] = ()
    current: Any = None


def wire_refusals(core: GraphQLSchema) -> None:
    """Give the fields of refusals their resolvers."""
    for name in ("FieldError", *REFUSALS):
        found = core.type_map[name]
        if isinstance(found, GraphQLObjectType):
            found.is_type_of = None
            for shown, field in found.fields.items():
                field.resolve = _attribute(shown)


def _attribute(name: str) -> Callable[..., Any]:
    return lambda source, _info: getattr(source, name)


async def answered(context: Context, graph: Graph, write: Callable[[], Awaitable[Any]]) -> Any:
    """Return what a mutation gives; where it is refused, undo it and return the refusal.

    Args:
        context: The request.
        graph: The graph description.
        write: The mutation.

    Raises:
        UnauthenticatedError: Nobody has shown a key, and one is needed.
    """
    if not context.principal.may(WRITE):
        context.is_refused = True
        return _forbidden(context)
    try:
        return await write()
    except Refused as error:
        context.is_refused = True
        if context.transaction is not None:
            await context.transaction.roll_back()
        current = error.current and await _whole(context, graph, *error.current)
        return _refusal(error.problems, current)


async def _whole(context: Context, graph: Graph, type_name: str, key: tuple[Any, ...]) -> Any:
    """Return a row with all its shown values: nobody knows yet which of them are asked for."""
    type_ = graph.types[type_name]
    needed = {*type_.key_attributes, *(each for relation in type_.relations for each in relation.keys)}
    for field in type_.fields:
        needed |= {field.attribute, wire_attribute(field.attribute, field.scalar)}
    request = ObjectRequest(type_name, None, type_.key_attributes, tuple(sorted(needed)))
    return await context.loaders.load_object(request, key)


def _forbidden(context: Context) -> Refusal:
    if context.principal.is_anonymous:
        raise UnauthenticatedError(
            f"An API key with the scope `{WRITE}` is needed: send it in the header X-API-Key, or as "
            "Authorization: Bearer."
        )
    return _refusal((Problem("ForbiddenError", "FORBIDDEN", f"The API key lacks the scope `{WRITE}`.", ()),), None)


def _refusal(problems: tuple[Problem, ...], current: Any) -> Refusal:
    first = problems[0]
    is_one = len(problems) == 1 or first.kind != "ValidationError"  # which alone has a list of them
    message = first.message if is_one else f"{len(problems)} things are wrong; the first: {first.message}"
    errors = tuple(Refusal("FieldError", each.message, each.code, each.path) for each in problems)
    return Refusal(first.kind, message, first.code, first.path, errors, current)
