"""What `filter` asks for, as frozen data: ids decoded, values in SQL's terms.

Logic is two-valued: a condition holds for a row or it does not. A null satisfies no comparison; `not`, `ne`
and `notIn` are the exact complements of what they deny, so they hold for nulls.

`schema.query.filter_arguments` reads it from an argument, `schema.query.conditions` turns it into SQL. Values stand
apart from structure: two filters that differ in their values alone have the same shape, and so the same statement.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from schema.errors import LimitError


class Op(Enum):
    """A comparison; the value of the member is its GraphQL name."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "notIn"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    BETWEEN = "between"
    CONTAINS = "contains"
    ICONTAINS = "icontains"
    STARTS_WITH = "startsWith"
    ISTARTS_WITH = "istartsWith"
    ENDS_WITH = "endsWith"
    IENDS_WITH = "iendsWith"
    LIKE = "like"
    ILIKE = "ilike"
    HAS = "has"
    HAS_ANY = "hasAny"
    HAS_ALL = "hasAll"
    IS_EMPTY = "isEmpty"
    HAS_KEY = "hasKey"
    IS_NULL = "isNull"


@dataclass(frozen=True, slots=True)
class Compare:
    """A value of the row, compared."""

    attribute: str
    """The mapped attribute."""

    op: Op
    """How."""

    value: Any
    """With what, in SQL's terms: several for `in`, `between`, `hasAny` and `hasAll`; a pattern for the like family."""


@dataclass(frozen=True, slots=True)
class JsonAt:
    """A value inside a JSON document, compared with another of the same JSON type."""

    attribute: str
    """The mapped attribute."""

    path: tuple[str, ...]
    """Keys and indexes, from the outside in."""

    op: Op
    """EQ, NE, LT, LTE, GT, GTE or IS_NULL."""

    value: str | bool
    """JSON text; for IS_NULL, whether nothing or null is to be there."""


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts hold; holds where there are none."""

    parts: tuple["Condition", ...]
    """The parts."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; does not hold where there are none."""

    parts: tuple["Condition", ...]
    """The parts."""


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Condition"
    """The part."""


class Quantifier(Enum):
    """How many of a relation's rows a condition must hold for; the value is the GraphQL name."""

    SOME = "some"
    EVERY = "every"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Related:
    """A condition on the rows at the other end of a relation. A to-one relation asks for SOME."""

    relation: tuple[str, str]
    """Type and field of the relation."""

    quantifier: Quantifier
    """For how many of them."""

    part: "Condition"
    """What holds for them."""


@dataclass(frozen=True, slots=True)
class Aggregated:
    """An aggregate of a relation's rows (of a group's, where there is no relation), compared."""

    relation: tuple[str, str] | None
    """Type and field of the relation."""

    function: str
    """`count`, `sum`, `avg`, `min`, `max`, `stddev`, `variance` or `countDistinct`."""

    attribute: str
    """The mapped attribute; empty for `count`."""

    op: Op
    """How it is compared."""

    value: Any
    """With what."""

    part: "Condition | None" = None
    """Which of the relation's rows are counted in; all where None."""


@dataclass(frozen=True, slots=True)
class Search:
    """Full text search in what the model declares searchable."""

    words: str
    """What was typed, in websearch syntax."""


@dataclass(frozen=True, slots=True)
class Custom:
    """A condition of the model's own making."""

    name: str
    """Its GraphQL name."""

    value: Any
    """What it is given."""


Condition = Compare | JsonAt | AllOf | AnyOf | Not | Related | Aggregated | Search | Custom


MOST_COMPARISONS: Final = 2_000
"""Most comparisons of one operation, over all its filters; each costs time before anything is read."""


def check_comparisons(number: int) -> None:
    """Refuse an operation with too many comparisons.

    Raises:
        LimitError: It has more than may be.
    """
    if number > MOST_COMPARISONS:
        raise LimitError(f"The operation's filters have more than {MOST_COMPARISONS:,} comparisons, taken together.")


def size(condition: Condition | None) -> int:
    """Return how many comparisons a condition has."""
    match condition:
        case None:
            return 0
        case AllOf(parts) | AnyOf(parts):
            return sum(map(size, parts)) or 1
        case Not(part):
            return size(part)
        case Related(_, _, part) | Aggregated(part=part):
            return 1 + size(part)
        case _:
            return 1
