"""How a Strawberry class or field is declared from names alone; the one place that works around dataclasses.

Annotations are texts that are looked up in the graph's namespace, so types may refer to each other in any order.
A graph has twenty types a model and a dozen fields a type. So Strawberry's definitions are made here as they are,
not by its decorators, which make a dataclass of each and evaluate each annotation several times: four times the CPU.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import MISSING
from enum import Enum
from types import ModuleType
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.schema_directives import OneOf
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryList, StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.field import UNRESOLVED, StrawberryField

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


def described_enum(name: str, members: Mapping[str, str]) -> Any:
    """Return a Python enum whose members have descriptions."""
    return Enum(name, {member: strawberry.enum_value(member, description=text) for member, text in members.items()})


class WrittenType(StrawberryAnnotation):
    """An annotation as text: a name of the namespace, or `list[...]` and `Optional[...]` around one."""

    __slots__ = ()

    @property  # type: ignore[misc]  # nobody sets it
    def annotation(self) -> object | str:
        """The text."""
        return self.raw_annotation

    def resolve(self, **_: Any) -> Any:
        """Return the type; what a text stands for is found out once a graph.

        Raises:
            NameError: A type is not declared yet.
        """
        return _resolved(str(self.raw_annotation), self.namespace or {})


def _resolved(text: str, namespace: dict[str, Any]) -> Any:
    known = namespace.setdefault("__resolved__", {})
    if text not in known:
        if text.startswith("Optional["):
            known[text] = StrawberryOptional(_resolved(text[9:-1], namespace))
        elif text.startswith("list["):
            known[text] = StrawberryList(_resolved(text[5:-1], namespace))
        elif text in namespace:
            known[text] = StrawberryAnnotation(namespace[text]).resolve()
        else:
            raise NameError(text)
    return known[text]


class GeneratedField(StrawberryField):
    """A field whose type is written."""

    def resolve_type(self, *, type_definition: StrawberryObjectDefinition | None = None) -> Any:  # noqa: ARG002 - Strawberry's
        """Return the field's type, or that it is not known yet."""
        if self.type_annotation is None:
            return UNRESOLVED
        try:
            return self.type_annotation.resolve()
        except NameError:
            return UNRESOLVED


def declare_field(
    name: str, annotation: str, description: str | None, module: ModuleType, arguments: Iterable[Argument] = ()
) -> StrawberryField:
    """Return a field without a resolver."""
    field = GeneratedField(
        python_name=f"field_{name}",  # a prefix, since a field may be called `class`
        graphql_name=name,
        type_annotation=WrittenType(annotation, namespace=vars(module)),
        description=description,
    )
    field.arguments = [
        StrawberryArgument(
            python_name=argument,
            graphql_name=argument,
            type_annotation=WrittenType(type_, namespace=vars(module)),
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
    interface: type[Any] | None = None,
) -> type[Any]:
    """Return an object type, and put it into the namespace.

    Args:
        name: Its name.
        description: What it is.
        fields: Its generated fields.
        module: The namespace.
        own: Fields of the team's own, which Strawberry takes in by its own ways.
        interface: What it implements.

    Raises:
        DefinitionError: There is a type of that name already.
    """
    bases = () if interface is None else (interface,)
    if own:
        members = _members(fields, module) | {f"own_{shown}": field for shown, field in own.items()}
        class_: type[Any] = strawberry.type(type(name, bases, members), name=name, description=description)
    else:
        class_ = type(name, bases, {"__module__": module.__name__})
        above = [base.__strawberry_definition__ for base in bases]
        inherited = [field for definition in above for field in definition.fields]
        class_.__strawberry_definition__ = _definition(class_, description, [*inherited, *fields], interfaces=above)
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
    declared: list[StrawberryField] = [
        GeneratedField(
            python_name=f"field_{field}",
            graphql_name=field,
            type_annotation=WrittenType(
                annotation if field in required else f"Optional[{annotation}]", namespace=vars(module)
            ),
            description=text,
            default=MISSING if field in required else strawberry.UNSET,
        )
        for field, annotation, text in fields
    ]
    seen: set[str] = set()
    for field in declared:
        if field.graphql_name in seen:
            raise DefinitionError(
                f"{name} would have two fields called {field.graphql_name!r}; give the attribute, filter or order of "
                "that name another one in expose()."
            )
        seen.add(str(field.graphql_name))
    class_: Any = type(name, (), {"__module__": module.__name__})
    directives = (OneOf(),) if is_one_of else ()
    class_.__strawberry_definition__ = _definition(class_, description, declared, is_input=True, directives=directives)
    _put(name, class_, module)


def _definition(
    class_: type[Any], description: str | None, fields: list[StrawberryField], **more: Any
) -> StrawberryObjectDefinition:
    settings: dict[str, Any] = {"is_input": False, "interfaces": [], "directives": (), **more}
    return StrawberryObjectDefinition(
        name=class_.__name__,
        description=description,
        origin=class_,
        fields=fields,
        is_interface=False,
        extend=False,
        is_type_of=None,
        resolve_type=None,
        **settings,
    )


def _put(name: str, class_: type[Any], module: ModuleType) -> None:
    if name in vars(module):
        raise DefinitionError(
            f"Two types are called {name!r}: one of them is made for a model. Give the model another name in expose()."
        )
    vars(module)[name] = class_


def _members(fields: Iterable[StrawberryField], module: ModuleType) -> dict[str, Any]:
    members: dict[str, Any] = {"__module__": module.__name__, "__annotations__": {}}
    for field in fields:
        members[field.python_name] = field
        members["__annotations__"][field.python_name] = field.type_annotation  # dataclasses hand it back to the
        field.type_annotation = None  # field, and Strawberry would evaluate it now, before the other types are there
    return members
