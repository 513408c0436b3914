"""The order of a list, and the condition "behind this row" that its cursors stand for.

Every order ends with the primary key, so it is total. A list orders by its primary key alone for now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, literal, or_, tuple_

from schema.graph import ObjectType, Scalar


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One thing that a list is ordered by."""

    attribute: str
    """The mapped attribute."""

    scalar: Scalar
    """What its values are."""

    is_nullable: bool
    """True where it may be null."""

    is_descending: bool = False
    """True for the largest first."""

    is_nulls_first: bool = False
    """True where nulls come before all values."""

    def reversed(self) -> "OrderTerm":
        """Return the term of the opposite order."""
        return OrderTerm(self.attribute, self.scalar, self.is_nullable, not self.is_descending, not self.is_nulls_first)


@dataclass(frozen=True, slots=True)
class Order:
    """A total order over the rows of a type."""

    name: str
    """Names the order in cursors."""

    terms: tuple[OrderTerm, ...]
    """What the rows are ordered by, the primary key last."""

    def reversed(self) -> "Order":
        """Return the opposite order, for pages that are read from the end."""
        return Order(self.name, tuple(term.reversed() for term in self.terms))


def key_order(type_: ObjectType) -> Order:
    """Return the order by primary key."""
    return Order(
        f"{type_.name}:id",
        tuple(OrderTerm(field.attribute, field.scalar, is_nullable=False) for field in type_.primary_key),
    )


def sort_keys(order: Order, expressions: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Return what stands in ORDER BY.

    Args:
        order: The order.
        expressions: The value of each of its terms, in SQL.
    """
    return [_sort_key(term, expression) for term, expression in zip(order.terms, expressions, strict=True)]


def _sort_key(term: OrderTerm, expression: ColumnElement[Any]) -> ColumnElement[Any]:
    key = expression.desc() if term.is_descending else expression.asc()
    if not term.is_nullable or term.is_nulls_first == term.is_descending:
        return key  # PostgreSQL's own default: nulls are larger than all values
    return key.nulls_first() if term.is_nulls_first else key.nulls_last()


def behind(order: Order, expressions: Sequence[ColumnElement[Any]], values: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that a row stands behind a place in the order.

    Where all terms run one way and none is null, it is a row comparison, `(a, b) > (x, y)`, which one index
    range answers. Otherwise it is spelled out term by term: behind in the first, or equal in it and behind
    in the second, and so on.

    Args:
        order: The order.
        expressions: The value of each of its terms, in SQL.
        values: The place, as a cursor holds it; None for null.

    Source: https://www.postgresql.org/docs/current/functions-comparisons.html#ROW-WISE-COMPARISON
    """
    terms = order.terms
    if all(not term.is_nullable and term.is_descending == terms[0].is_descending for term in terms):
        row = [literal(value, term.scalar.sql) for value, term in zip(values, terms, strict=True)]
        left, right = (expressions[0], row[0]) if len(terms) == 1 else (tuple_(*expressions), tuple_(*row))
        return left < right if terms[0].is_descending else left > right
    cases: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for term, expression, value in zip(terms, expressions, values, strict=True):
        cases.append(and_(*equal, _behind_one(term, expression, value)))
        equal.append(expression.is_(None) if value is None else expression == literal(value, term.scalar.sql))
    return or_(*cases)


def _behind_one(term: OrderTerm, expression: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    if value is None:
        return expression.is_not(None) if term.is_nulls_first else false()
    bound = literal(value, term.scalar.sql)
    condition: ColumnElement[bool] = expression < bound if term.is_descending else expression > bound
    return or_(condition, expression.is_(None)) if term.is_nullable and not term.is_nulls_first else condition
