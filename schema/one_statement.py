"""Mutations that are one statement: a row of plain columns and of rows that are there, created and read at once.

    mutation { createComment(input: {body: "Hm.", post: {connect: {id: "..."}}}) { ... } }

    WITH new AS (INSERT INTO comments (body, post_id) VALUES ($1, $2) RETURNING ...)
    SELECT ... FROM new

All else, and all that goes wrong, is the affair of the resolvers: a statement that PostgreSQL refuses has written
nothing, and they say why. What is read of such a row must not be in the table that is written, since a statement does
not see what it writes there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Insert, insert, literal

from schema.engine import Create
from schema.graph import Graph, ObjectType
from schema.query.rows import hides_rows, hides_values
from schema.writing.ahead import AheadReader
from schema.writing.plan import Reference
from schema.writing.problems import INPUT, Refused
from schema.writing.read import InputReader
from schema.writing.rows import columns_of, links_of, new_values


class SingleCreator:
    """Reads inputs and writes INSERTs for the engine; see `schema.engine.Creator`."""

    def __init__(self, roots: Mapping[str, Create], most_written: int) -> None:
        """Note what may be created.

        Args:
            roots: The root fields that create one row and are nothing of a team's own.
            most_written: Most rows that an input may write or name.
        """
        self.roots = roots
        self._most_written = most_written

    def read(
        self, graph: Graph, type_: ObjectType, arguments: Mapping[str, Any], *, is_ahead: bool = False
    ) -> dict[str, Any] | None:
        """Return the values of the row by attribute; None where one INSERT is not all, or something is wrong."""
        view = type_.view
        if view is not None and (view.rows is not None or view.masks or view.create is not None):
            return None  # the row is looked at when it is there
        reader = (AheadReader if is_ahead else InputReader)(graph, self._most_written)
        try:
            row = reader.new_row(type_, arguments["input"], INPUT)
            reader.check()
        except Refused:
            return None
        if row.children or any(hides_rows(end.type_) for end in row.named):
            return None
        for link in links_of(type_) if row.parents else ():
            end = row.parents.get(link.relation.name)
            if end is None:
                continue
            far = [far for _, far in link.pairs]
            if (
                not isinstance(end, Reference)
                or not set(far) <= set(end.key)
                or hides_rows(end.type_)
                or hides_values(end.type_, end.key)
            ):
                return None
            named = dict(zip(end.key, end.values, strict=True))
            row.values.update({near: named[theirs] for near, theirs in link.pairs})
        if _has_made(type_, row.values):
            return None
        return {attribute: row.values[attribute] for attribute in sorted(row.values)} or None

    def insert(self, type_: ObjectType, attributes: Sequence[str], names: Sequence[str]) -> Insert:
        """Return what creates a row with attributes, the values of which are bound under these names."""
        values = new_values(type_, dict(zip(attributes, names, strict=True)))
        constant = {
            column: literal(default.arg, column.type) for column, default in _defaults(type_) if default.is_scalar
        }
        return insert(type_.table).values(constant | values)


def _defaults(type_: ObjectType) -> Iterator[tuple[Column[Any], Any]]:
    """Yield the columns with a default that is not PostgreSQL's, which SQLAlchemy would put in as it runs an INSERT."""
    for column in type_.table.columns:
        if column.default is not None:
            yield column, column.default


def _has_made(type_: ObjectType, given: Iterable[str]) -> bool:
    """Return whether a function makes the value of a column that is not given, for each row anew."""
    columns = {columns_of(type_)[attribute] for attribute in given}
    return any(default.is_callable and column not in columns for column, default in _defaults(type_))
