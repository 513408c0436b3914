"""Variables of a mutation, taken apart: which fields they give decides its statement, the values in them do not.

    mutation ($input: CreateCommentInput!) { createComment(input: $input) { ... } }

With `{body: "Hm.", post: {connect: {id: "..."}}}` this is what it would be with a variable for each text, so it is
prepared once for all requests that give the same fields, and null for the same. Lists are not taken apart.
"""

from collections.abc import Hashable, Mapping
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    type_from_ast,
)

from schema.query.later import Pending


class Spread:
    """The variables of one operation."""

    def __init__(self, core: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        """Look their types up."""
        self._objects: dict[str, GraphQLInputObjectType] = {}
        self._others: list[str] = []
        self._inner: dict[str, dict[str, GraphQLInputObjectType]] = {}
        for definition in operation.variable_definitions or ():
            name, type_ = definition.variable.name.value, _object(type_from_ast(core, definition.type))
            if type_ is not None:
                self._objects[name] = type_
            else:
                self._others.append(name)

    def shape(self, variables: Mapping[str, Any]) -> tuple[Hashable, ...]:
        """Return which fields the coerced variables give, and what is null.

        As it follows the types, what a client puts into a scalar of JSON makes no difference.
        """
        found: list[Hashable] = [variables.get(name, name) is None for name in self._others]
        found += [self._shape(type_, variables.get(name)) for name, type_ in self._objects.items()]
        return tuple(found)

    def _shape(self, type_: GraphQLInputObjectType, given: Any) -> Hashable:
        if given is None:
            return None
        inner = self._inner_of(type_)
        return tuple(
            [
                (name, self._shape(inner[name], value) if name in inner else value is None)
                for name, value in given.items()
            ]
        )

    def apart(self, given: Any, variables: Mapping[str, Any]) -> Any:
        """Return arguments with nulls, and with a `Pending` for each value of an object in place of the whole."""
        if type(given) is Pending:
            if given.name in self._objects:
                return self._apart(self._objects[given.name], variables.get(given.name), given)
            return None if variables.get(given.name, given) is None else given
        if type(given) is dict:
            return {name: self.apart(value, variables) for name, value in given.items()}
        return given

    def _apart(self, type_: GraphQLInputObjectType, given: Any, place: Pending) -> Any:
        if given is None:
            return None
        inner = self._inner_of(type_)
        found: dict[str, Any] = {}
        for name, value in given.items():
            there = Pending(place.name, (*place.path, name))
            if name in inner:
                found[name] = self._apart(inner[name], value, there)
            else:
                found[name] = None if value is None else there
        return found

    def _inner_of(self, type_: GraphQLInputObjectType) -> dict[str, GraphQLInputObjectType]:
        """Return the fields of an input object that are input objects, by the names that they have in Python."""
        found = self._inner.get(type_.name)
        if found is None:
            fields = {field.out_name or name: _object(field.type) for name, field in type_.fields.items()}
            found = self._inner[type_.name] = {name: each for name, each in fields.items() if each is not None}
        return found


def _object(type_: Any) -> GraphQLInputObjectType | None:
    """Return the input object that a type is, null or not, where its values are plain dicts; otherwise None."""
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    is_plain = isinstance(type_, GraphQLInputObjectType) and type_.out_type is GraphQLInputObjectType.out_type
    return type_ if is_plain else None
