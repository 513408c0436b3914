"""Values that are not there yet: an argument is read once for all requests, and only its operands in each.

In place of a variable stands a `Pending`. Where it is an operand, reading it gives a `Later`: how it is read once it
is there. Where it would decide more than what is bound, such as which fields a filter has, the argument is
`Undecided`, and has to be read whole in each request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any


class Undecided(Exception):  # noqa: N818 - a turn of the road rather than an error
    """The value decides the statement."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Stands for the value of a variable: given, not null, and of the type of its place."""

    name: str
    """The variable."""

    path: tuple[str, ...] = ()
    """Where in it the value stands, where the variable is an object."""


@dataclass(frozen=True, slots=True)
class Later:
    """A value that is read from a variable."""

    name: str
    """The variable."""

    read: Callable[[Any], Any]
    """What is made of its value; raises as reading an argument does."""

    def value(self, variables: Mapping[str, Any]) -> Any:
        """Return the value.

        Raises:
            Undecided: It is not given, or null.
            PublicError: It is wrong.
        """
        given = variables.get(self.name)
        if given is None:
            raise Undecided
        return self.read(given)


def read_or_later(given: Any, read: Callable[[Any], Any]) -> Any:
    """Return what is read from a value; from one that is not there yet, later.

    Raises:
        Undecided: It is a list of which a part is not there yet.
    """
    return _later(given, read) if type(given) is Pending else read(decided(given))


def decided(given: Any) -> Any:
    """Return a value that decides the statement.

    Raises:
        Undecided: It is not there yet, or a part of it is not.
    """
    if type(given) is Pending or (isinstance(given, list) and any(type(each) is Pending for each in given)):
        raise Undecided
    return given


def parts_later(given: Pending, read: Callable[[Any], tuple[Any, ...]], number: int) -> tuple[Later, ...]:
    """Return the parts of what will be read from a value that is not there yet."""
    return tuple(_later(given, partial(_part, read, place)) for place in range(number))


def _later(given: Pending, read: Callable[[Any], Any]) -> Later:
    return Later(given.name, partial(_inside, given.path, read) if given.path else read)


def _inside(path: tuple[str, ...], read: Callable[[Any], Any], given: Any) -> Any:
    for name in path:
        given = given[name]
    return read(given)


def _part(read: Callable[[Any], tuple[Any, ...]], place: int, given: Any) -> Any:
    return read(given)[place]
