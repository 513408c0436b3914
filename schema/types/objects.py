"""Makes the Strawberry classes: one type a model, its edge and connection, and the root type `Query`.

The classes only declare; `schema.types.resolvers` gives the built schema its resolvers. Annotations are
texts that Strawberry evaluates in the graph's namespace, so types may refer to each other in any order.
"""

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Optional

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from schema.graph import Graph, ObjectType, Relation, Scalar
from schema.types import scalars
from schema.types.own import OwnFields


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


_PAGE_ARGUMENTS = (
    ("first", "Optional[int]", "At most this many rows, from the start: `first: 10`."),
    ("after", "Optional[str]", "Only rows behind this cursor: pass a page's `endCursor` for the next page."),
    ("last", "Optional[int]", "At most this many rows, from the end: `last: 10`."),
    (
        "before",
        "Optional[str]",
        "Only rows ahead of this cursor: pass a page's `startCursor` for the page before.",
    ),
    (
        "offset",
        "Optional[int]",
        "Pass over this many rows first: `offset: 40`. Cursors are faster and miss nothing.",
    ),
)


def make_query(graph: Graph, own: OwnFields) -> type[Any]:
    """Return the Strawberry root type, with every other type reachable from it.

    Args:
        graph: The graph description.
        own: Fields of the team's own.
    """
    module = ModuleType(f"schema.types.generated_{id(graph):x}")
    sys.modules[module.__name__] = module  # where Strawberry looks the annotations up
    namespace = vars(module)
    namespace.update(scalars.NAMESPACE, Optional=Optional, ID=strawberry.ID, Node=Node, PageInfo=PageInfo)
    for enum in graph.enums.values():
        namespace[enum.name] = strawberry.enum(enum.python, name=enum.name, description=enum.description)
    for type_ in graph.types.values():
        namespace[type_.name] = _declare(type_, _object(type_, own.by_type.get(type_.name, {}), module))
        namespace[f"{type_.name}Edge"] = _edge(type_, module)
        namespace[f"{type_.name}Connection"] = _connection(type_, module)
    return _query(graph, own.by_type.get("Query", {}), module)


def _declare(type_: ObjectType, class_: type[Any]) -> type[Any]:
    """Let the model itself be the Strawberry type, so that the team's own fields are annotated with models."""
    definition = class_.__strawberry_definition__
    definition.origin = type_.model
    type_.model.__strawberry_definition__ = definition
    return type_.model


def _class(
    name: str,
    description: str | None,
    fields: list[StrawberryField],
    module: ModuleType,
    own: Mapping[str, StrawberryField] | None = None,
    bases: tuple[type[Any], ...] = (),
) -> type[Any]:
    members: dict[str, Any] = {"__module__": module.__name__, "__annotations__": {}}
    for field in fields:
        key = f"field_{field.graphql_name}"  # a prefix, since a field may be called `class`
        members[key] = field
        members["__annotations__"][key] = field.type_annotation  # dataclasses hand it back to the field, and
        field.type_annotation = None  # Strawberry would evaluate it now, before the other types are there
    members.update(own or {})
    return strawberry.type(type(name, bases, members), name=name, description=description)


def _field(
    name: str,
    annotation: str,
    description: str | None,
    module: ModuleType,
    arguments: tuple[tuple[str, str, str], ...] = (),
) -> StrawberryField:
    field = StrawberryField(
        graphql_name=name,
        type_annotation=StrawberryAnnotation(annotation, namespace=vars(module)),
        description=description,
    )
    field.arguments = [
        StrawberryArgument(
            python_name=argument,
            graphql_name=argument,
            type_annotation=StrawberryAnnotation(type_, namespace=vars(module)),
            description=text,
        )
        for argument, type_, text in arguments
    ]
    return field


def annotation_of(scalar: Scalar, *, is_nullable: bool) -> str:
    """Return what a value's annotation says, such as `Optional[list[Optional[str]]]`."""
    one = scalar.enum.name if scalar.enum else scalars.PYTHON_NAMES[scalar.kind]
    whole = f"list[Optional[{one}]]" if scalar.is_list else one
    return f"Optional[{whole}]" if is_nullable else whole


def _object(type_: ObjectType, own: Mapping[str, StrawberryField], module: ModuleType) -> type[Any]:
    by_name: dict[str, StrawberryField] = {}
    for field in type_.fields:
        shown = "ID" if field.references else annotation_of(field.scalar, is_nullable=False)
        annotation = f"Optional[{shown}]" if field.is_nullable else shown
        by_name[field.name] = _field(field.name, annotation, field.description, module)
    for relation in type_.relations:
        by_name[relation.name] = _relation(relation, module)
    fields = [by_name[name] for name in type_.order]
    return _class(type_.name, type_.description, fields, module, own, bases=(Node,))


def _relation(relation: Relation, module: ModuleType) -> StrawberryField:
    if relation.is_list:
        return _field(relation.name, f"{relation.target}Connection", relation.description, module, _PAGE_ARGUMENTS)
    annotation = f"Optional[{relation.target}]" if relation.is_nullable else relation.target
    return _field(relation.name, annotation, relation.description, module)


def _edge(type_: ObjectType, module: ModuleType) -> type[Any]:
    fields = [
        _field("cursor", "str", "Names this place in the list; good for `after` and `before`.", module),
        _field("node", type_.name, "The row.", module),
    ]
    return _class(f"{type_.name}Edge", f"A {type_.name} and its place in a list.", fields, module)


def _connection(type_: ObjectType, module: ModuleType) -> type[Any]:
    fields = [
        _field("nodes", f"list[{type_.name}]", "The rows of the page.", module),
        _field("edges", f"list[{type_.name}Edge]", "The rows of the page, each with its cursor.", module),
        _field("pageInfo", "PageInfo", "Where the page stands in the list.", module),
        _field("totalCount", "int", "How many rows the list has, over all pages.", module),
    ]
    return _class(f"{type_.name}Connection", f"A page of a list of {type_.name} rows.", fields, module)


def _query(graph: Graph, own: Mapping[str, StrawberryField], module: ModuleType) -> type[Any]:
    fields = [
        _field("node", "Optional[Node]", "The object with an id, whatever its type; null where there is none.", module,
               (("id", "ID", "The id, as a field `id` gave it."),)),
        _field("nodes", "list[Optional[Node]]", "The objects with these ids, in their order; null where there is none.",
               module, (("ids", "list[ID]", "The ids, as fields `id` gave them."),)),
    ]  # fmt: skip
    for type_ in graph.types.values():
        fields += _root_fields(type_, module)
    return _class("Query", "Where every query starts.", fields, module, own)


def _root_fields(type_: ObjectType, module: ModuleType) -> list[StrawberryField]:
    one = f"The {type_.name} with an id; null where there is none."
    fields = [
        _field(
            type_.singular,
            f"Optional[{type_.name}]",
            one,
            module,
            (("id", "ID", "The id, as `id` gave it."),),
        ),
        _field(
            type_.plural,
            f"{type_.name}Connection",
            f"All {type_.name} rows, page by page.",
            module,
            _PAGE_ARGUMENTS,
        ),
    ]
    for key in type_.unique_keys:
        words = " and ".join(field.name for field in key.fields)
        arguments = tuple(
            (field.name, "ID" if field.references else annotation_of(field.scalar, is_nullable=False),
             field.description or f"The {field.name}.")
            for field in key.fields
        )  # fmt: skip
        text = f"The {type_.name} with this {words}; null where there is none."
        fields.append(_field(key.name, f"Optional[{type_.name}]", text, module, arguments))
    return fields
