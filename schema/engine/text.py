"""Rows at hand -> JSON: the text of an object, of an edge, of a page, of a whole connection, as SQL expressions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    case,
    cast,
    func,
    literal_column,
    or_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from schema.engine import outline as selected
from schema.engine.arguments import ListShape
from schema.engine.json import Part, concat, cursor_text, id_parts, text, value_parts
from schema.engine.outline import Member
from schema.engine.own import hole
from schema.engine.taken import Needed, Path, type_at
from schema.graph import Graph, ObjectType, Relation

Heads = dict[str, ColumnElement[Any]]
"""What is asked of the whole list, by name."""


@dataclass(slots=True)
class Level:
    """A row at hand, whose values are put into JSON."""

    type_: ObjectType
    """Its type."""

    columns: dict[Needed, ColumnElement[Any]]
    """The values at hand."""

    children: dict[int, ColumnElement[str]] = field(default_factory=dict)
    """The JSON of each list below, by site."""

    aggregates: Heads = field(default_factory=dict)
    """The JSON of each aggregate, by name, where the row is a group."""


@dataclass(frozen=True, slots=True)
class Fold:
    """What the JSON of a list is put together from."""

    heads: Heads
    """What is asked of the whole list."""

    rows: "Folded | None" = None
    """The rows of its page; None where none are selected."""


@dataclass(frozen=True, slots=True)
class Folded:
    """The rows of a page, to be put together."""

    level: Level
    """A row."""

    order: Sequence[ColumnElement[Any]]
    """Sort keys of the list's order."""

    reverse: Sequence[ColumnElement[Any]]
    """Those of the reverse."""

    places: Sequence[ColumnElement[Any]]
    """The row's values in the order, where cursors are selected."""

    is_in_page: ColumnElement[bool] | None
    """False for the row behind the page, by which it is known to go on, and where there is no row; None for always."""

    has_more: ColumnElement[bool] | None
    """Whether the list goes on in the direction of reading; an aggregate. None where nobody asks."""


class JsonWriter:
    """Writes the JSON of one graph's rows."""

    def __init__(self, graph: Graph) -> None:
        """Note the graph description."""
        self._graph = graph

    def object(self, level: Level, members: Sequence[Member], path: Path = ()) -> list[Part]:
        """Return the JSON of a row: of the level's own, or of the one at the end of a path from it."""
        type_ = type_at(self._graph, level.type_, path)
        parts: list[Part] = ["{"]
        for index, member in enumerate(members):
            parts.append(f'{"," if index else ""}"{member.key}":')
            parts.extend(self._member(level, type_, member.content, path))
        return [*parts, "}"]

    def _member(self, level: Level, type_: ObjectType, content: selected.Content, path: Path) -> list[Part]:
        match content:
            case selected.Constant(json):
                return [json]
            case selected.Id():
                return id_parts(type_, [level.columns[path, attribute] for attribute in type_.key_attributes])
            case selected.Value(field):
                references = self._graph.types[field.references] if field.references else None
                return value_parts(field, level.columns[path, field.attribute], references)
            case selected.Object(relation, members):
                return self._related(level, relation, members, (*path, relation.name))
            case selected.List():
                return [level.children[content.site]]
            case selected.Own(index, reads):
                return hole(index, [value_parts(each, level.columns[path, each.attribute], None) for each in reads])
            case selected.Keys(members):
                return self.object(level, members, path)
            case selected.Aggregates():
                return _aggregates(content, level.aggregates)
            case _:
                raise TypeError(f"{content} is no member of a row")

    def _related(self, level: Level, relation: Relation, members: Sequence[Member], path: Path) -> list[Part]:
        parts = self.object(level, members, path)
        if not relation.is_nullable and len(path) == 1:
            return parts
        key = self._graph.types[relation.target].primary_key[0].attribute
        return [case((level.columns[path, key].is_(None), text("null")), else_=concat(parts))]

    def connection(self, members: Sequence[Member], shape: ListShape, fold: Fold) -> list[Part]:
        """Return the JSON of a connection, its rows folded."""
        parts: list[Part] = ["{"]
        for index, member in enumerate(members):
            parts.append(f'{"," if index else ""}"{member.key}":')
            match member.content:
                case selected.Constant(json):
                    parts.append(json)
                case selected.Nodes(inner) if fold.rows is not None:
                    parts.extend(["[", _folded(fold.rows, self._row_json(fold.rows, inner)), "]"])
                case selected.Edges(inner) if fold.rows is not None:
                    parts.extend(["[", _folded(fold.rows, self._edge_json(fold.rows, inner, shape)), "]"])
                case selected.PageInfo(fields):
                    parts.extend(_page_info(fields, shape, fold.heads, fold.rows))
                case selected.Aggregate() | selected.Aggregates():
                    # Each is the same for all rows, so any of them will do: the largest.
                    same: Heads = {name: func.max(value, type_=Text) for name, value in fold.heads.items()}
                    parts.extend(_aggregates(member.content, same))
                case selected.Groups(site):
                    parts.append(func.max(fold.heads[groups_name(site)], type_=Text))
                case _:
                    raise TypeError(f"{member.content} is no member of a connection")
        return [*parts, "}"]

    def _row_json(self, rows: Folded, members: Sequence[Member]) -> ColumnElement[str]:
        return concat(self.object(rows.level, members))

    def _edge_json(self, rows: Folded, members: Sequence[Member], shape: ListShape) -> ColumnElement[str]:
        parts: list[Part] = ["{"]
        for index, member in enumerate(members):
            parts.append(f'{"," if index else ""}"{member.key}":')
            match member.content:
                case selected.Constant(json):
                    parts.append(json)
                case selected.Cursor():
                    parts.extend(['"', _cursor(shape, rows), '"'])
                case selected.Node(inner):
                    parts.append(self._row_json(rows, inner))
                case _:
                    raise TypeError(f"{member.content} is no member of an edge")
        return concat([*parts, "}"])


def _folded(rows: Folded, json: ColumnElement[str]) -> ColumnElement[str]:
    """Return the JSON of the rows of a page, put together in the list's order."""
    together = func.string_agg(json, aggregate_order_by(literal_column("','"), *rows.order), type_=Text)
    return together if rows.is_in_page is None else together.filter(rows.is_in_page)


def _page_info(fields: Sequence[tuple[str, str]], shape: ListShape, heads: Heads, rows: Folded | None) -> list[Part]:
    is_backward, has_more = shape.page.is_backward, None if rows is None else rows.has_more
    ends = {
        "hasNextPage": _is_any(None if is_backward else has_more, heads.get("behind")),
        "hasPreviousPage": _is_any(has_more if is_backward else None, heads.get("ahead")),
    }
    parts: list[Part] = ["{"]
    for index, (key, name) in enumerate(fields):
        parts.append(f'{"," if index else ""}"{key}":')
        if name in ends:
            parts.append(ends[name])
        elif name == "__typename":
            parts.append('"PageInfo"')
        elif rows is not None:
            parts.append(_end_cursor(shape, rows, rows.order if name == "startCursor" else rows.reverse))
        else:
            raise TypeError("cursors are of rows")
    return [*parts, "}"]


def _end_cursor(shape: ListShape, rows: Folded, order: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    """Return the JSON of the cursor of the row that comes first in an order, or null."""
    cursors: Any = func.array_agg(aggregate_order_by(_cursor(shape, rows), *order), type_=ARRAY(Text))
    first = (cursors if rows.is_in_page is None else cursors.filter(rows.is_in_page))[1]
    return func.coalesce(literal_column("'\"'", Text) + first + literal_column("'\"'", Text), text("null"))


def _cursor(shape: ListShape, rows: Folded) -> ColumnElement[str]:
    return cursor_text(shape.page.order.name, shape.page.order.scalars, rows.places)


def _is_any(*conditions: ColumnElement[Any] | None) -> ColumnElement[str]:
    """Return `true` or `false` in JSON; a condition of the whole list is the same for all rows of it."""
    given = [
        func.coalesce(func.bool_or(condition), literal_column("false")) if index else condition
        for index, condition in enumerate(conditions)
        if condition is not None
    ]
    return cast(or_(*given), Text) if given else text("false")


def aggregate_name(content: selected.Aggregate) -> str:
    """Return by which name an aggregate stands among the heads."""
    return f"{content.function}:{content.attribute}"


def groups_name(site: int) -> str:
    """Return by which name the groups of a list stand among the heads."""
    return f"groups:{site}"


def _aggregates(content: selected.Content, values: Heads) -> list[Part]:
    """Return the JSON of aggregates."""
    match content:
        case selected.Constant(json):
            return [json]
        case selected.Aggregate():
            return [values[aggregate_name(content)]]
        case selected.Aggregates(members):
            parts: list[Part] = ["{"]
            for index, member in enumerate(members):
                parts.append(f'{"," if index else ""}"{member.key}":')
                parts.extend(_aggregates(member.content, values))
            return [*parts, "}"]
        case _:
            raise TypeError(f"{content} is no aggregate")


def empty_list(members: Sequence[Member]) -> str:
    """Return the JSON of a list of which nothing was read, since its parent has no rows in it."""
    pieces = []
    for member in members:
        match member.content:
            case selected.Constant(json):
                value = json
            case selected.Nodes() | selected.Edges() | selected.Groups():
                value = "[]"
            case selected.PageInfo(fields):
                known = {"hasNextPage": "false", "hasPreviousPage": "false", "__typename": '"PageInfo"'}
                value = "{" + ",".join(f'"{key}":{known.get(name, "null")}' for key, name in fields) + "}"
            case selected.Aggregate(function):
                value = "0" if function.startswith("count") else "null"
            case selected.Aggregates(inner):
                value = empty_list(inner)
            case _:
                raise TypeError(f"{member.content} is no member of a connection")
        pieces.append(f'"{member.key}":{value}')
    return "{" + ",".join(pieces) + "}"
