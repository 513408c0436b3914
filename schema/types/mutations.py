"""Declares the mutations: an input, a payload and a result union for each, and what a refusal is.

The classes only declare; `schema.types.mutators` gives the mutations their resolvers.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any, Final, NewType, Union

import strawberry
from strawberry.directive import DirectiveLocation, DirectiveValue
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition

from schema.graph import Graph, ObjectType
from schema.types.declare import declare_field, declare_type
from schema.types.row_inputs import declare_key
from schema.types.write_inputs import declare_write_input
from schema.writing.read import upsert_keys

PathSegment = NewType("PathSegment", object)

REFUSALS: Final = {
    "ValidationError": "The input breaks rules that can be told from it alone: all of them are in `errors`.",
    "ConflictError": "Other rows stand against it: a value is taken, or rows still lead to one that is to go.",
    "NotFoundError": "A row that the input names is not there.",
    "ForbiddenError": "The caller may not do this.",
}
"""What a mutation may answer instead of its payload, with descriptions."""

_PROBLEM: Final = (
    ("message", "str", "A sentence for people: what is wrong, and what is accepted."),
    ("code", "str", "A stable word for programs, such as `NOT_UNIQUE`."),
    ("path", "list[PathSegment]", 'The place in the arguments: `["input", "comments", 3, "body"]`.'),
)


OwnMutations = Callable[[ModuleType], Mapping[str, StrawberryField]]
"""Makes mutations of a team's own, by GraphQL name, in a namespace that has the types of refusals."""


@strawberry.directive(
    locations=[DirectiveLocation.MUTATION],
    description="The operation is one transaction: where a field is refused or fails, nothing of it is written.",
)
def atomic(value: DirectiveValue[object]) -> object:
    """Say what is read of the operation, and does nothing to a value; see `schema.transactions`."""
    return value


def path_scalar() -> dict[object, ScalarDefinition]:
    """Return the scalar of the steps of a path, for `StrawberryConfig`."""
    text = "A step of a path into the arguments: the name of a field, or an index from 0."
    definition = strawberry.scalar(name="PathSegment", description=text, serialize=lambda value: value)
    return {PathSegment: definition}


def make_mutation(graph: Graph, module: ModuleType, own: OwnMutations) -> type[Any] | None:
    """Return the root type of mutations; None where no model may be written, and there are none of a team's own.

    Args:
        graph: The graph description.
        module: Where the types of queries are declared.
        own: Makes the mutations of a team's own, once the types of refusals are declared.
    """
    written = [type_ for type_ in graph.types.values() if type_.writes is not None]
    _declare_refusals(module)
    added = own(module)
    if not (written or added):
        return None
    for type_ in graph.types.values():
        declare_key(type_, module)
    fields = [field for type_ in written for field in _fields(graph, type_, module)]
    return declare_type("Mutation", "Where every mutation starts.", fields, module, added)


def _declare_refusals(module: ModuleType) -> None:
    vars(module)["PathSegment"] = PathSegment
    fields = [declare_field(name, annotation, text, module) for name, annotation, text in _PROBLEM]
    members: dict[str, Any] = {"__module__": module.__name__, "__annotations__": {}}
    interface: Any = strawberry.interface(
        type("UserError", (), members), name="UserError", description="Something that a client can mend."
    )
    interface.__strawberry_definition__.fields = fields
    vars(module)["UserError"] = interface
    declare_type("FieldError", "One rule that the input breaks.", [], module, interface=interface)
    more = {
        "ValidationError": [declare_field("errors", "list[FieldError]", "Every rule that is broken.", module)],
        "ConflictError": [declare_field("current", "Optional[Node]", "The row as it is, where it is known.", module)],
    }
    for name, text in REFUSALS.items():
        declare_type(name, text, more.get(name, []), module, interface=interface)


@dataclass(frozen=True, slots=True)
class Mutation:
    """A mutation that is made for a type."""

    kind: str
    """What it does: `create`, `createMany`, `update` and so on."""

    name: str
    """The root field."""

    description: str
    """What it does, for people."""

    @property
    def base(self) -> str:
        """What the names of its input, payload and result begin with."""
        return self.name[0].upper() + self.name[1:]


def mutations_of(type_: ObjectType) -> Iterator[Mutation]:
    """Yield the mutations of a type."""
    writes, one = type_.writes, type_.name
    if writes is None:
        return
    alike = any(not each.is_fixed for each in writes.fields)
    alike = alike or any(not (each.is_fixed or each.relation.is_list) for each in writes.links)
    many = type_.plural[0].upper() + type_.plural[1:]
    if "create" in writes.operations:
        yield Mutation("create", f"create{one}", f"Create a {one}, and what hangs on it.")
    if "update" in writes.operations:
        text = f"Change a {one}, and what hangs on it: what is left out stays as it is."
        yield Mutation("update", f"update{one}", text)
    if "delete" in writes.operations:
        yield Mutation("delete", f"delete{one}", f"Delete a {one}.")
    if {"create", "update"} <= writes.operations and upsert_keys(type_):
        yield Mutation("upsert", f"upsert{one}", f"Create a {one}, or change the one with the same unique key.")
    if "bulk" not in writes.operations:
        return
    if "create" in writes.operations:
        yield Mutation("createMany", f"create{many}", f"Create {one} rows: all of them, or none.")
    if "update" in writes.operations and alike:
        yield Mutation("updateMany", f"update{many}", f"Change all {one} rows that a filter finds, `atMost` so many.")
    if "delete" in writes.operations:
        yield Mutation("deleteMany", f"delete{many}", f"Delete all {one} rows that a filter finds, `atMost` so many.")
    if {"create", "update"} <= writes.operations and upsert_keys(type_):
        text = f"Create {one} rows, or change those with the same unique key: all of them, or none."
        yield Mutation("upsertMany", f"upsert{many}", text)


def _fields(graph: Graph, type_: ObjectType, module: ModuleType) -> Iterator[StrawberryField]:
    name = type_.name
    one = declare_field(type_.singular, name, "The row as it is now.", module)
    edge = declare_field(f"{type_.singular}Edge", f"{name}Edge", "The row and its place in the list of all.", module)
    many = declare_field(type_.plural, f"list[{name}]", "The rows as they are now, in the order of the input.", module)
    count = declare_field("affectedCount", "int", "How many rows were written.", module)
    payloads = {
        "delete": [declare_field("deletedId", "ID", "The id that it had.", module)],
        "deleteMany": [declare_field("deletedIds", "list[ID]", "The ids that they had.", module), count],
    }
    for mutation in mutations_of(type_):
        declare_write_input(graph, type_, mutation.kind, mutation.base, module)
        payload = payloads.get(mutation.kind, [many, count] if mutation.kind.endswith("Many") else [one, edge])
        text = f"What `{mutation.name}` gives where it succeeds."
        declare_type(f"{mutation.base}Payload", text, payload, module)
        members = [vars(module)[each] for each in (f"{mutation.base}Payload", *REFUSALS)]
        result, text = f"{mutation.base}Result", f"What `{mutation.name}` answers."
        vars(module)[result] = Annotated[Union[tuple(members)], strawberry.union(result, description=text)]  # noqa: UP007 - made of a tuple
        argument = ("input", f"{mutation.base}Input", "What is to be written.")
        yield declare_field(mutation.name, f"Optional[{result}]", mutation.description, module, [argument])
