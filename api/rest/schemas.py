"""Types of the graph, and selections of them, as JSON Schema: draft 2020-12, as OpenAPI 3.1 has it.

    user(id: $id) { id age }   ->   {"type": "object", "required": ["id", "age"], "properties": {
                                       "id": {"type": "string"}, "age": {"type": ["integer", "null"], ...}}}

Inputs and enums become components under the names that the graph gives them. What a model asks of its columns stands
with the fields that write them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    is_required_input_field,
)

from api.rest.selected import Fragments, Selected, Shown, fields_of
from api.rest.usage import Inputs
from schema.graph.written import WriteField
from schema.opaque import encode

SCALARS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Int": {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    "Float": {"type": "number", "format": "double"},
    "String": {"type": "string"},
    "Boolean": {"type": "boolean"},
    "ID": {"type": "string"},
    "BigInt": {"type": "string", "pattern": r"^-?[0-9]{1,19}$"},
    "Decimal": {"type": "string"},
    "DateTime": {"type": "string", "format": "date-time"},
    "LocalDateTime": {"type": "string"},
    "Date": {"type": "string", "format": "date"},
    "Time": {"type": "string"},
    "Interval": {"type": "string", "format": "duration"},
    "UUID": {"type": "string", "format": "uuid"},
    "JSON": {},
    "Base64": {"type": "string", "contentEncoding": "base64"},
}
"""Values by the name of their scalar; one of a team's own can be anything."""

_COMPONENT: Final = "#/components/schemas/"
_TEXT: Final = {"pattern": "^[^\\u0000]*$"}
"""What PostgreSQL asks of every text."""


class Schemas:
    """Makes schemas, and keeps those that have a name."""

    def __init__(self, core: GraphQLSchema, inputs: Inputs) -> None:
        """Begin without any."""
        self._core = core
        self._inputs = inputs
        self.components: dict[str, Any] = {}
        """The schemas by name."""

    def output(self, shown: Shown, fragments: Fragments) -> dict[str, Any]:
        """Return the schema of what a selection answers."""
        type_ = shown.type
        if isinstance(type_, GraphQLNonNull):
            return self._present(Shown(type_.of_type, shown.selections), fragments)
        return nullable(self._present(shown, fragments))

    def _present(self, shown: Shown, fragments: Fragments) -> dict[str, Any]:
        type_ = shown.type
        if isinstance(type_, GraphQLList):
            return {"type": "array", "items": self.output(Shown(type_.of_type, shown.selections), fragments)}
        if isinstance(type_, GraphQLScalarType | GraphQLEnumType):
            return self._value(type_)
        return self.object(type_, shown, fragments)

    def object(self, type_: Any, shown: Shown, fragments: Fragments) -> dict[str, Any]:
        """Return the schema of an object that is there."""
        selected = fields_of(self._core, type_, shown.selections, fragments)
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {key: self._property(type_, each, fragments) for key, each in selected.items()},
            "required": [key for key, each in selected.items() if not each.is_optional],
        }
        return schema

    def _property(self, type_: Any, selected: Selected, fragments: Fragments) -> dict[str, Any]:
        schema = _described(self.output(selected.shown, fragments), selected.field.description)
        is_id = schema.get("type") == "string" and selected.field is self._core.get_field(type_, "id")
        return schema | ({"examples": [encode(f"{type_.name}:1")]} if is_id else {})

    def input(self, type_: Any, written: WriteField | None = None) -> dict[str, Any]:
        """Return the schema of what a variable or the field of an input takes.

        Args:
            type_: Its GraphQL type.
            written: The column that it writes, where it writes one.
        """
        if isinstance(type_, GraphQLNonNull):
            return self._taken(type_.of_type, written)
        taken = self._taken(type_, written)
        return taken if written is not None and not written.field.is_nullable else nullable(taken)

    def _taken(self, type_: Any, written: WriteField | None) -> dict[str, Any]:
        if isinstance(type_, GraphQLList):
            return {"type": "array", "items": self.input(type_.of_type)}
        if isinstance(type_, GraphQLInputObjectType):
            return self._input_object(type_)
        schema = self._value(type_)
        if isinstance(type_, GraphQLScalarType) and type_.name == "String":
            schema = combined(schema, [_TEXT])
        return combined(schema, written.keywords) if written is not None else schema

    def _input_object(self, type_: GraphQLInputObjectType) -> dict[str, Any]:
        if type_.name not in self.components:
            schema: dict[str, Any] = {"type": "object", "additionalProperties": False}
            self.components[type_.name] = schema  # before its fields: they may hold the same type
            schema |= {"description": type_.description} if type_.description else {}
            schema["properties"] = {
                name: _described(self.input(each.type, self._inputs.written(type_.name, name)), each.description)
                for name, each in type_.fields.items()
            }
            if type_.is_one_of:
                schema |= {"minProperties": 1, "maxProperties": 1}
            required = [name for name, each in type_.fields.items() if is_required_input_field(each)]
            schema |= {"required": required} if required else {}
        return {"$ref": _COMPONENT + type_.name}

    def _value(self, type_: Any) -> dict[str, Any]:
        if isinstance(type_, GraphQLEnumType):
            described = {"description": type_.description} if type_.description else {}
            self.components[type_.name] = {"type": "string", "enum": list(type_.values), **described}
            return {"$ref": _COMPONENT + type_.name}
        return dict(SCALARS.get(type_.name, {}))


def nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that takes null as well."""
    if not schema:
        return {}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [dict(schema), {"type": "null"}]}


def combined(schema: Mapping[str, Any], keywords: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a schema that asks more; what it asks twice in different ways goes to `allOf`."""
    found, others = dict(schema), list[dict[str, Any]]()
    for each in keywords:
        if any(name in found and found[name] != value for name, value in each.items() if name == "pattern"):
            others.append(dict(each))
        else:
            found |= each
    return found | {"allOf": others} if others else found


def _described(schema: Mapping[str, Any], description: str | None) -> dict[str, Any]:
    return {**schema, "description": description} if description else dict(schema)
