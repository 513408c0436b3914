"""Declares the object types: one a model, its edge, connection, aggregates and groups, and the root type `Query`.

The classes only declare; `schema.types.resolvers` gives the built schema its resolvers.
"""

import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Final, Optional

import strawberry
from strawberry.types.field import StrawberryField

from schema.graph import Graph, ObjectType, Relation
from schema.query.conditions import aggregate_scalar
from schema.query.group_arguments import ShownKey, group_keys
from schema.types import scalars
from schema.types.declare import Argument, annotation_of, declare_field, declare_input, declare_type, described_enum
from schema.types.inputs import comparables, declare_inputs, declare_shared, distinct, numbers
from schema.types.mutations import make_mutation
from schema.types.own import OwnFields
from schema.types.own_mutations import with_results


@strawberry.interface(description="An object with an id that is unique in the whole graph.")
class Node:
    """An object that `node(id:)` finds."""

    id: strawberry.ID = strawberry.field(description="Names this object in the whole graph; pass it to `node`.")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = strawberry.field(description="True where rows follow the page.")
    has_previous_page: bool = strawberry.field(description="True where rows precede the page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row; null where the page is empty.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last row; null where the page is empty.")


_PAGE_ARGUMENTS: Final = (
    ("first", "Optional[int]", "At most this many rows, from the start: `first: 10`."),
    ("after", "Optional[str]", "Only rows behind this cursor: pass a page's `endCursor` for the next page."),
    ("last", "Optional[int]", "At most this many rows, from the end: `last: 10`."),
    ("before", "Optional[str]", "Only rows ahead of this cursor: pass a page's `startCursor` for the page before."),
    ("offset", "Optional[int]", "Pass over this many rows first: `offset: 40`. Cursors are faster and miss nothing."),
)

AGGREGATES: Final = (
    ("countDistinct", "CountDistinct", "How many different values a field has; null is none."),
    ("sum", "Sum", "Sums; null where there are no values."),
    ("avg", "Average", "Means; null where there are no values."),
    ("stddev", "Average", "Standard deviations of the sample; null where there are fewer than two values."),
    ("variance", "Average", "Variances of the sample; null where there are fewer than two values."),
    ("min", "Values", "Least values; null where there are none."),
    ("max", "Values", "Largest values; null where there are none."),
)
"""The aggregate functions: name, which kind of type holds them, description."""


def make_roots(graph: Graph, own: OwnFields) -> tuple[type[Any], type[Any] | None]:
    """Return the Strawberry root types, `Query` and `Mutation`, with every other type reachable from them.

    Args:
        graph: The graph description.
        own: Fields of the team's own.
    """
    module = ModuleType(f"schema.types.generated_{id(graph):x}")
    sys.modules[module.__name__] = module  # where Strawberry looks the annotations up
    namespace = vars(module)
    namespace.update(scalars.NAMESPACE, Optional=Optional, ID=strawberry.ID, Node=Node, PageInfo=PageInfo)
    namespace.update(str=str, int=int, float=float, bool=bool)
    for enum in graph.enums.values():
        namespace[enum.name] = strawberry.enum(enum.python, name=enum.name, description=enum.description)
    declare_shared(graph, module)
    for type_ in graph.types.values():
        declare_inputs(graph, type_, module)
        _declare(type_, _object(type_, own.by_type.get(type_.name, {}), module), module)
        _declare_aggregate(type_, module)
        _declare_groups(type_, module)
        _declare_lists(type_, module)
    query = declare_type("Query", "Where every query starts.", _query(graph, module), module, own.by_type.get("Query"))
    return query, make_mutation(graph, module, lambda names: with_results(own.by_type.get("Mutation", {}), names))


def _declare(type_: ObjectType, class_: type[Any], module: ModuleType) -> None:
    """Let the model itself be the Strawberry type, so that the team's own fields are annotated with models."""
    definition = class_.__strawberry_definition__
    definition.origin = type_.model
    type_.model.__strawberry_definition__ = definition
    vars(module)[type_.name] = type_.model


def _object(type_: ObjectType, own: Mapping[str, StrawberryField], module: ModuleType) -> type[Any]:
    by_name: dict[str, StrawberryField] = {}
    for field in type_.fields:
        shown = "ID" if field.references else annotation_of(field.scalar, is_nullable=False)
        annotation = f"Optional[{shown}]" if field.is_nullable else shown
        by_name[field.name] = declare_field(field.name, annotation, field.description, module)
    for relation in type_.relations:
        by_name[relation.name] = _relation(relation, module)
    fields = [by_name[name] for name in type_.order]
    return declare_type(type_.name, type_.description, fields, module, own, interface=Node)


def list_arguments(target: str) -> list[Argument]:
    """Return the arguments that every list of a type takes."""
    return [
        *_PAGE_ARGUMENTS,
        ("filter", f"Optional[{target}Filter]", "Only rows that this holds for: `filter: {id: {in: [...]}}`."),
        ("orderBy", f"Optional[list[{target}Order]]", "By what the rows are ordered: `orderBy: [{id: DESC}]`."),
    ]


def _relation(relation: Relation, module: ModuleType) -> StrawberryField:
    if relation.is_list:
        arguments = list_arguments(relation.target)
        return declare_field(relation.name, f"{relation.target}Connection", relation.description, module, arguments)
    annotation = f"Optional[{relation.target}]" if relation.is_nullable else relation.target
    return declare_field(relation.name, annotation, relation.description, module)


def _declare_aggregate(type_: ObjectType, module: ModuleType) -> None:
    """Declare what the rows of a list come to: `PostAggregate`, and the types that hold one function each."""
    name = type_.name
    held = {
        "CountDistinct": distinct(type_),
        "Sum": numbers(type_),
        "Average": numbers(type_),
        "Values": comparables(type_),
    }
    whole = [declare_field("count", "int", "How many rows there are.", module)]
    for function, kind, text in AGGREGATES:
        if not held[kind]:
            continue
        whole.append(declare_field(function, f"{name}{kind}", text, module))
        if f"{name}{kind}" not in vars(module):
            fields = [
                declare_field(field.name, _aggregate_annotation(function, field.scalar), f"Of `{field.name}`.", module)
                for field in held[kind]
            ]
            declare_type(f"{name}{kind}", f"Aggregates of {name} rows, field by field.", fields, module)
    declare_type(f"{name}Aggregate", f"What {name} rows come to, taken together.", whole, module)


def _aggregate_annotation(function: str, scalar: Any) -> str:
    if function == "countDistinct":
        return "int"
    return annotation_of(aggregate_scalar(function, scalar), is_nullable=True)


def _declare_groups(type_: ObjectType, module: ModuleType) -> None:
    """Declare what rows can be grouped by, and what a group is; nothing where there is nothing to group by."""
    name, keys = type_.name, group_keys(type_)
    if not keys:
        return
    members = {key.member: key.description for key in keys}
    python = strawberry.enum(
        described_enum(f"{name}GroupBy", members),
        name=f"{name}GroupBy",
        description=f"What {name} rows can be grouped by.",
    )
    vars(module)[f"{name}GroupBy"] = python
    shown = [
        declare_field(key.name, f"Optional[{_key_annotation(type_, key)}]", key.description, module) for key in keys
    ]
    declare_type(
        f"{name}GroupKeys",
        f"What the {name} rows of a group share; null for what they are not grouped by.",
        shown,
        module,
    )
    declare_type(
        f"{name}Group",
        f"{name} rows that share something.",
        [
            declare_field("keys", f"{name}GroupKeys", "What they share.", module),
            declare_field("aggregate", f"{name}Aggregate", "What they come to.", module),
        ],
        module,
    )
    orders: list[Argument] = [
        ("aggregate", f"{name}AggregateOrder", "By an aggregate: `{aggregate: {count: DESC}}`."),
    ]
    directions = [
        (key.name, "OrderDirection", f"By `{key.name}`: `{{{key.name}: ASC}}`.") for key in keys if key.is_orderable
    ]
    if directions:
        orders.append(("key", f"{name}GroupKeyOrder", f"By a key: `{{key: {{{directions[0][0]}: ASC}}}}`."))
        text = f"A key that groups of {name} rows are ordered by."
        declare_input(f"{name}GroupKeyOrder", text, directions, module, is_one_of=True)
    declare_input(
        f"{name}GroupOrder", f"One thing that groups of {name} rows are ordered by.", orders, module, is_one_of=True
    )


def _key_annotation(type_: ObjectType, key: ShownKey) -> str:
    """Return what the annotation of a key's value says, without null."""
    if key.is_relation:
        return next((relation.target for relation in type_.relations if relation.name == key.name), "ID")
    field = type_.field_of(key.key.attributes[0])
    return "ID" if field.references else annotation_of(field.scalar, is_nullable=False)


def _declare_lists(type_: ObjectType, module: ModuleType) -> None:
    name = type_.name
    edge = [
        declare_field("cursor", "str", "Names this place in the list; good for `after` and `before`.", module),
        declare_field("node", name, "The row.", module),
    ]
    declare_type(f"{name}Edge", f"A {name} and its place in a list.", edge, module)
    groups: list[Argument] = [
        ("by", f"list[{name}GroupBy]", "What the rows are grouped by, one thing or several."),
        ("having", f"Optional[{name}AggregateFilter]", "Only groups that this holds for: `having: {count: {gt: 1}}`."),
        (
            "orderBy",
            f"Optional[list[{name}GroupOrder]]",
            "By what the groups are ordered; by their keys where left out.",
        ),
        ("first", "Optional[int]", "At most this many groups: `first: 10`."),
        ("offset", "Optional[int]", "Pass over this many groups first: `offset: 10`."),
    ]
    connection = [
        declare_field("nodes", f"list[{name}]", "The rows of the page.", module),
        declare_field("edges", f"list[{name}Edge]", "The rows of the page, each with its cursor.", module),
        declare_field("pageInfo", "PageInfo", "Where the page stands in the list.", module),
        declare_field("totalCount", "int", "How many rows the list has, over all pages.", module),
        declare_field("aggregate", f"{name}Aggregate", "What the rows come to, over all pages.", module),
    ]
    if f"{name}Group" in vars(module):
        text = "The rows of all pages, grouped."
        connection.append(declare_field("groups", f"list[{name}Group]", text, module, groups))
    declare_type(f"{name}Connection", f"A page of a list of {name} rows.", connection, module)


def _query(graph: Graph, module: ModuleType) -> Iterator[StrawberryField]:
    one = "The object with an id, whatever its type; null where there is none."
    many = "The objects with these ids, in their order; null where there is none."
    yield declare_field("node", "Optional[Node]", one, module, [("id", "ID", "The id, as a field `id` gave it.")])
    ids = ("ids", "list[ID]", "The ids, as fields `id` gave them.")
    yield declare_field("nodes", "list[Optional[Node]]", many, module, [ids])
    for type_ in graph.types.values():
        yield from _root_fields(type_, module)


def _root_fields(type_: ObjectType, module: ModuleType) -> Iterator[StrawberryField]:
    name = type_.name
    id_ = ("id", "ID", "The id, as `id` gave it.")
    yield declare_field(
        type_.singular, f"Optional[{name}]", f"The {name} with an id; null where there is none.", module, [id_]
    )
    yield declare_field(
        type_.plural, f"{name}Connection", f"All {name} rows, page by page.", module, list_arguments(name)
    )
    for key in type_.unique_keys:
        words = " and ".join(field.name for field in key.fields)
        arguments = [
            (
                field.name,
                "ID" if field.references else annotation_of(field.scalar, is_nullable=False),
                field.description or f"The {field.name}.",
            )
            for field in key.fields
        ]
        text = f"The {name} with this {words}; null where there is none."
        yield declare_field(key.name, f"Optional[{name}]", text, module, arguments)
