"""The arguments of `groups` -> how rows are grouped, as frozen data; and what rows of a type can be grouped by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import inflection

from schema.errors import BadInputError
from schema.graph import Graph, Kind, ObjectType
from schema.query.filter_arguments import read_having
from schema.query.order import MOST_TERMS, Direction
from schema.query.page import Limits
from schema.query.requests import RELATION, Grouping, GroupKey, GroupOrder

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


def group_keys(type_: ObjectType) -> list[ShownKey]:
    """Return all that the rows of a type can be grouped by."""
    keys = []
    for field in type_.fields:
        if field.scalar.is_list or field.scalar.kind in (Kind.JSON, Kind.BYTES):
            continue
        text, is_orderable = f"The value of `{field.name}`.", field.is_orderable
        keys.append(_shown(GroupKey(field.name, (field.attribute,)), text, is_orderable))
        for unit in UNITS.get(field.scalar.kind, ()):
            key = GroupKey(f"{field.name}{unit.capitalize()}", (field.attribute,), unit)
            text = f"The {unit} of `{field.name}`, as the time at which it begins."
            keys.append(_shown(key, text, is_orderable))
    for relation in type_.relations:
        if relation.is_reference:
            key = GroupKey(relation.name, relation.keys, RELATION)
            keys.append(_shown(key, f"The {relation.name}.", False))
    if not keys:  # a type of which nothing is shown but its id
        key = GroupKey("id", type_.key_attributes, RELATION)
        keys = [_shown(key, "The id.", False)]
    return keys


def _shown(key: GroupKey, description: str, is_orderable: bool) -> ShownKey:
    return ShownKey(inflection.underscore(key.name).upper(), key, description, is_orderable)


def read_grouping(graph: Graph, type_: ObjectType, arguments: Mapping[str, Any], limits: Limits) -> Grouping:
    """Return how the rows of a list are grouped.

    Args:
        graph: The graph description.
        type_: The type of the rows.
        arguments: The coerced arguments of `groups`.
        limits: How many groups may be asked for.

    Raises:
        BadInputError: An argument is out of its range, or orders by what is not grouped by.
    """
    known = {key.member: key.key for key in group_keys(type_)}
    keys = tuple(dict.fromkeys(known[member.name] for member in arguments["by"]))
    if not 1 <= len(keys) <= MOST_KEYS:
        raise BadInputError(f"Argument `by` takes 1 to {MOST_KEYS} things to group by; {len(keys)} were given.")
    offset = arguments.get("offset") or 0
    if offset < 0:
        raise BadInputError(f"Argument `offset` takes a whole number from 0 on; {offset} was given.")
    order = arguments.get("orderBy") or ()
    if len(order) > MOST_TERMS:
        raise BadInputError(f"Argument `orderBy` takes at most {MOST_TERMS} terms; {len(order)} were given.")
    return Grouping(
        keys=keys,
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
