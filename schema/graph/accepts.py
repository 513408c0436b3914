"""What a model says of values that are written, made to functions: plain ones, and what Pydantic makes of types."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, get_origin

from pydantic import BaseModel, PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError

from schema.errors import DefinitionError
from schema.graph.kinds import Kind
from schema.graph.written import RowCheck

_IS_MISSING: Final = "missing"
"""What Pydantic calls a field that is not given."""

_KEYWORDS: Final = frozenset(
    {"format", "not", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)
"""Keywords of JSON Schema that are about one value."""

_OF_A_FUNCTION: Final = "Value error, "
"""What Pydantic puts before the message of a `ValueError`."""


def read_check(check: Any, kind: Kind, where: str) -> Callable[[Any], Any]:
    """Return a function of a value that returns what is to be written, or raises `ValueError`.

    Args:
        check: A function, or a type that Pydantic knows.
        kind: What values are.
        where: Names the attribute, for messages.

    Raises:
        DefinitionError: It is neither.
    """
    if callable(check) and not isinstance(check, type) and get_origin(check) is None:
        return check  # type: ignore[no-any-return]  # typed as Any there
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(check)
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise DefinitionError(f"{where}: {check!r} is neither a function nor a type that Pydantic knows.") from error

    def validated(value: Any) -> Any:
        try:
            found = adapter.validate_python(value)
        except ValidationError as error:
            raise ValueError(_message(error.errors(include_url=False)[0])) from error
        return str(found) if kind is Kind.TEXT else found

    return validated


def keywords_of(check: Any) -> dict[str, Any]:
    """Return what JSON Schema can say of a check: what Pydantic says of a type, and nothing of a function."""
    if callable(check) and not isinstance(check, type) and get_origin(check) is None:
        return {}
    return {name: value for name, value in TypeAdapter(check).json_schema().items() if name in _KEYWORDS}


def read_row_check(rules: Any, model: str) -> RowCheck | None:
    """Return a function of the values of a row that returns what is wrong with them together.

    Args:
        rules: A Pydantic model, or a function; None where the model says nothing.
        model: Names the model, for messages.

    Raises:
        DefinitionError: It is something else.
    """
    if rules is None:
        return None
    if isinstance(rules, type) and issubclass(rules, BaseModel):
        return _by_pydantic(rules)
    if not inspect.isfunction(rules):
        raise DefinitionError(
            f"Model {model}: writable(rules=...) takes a Pydantic model or a function, not {rules!r}."
        )

    def check(values: Mapping[str, Any], *, is_new: bool) -> list[tuple[str | None, str]]:  # noqa: ARG001 - as RowCheck
        try:
            rules(values)
        except ValueError as error:
            return [(None, str(error))]
        return []

    return check


def _by_pydantic(rules: type[BaseModel]) -> RowCheck:
    def check(values: Mapping[str, Any], *, is_new: bool) -> list[tuple[str | None, str]]:
        try:
            rules.model_validate(dict(values))
        except ValidationError as error:
            found = [each for each in error.errors(include_url=False) if is_new or each["type"] != _IS_MISSING]
            return [(str(each["loc"][0]) if each["loc"] else None, _message(each)) for each in found]
        return []

    return check


def _message(error: Any) -> str:
    return str(error["msg"]).removeprefix(_OF_A_FUNCTION).rstrip(".")
