"""What columns and check constraints ask of a value, told without the database: lengths, ranges, patterns.

Only conditions over one column whose meaning is plain become rules; PostgreSQL has the last word on all of them.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import sqlglot
from sqlalchemy import CheckConstraint, Numeric, SmallInteger, String
from sqlalchemy.orm import Mapper
from sqlglot import exp

from schema.graph.fields import Field
from schema.graph.kinds import Kind
from schema.graph.written import Rule

_PLAIN_PATTERN: Final = re.compile(r"\^(?:[\w@.+*?|(){}\[\]^,: /-]|\\[swd.+*?-])*\$", re.ASCII)
"""Patterns that mean the same to Python and to PostgreSQL: whole texts, without look-around or back references."""

_BIGINT: Final = 2**63


def type_rules(field: Field) -> Iterator[Rule]:
    """Yield what the type of a column asks of its values."""
    if field.scalar.is_list or field.column is None:
        return
    sql, kind = field.column.type, field.scalar.kind
    if isinstance(sql, String) and kind is Kind.TEXT and sql.length:
        longest = sql.length
        yield Rule(
            lambda value: len(value) <= longest,
            "TOO_LONG",
            f"takes at most {longest:,} characters",
            keywords={"maxLength": longest},
        )
    if isinstance(sql, SmallInteger):
        yield _range(-(2**15), 2**15 - 1)
    elif kind is Kind.BIGINT:
        yield _range(-_BIGINT, _BIGINT - 1)
    if kind is Kind.NUMERIC and isinstance(sql, Numeric) and sql.precision is not None:
        scale = sql.scale or 0
        rounded = Decimal(5).scaleb(-scale - 1)  # what PostgreSQL rounds up to the next digit that is kept
        bound = Decimal(10) ** (sql.precision - scale) - rounded
        text = f"takes a number of at most {sql.precision - scale} digits before the point"
        yield Rule(lambda value: value.copy_abs() < bound, "OUT_OF_RANGE", text)


def read_rules(mapper: Mapper[Any]) -> tuple[dict[str, list[Rule]], dict[str, tuple[str, ...]]]:
    """Return the rules of each attribute, and the attributes that each check constraint looks at, by its name."""
    attributes = {column.name: mapper.get_property_by_column(column).key for column in mapper.local_table.columns}
    rules: dict[str, list[Rule]] = {}
    looked_at: dict[str, tuple[str, ...]] = {}
    for constraint in sorted(getattr(mapper.local_table, "constraints", ()), key=lambda each: str(each.name)):
        if not isinstance(constraint, CheckConstraint) or constraint.name is None:
            continue
        try:
            condition = sqlglot.parse_one(str(constraint.sqltext), dialect="postgres")
        except sqlglot.ParseError:
            continue
        names = sorted({column.name for column in condition.find_all(exp.Column)} & set(attributes))
        looked_at[str(constraint.name)] = tuple(attributes[name] for name in names)
        rule = _rule(condition, str(constraint.name)) if len(names) == 1 else None
        if rule is not None:
            rules.setdefault(attributes[names[0]], []).append(rule)
    return rules, looked_at


def _rule(condition: exp.Expr, name: str) -> Rule | None:
    match condition:
        case exp.Between(this=exp.Column()):
            low, high = _number(condition.args["low"]), _number(condition.args["high"])
            return None if low is None or high is None else _range(low, high, name)
        case exp.GTE(this=exp.Column(), expression=bound) if (low := _number(bound)) is not None:
            return Rule(lambda value: value >= low, "OUT_OF_RANGE", f"takes {low} or more", name, {"minimum": low})
        case exp.GT(this=exp.Column(), expression=bound) if (low := _number(bound)) is not None:
            return Rule(
                lambda value: value > low, "OUT_OF_RANGE", f"takes more than {low}", name, {"exclusiveMinimum": low}
            )
        case exp.LTE(this=exp.Column(), expression=bound) if (high := _number(bound)) is not None:
            return Rule(lambda value: value <= high, "OUT_OF_RANGE", f"takes {high} or less", name, {"maximum": high})
        case exp.LT(this=exp.Column(), expression=bound) if (high := _number(bound)) is not None:
            return Rule(
                lambda value: value < high, "OUT_OF_RANGE", f"takes less than {high}", name, {"exclusiveMaximum": high}
            )
        case exp.NEQ(this=exp.Column(), expression=exp.Literal(is_string=True, this="")):
            return Rule(lambda value: value != "", "EMPTY", "must not be empty", name, {"minLength": 1})
        case exp.EQ(this=exp.Column(), expression=exp.Lower(this=exp.Column())):
            return Rule(
                lambda value: value == value.lower(), "FORM", "must be in lower case", name, {"pattern": "^[^A-Z]*$"}
            )
        case exp.RegexpLike(this=exp.Column(), expression=exp.Literal(is_string=True, this=text)):
            return _pattern(text, name)
        case _:
            return None


def _range(low: int, high: int, name: str | None = None) -> Rule:
    text = f"takes a number from {low:,} to {high:,}"
    return Rule(lambda value: low <= value <= high, "OUT_OF_RANGE", text, name, {"minimum": low, "maximum": high})


def _number(expression: exp.Expr) -> int | None:
    text = expression.sql(dialect="postgres")
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else None


def _pattern(text: str, name: str) -> Rule | None:
    if not _PLAIN_PATTERN.fullmatch(text) or "|" in re.sub(r"\([^()]*\)", "", text):
        return None  # `^a|b$` is anchored at one end each
    pattern = re.compile(text[1:-1])
    return Rule(
        lambda value: pattern.fullmatch(value) is not None,
        "PATTERN",
        f"must match the pattern {text}",
        name,
        {"pattern": text},
    )
