"""Conditions -> SQL. The one place where a filter becomes a WHERE, for the loaders and the engine alike.

Values are never written into the SQL: each goes through `bind`, so a caller decides whether it stands in the
statement as a parameter with its value, or as a slot to be filled later.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    and_,
    any_,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    true,
)
from sqlalchemy.dialects.postgresql import INTERVAL, JSONB, REGCONFIG
from sqlalchemy.types import TypeEngine

from schema.graph import Graph, Kind, Relation, Scalar
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
    Quantifier,
    Related,
    Search,
)
from schema.query.rows import TEXTUAL, Rows, hides_rows, rows_beside, unlimited

Bind = Callable[[Any, TypeEngine[Any]], ColumnElement[Any]]
"""Puts a value of a type into a statement."""

_ORDERED: Final = {Op.LT: "__lt__", Op.LTE: "__le__", Op.GT: "__gt__", Op.GTE: "__ge__"}
_LIKE: Final = {Op.CONTAINS, Op.STARTS_WITH, Op.ENDS_WITH, Op.LIKE}
_ILIKE: Final = {Op.ICONTAINS, Op.ISTARTS_WITH, Op.IENDS_WITH, Op.ILIKE}


def as_parameter(value: Any, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """Put a value into a statement as a parameter that has it."""
    return literal(list(value) if isinstance(value, tuple) else value, type_)


def restrict(graph: Graph, rows: Rows, condition: Condition | None, bind: Bind = as_parameter) -> Rows:
    """Return those of the rows that a condition holds for."""
    return rows if condition is None else rows.where(to_sql(graph, rows, condition, bind))


def to_sql(graph: Graph, rows: Rows, condition: Condition, bind: Bind = as_parameter) -> ColumnElement[bool]:
    """Return a condition on rows, in SQL.

    It may be null where a value is; a WHERE takes that for false, and `Not` does too.

    Args:
        graph: The graph description.
        rows: The rows that the condition is on.
        condition: The condition.
        bind: Puts the values in.
    """
    match condition:
        case AllOf(parts):
            return and_(true(), *(to_sql(graph, rows, part, bind) for part in parts))
        case AnyOf(parts):
            return or_(false(), *(to_sql(graph, rows, part, bind) for part in parts))
        case Not(part):
            return to_sql(graph, rows, part, bind).is_not(true())
        case Compare():
            return _compare(rows, condition, bind)
        case JsonAt():
            return _json_at(rows, condition, bind)
        case Related():
            return _related(graph, rows, condition, bind)
        case Aggregated():
            return _aggregated(graph, rows, condition, bind)
        case Search(words):
            return _search(rows, words, bind)
        case Custom(name, value):
            custom = rows.type_.own_filters[name]
            given = (_array if custom.scalar.is_list else operand)(bind, value, custom.scalar)
            return custom.function(rows.entity, given)


def operand(bind: Bind, value: Any, scalar: Scalar) -> ColumnElement[Any]:
    """Put a value into a statement; an interval as the text that it came as, since Python's loses months."""
    if scalar.kind is Kind.INTERVAL:
        return cast(bind(value, Text()), INTERVAL)
    return bind(value, unlimited(scalar.sql))


def _compare(rows: Rows, condition: Compare, bind: Bind) -> ColumnElement[bool]:
    field = rows.type_.field_of(condition.attribute)
    value: ColumnElement[Any] = getattr(rows.entity, condition.attribute)
    if condition.op is Op.IS_NULL:
        return value.is_(None) if condition.value else value.is_not(None)
    if field.scalar.is_list:
        return _compare_list(value, field.scalar, condition, bind)
    if field.scalar.kind is Kind.JSON:
        return _compare_json(cast(value, JSONB), condition, bind)
    return compared(value, field.scalar, condition.op, condition.value, bind, is_nullable=field.is_nullable)


def compared(
    value: ColumnElement[Any], scalar: Scalar, op: Op, wanted: Any, bind: Bind, *, is_nullable: bool
) -> ColumnElement[bool]:
    """Return a comparison of a single value.

    Args:
        value: What is compared.
        scalar: What it is, and what it is compared with.
        op: How.
        wanted: With what: one value, or several for `in`, `notIn` and `between`.
        bind: Puts that in.
        is_nullable: True where the value may be null.
    """
    if op is Op.BETWEEN:
        low, high = wanted
        return value.between(operand(bind, low, scalar), operand(bind, high, scalar))
    if op in (Op.IN, Op.NOT_IN):
        found = value == any_(_array(bind, wanted, scalar))
        return found if op is Op.IN else (found.is_not(true()) if is_nullable else not_(found))
    if op in _LIKE:
        return value.like(bind(wanted, Text()))
    if op in _ILIKE:
        return value.ilike(bind(wanted, Text()))
    bound = operand(bind, wanted, scalar)
    if op is Op.NE:
        return value.is_distinct_from(bound) if is_nullable else value != bound
    return value == bound if op is Op.EQ else getattr(value, _ORDERED[op])(bound)


def _array(bind: Bind, values: Any, scalar: Scalar) -> ColumnElement[Any]:
    if scalar.kind is Kind.INTERVAL:
        return cast(bind(values, ARRAY(Text)), ARRAY(INTERVAL))
    return bind(values, ARRAY(unlimited(scalar.sql)))


def _compare_list(value: ColumnElement[Any], scalar: Scalar, condition: Compare, bind: Bind) -> ColumnElement[bool]:
    if isinstance(scalar.sql, SmallInteger):  # arrays compare with their like alone, and the operands have 32 bits
        value = cast(value, ARRAY(Integer))
    match condition.op:
        case Op.HAS:
            return operand(bind, condition.value, scalar) == any_(value)
        case Op.HAS_ANY:
            return value.op("&&", is_comparison=True)(_array(bind, condition.value, scalar))
        case Op.HAS_ALL:
            return value.op("@>", is_comparison=True)(_array(bind, condition.value, scalar))
        case Op.IS_EMPTY:
            empty = func.cardinality(value) == literal(0)
            return empty if condition.value else not_(empty)
        case _:
            return value == _array(bind, condition.value, scalar)


def _compare_json(value: ColumnElement[Any], condition: Compare, bind: Bind) -> ColumnElement[bool]:
    if condition.op is Op.HAS_KEY:
        return value.op("?", is_comparison=True)(bind(condition.value, Text()))
    other = cast(bind(condition.value, Text()), JSONB)
    if condition.op is Op.CONTAINS:
        return value.op("@>", is_comparison=True)(other)
    return value.is_distinct_from(other) if condition.op is Op.NE else value == other


def _json_at(rows: Rows, condition: JsonAt, bind: Bind) -> ColumnElement[bool]:
    """Compare what stands at a path with a value of the same JSON type; what is missing compares with nothing."""
    document = cast(getattr(rows.entity, condition.attribute), JSONB)
    found: ColumnElement[Any] = document.op("#>", return_type=JSONB())(bind(condition.path, ARRAY(Text)))
    if condition.op is Op.IS_NULL:
        missing = func.coalesce(func.jsonb_typeof(found), "null") == "null"
        return missing if condition.value else not_(missing)
    other = cast(bind(condition.value, Text()), JSONB)
    if condition.op is Op.NE:
        return found.is_distinct_from(other)
    if condition.op is Op.EQ:
        return found == other
    is_same_type = func.jsonb_typeof(found) == func.jsonb_typeof(other)
    return and_(is_same_type, getattr(found, _ORDERED[condition.op])(other))


def _related(graph: Graph, rows: Rows, condition: Related, bind: Bind) -> ColumnElement[bool]:
    relation, part_ = graph.relation(condition.relation), condition.part
    if isinstance(part_, Compare) and _is_held(graph, relation, part_):
        held: ColumnElement[Any] = getattr(rows.entity, relation.keys[0])
        scalar = graph.types[relation.target].primary_key[0].scalar
        return compared(held, scalar, part_.op, part_.value, bind, is_nullable=True)
    far = rows_beside(graph, relation, rows.entity)
    part = None if condition.part == AllOf(()) else to_sql(graph, far, condition.part, bind)
    if condition.quantifier is Quantifier.EVERY:
        return ~exists(far.where(false() if part is None else part.is_not(true())).select(literal_column("1")))
    inside = exists((far if part is None else far.where(part)).select(literal_column("1")))
    return ~inside if condition.quantifier is Quantifier.NONE else inside


def _is_held(graph: Graph, relation: Relation, condition: Compare) -> bool:
    """Return whether a condition on the other end is on a value that the row itself holds: its foreign key.

    It tells nothing of a row that may be hidden.
    """
    if hides_rows(graph.types[relation.target]):
        return False
    if not relation.is_reference or len(relation.key_columns) != 1 or condition.op not in (Op.EQ, Op.IN):
        return False
    far = graph.types[relation.target].primary_key
    is_key = len(far) == 1 and far[0].attribute == condition.attribute
    return is_key and any(key.column is far[0].column for key in relation.key_columns[0].foreign_keys)


def _aggregated(graph: Graph, rows: Rows, condition: Aggregated, bind: Bind) -> ColumnElement[bool]:
    function, attribute, part = condition.function, condition.attribute, condition.part
    if condition.relation is None:  # of a group, in HAVING
        far, counted = rows, None if part is None else to_sql(graph, rows, part, bind)
        value = aggregate(rows, function, attribute, counted)
    else:
        far = restrict(graph, rows_beside(graph, graph.relation(condition.relation), rows.entity), part, bind)
        value = far.select(aggregate(far, function, attribute)).scalar_subquery()
    field = far.type_.field_of(attribute) if attribute else None
    scalar = aggregate_scalar(function, field.scalar if field else None)
    return compared(value, scalar, condition.op, condition.value, bind, is_nullable=function != "count")


def aggregate(
    rows: Rows, function: str, attribute: str, counted: ColumnElement[bool] | None = None
) -> ColumnElement[Any]:
    """Return an aggregate over rows.

    Integers sum up to BigInt and average to Float; sums of BigInt, and averages of BigInt and Decimal, are Decimal.

    Args:
        rows: The rows.
        function: `count`, `countDistinct`, `sum`, `avg`, `min`, `max`, `stddev` or `variance`.
        attribute: The mapped attribute; empty for `count`.
        counted: Which of the rows are counted in; all where None.
    """
    value: Any = getattr(rows.entity, attribute) if attribute else None
    made: Any
    match function:
        case "count":
            made = func.count()
        case "countDistinct":
            made = func.count(value.distinct())
        case "min" | "max":
            made = getattr(func, function)(value, type_=value.type)
        case _:
            made = getattr(func, function)(value)
    if counted is not None:
        made = made.filter(counted)
    if function in ("count", "countDistinct", "min", "max"):
        return made  # type: ignore[no-any-return]  # typed as Any there
    return cast(made, aggregate_scalar(function, rows.type_.field_of(attribute).scalar).sql)


def shown_aggregate(rows: Rows, function: str, attribute: str) -> ColumnElement[Any]:
    """Return an aggregate as it is read: as PostgreSQL's text where Python's value would lose something."""
    value = aggregate(rows, function, attribute)
    field = rows.type_.field_of(attribute) if attribute else None
    scalar = aggregate_scalar(function, field.scalar if field else None)
    return cast(value, Text) if scalar.kind in TEXTUAL else value


def aggregate_scalar(function: str, scalar: Scalar | None) -> Scalar:
    """Return what an aggregate of values is; of no values, for `count`."""
    if scalar is None or function in ("count", "countDistinct"):
        return _BIGINT
    if function in ("min", "max"):
        return scalar
    if scalar.kind is Kind.FLOAT or (scalar.kind is Kind.INTEGER and function != "sum"):
        return _FLOAT
    return _BIGINT if scalar.kind is Kind.INTEGER else _NUMERIC


# One object each, since requests and shapes that are to be equal hold them.
_BIGINT: Final = Scalar(Kind.BIGINT, BigInteger())
_FLOAT: Final = Scalar(Kind.FLOAT, Double())
_NUMERIC: Final = Scalar(Kind.NUMERIC, Numeric())


def _search(rows: Rows, words: str, bind: Bind) -> ColumnElement[bool]:
    search = rows.type_.search
    if search is None:
        raise ValueError(f"{rows.type_.name} is not searchable")
    query = func.websearch_to_tsquery(cast(literal(search.language), REGCONFIG), bind(words, Text()))
    vector: ColumnElement[Any] = getattr(rows.entity, search.attribute)
    return vector.op("@@", is_comparison=True)(query)
