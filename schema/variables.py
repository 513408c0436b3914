"""Variables of an operation, coerced: what is plainly of its type passes by, all else is graphql-core's to judge.

graphql-core looks the types of all variables up anew for each request. Here that is done once an operation, see
`schema.coercers`.
"""

from collections.abc import Mapping, Sequence
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

from schema.coercers import Coercer, Coercers, UnusualError

MOST_ERRORS: Final = 20
"""Errors after which variables are not looked at further."""

PLACE: Final = "path"
"""Under which name an error's extensions have the place of the value: `["input", "age"]` of the variable `$input`."""


class VariableReader:
    """Coerces the variables of one operation of a valid document."""

    def __init__(
        self, core: GraphQLSchema, operation: OperationDefinitionNode, coercers: Coercers | None = None
    ) -> None:
        """Look their types up.

        Args:
            core: The schema.
            operation: The operation.
            coercers: The coercers of the schema, where several operations share them.
        """
        self._core = core
        self._definitions = operation.variable_definitions or ()
        self._known: list[tuple[str, GraphQLVariableSignature, bool, Coercer]] | None = []
        coercers = coercers or Coercers()
        for definition in self._definitions:
            signature = get_variable_signature(core, definition)
            if isinstance(signature, GraphQLError):
                self._known = None
                return
            is_nullable = not isinstance(signature.type, GraphQLNonNull)
            self._known.append((signature.name, signature, is_nullable, coercers.of(signature.type)))

    def read(self, given: Mapping[str, Any], *, hides_suggestions: bool = False) -> VariableValues | list[GraphQLError]:
        """Return the coerced variables, or what is wrong with them.

        Args:
            given: The variables, as JSON has them.
            hides_suggestions: Whether errors keep to themselves which names there are that look alike.
        """
        if self._known is None:
            return self._judged(given, hides_suggestions)
        sources, coerced = dict[str, VariableValueSource](), dict[str, Any]()
        try:
            for name, signature, is_nullable, coerce in self._known:
                value = given.get(name)
                if value is not None:
                    coerced[name] = coerce(value)
                elif is_nullable and name in given:
                    coerced[name] = None
                else:
                    raise UnusualError
                sources[name] = VariableValueSource(signature, value)
        except (UnusualError, RecursionError):
            return self._judged(given, hides_suggestions)
        return VariableValues(sources, coerced)

    def usual(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the coerced variables where all are there and none is null; None where `read` is to look at them."""
        if self._known is None:
            return None
        found: dict[str, Any] = {}
        try:
            for name, _, _, coerce in self._known:
                if (value := given.get(name)) is None:
                    return None
                found[name] = coerce(value)
        except (UnusualError, RecursionError):
            return None
        return found

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
