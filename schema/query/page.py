"""Which part of a list is wanted: the arguments of a connection, checked and decoded.

Source: https://relay.dev/graphql/connections.htm
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from schema.errors import BadInputError
from schema.graph import ObjectType
from schema.opaque import read_cursor
from schema.query.later import Pending, Undecided, parts_later, read_or_later
from schema.query.order import Order


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows may be read as a page, and written by one mutation."""

    default_page_size: int = 20
    """Rows where neither `first` nor `last` is given."""

    largest_page_size: int = 1000
    """Most rows that may be asked for."""

    most_written: int = 50_000
    """Most rows that an input may write or name."""

    def for_type(self, type_: ObjectType) -> "Limits":
        """Return the limits of the lists of a type, which its model may set."""
        largest = type_.largest_page or self.largest_page_size
        default = min(type_.page_size or self.default_page_size, largest)
        return replace(self, default_page_size=default, largest_page_size=largest)

    def check_ids(self, ids: Sequence[str]) -> None:
        """Refuse more ids than a page may have rows.

        Raises:
            BadInputError: There are more.
        """
        if len(ids) > self.largest_page_size:
            raise BadInputError(f"Argument `ids` takes at most {self.largest_page_size} ids; {len(ids)} were given.")

    def size(self, argument: str, given: int | None) -> int:
        """Return how many rows an argument asks for.

        Raises:
            BadInputError: It is out of its range; the message names it and the range.
        """
        if given is None:
            return self.default_page_size
        if not 0 <= given <= self.largest_page_size:
            raise BadInputError(
                f"Argument `{argument}` takes a whole number from 0 to {self.largest_page_size}; {given} was given."
            )
        return given


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list."""

    order: Order
    """The list's order."""

    size: int
    """Most rows."""

    is_backward: bool = False
    """True where the rows are the last ones before an end (`last`), not the first ones after a start."""

    after: tuple[Any, ...] | None = None
    """Only rows behind this place in the order."""

    before: tuple[Any, ...] | None = None
    """Only rows ahead of this place in the order."""

    offset: int = 0
    """How many rows to pass over."""


def read_page(arguments: Mapping[str, Any], order: Order, limits: Limits) -> Page:
    """Return the page that a connection's arguments ask for.

    Args:
        arguments: `first`, `last`, `after`, `before`, `offset`; each may be missing, None or `Pending`.
        order: The list's order.
        limits: How large a page may be.

    Raises:
        BadInputError: An argument is out of its range, or two do not go together.
        BadCursorError: A cursor is none, or belongs to another list.
        Undecided: A cursor that is not there yet may hold nulls, which make another condition.
    """
    first, last = arguments.get("first"), arguments.get("last")
    offset = read_or_later(arguments.get("offset") or 0, _offset)
    if first is not None and last is not None:
        raise BadInputError("Arguments `first` and `last` do not go together; pass one of them.")
    if offset and last is not None:
        raise BadInputError("Arguments `offset` and `last` do not go together; count from the start with `first`.")
    return Page(
        order=order,
        size=read_or_later(first if last is None else last, partial(limits.size, "first" if last is None else "last")),
        is_backward=last is not None,
        after=_place("after", arguments, order),
        before=_place("before", arguments, order),
        offset=offset,
    )


def _offset(given: int) -> int:
    if given < 0:
        raise BadInputError(f"Argument `offset` takes a whole number from 0 on; {given} was given.")
    return given


def _place(argument: str, arguments: Mapping[str, Any], order: Order) -> tuple[Any, ...] | None:
    cursor = arguments.get(argument)
    if cursor is None:
        return None
    is_nullable = [term.is_nullable for term in order.terms]

    def read(given: str) -> tuple[Any, ...]:
        return read_cursor(order.name, order.scalars, given, argument, is_nullable)

    if type(cursor) is not Pending:
        return read(cursor)
    if any(is_nullable):
        raise Undecided
    return parts_later(cursor, read, len(order.terms))
