"""The order of a list, as frozen data: read from `orderBy`, and the default where nothing is asked.

Every order ends with the primary key, so it is total: no two rows share a place, and a cursor names one.
`schema.query.keyset` turns it into SQL.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from schema.errors import BadInputError
from schema.graph import Graph, ObjectType, Relation, Scalar
from schema.query.conditions import aggregate_scalar

MOST_TERMS: Final = 10
"""Most things that a list may be ordered by."""


class Direction(Enum):
    """Which way a list runs, and where nulls come in it."""

    ASC = "ASC"
    DESC = "DESC"
    ASC_NULLS_FIRST = "ASC_NULLS_FIRST"
    ASC_NULLS_LAST = "ASC_NULLS_LAST"
    DESC_NULLS_FIRST = "DESC_NULLS_FIRST"
    DESC_NULLS_LAST = "DESC_NULLS_LAST"

    @property
    def is_descending(self) -> bool:
        """True for the largest first."""
        return self.value.startswith("DESC")

    @property
    def is_nulls_first(self) -> bool:
        """True where nulls come first; by default they count as larger than all values, as PostgreSQL has it."""
        return self.value.endswith("NULLS_FIRST") or self.value == "DESC"


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One thing that a list is ordered by."""

    path: tuple[tuple[str, str], ...]
    """To-one relations that lead from the row to where the value is, each by type and field."""

    attribute: str
    """The mapped attribute; for an order of the model's own, its name; empty for a count."""

    scalar: Scalar
    """What its values are."""

    is_nullable: bool
    """True where it may be null."""

    is_descending: bool = False
    """True for the largest first."""

    is_nulls_first: bool = False
    """True where nulls come before all values."""

    function: str = ""
    """The aggregate, where it is one; `own` for an order of the model's own; empty for an attribute."""

    relation: tuple[str, str] | None = None
    """The to-many relation whose rows are aggregated."""

    def reversed(self) -> "OrderTerm":
        """Return the term of the opposite order."""
        return replace(self, is_descending=not self.is_descending, is_nulls_first=not self.is_nulls_first)

    @property
    def name(self) -> str:
        """The term in a cursor's name of its order."""
        steps = [field for _, field in self.path]
        if self.relation is not None:
            steps.append(self.relation[1])
        nulls = "!" if self.is_nullable and self.is_nulls_first else ""
        return f"{'-' if self.is_descending else '+'}{'.'.join([*steps, self.function, self.attribute])}{nulls}"


@dataclass(frozen=True, slots=True)
class Order:
    """A total order over the rows of a type."""

    type_name: str
    """The type of the rows."""

    terms: tuple[OrderTerm, ...]
    """What the rows are ordered by, the primary key last."""

    name: str = dataclasses.field(init=False, compare=False)
    """Names the order in cursors."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.type_name}:{','.join(term.name for term in self.terms)}")

    def __hash__(self) -> int:
        """Hash the name, which says nearly all: an order is part of a key in every request."""
        return hash(self.name)

    @property
    def scalars(self) -> tuple[Scalar, ...]:
        """What the values of its terms are."""
        return tuple(term.scalar for term in self.terms)

    def reversed(self) -> "Order":
        """Return the opposite order, for pages that are read from the end."""
        return Order(self.type_name, tuple(term.reversed() for term in self.terms))


def default_order(type_: ObjectType) -> Order:
    """Return the order of a list where nothing is asked: the model's own, or that of the primary key."""
    terms: list[OrderTerm] = []
    for name, is_descending in type_.default_order:
        direction = Direction.DESC if is_descending else Direction.ASC
        terms += _key_terms((), type_, direction) if name == "id" else [_field_term((), type_, name, direction)]
    return _total(type_, terms)


def read_order(graph: Graph, type_: ObjectType, given: Sequence[Mapping[str, Any]] | None) -> Order:
    """Return the order that an `orderBy` argument asks for.

    Args:
        graph: The graph description.
        type_: The type of the rows.
        given: The coerced argument: a list of one-of inputs.

    Raises:
        BadInputError: It has too many terms, or goes too deep.
    """
    if not given:
        return default_order(type_)
    if len(given) > MOST_TERMS:
        raise BadInputError(f"Argument `orderBy` takes at most {MOST_TERMS} terms; {len(given)} were given.")
    terms = [term for one_of in given for term in _read(graph, type_, one_of, ())]
    return _total(type_, terms)


def _total(type_: ObjectType, terms: list[OrderTerm]) -> Order:
    """Close an order with the primary key, which runs as its last term does, so that one index can serve both."""
    closing = Direction.DESC if terms and terms[-1].is_descending else Direction.ASC
    kept: dict[str, OrderTerm] = {}
    for term in [*terms, *_key_terms((), type_, closing)]:
        kept.setdefault(term.name.lstrip("+-").rstrip("!"), term)
    keys = {".".join(["", field.attribute]) for field in type_.primary_key}
    closed: list[OrderTerm] = []
    for name, term in kept.items():
        closed.append(term)
        keys.discard(name)
        if not keys:
            break  # the whole key has been met, so nothing behind it can matter
    return Order(type_.name, tuple(closed))


def _key_terms(path: tuple[tuple[str, str], ...], type_: ObjectType, direction: Direction) -> Iterator[OrderTerm]:
    for field in type_.primary_key:
        yield OrderTerm(
            path, field.attribute, field.scalar, bool(path), direction.is_descending, direction.is_nulls_first
        )


def _field_term(path: tuple[tuple[str, str], ...], type_: ObjectType, name: str, direction: Direction) -> OrderTerm:
    field = next(field for field in type_.fields if field.name == name)
    is_nullable = field.is_nullable or bool(path)
    return OrderTerm(
        path, field.attribute, field.scalar, is_nullable, direction.is_descending, direction.is_nulls_first
    )


def _read(
    graph: Graph, type_: ObjectType, given: Mapping[str, Any], path: tuple[tuple[str, str], ...]
) -> Iterator[OrderTerm]:
    if len(path) > MOST_TERMS:
        raise BadInputError(f"Argument `orderBy` goes through more than {MOST_TERMS} relations.")
    ((name, value),) = given.items()
    if name == "id":
        yield from _key_terms(path, type_, _direction(value))
    elif name in type_.own_orders:
        own, direction = type_.own_orders[name], _direction(value)
        yield OrderTerm(path, name, own.scalar, True, direction.is_descending, direction.is_nulls_first, function="own")
    elif type_.field_named(name) is not None:
        yield _field_term(path, type_, name, _direction(value))
    else:
        yield from _read_relation(graph, type_, name, value, path)


def _read_relation(
    graph: Graph, type_: ObjectType, name: str, value: Any, path: tuple[tuple[str, str], ...]
) -> Iterator[OrderTerm]:
    for relation in type_.relations:
        key, target = (relation.source, relation.name), graph.types[relation.target]
        if name == relation.name:
            yield from _read(graph, target, value, (*path, key))
        elif name == f"{relation.name}Count":
            yield aggregate_term(path, relation, target, "count", "", _direction(value))
        elif name == f"{relation.name}Aggregate":
            yield _read_aggregate(relation, target, value, path)


def _read_aggregate(
    relation: Relation, target: ObjectType, given: Mapping[str, Any], path: tuple[tuple[str, str], ...]
) -> OrderTerm:
    ((function, value),) = given.items()
    if function == "count":
        return aggregate_term(path, relation, target, "count", "", _direction(value))
    ((name, direction),) = value.items()
    return aggregate_term(path, relation, target, function, name, _direction(direction))


def aggregate_term(
    path: tuple[tuple[str, str], ...],
    relation: Relation | None,
    target: ObjectType,
    function: str,
    name: str,
    direction: Direction,
) -> OrderTerm:
    """Return the term of an aggregate of a relation's rows, or of a group's where there is no relation."""
    field = target.field_named(name)
    return OrderTerm(
        path,
        field.attribute if field else "",
        aggregate_scalar(function, field.scalar if field else None),
        bool(path) or function not in ("count", "countDistinct"),
        direction.is_descending,
        direction.is_nulls_first,
        function,
        (relation.source, relation.name) if relation else None,
    )


def _direction(value: Any) -> Direction:
    return value if isinstance(value, Direction) else Direction[getattr(value, "name", str(value))]
