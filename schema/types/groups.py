"""What the rows of a type can be grouped by, and the request that a `groups` field makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import inflection

from schema.errors import BadInputError
from schema.graph import Graph, Kind, ObjectType
from schema.query.filter_arguments import read_having
from schema.query.groups import RELATION
from schema.query.order import MOST_TERMS, Direction
from schema.query.page import Limits
from schema.query.requests import GroupKey, GroupOrder, GroupRequest, ListRequest
from schema.types.declare import annotation_of

MOST_KEYS: Final = 5
"""Most things that rows can be grouped by at once."""

UNITS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.DATE: ("day", "week", "month", "quarter", "year"),
    Kind.TIMESTAMP: ("hour", "day", "week", "month", "quarter", "year"),
    Kind.LOCAL_TIMESTAMP: ("hour", "day", "week", "month", "quarter", "year"),
}
"""What times can be truncated to; weeks begin on Monday, days of a DateTime in UTC."""


@dataclass(frozen=True, slots=True)
class ShownKey:
    """One thing that rows can be grouped by."""

    member: str
    """Its name in the enum: `PUBLISHED_AT_MONTH`."""

    key: GroupKey
    """What it is in SQL; its name is that of the field of the keys type."""

    annotation: str
    """What its value's annotation says, without null."""

    description: str
    """What it is."""

    is_orderable: bool
    """True where groups can be ordered by it: it is no object, and the model does not forbid it."""

    @property
    def name(self) -> str:
        """The field of the keys type."""
        return self.key.name

    @property
    def is_relation(self) -> bool:
        """True for a to-one relation, whose value is an object."""
        return self.key.unit == RELATION


def group_keys(graph: Graph, type_: ObjectType) -> list[ShownKey]:
    """Return all that the rows of a type can be grouped by."""
    keys = []
    for field in type_.fields:
        if field.scalar.is_list or field.scalar.kind in (Kind.JSON, Kind.BYTES):
            continue
        shown = "ID" if field.references else annotation_of(field.scalar, is_nullable=False)
        text, is_orderable = f"The value of `{field.name}`.", field.is_orderable
        keys.append(_shown(GroupKey(field.name, (field.attribute,)), shown, text, is_orderable))
        for unit in UNITS.get(field.scalar.kind, ()):
            key = GroupKey(f"{field.name}{unit.capitalize()}", (field.attribute,), unit)
            text = f"The {unit} of `{field.name}`, as the time at which it begins."
            keys.append(_shown(key, shown, text, is_orderable))
    for relation in type_.relations:
        if relation.is_reference:
            key = GroupKey(relation.name, relation.keys, RELATION)
            keys.append(_shown(key, graph.types[relation.target].name, f"The {relation.name}.", False))
    if not keys:  # a type of which nothing is shown but its id
        key = GroupKey("id", tuple(field.attribute for field in type_.primary_key), RELATION)
        keys = [_shown(key, "ID", "The id.", False)]
    return keys


def _shown(key: GroupKey, annotation: str, description: str, is_orderable: bool) -> ShownKey:
    return ShownKey(inflection.underscore(key.name).upper(), key, annotation, description, is_orderable)


def read_groups(
    graph: Graph,
    request: ListRequest,
    arguments: Mapping[str, Any],
    aggregates: tuple[tuple[str, str], ...],
    limits: Limits,
) -> GroupRequest:
    """Return the request for the groups of a list.

    Args:
        graph: The graph description.
        request: The list.
        arguments: The coerced arguments of `groups`.
        aggregates: What is selected of each group.
        limits: How many groups may be asked for.

    Raises:
        BadInputError: An argument is out of its range, or orders by what is not grouped by.
    """
    type_ = graph.types[request.target]
    known = {key.member: key.key for key in group_keys(graph, type_)}
    keys = tuple(dict.fromkeys(known[member.name] for member in arguments["by"]))
    if not 1 <= len(keys) <= MOST_KEYS:
        raise BadInputError(f"Argument `by` takes 1 to {MOST_KEYS} things to group by; {len(keys)} were given.")
    offset = arguments.get("offset") or 0
    if offset < 0:
        raise BadInputError(f"Argument `offset` takes a whole number from 0 on; {offset} was given.")
    order = arguments.get("orderBy") or ()
    if len(order) > MOST_TERMS:
        raise BadInputError(f"Argument `orderBy` takes at most {MOST_TERMS} terms; {len(order)} were given.")
    return GroupRequest(
        target=request.target,
        relation=request.relation,
        condition=request.condition,
        keys=keys,
        aggregates=aggregates,
        having=read_having(graph, type_, arguments.get("having")),
        order=tuple(_read_order(type_, keys, term) for term in order),
        size=limits.size("first", arguments.get("first")),
        offset=offset,
    )


def _read_order(type_: ObjectType, keys: Sequence[GroupKey], given: Mapping[str, Any]) -> GroupOrder:
    ((name, value),) = given.items()
    ((inner, operand),) = value.items()
    if name == "key":
        if inner not in {key.name for key in keys}:
            raise BadInputError(f"Argument `orderBy` names `{inner}`, which argument `by` does not group by.")
        return GroupOrder("key", inner, Direction[operand.name])
    if inner == "count":
        return GroupOrder("count", "", Direction[operand.name])
    ((field_name, direction),) = operand.items()
    field = type_.field_named(field_name)
    return GroupOrder(inner, field.attribute if field else "", Direction[direction.name])
