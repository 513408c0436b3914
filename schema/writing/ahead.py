"""The input of a row, read before its values are there: what is left for a request is to read each of them.

    {body: $body, post: {connect: {id: $post}}}  ->  body: Later, post: a Reference whose key is Later

What is the same in every request is read, and refused, at once.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from schema.errors import BadInputError
from schema.graph import Graph, Link, ObjectType, WriteField
from schema.opaque import read_id_of
from schema.query.later import Pending, Undecided, decided, parts_later, read_or_later
from schema.writing.plan import Row
from schema.writing.problems import Path
from schema.writing.read import ID, InputReader, broken, in_sql


class AheadReader(InputReader):
    """Reads an input with a `Pending` in place of some values."""

    def new_row(self, type_: ObjectType, given: Any, path: Path, depth: int = 1) -> Row:
        """Return a row that is to be created, and that leads to rows that are there.

        Raises:
            Undecided: More hangs on it, or what is not there yet decides more than a value.
        """
        if type_.writes is None or type_.writes.row_check is not None or type(given) is Pending:
            raise Undecided  # such a check looks at all values together
        _check_links(type_.writes.links, given)
        return super().new_row(type_, given, path, depth)

    def value(self, each: WriteField, value: Any, path: Path) -> Any:
        """Return a value in SQL's terms, or `Later`."""
        if type(value) is Pending:
            return read_or_later(value, partial(_read, self.graph, each))
        return super().value(each, decided(value), path)

    def key(self, type_: ObjectType, id_: Any, path: Path) -> tuple[Any, ...]:
        """Return the primary key behind an id, or each part of it `Later`."""
        if type(id_) is Pending:
            return parts_later(id_, partial(read_id_of, type_, argument=ID), len(type_.primary_key))
        return super().key(type_, id_, path)


def _check_links(links: Sequence[Link], given: Mapping[str, Any]) -> None:
    """Let pass what leads to rows by their keys, one value each.

    Raises:
        Undecided: Something else is given.
    """
    for link in links:
        asked = given.get(link.relation.name)
        if link.relation.name not in given:
            continue
        if not (link.relation.is_reference and type(asked) is dict and asked.keys() == {"connect"}):
            raise Undecided
        if type(key := asked["connect"]) is not dict or any(type(value) is dict for value in key.values()):
            raise Undecided


def _read(graph: Graph, each: WriteField, given: Any) -> Any:
    """Return a value in SQL's terms.

    Raises:
        BadInputError: It is wrong.
    """
    try:
        found = in_sql(graph, each, given)
    except ValueError as error:
        raise BadInputError(str(error)) from error
    if broken(each, found):
        raise BadInputError(f"`{each.field.name}` breaks a rule.")
    return found
