"""Mutations of a team's own, in plain Python. Every module of this folder is discovered.

A mutation is one business action: a `@strawberry.mutation` method of a class under `@extends_mutation`. It writes
through `info.context.session`, in a transaction that commits when the whole answer is read, and returns its payload: a
`@strawberry.type` that is called after it (`PublishPostPayload` for `publishPost`), with rows as model objects. In the
graph it answers a union of the payload and of what every mutation can be refused for:

    raise conflict("ALREADY_PUBLISHED", "The post is published already.", "input", "id")

`replaces(Comment, "create")` lets a function stand for a mutation that is generated, with its input and its payload.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, get_args

from sqlalchemy import select

from schema.context import Context
from schema.errors import BadIdError, DefinitionError
from schema.models.base import Write
from schema.opaque import read_id_of
from schema.writing.guard import Guard, forbidden
from schema.writing.problems import Problem, Refused, invalid
from schema.writing.problems import missing as _missing

Class = TypeVar("Class", bound=type[Any])

Model = TypeVar("Model")

Carry = Callable[[Mapping[str, Any]], Awaitable[Sequence[tuple[Any, ...]]]]
"""Writes an input as the generated mutation would, and returns the primary keys of the rows, in their order."""

Replacement = Callable[[Context, Mapping[str, Any], Carry], Awaitable[Any]]
"""What stands for a generated mutation: `(context, input, carry) -> keys, or model objects`."""

REPEATABLE: Final = {"repeatable": True}
"""`metadata=REPEATABLE` on a mutation says that it touches nothing but the database, and so may be run again when
PostgreSQL ends its transaction because of another one."""


def extends_mutation(class_: Class) -> Class:
    """Add the class's Strawberry mutations to the root type `Mutation`."""
    class_.__extends__ = "Mutation"
    return class_


def replaces(model: type[Any], kind: str) -> Callable[[Replacement], Replacement]:
    """Let a function stand for a generated mutation.

    It is given the request, the coerced input, and what carries the generated mutation out: it can refuse, change what
    is given, do more through `context.session`. It returns the keys that `carry` gave, or model objects. It may be run
    again when PostgreSQL ends its transaction because of another one.

    Args:
        model: The model.
        kind: `create`, `update`, `delete`, `upsert`, or one of these with `Many` behind it.
    """
    kinds = [f"{kind}{many}" for kind in (*get_args(Write)[:3], "upsert") for many in ("", "Many")]
    if kind not in kinds:
        raise DefinitionError(f"replaces({model.__name__}, {kind!r}): it takes one of {', '.join(kinds)}.")

    def mark(function: Replacement) -> Replacement:
        function.__replaces__ = model, kind  # type: ignore[attr-defined]  # marks it
        return function

    return mark


async def find(context: Context, model: type[Model], id_: str, *path: str | int) -> Model:
    """Return the row that a global id names, and keep others from changing it.

    Args:
        context: The request.
        model: Which model.
        id_: What the client sent.
        *path: Where it stands in the arguments, for messages.

    Raises:
        Refused: It is no id of the model, there is no such row for the caller, or the caller may not change it.
    """
    guard = Guard(context.loaders.sight, context.loaders.identity)
    type_ = guard.graph.by_model[model]
    try:
        key = dict(zip(type_.key_attributes, read_id_of(type_, id_, str(path[-1])), strict=True))
    except BadIdError as error:
        raise Refused([invalid("BAD_ID", str(error), path)]) from error
    is_it = [getattr(model, attribute) == value for attribute, value in key.items()]
    sought = select(model).where(*is_it, *guard.editable(type_)).with_for_update()
    found = (await context.session.scalars(sought)).one_or_none()
    if found is None:
        raise Refused([_missing(type_.name, path)])
    may = guard.editable(type_, "update")
    if may and not (await context.session.scalars(select(model).where(*is_it, *may))).all():
        raise Refused([forbidden(type_, "update", path)])
    return found


def refuse(code: str, message: str, *path: str | int) -> Refused:
    """Return the refusal of an input that breaks a rule."""
    return Refused([invalid(code, message, path)])


def conflict(code: str, message: str, *path: str | int) -> Refused:
    """Return the refusal of what other rows, or the row as it is, stand against."""
    return Refused([Problem("ConflictError", code, message, path)])


def missing(type_name: str, *path: str | int) -> Refused:
    """Return the refusal of an input that names a row which is not there."""
    return Refused([_missing(type_name, path)])


def forbid(code: str, message: str, *path: str | int) -> Refused:
    """Return the refusal of what the caller may not do."""
    return Refused([Problem("ForbiddenError", code, message, path)])
