"""A request becomes the variables of an operation: parts of the path, parameters of the address, and a JSON body.

Texts of an address are read by the type of their variable: `10` as a number, `true` as a truth value, JSON where an
input object is due; a list is a parameter that stands there several times. All that is wrong is told at once, each with
its place.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    get_nullable_type,
)
from graphql.utilities import validate_input_value

from api.graphql.masking import located
from api.graphql.operation import MOST_PARAMETERS
from api.http.errors import BadRequestError
from api.http.problems import InvalidRequestError, Problem, pointer
from api.rest.route import Parameter, Place, Route
from schema.errors import BadIdError
from schema.graph import ObjectType
from schema.opaque import read_id_of, write_id
from schema.values import from_text

_CODE: Final = "BAD_INPUT"
_MOST: Final = 50
"""Most problems that are told of one request."""

_JSON: Final = "JSON"
_IS_MISSING: Final = re.compile(r"to include required field '(\w+)'")
_IS_UNKNOWN: Final = re.compile(r"not to include unknown field '(.*?)', found", re.DOTALL)
_MISSING: Final = object()


def read_variables(route: Route, path: Mapping[str, str], query_string: bytes, body: bytes | None) -> dict[str, Any]:
    """Return the variables of a request.

    Args:
        route: The endpoint.
        path: Parts of the path by name.
        query_string: The query component of the address.
        body: The JSON body; None where the endpoint takes none.

    Raises:
        InvalidRequestError: Something is missing, unknown, or not what its variable takes.
        BadRequestError: The address is not UTF-8, or the body is not JSON.
    """
    reading = _Reading(route)
    for name, text in path.items():
        reading.take(route.parameters[name], [text])
    reading.take_address(_pairs(query_string))
    if body is not None:
        reading.take_body(body)
    reading.finish()
    return reading.variables


class _Reading:
    """One request while it is read."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._problems: list[Problem] = []
        self.variables: dict[str, Any] = {}

    def take_address(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Read the parameters of the address."""
        given: dict[str, list[str]] = {}
        for name, text in pairs:
            given.setdefault(name, []).append(text)
        known = {each.name: each for each in self._route.at(Place.QUERY)}
        for name, texts in given.items():
            if (parameter := known.get(name)) is None:
                self._refuse(f"There is no parameter `{_short(name)}`; {_named(known)}", parameter=_short(name))
            elif len(texts) > 1 and not _is_list(parameter):
                self._refuse(f"`{name}` is given {len(texts)} times; it is taken once.", parameter=name)
            else:
                self.take(parameter, texts)

    def take(self, parameter: Parameter, texts: Sequence[str]) -> None:
        """Read the texts of one parameter."""
        try:
            value = _from_texts(parameter, texts)
        except ValueError as error:
            self._refuse(f"`{parameter.name}` takes {error}", parameter=parameter.name)
            return
        self._check(parameter, value)

    def take_body(self, body: bytes) -> None:
        """Read the JSON body."""
        found = _json(body) if body else _MISSING
        whole = self._route.at(Place.WHOLE)
        if whole:
            if found is not _MISSING:
                self._check(whole[0], found)
            return
        known = {each.name: each for each in self._route.at(Place.FIELD)}
        if found is _MISSING:
            return
        if not isinstance(found, dict):
            self._refuse(f"The body must be a JSON object; {_named(known)}", pointer=pointer(()))
            return
        for name, value in found.items():
            if (parameter := known.get(name)) is None:
                self._refuse(f"There is no field `{_short(name)}`; {_named(known)}", pointer=pointer([_short(name)]))
            else:
                self._check(parameter, value)

    def finish(self) -> None:
        """Refuse the request where something is wrong with it."""
        wrong = {each.parameter for each in self._problems} | {each.pointer for each in self._problems}
        for each in self._route.parameters.values():
            if not each.is_required or each.name in self.variables:
                continue
            match each.place:
                case Place.FIELD if pointer([each.name]) not in wrong and pointer(()) not in wrong:
                    self._refuse(f"Field `{each.name}` is missing.", pointer=pointer([each.name]))
                case Place.WHOLE if not any(place and place.startswith("#") for place in wrong):
                    self._refuse("The body is missing; it must be JSON.", pointer=pointer(()))
                case Place.QUERY if each.name not in wrong:
                    self._refuse(f"Parameter `{each.name}` is missing.", parameter=each.name)
        if self._problems:
            raise InvalidRequestError(self._problems)

    def _check(self, parameter: Parameter, value: Any) -> None:
        """Take a value, or tell all that is wrong with it."""
        before = len(self._problems)

        def note(error: GraphQLError, path: Sequence[str | int]) -> None:
            message, further = _said(error)
            if parameter.place in (Place.WHOLE, Place.FIELD):
                own = () if parameter.place is Place.WHOLE else (parameter.name,)
                self._refuse(message, pointer=pointer((*own, *path, *further)))
            else:
                self._refuse(f"`{parameter.name}`: {message}", parameter=parameter.name)

        validate_input_value(value, parameter.type, note, hide_suggestions=True)
        if parameter.usage.range is not None and isinstance(value, int):
            least, largest = parameter.usage.range
            if not least <= value <= largest:
                note(GraphQLError(f"It takes a whole number from {least:,} to {largest:,}."), ())
        if len(self._problems) == before:
            self.variables[parameter.name] = value

    def _refuse(self, message: str, *, pointer: str | None = None, parameter: str | None = None) -> None:
        if len(self._problems) < _MOST:
            self._problems.append(Problem(message, _CODE, pointer, parameter))


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query_string.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError as error:
        raise BadRequestError("The parameters of the address are not UTF-8.") from error
    except ValueError as error:
        raise BadRequestError(f"The address has more than {MOST_PARAMETERS} parameters.") from error


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestError(
            f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from error


def _from_texts(parameter: Parameter, texts: Sequence[str]) -> Any:
    """Return the value that texts of an address stand for.

    Raises:
        ValueError: None; the message says what is taken.
    """
    type_: Any = get_nullable_type(parameter.type)
    if isinstance(type_, GraphQLList):
        return [_from_text(get_nullable_type(type_.of_type), text) for text in texts]
    if parameter.usage.key_of is not None:
        return _id(parameter.usage.key_of, texts[0])
    return _from_text(type_, texts[0])


def _from_text(type_: Any, text: str) -> Any:
    if isinstance(type_, GraphQLInputObjectType | GraphQLList) or type_.name == _JSON:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ValueError("JSON.") from error
    reader = _READERS.get(type_.name)
    return reader(text) if reader is not None else text


def _integer(text: str) -> int:
    if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 20:
        raise ValueError("a whole number, such as 10.")
    return int(text)


def _float(text: str) -> float:
    try:
        return float(orjson.loads(text)) if text[:1] in "-0123456789" else _refuse_number()
    except (orjson.JSONDecodeError, TypeError, IndexError) as error:
        raise ValueError("a number, such as 1.5.") from error


def _refuse_number() -> float:
    raise ValueError("a number, such as 1.5.")


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("true or false.")
    return text == "true"


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    GraphQLInt.name: _integer,
    GraphQLFloat.name: _float,
    GraphQLBoolean.name: _boolean,
}


def _id(type_: ObjectType, text: str) -> str:
    """Return the global id that a text stands for: the id itself, or a key of one column as it is in the table.

    Global ids begin with the name of a type, so the two are told apart.
    """
    try:
        read_id_of(type_, text, "id")
    except BadIdError:
        if len(type_.primary_key) != 1:
            return text
        try:
            return write_id(type_, [from_text(type_.primary_key[0].scalar, text)])
        except ValueError:
            return text
    return text


def _is_list(parameter: Parameter) -> bool:
    return isinstance(get_nullable_type(parameter.type), GraphQLList)


def _said(error: GraphQLError) -> tuple[str, tuple[str, ...]]:
    """Return what is wrong with a value in words of REST, and where below it."""
    message: str = located(error, _CODE)["message"]
    if (found := _IS_MISSING.search(message)) is not None:
        return f"Field `{found[1]}` is missing.", (found[1],)
    if (found := _IS_UNKNOWN.search(message)) is not None:
        return f"There is no field `{_short(found[1])}`.", (_short(found[1]),)
    return ("It must not be null." if message.endswith("not to be None.") else message), ()


def _named(known: Iterable[str]) -> str:
    names = ", ".join(f"`{name}`" for name in known)
    return f"it takes {names}." if names else "it takes none."


def _short(name: str) -> str:
    return name if len(name) <= 64 else f"{name[:64]}..."
