"""An operation of which only values are left to find: no variable decides its statement, and that is known.

Most operations are so. What is done for a request is then to read the variables and to put them in their places.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import ReferenceType, ref

from schema.engine.outline import OwnField
from schema.engine.statement import Parameter, Statement
from schema.query.later import Later
from schema.rights import Identity

CONSTANT: Final = -1
"""Stands for a value that is the same in every request."""

WHO: Final = -2
"""Stands for what is known of the caller."""


@dataclass(frozen=True, slots=True)
class Place:
    """A parameter of the statement."""

    source: int
    """Which of the values that are read it is; or `CONSTANT`, or `WHO`."""

    constant: Any
    """Its value, where it is constant, as the driver gets it; or what of the caller it is."""

    convert: Callable[[Any], Any] | None
    """What the driver gets for another."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known of an operation for all callers who see the same."""

    statement: "ReferenceType[Statement]"
    """Its statement, as long as that is kept."""

    laters: tuple[Later, ...]
    """What is read from variables, also where the statement does not need it: it may be wrong."""

    places: tuple[Place, ...]
    """The statement's parameters."""

    own: tuple[OwnField, ...]
    """What is computed in Python on top."""

    def arguments(self, variables: Mapping[str, Any], identity: Identity) -> list[Any] | None:
        """Return what is bound; None where a variable is left out or null, which can mean another statement.

        Raises:
            PublicError: A value is wrong.
        """
        read = []
        for each in self.laters:
            given = variables.get(each.name)
            if given is None:
                return None
            value = each.read(given)
            read.append(list(value) if isinstance(value, tuple) else value)
        return [
            place.constant
            if place.source == CONSTANT
            else _bound(identity[place.constant] if place.source == WHO else read[place.source], place.convert)
            for place in self.places
        ]


def prepare(statement: Statement, values: Sequence[Sequence[Any]], own: tuple[OwnField, ...]) -> Prepared:
    """Return an operation, prepared.

    Args:
        statement: Its statement.
        values: The values of each site, with a `Later` for what is read from a variable.
        own: What is computed in Python on top.
    """
    laters, numbers = list[Later](), dict[tuple[int, int], int]()
    for site, found in enumerate(values):
        for index, value in enumerate(found):
            if isinstance(value, Later):
                numbers[site, index] = len(laters)
                laters.append(value)
    places = tuple(_place(each, values, numbers) for each in statement.parameters)
    return Prepared(ref(statement), tuple(laters), places, own)


def _place(parameter: Parameter, values: Sequence[Sequence[Any]], numbers: Mapping[tuple[int, int], int]) -> Place:
    if parameter.who is not None:
        return Place(WHO, parameter.who, parameter.convert)
    if parameter.slot is None:
        return Place(CONSTANT, _bound(parameter.constant, parameter.convert), None)
    if parameter.slot in numbers:
        return Place(numbers[parameter.slot], None, parameter.convert)
    value = values[parameter.slot[0]][parameter.slot[1]]
    return Place(CONSTANT, _bound(list(value) if isinstance(value, tuple) else value, parameter.convert), None)


def _bound(value: Any, convert: Callable[[Any], Any] | None) -> Any:
    return value if convert is None else convert(value)
