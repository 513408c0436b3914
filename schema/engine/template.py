"""Arguments of a field, coerced once as far as they are the same in every request.

graphql-core coerces each argument for each request, and looks at every field of an input type for that, of which a
filter has dozens. Here what has no variable in it is coerced once, and the variables, which are coerced already, are
put in. Where one is left out or null, which means different things in different places, graphql-core does all of it.
"""

from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    coerce_input_literal,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values

from schema.query.later import Pending


class _Unusual(Exception):  # noqa: N818 - a turn of the road rather than an error
    """Something that graphql-core must look at in each request."""


class ArgumentTemplate:
    """The arguments of one field of a valid document."""

    def __init__(self, definition: GraphQLField, node: FieldNode) -> None:
        """Coerce what has no variable in it.

        Args:
            definition: The field.
            node: Where it stands in the document.

        Raises:
            GraphQLError: A constant argument is wrong.
        """
        self._definition = definition
        self._node = node
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        varying = {name for name, value in given.items() if has_variables(value)}
        fixed = {name: argument for name, argument in definition.args.items() if name not in varying}
        self.constant: dict[str, Any] = get_argument_values(GraphQLField(definition.type, args=fixed), node)
        """Arguments that are the same in every request."""
        self.is_constant = not varying
        """True where all are."""
        self._varying: dict[str, Any] | None = None
        try:
            arguments = {name: definition.args[name] for name in varying}
            self._varying = {
                argument.out_name or name: _template(argument.type, given[name]) for name, argument in arguments.items()
            }
        except _Unusual:
            pass

    @property
    def pending(self) -> dict[str, Any] | None:
        """All arguments, with `Pending` in place of variables; None where graphql-core must look at each request."""
        return None if self._varying is None else self.constant | self._varying

    def fill(self, variables: VariableValues) -> dict[str, Any]:
        """Return the coerced arguments of a request.

        Raises:
            GraphQLError: One is wrong.
        """
        if self._varying is not None:
            try:
                return self.constant | {name: _filled(part, variables.coerced) for name, part in self._varying.items()}
            except _Unusual:
                pass
        return get_argument_values(self._definition, self._node, variables)


def has_variables(node: ValueNode) -> bool:
    """Return whether a variable stands in a value."""
    finder = _Variables()
    visit(node, finder)
    return finder.is_any


def _template(type_: GraphQLInputType, node: ValueNode) -> Any:
    """Return a value with `Pending` in place of variables."""
    if isinstance(type_, GraphQLNonNull):
        return _template(type_.of_type, node)
    if isinstance(node, VariableNode):
        return Pending(node.name.value)
    if not has_variables(node):
        value = coerce_input_literal(node, type_)
        if value is Undefined:
            raise _Unusual
        return value
    if isinstance(type_, GraphQLList):
        items = node.values if isinstance(node, ListValueNode) else (node,)
        return [_template(type_.of_type, item) for item in items]
    if not isinstance(type_, GraphQLInputObjectType) or not isinstance(node, ObjectValueNode):
        raise _Unusual
    if type_.out_type is not GraphQLInputObjectType.out_type:
        raise _Unusual
    given = {field.name.value: field.value for field in node.fields}
    filled: dict[str, Any] = {}
    for name, field in type_.fields.items():
        if name in given:
            filled[field.out_name or name] = _template(field.type, given[name])
        elif field.default_value is not Undefined:
            raise _Unusual
    return filled


def _filled(part: Any, variables: dict[str, Any]) -> Any:
    match part:
        case Pending(name):
            value = variables.get(name)
            if value is None:
                raise _Unusual
            return value
        case dict():
            return {name: _filled(inner, variables) for name, inner in part.items()}
        case list():
            return [_filled(inner, variables) for inner in part]
        case _:
            return part


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.is_any = False

    def enter_variable(self, *_: Any) -> None:
        self.is_any = True
