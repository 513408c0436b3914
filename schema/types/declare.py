"""How a Strawberry class or field is declared from names alone; the one place that works around dataclasses.

Annotations are texts that Strawberry evaluates in the graph's namespace, so types may refer to each other in
any order.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import MISSING
from types import ModuleType
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from schema.errors import DefinitionError
from schema.graph import Scalar
from schema.types import scalars

Argument = tuple[str, str, str]
"""Name, annotation and description of an argument."""


def annotation_of(scalar: Scalar, *, is_nullable: bool) -> str:
    """Return what a value's annotation says, such as `Optional[list[Optional[str]]]`."""
    one = scalar.enum.name if scalar.enum else scalars.PYTHON_NAMES[scalar.kind]
    whole = f"list[Optional[{one}]]" if scalar.is_list else one
    return f"Optional[{whole}]" if is_nullable else whole


def declare_field(
    name: str, annotation: str, description: str | None, module: ModuleType, arguments: Iterable[Argument] = ()
) -> StrawberryField:
    """Return a field without a resolver."""
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


def declare_type(
    name: str,
    description: str | None,
    fields: Iterable[StrawberryField],
    module: ModuleType,
    own: Mapping[str, StrawberryField] | None = None,
    bases: tuple[type[Any], ...] = (),
) -> type[Any]:
    """Return an object type, and put it into the namespace."""
    members = _members(fields, module)
    members.update({f"own_{name}": field for name, field in (own or {}).items()})
    class_ = strawberry.type(type(name, bases, members), name=name, description=description)
    _put(name, class_, module)
    return class_


def declare_input(
    name: str,
    description: str,
    fields: Iterable[Argument],
    module: ModuleType,
    *,
    is_one_of: bool = False,
    required: Container[str] = (),
) -> None:
    """Put an input type into the namespace; every field but the required ones may be left out."""
    declared = [
        StrawberryField(
            graphql_name=field,
            type_annotation=StrawberryAnnotation(
                annotation if field in required else f"Optional[{annotation}]", namespace=vars(module)
            ),
            description=text,
            default=MISSING if field in required else strawberry.UNSET,
        )
        for field, annotation, text in fields
    ]
    class_ = type(name, (), _members(declared, module))
    _put(name, strawberry.input(class_, name=name, description=description, one_of=is_one_of or None), module)


def _put(name: str, class_: type[Any], module: ModuleType) -> None:
    if name in vars(module):
        raise DefinitionError(
            f"Two types are called {name!r}: one of them is made for a model. Give the model another name in expose()."
        )
    vars(module)[name] = class_


def _members(fields: Iterable[StrawberryField], module: ModuleType) -> dict[str, Any]:
    members: dict[str, Any] = {"__module__": module.__name__, "__annotations__": {}}
    for field in fields:
        key = f"field_{field.graphql_name}"  # a prefix, since a field may be called `class`
        members[key] = field
        members["__annotations__"][key] = field.type_annotation  # dataclasses hand it back to the field, and
        field.type_annotation = None  # Strawberry would evaluate it now, before the other types are there
    return members
