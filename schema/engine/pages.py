"""The rows of one list in SQL: its page, what is asked of the whole list, its groups. Nothing is joined or written.

A list is read for keys: the values that stand for its parent's, in a table of distinct keys or in the row beside
which the list is read. The list of a whole type has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Text, cast, exists, func, literal_column, select

from schema.engine import outline as selected
from schema.engine.arguments import ListShape, bind
from schema.engine.json import concat, value_parts
from schema.engine.outline import key_attribute
from schema.engine.taken import Needed, Parts
from schema.engine.text import Folded, Heads, Level, aggregate_name
from schema.graph import Graph
from schema.query.conditions import aggregate, aggregate_scalar, restrict
from schema.query.groups import KeyValues, grouped_rows
from schema.query.keyset import ahead_of_page, at_or_behind, order_expressions, page_rows, shown_place, sort_keys
from schema.query.requests import RELATION, Grouping, GroupKey
from schema.query.rows import Rows, expression, labelled, rows_of_relation, rows_of_type


@dataclass(frozen=True, slots=True)
class Keys:
    """What stands for the parents of a list."""

    values: Sequence[ColumnElement[Any]]
    """The values of the relation's keys."""

    source: FromClause
    """Where they come from."""


class ListReader:
    """Reads one list."""

    def __init__(self, graph: Graph, list_: selected.List, shape: ListShape, keys: Keys | None) -> None:
        """Note what is read.

        Args:
            graph: The graph description.
            list_: The list.
            shape: What it is restricted to.
            keys: Its parents; None for the list of a whole type.
        """
        self._graph = graph
        self._list = list_
        self._shape = shape
        self._keys = keys
        self.wanted = None if keys is None else keys.source
        """Where its parents' keys come from."""
        self.type_ = graph.types[list_.target]
        """Type of its rows."""

    def _rows(self) -> Rows:
        """Return the rows of the list, of each parent its own, those that the filter leaves."""
        relation, keys = self._list.relation, self._keys
        if relation is None or keys is None:
            rows = rows_of_type(self.type_)
        else:
            near = dict(zip(relation.key_columns, keys.values, strict=True))
            rows = rows_of_relation(self._graph, relation, near, keys.source)
        return restrict(self._graph, rows, self._shape.condition, bind)

    def _ordered(self) -> tuple[Rows, list[ColumnElement[Any]]]:
        """Return the rows and the values that they are ordered by."""
        return order_expressions(self._graph, self._rows(), self._shape.page.order)

    def heads(self, parts: Parts) -> Heads:
        """Return what is asked of the whole list, each as the column of a subquery of one row."""
        heads, page, site = Heads(), self._shape.page, self._list.site
        if parts.aggregates:
            rows = self._rows()
            whole = rows.select(*labelled((aggregate_json(rows, each) for each in parts.aggregates), "a"))
            made = whole.lateral(f"w{site}")
            heads.update(zip(map(aggregate_name, parts.aggregates), made.c, strict=True))
        if "hasPreviousPage" in parts.asked and (page.after is not None or page.offset != 0):
            rows, values = self._ordered()
            # An offset that is a variable may be 0.
            passes = bind(page.offset, BigInteger()) > literal_column("0") if page.offset != 0 else False
            ahead = ahead_of_page(page.order, values, page.after, page.before, bind, has_offset=passes)
            heads["ahead"] = self._is_any(rows.where(ahead), f"b{site}")
        if "hasNextPage" in parts.asked and page.before is not None:
            rows, values = self._ordered()
            heads["behind"] = self._is_any(rows.where(at_or_behind(page.order, values, page.before, bind)), f"e{site}")
        return heads

    def _is_any(self, rows: Rows, name: str) -> ColumnElement[Any]:
        probe = select(exists(rows.select(literal_column("1"))).label("value"))
        made = (probe if self._keys is None else probe.correlate(self._keys.source)).lateral(name)
        return made.c.value

    def page(self, parts: Parts, own: Sequence[Needed], *, is_numbered: bool) -> FromClause:
        """Return the rows of a page: `c0`, ... what is needed, `o0`, ... the place, then what they are in order by.

        That is `n`, counted from 1 in the direction of reading, or `s0`, ..., the values of the list's order.
        """
        page, site = self._shape.page, self._list.site
        rows, expressions = self._ordered()
        values = labelled((expression(rows.entity, attribute) for _, attribute in own), "c")
        places = labelled(shown_place(page.order, expressions), "o") if parts.has_cursors else []
        size = bind(page.size, BigInteger())
        limit = size + literal_column("1") if asks_for_more(parts, self._shape) else size
        offset = bind(page.offset, BigInteger()) if page.offset != 0 else None
        sorted_by = labelled(expressions, "s")
        chosen = page_rows(rows, expressions, page, [*values, *places, *sorted_by], limit, offset, bind)
        if not is_numbered:
            return chosen.lateral(f"p{site}")
        inner = chosen.subquery(f"q{site}")
        shown = [value for value in inner.c if not value.key.startswith("s")]
        numbered = select(*shown, func.row_number().over().label("n")).select_from(inner)
        return numbered.lateral(f"p{site}")

    def groups(
        self, site: int, grouping: Grouping, own: Sequence[Needed], aggregates: Sequence[selected.Aggregate]
    ) -> FromClause:
        """Return the list's groups: `c0`, ... values of their keys, `a0`, ... the JSON of aggregates, and `n`."""

        def columns(rows: Rows, by: KeyValues) -> list[ColumnElement[Any]]:
            found = _key_columns(grouping.keys, by)
            made = (aggregate_json(rows, each) for each in aggregates)
            return [*labelled((found[attribute] for _, attribute in own), "c"), *labelled(made, "a")]

        return grouped_rows(self._graph, self._rows(), grouping, columns, bind).lateral(f"p{site}")


def folded(shape: ListShape, parts: Parts, page: FromClause, level: Level, *, has_heads: bool) -> Folded:
    """Return how the rows of a page are put together.

    Args:
        shape: What the list is restricted to.
        parts: What is selected of it.
        page: The page, or what its columns were kept in.
        level: A row of it.
        has_heads: True where the page was joined to something that is there without it.
    """
    size, order = bind(shape.page.size, BigInteger()), shape.page.order
    number = page.c.get("n")
    if number is None:
        values = [page.c[f"s{index}"] for index in range(len(order.terms))]
        keys, reverse = sort_keys(order, values), sort_keys(order.reversed(), values)
        is_there = values[-1].is_not(None) if has_heads else None  # a part of the primary key
        return Folded(level, keys, reverse, places_of(page), is_there, None)
    asks = asks_for_more(parts, shape)
    keys, reverse = [number.asc()], [number.desc()]
    if shape.page.is_backward:
        keys, reverse = reverse, keys
    is_in_page = number <= size if asks or has_heads else None
    return Folded(level, keys, reverse, places_of(page), is_in_page, func.count(number) > size if asks else None)


def places_of(page: FromClause) -> list[ColumnElement[Any]]:
    """Return the columns of a page that cursors hold."""
    return [column for column in page.c if column.key.startswith("o")]


def asks_for_more(parts: Parts, shape: ListShape) -> bool:
    """Return whether it has to be known that the list goes on in the direction of reading."""
    return ("hasPreviousPage" if shape.page.is_backward else "hasNextPage") in parts.asked


def reads_page(parts: Parts, shape: ListShape) -> bool:
    """Return whether the rows of the page are read: the JSON is an aggregate of them then.

    What says the same of any page, such as that the first one has none before it, is no aggregate: beside rows that
    are read, it would be said for each.
    """
    return parts.has_rows or asks_for_more(parts, shape)


def aggregate_json(rows: Rows, content: selected.Aggregate) -> ColumnElement[Any]:
    """Return the JSON of an aggregate of rows."""
    value = aggregate(rows, content.function, content.attribute)
    if content.function in ("count", "countDistinct"):
        return cast(value, Text)
    field = rows.type_.field_of(content.attribute)
    scalar = aggregate_scalar(content.function, field.scalar)
    return concat(value_parts(replace(field, scalar=scalar, is_nullable=True, references=None), value, None))


def _key_columns(keys: Sequence[GroupKey], by: KeyValues) -> dict[str, ColumnElement[Any]]:
    """Return the values of keys by attribute; see `key_attribute`."""
    found: dict[str, ColumnElement[Any]] = {}
    for key in keys:
        if key.unit == RELATION:
            found.update(zip(key.attributes, by[key.name], strict=True))
        else:
            found[key_attribute(key.name)] = by[key.name][0]
    return found
