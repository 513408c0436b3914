"""Functions that coerce the values of input types, made once a type: for values that are plainly right.

graphql-core looks at every field that an input object has, of which a filter has dozens, and at the kind of each type
again for each value. These look at what is given alone, and give what it gives; where anything is unusual they leave
all of it to graphql-core, which also knows what is wrong.
"""

from collections.abc import Callable
from typing import Any, Final

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    is_required_input_field,
)
from graphql.type import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT

Coercer = Callable[[Any], Any]
"""Returns the coerced value of one of JSON; raises `UnusualError`."""


class UnusualError(Exception):
    """The value is wrong, or graphql-core must look at it."""


def _text(given: Any) -> str:
    if type(given) is not str:
        raise UnusualError
    return given


def _boolean(given: Any) -> bool:
    if type(given) is not bool:
        raise UnusualError
    return given


def _integer(given: Any) -> int:
    if type(given) is not int or not GRAPHQL_MIN_INT <= given <= GRAPHQL_MAX_INT:
        raise UnusualError
    return given


_PLAIN: Final[dict[str, Coercer]] = {"ID": _text, "String": _text, "Boolean": _boolean, "Int": _integer}
"""For the scalars of the specification, values that are what they are coerced to."""


class Coercers:
    """The coercers of one schema."""

    def __init__(self) -> None:
        """Begin with none."""
        self._objects: dict[str, _ObjectCoercer] = {}

    def of(self, type_: GraphQLInputType) -> Coercer:
        """Return what coerces a value of a type that is not null."""
        if isinstance(type_, GraphQLNonNull):
            return self.of(type_.of_type)
        if isinstance(type_, GraphQLList):
            return _list_coercer(self.of(type_.of_type), is_nullable=not isinstance(type_.of_type, GraphQLNonNull))
        if not isinstance(type_, GraphQLInputObjectType):
            return _PLAIN.get(type_.name) or _leaf_coercer(type_)
        found = self._objects.get(type_.name)
        if found is None:
            found = self._objects[type_.name] = _ObjectCoercer(self, type_)
        return found


def _leaf_coercer(type_: GraphQLLeafType) -> Coercer:
    coerce = type_.coerce_input_value

    def leaf(given: Any) -> Any:
        try:
            return coerce(given)
        except Exception as error:  # as graphql-core does
            raise UnusualError from error

    return leaf


def _list_coercer(one: Coercer, *, is_nullable: bool) -> Coercer:
    def many(given: Any) -> list[Any]:
        if type(given) is not list or (not is_nullable and None in given):
            raise UnusualError
        return [None if each is None else one(each) for each in given]

    return many


class _ObjectCoercer:
    """Coerces input objects of one type."""

    def __init__(self, coercers: Coercers, type_: GraphQLInputObjectType) -> None:
        self._coercers = coercers
        self._type = type_
        self._fields: dict[str, tuple[int, str, bool, Coercer]] | None = None
        self._is_plain = type_.out_type is GraphQLInputObjectType.out_type
        self._is_one_of = type_.is_one_of
        self._required: frozenset[str] = frozenset()
        self._order: list[str] = []

    def _read_type(self) -> dict[str, tuple[int, str, bool, Coercer]]:
        """Read the fields, when the first object comes: a type may have fields of its own type."""
        fields = self._type.fields
        self._order = [field.out_name or name for name, field in fields.items()]
        self._is_plain = self._is_plain and all(_has_no_default(field) for field in fields.values())
        self._required = frozenset(name for name, field in fields.items() if is_required_input_field(field))
        return {
            name: (place, self._order[place], not isinstance(field.type, GraphQLNonNull), self._coercers.of(field.type))
            for place, (name, field) in enumerate(fields.items())
        }

    def __call__(self, given: Any) -> dict[str, Any]:
        fields = self._fields
        if fields is None:
            fields = self._fields = self._read_type()
        if type(given) is not dict or not self._is_plain or not self._required <= given.keys():
            raise UnusualError
        found: dict[str, Any] = {}
        last, is_ordered = -1, True
        for name, value in given.items():
            field = fields.get(name)
            if field is None:
                raise UnusualError
            place, out_name, is_nullable, coerce = field
            if value is not None:
                found[out_name] = coerce(value)
            elif is_nullable and not self._is_one_of:
                found[out_name] = None
            else:
                raise UnusualError
            is_ordered, last = is_ordered and place > last, place
        if self._is_one_of and len(found) != 1:
            raise UnusualError
        return found if is_ordered else {name: found[name] for name in self._order if name in found}


def _has_no_default(field: Any) -> bool:
    return field.default_value is Undefined and getattr(field, "default", None) is None
