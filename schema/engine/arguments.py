"""Arguments -> shapes and values: what decides the statement, apart from what is only bound in it.

The shape of a filter, a page or a key is the thing itself with a `Slot` in place of every value. Requests whose
shapes are equal share a statement, whatever their values; no value, and nobody's identity, is in a shape.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from graphql import GraphQLSchema
from sqlalchemy import ColumnElement, bindparam, literal
from sqlalchemy.types import TypeEngine

from schema.engine.outline import Site
from schema.graph import Graph, ObjectType
from schema.opaque import read_id, read_id_of
from schema.query.filter_arguments import read_filter
from schema.query.filters import (
    Aggregated,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Custom,
    JsonAt,
    Not,
    Op,
    Related,
    Search,
)
from schema.query.group_arguments import read_grouping
from schema.query.later import Pending, decided, parts_later, read_or_later
from schema.query.order import Order, read_order
from schema.query.page import Limits, Page, read_page
from schema.query.requests import Grouping
from schema.query.unique import read_unique


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for a value."""

    site: int
    """Of which site."""

    index: int
    """Which of its values."""


def slot_name(slot: Slot) -> str:
    """Return the name of the parameter that a slot is bound by."""
    return f"s{slot.site}_{slot.index}"


def bind(value: Any, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """Put a slot into the statement, or a value that decides it."""
    if isinstance(value, Slot):
        return bindparam(slot_name(value), type_=type_)
    return literal(list(value) if isinstance(value, tuple) else value, type_)


@dataclass(frozen=True, slots=True)
class ListShape:
    """What decides the statement of a list, besides its selection."""

    page: Page
    """The page; slots stand for its size, its offset and the values of its cursors."""

    condition: Condition | None
    """The filter; slots stand for its values."""


@dataclass(frozen=True, slots=True)
class RowShape:
    """What decides the statement of a look-up, besides its selection."""

    type_name: str
    """Type of the row."""

    key: tuple[str, ...]
    """Attributes of the key."""

    slots: tuple[Slot, ...]
    """Its values."""


@dataclass(frozen=True, slots=True)
class RowsShape:
    """What decides the statement of a look-up of several rows, besides its selection."""

    by_type: tuple[tuple[str, tuple[Slot, ...]], ...]
    """For each type among the ids, by name: the slots of the places of its rows, and of each part of their keys."""

    count: Slot
    """How many ids there are."""


@dataclass(frozen=True, slots=True)
class WrittenShape:
    """What decides the statement that writes a row, besides its selection."""

    type_name: str
    """Type of the row."""

    attributes: tuple[str, ...]
    """What it is given; their values are those of the site, in this order."""


Shape = ListShape | RowShape | RowsShape | WrittenShape | Grouping
"""Of `groups`, slots stand for the values in `having`, for the size and for the offset."""


class ArgumentReader:
    """Reads the sites of outlines."""

    def __init__(self, core: GraphQLSchema, graph: Graph, limits: Limits) -> None:
        """Note what arguments are read against."""
        self._core = core
        self._graph = graph
        self._all_limits = limits
        self._limits = {type_.name: limits.for_type(type_) for type_ in graph.types.values()}

    def read(
        self, number: int, site: Site, arguments: Mapping[str, Any], order: Order | None
    ) -> tuple[Shape, list[Any]]:
        """Return the shape of a site, and its values.

        Args:
            number: Which of the outline's sites it is.
            site: The site.
            arguments: Its coerced arguments, with `Pending` or without.
            order: The order of its list, where it is known.

        Raises:
            PublicError: An argument is wrong.
            Undecided: A `Pending` decides the shape. Otherwise there is a `Later` among the values for it.
        """
        taken = _Taken(number)
        return self._shape(site, arguments, order, taken), taken.values

    def order(self, site: Site, arguments: Mapping[str, Any]) -> Order | None:
        """Return the order of a list, of which the argument is known; None for what is no list.

        Raises:
            PublicError: The argument is wrong.
        """
        if site.kind != "list":
            return None
        return read_order(self._graph, self._graph.types[site.type_name], arguments.get("orderBy"))

    def _shape(self, site: Site, arguments: Mapping[str, Any], order: Order | None, taken: "_Taken") -> Shape:
        match site.kind:
            case "list":
                return self._list(self._graph.types[site.type_name], arguments, order, taken)
            case "node":
                type_, key = read_id(self._graph.types, decided(arguments["id"]))
                return _row(type_, type_.key_attributes, key, taken)
            case "nodes":
                return self._rows(decided(arguments["ids"]), taken)
            case "groups":
                for given in arguments.values():
                    decided(given)
                return self._groups(self._graph.types[site.type_name], arguments, taken)
            case "id":
                type_ = self._graph.types[site.type_name]
                key = self._key(type_, arguments["id"])
                return _row(type_, type_.key_attributes, key, taken)
            case _:
                return self._unique(self._graph.types[site.type_name], site.key, arguments, taken)

    def _list(self, type_: ObjectType, arguments: Mapping[str, Any], order: Order | None, taken: "_Taken") -> ListShape:
        order = order or read_order(self._graph, type_, arguments.get("orderBy"))
        condition = read_filter(self._graph, type_, arguments.get("filter"))
        page = read_page(arguments, order, self._limits[type_.name])
        stripped = None if condition is None else taken.condition(condition)
        return ListShape(
            replace(
                page,
                size=taken.take(page.size),
                after=taken.place(page.after),
                before=taken.place(page.before),
                offset=taken.take(page.offset) if page.offset else 0,
            ),
            stripped,
        )

    def _groups(self, type_: ObjectType, arguments: Mapping[str, Any], taken: "_Taken") -> Grouping:
        grouping = read_grouping(self._graph, type_, arguments, self._limits[type_.name])
        return replace(
            grouping,
            having=None if grouping.having is None else taken.condition(grouping.having),
            size=taken.take(grouping.size),
            offset=taken.take(grouping.offset) if grouping.offset else 0,
        )

    def _rows(self, ids: Sequence[str], taken: "_Taken") -> RowsShape:
        self._all_limits.check_ids(ids)
        keys: dict[str, list[tuple[int, Any]]] = {}
        for place, id_ in enumerate(ids):
            type_, key = read_id(self._graph.types, id_)
            keys.setdefault(type_.name, []).append((place, key))
        by_type = []
        for name, found in sorted(keys.items()):
            parts = zip(*((place, *key) for place, key in found), strict=True)
            by_type.append((name, tuple(taken.take(part) for part in parts)))
        return RowsShape(tuple(by_type), taken.take(len(ids)))

    def _unique(
        self, type_: ObjectType, names: Sequence[str], arguments: Mapping[str, Any], taken: "_Taken"
    ) -> RowShape:
        fields = [field for name in names if (field := type_.field_named(name)) is not None]
        values = [read_or_later(arguments[field.name], partial(read_unique, self._graph, field)) for field in fields]
        return _row(type_, [field.attribute for field in fields], values, taken)

    def _key(self, type_: ObjectType, id_: Any) -> tuple[Any, ...]:
        read = partial(read_id_of, type_, argument="id")
        return parts_later(id_, read, len(type_.primary_key)) if type(id_) is Pending else read(id_)


def _row(type_: ObjectType, key: Sequence[str], values: Sequence[Any], taken: "_Taken") -> RowShape:
    return RowShape(type_.name, tuple(key), tuple(taken.take(value) for value in values))


class _Taken:
    """The values taken out of one site."""

    def __init__(self, site: int) -> None:
        self._site = site
        self.values: list[Any] = []

    def take(self, value: Any) -> Any:
        self.values.append(value)
        return Slot(self._site, len(self.values) - 1)

    def place(self, place: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        """Nulls stay: a cursor with a null in it makes another condition."""
        return None if place is None else tuple(None if value is None else self.take(value) for value in place)

    def condition(self, condition: Condition) -> Condition:
        match condition:
            case AllOf(parts):
                return AllOf(tuple(self.condition(part) for part in parts))
            case AnyOf(parts):
                return AnyOf(tuple(self.condition(part) for part in parts))
            case Not(part):
                return Not(self.condition(part))
            case Related():
                return replace(condition, part=self.condition(condition.part))
            case Aggregated():
                inner = None if condition.part is None else self.condition(condition.part)
                return replace(condition, value=self._operand(condition.op, condition.value), part=inner)
            case Compare(_, op, value):
                return replace(condition, value=self._operand(op, value))
            case JsonAt(_, path, op, value):
                return replace(condition, path=self.take(path), value=self._operand(op, value))
            case Search(words):
                return Search(self.take(words))
            case Custom(name, value):
                return Custom(name, self.take(value))

    def _operand(self, op: Op, value: Any) -> Any:
        if op in (Op.IS_NULL, Op.IS_EMPTY):
            return value  # these decide the statement
        if op is Op.BETWEEN:
            return tuple(self.take(each) for each in value)
        return self.take(value)
