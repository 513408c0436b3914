"""Variables of an operation, coerced: what is plainly of its type passes by, all else is graphql-core's to judge.

graphql-core looks the types of all variables up anew for each request. Here that is done once an operation, and a
text where a text is due costs a comparison.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from graphql import (
    GraphQLError,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    get_variable_values,
    validate_input_value,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.type import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT

_PLAIN: Final[Mapping[str, Callable[[Any], bool]]] = {
    "ID": lambda value: type(value) is str,
    "String": lambda value: type(value) is str,
    "Boolean": lambda value: type(value) is bool,
    "Int": lambda value: type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT,
}
"""For the scalars of the specification, which values are what they are coerced to."""

MOST_ERRORS: Final = 20
"""Errors after which variables are not looked at further."""

PLACE: Final = "path"
"""Under which name an error's extensions have the place of the value: `["input", "age"]` of the variable `$input`."""


class VariableReader:
    """Coerces the variables of one operation of a valid document."""

    def __init__(self, core: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        """Look their types up."""
        self._core = core
        self._definitions = operation.variable_definitions or ()
        self._plain: list[tuple[str, GraphQLVariableSignature, Callable[[Any], bool]]] | None = []
        for definition in self._definitions:
            signature = get_variable_signature(core, definition)
            is_plain = None if isinstance(signature, GraphQLError) else _PLAIN.get(_scalar_name(signature))
            if is_plain is None or isinstance(signature, GraphQLError):
                self._plain = None
                return
            self._plain.append((signature.name, signature, is_plain))

    def read(self, given: Mapping[str, Any], *, hides_suggestions: bool = False) -> VariableValues | list[GraphQLError]:
        """Return the coerced variables, or what is wrong with them.

        Args:
            given: The variables, as JSON has them.
            hides_suggestions: Whether errors keep to themselves which names there are that look alike.
        """
        if self._plain is None:
            return self._judged(given, hides_suggestions)
        sources, coerced = dict[str, VariableValueSource](), dict[str, Any]()
        for name, signature, is_plain in self._plain:
            value = given.get(name)
            if not is_plain(value):
                return self._judged(given, hides_suggestions)
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = value
        return VariableValues(sources, coerced)

    def _judged(self, given: Mapping[str, Any], hides_suggestions: bool) -> VariableValues | list[GraphQLError]:
        found = get_variable_values(
            self._core, self._definitions, dict(given), max_errors=MOST_ERRORS, hide_suggestions=hides_suggestions
        )
        return found if isinstance(found, VariableValues) else self._placed(found, given)

    def _placed(self, errors: Sequence[GraphQLError], given: Mapping[str, Any]) -> list[GraphQLError]:
        """Return errors of values with where these stand, which graphql-core tells in its messages alone."""
        places = iter(self._places(given))
        return [
            error
            if error.original_error is None
            else GraphQLError(
                error.message,
                error.nodes,
                original_error=error.original_error,
                extensions={PLACE: next(places, None)},
            )
            for error in errors
        ]

    def _places(self, given: Mapping[str, Any]) -> list[list[str | int]]:
        """Return where wrong values stand, in the order of graphql-core: a variable's name, and the way into it."""
        places: list[list[str | int]] = []
        for definition in self._definitions:
            signature = get_variable_signature(self._core, definition)
            if isinstance(signature, GraphQLError) or (signature.name not in given and definition.default_value):
                continue

            def note(_error: GraphQLError, path: list[str | int], name: str = signature.name) -> None:
                places.append([name, *path])
                if len(places) == MOST_ERRORS:
                    raise _EnoughError

            value = given.get(signature.name, Undefined)
            if value is Undefined and not isinstance(signature.type, GraphQLNonNull):
                continue
            try:
                validate_input_value(value, signature.type, note)
            except (_EnoughError, RecursionError):
                break
        return places


class _EnoughError(Exception):
    """As many places are known as are told."""


def _scalar_name(signature: GraphQLVariableSignature) -> str:
    type_: Any = signature.type
    return str(getattr(type_.of_type if isinstance(type_, GraphQLNonNull) else type_, "name", ""))
