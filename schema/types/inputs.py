"""Declares the inputs of the query language: a filter for each kind of value, and filter and order for each type.

Models share the filters of scalars. Every field says in its description what it does, with an example.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import strawberry

from schema.graph import Field, Graph, Kind, ObjectType, Scalar
from schema.graph.kinds import COMPARABLE, NUMBERS
from schema.opaque import encode
from schema.query.conditions import aggregate_scalar
from schema.query.order import Direction
from schema.types.declare import Argument, annotation_of, declare_input
from schema.types.scalars import PYTHON_NAMES

EXAMPLES: Final[dict[Kind, str]] = {
    Kind.TEXT: '"sql"',
    Kind.INTEGER: "3",
    Kind.BIGINT: '"3"',
    Kind.NUMERIC: '"12.50"',
    Kind.FLOAT: "0.5",
    Kind.BOOLEAN: "true",
    Kind.DATE: '"2026-03-01"',
    Kind.TIME: '"12:30:00"',
    Kind.TIMESTAMP: '"2026-03-01T12:00:00Z"',
    Kind.LOCAL_TIMESTAMP: '"2026-03-01T12:00:00"',
    Kind.INTERVAL: '"P1DT2H"',
    Kind.UUID: '"6fa459ea-ee8a-4ca4-894e-db77e160355e"',
    Kind.JSON: '{color: "red"}',
    Kind.BYTES: '"aGVsbG8="',
}
"""A value of each kind, as GraphQL writes it."""

_TEXT: Final = (
    ("contains", "Has this somewhere in it", '"sql"'),
    ("icontains", "Has this somewhere in it, in capitals or not", '"SQL"'),
    ("startsWith", "Begins with this", '"How to"'),
    ("istartsWith", "Begins with this, in capitals or not", '"how to"'),
    ("endsWith", "Ends with this", '"2026"'),
    ("iendsWith", "Ends with this, in capitals or not", '"Guide"'),
    ("like", "Matches this pattern: `%` stands for any text, `_` for any character", '"%sql_"'),
    ("ilike", "Matches this pattern, in capitals or not", '"%SQL_"'),
)
_DIRECTION: Final = (
    "Which way a list runs, and where nulls come in it. They count as larger than all values where nothing is said: "
    "last in `ASC`, first in `DESC`."
)
_ORDERED: Final = (
    ("lt", "Is less than this"),
    ("lte", "Is this or less"),
    ("gt", "Is more than this"),
    ("gte", "Is this or more"),
)

_DIRECTIONS: Final = {
    "ASC": "The least first, nulls after all values.",
    "DESC": "The largest first, nulls before all values.",
    "ASC_NULLS_FIRST": "The least first, nulls before all values.",
    "ASC_NULLS_LAST": "The least first, nulls after all values.",
    "DESC_NULLS_FIRST": "The largest first, nulls before all values.",
    "DESC_NULLS_LAST": "The largest first, nulls after all values.",
}


def filter_name(scalar: Scalar, *, is_nullable: bool, is_id: bool = False) -> str:
    """Return the name of the filter of a value: `StringFilter`, `NullableIntFilter`, `StringListFilter`."""
    one = "ID" if is_id else scalar.enum.name if scalar.enum else scalar.kind.value
    return f"{'Nullable' if is_nullable else ''}{one}{'List' if scalar.is_list else ''}Filter"


def declare_shared(graph: Graph, module: ModuleType) -> None:
    """Declare what all types share: the filters of scalars that the graph uses, and the directions of orders."""
    direction: Any = strawberry.enum(Direction, name="OrderDirection", description=_DIRECTION)
    for value in direction.__strawberry_definition__.values:
        value.description = _DIRECTIONS[value.name]
    vars(module)["OrderDirection"] = direction
    id_scalar = Scalar(Kind.TEXT, strawberry.UNSET)
    for is_nullable in (False, True):
        _declare_filter(id_scalar, module, is_nullable=is_nullable, is_id=True)
    for kind in (Kind.BIGINT, Kind.INTEGER, Kind.FLOAT, Kind.NUMERIC):
        _declare_filter(Scalar(kind, strawberry.UNSET), module, is_nullable=False)
    for type_ in graph.types.values():
        for field in type_.fields:
            scalar = Scalar(field.scalar.kind, strawberry.UNSET, enum=field.scalar.enum)
            _declare_filter(scalar, module, is_nullable=False)
            if field.references is None:
                _declare_filter(field.scalar, module, is_nullable=field.is_nullable)
    declare_input(
        "JSONPathFilter",
        "Compares what stands at a place inside a JSON document with a value of the same JSON type.",
        [
            ("path", "list[str]", 'Keys, and indexes from 0, from the outside in: `path: ["tags", "0"]`.'),
            ("eq", "Json", "Equals this: `eq: 3`."),
            ("ne", "Json", "Is anything but this: `ne: 3`."),
            ("lt", "Json", "Is less than this: `lt: 3`."),
            ("lte", "Json", "Is this or less: `lte: 3`."),
            ("gt", "Json", "Is more than this: `gt: 3`."),
            ("gte", "Json", "Is this or more: `gte: 3`."),
            ("isNull", "bool", "Is missing or null: `isNull: true`."),
        ],
        module,
        required={"path"},
    )


def _declare_filter(scalar: Scalar, module: ModuleType, *, is_nullable: bool, is_id: bool = False) -> None:
    name = filter_name(scalar, is_nullable=is_nullable, is_id=is_id)
    if name not in vars(module):
        fields = list(_id_operators() if is_id else _operators(scalar))
        if is_nullable:
            fields.append(("isNull", "bool", "Is null: `isNull: true`; is anything but null: `isNull: false`."))
        what = "an id" if is_id else f"a value of type {scalar.enum.name if scalar.enum else scalar.kind.value}"
        what = f"a list whose items are each {what}" if scalar.is_list else what
        declare_input(name, f"Compares {what}. All that is given must hold.", fields, module)


def _id_operators() -> Iterator[Argument]:
    yield "eq", "ID", 'Is this: `eq: "UG9zdDox"`.'
    yield "ne", "ID", 'Is not this: `ne: "UG9zdDox"`.'
    yield "in", "list[ID]", 'Is one of these: `in: ["UG9zdDox"]`.'
    yield "notIn", "list[ID]", 'Is none of these: `notIn: ["UG9zdDox"]`.'


def _operators(scalar: Scalar) -> Iterator[Argument]:
    one = scalar.enum.name if scalar.enum else PYTHON_NAMES[scalar.kind]
    example = _example(scalar)
    if scalar.is_list:
        yield from _list_operators(one, example)
        return
    yield "eq", one, f"Equals this: `eq: {example}`."
    yield "ne", one, f"Is anything but this, null among it: `ne: {example}`."
    if scalar.kind is Kind.JSON:
        yield "contains", one, f"Has all of this in it: `contains: {example}`."
        yield "hasKey", "str", 'Is an object with this key, or a list with this text: `hasKey: "color"`.'
        yield "at", "JSONPathFilter", 'Compares what stands at a place: `at: {path: ["size", "width"], gt: 3}`.'
        return
    if scalar.kind is not Kind.BOOLEAN:
        yield "in", f"list[{one}]", f"Is one of these: `in: [{example}]`."
        yield "notIn", f"list[{one}]", f"Is none of these; null is none of them: `notIn: [{example}]`."
    if scalar.kind in COMPARABLE:
        for op, words in _ORDERED:
            yield op, one, f"{words}: `{op}: {example}`."
        yield (
            "between",
            f"list[{one}]",
            f"Is from the first to the second, both included: `between: [{example}, {example}]`.",
        )
    if scalar.kind is Kind.TEXT:
        for op, words, pattern in _TEXT:
            yield op, one, f"{words}: `{op}: {pattern}`."


def _list_operators(one: str, example: str) -> Iterator[Argument]:
    yield "eq", f"list[{one}]", f"Is this list: `eq: [{example}]`."
    yield "has", one, f"Has this in it: `has: {example}`."
    yield "hasAny", f"list[{one}]", f"Has at least one of these in it: `hasAny: [{example}]`."
    yield "hasAll", f"list[{one}]", f"Has all of these in it: `hasAll: [{example}]`."
    yield "isEmpty", "bool", "Has nothing in it: `isEmpty: true`."


def declare_inputs(graph: Graph, type_: ObjectType, module: ModuleType) -> None:
    """Declare the filter and the order of a type, and those of its aggregates."""
    name = type_.name
    declare_input(
        f"{name}Filter",
        f"Which {name} rows a list has. All that is given must hold; `or` and `not` are there for the rest.",
        _filter_fields(graph, type_),
        module,
    )
    declare_input(
        f"{name}ListFilter",
        f"For how many of a relation's {name} rows something holds.",
        [
            ("some", f"{name}Filter", "For at least one; `some: {}` asks that there is one."),
            ("every", f"{name}Filter", "For all of them; it holds where there are none: `every: {...}`."),
            ("none", f"{name}Filter", "For none of them; `none: {}` asks that there are none."),
        ],
        module,
    )
    declare_input(
        f"{name}Order",
        f"One thing that {name} rows are ordered by; a list of them orders by the first, then by the second.",
        _order_fields(type_),
        module,
        is_one_of=True,
    )
    _declare_aggregate_inputs(type_, module)


def _filter_fields(graph: Graph, type_: ObjectType) -> Iterator[Argument]:
    name = type_.name
    yield "and", f"list[{name}Filter]", "All of these hold: `and: [{...}, {...}]`."
    yield "or", f"list[{name}Filter]", "At least one of these holds: `or: [{...}, {...}]`."
    yield "not", f"{name}Filter", "This does not hold: `not: {...}`."
    yield "id", "IDFilter", f'By id: `id: {{eq: "{encode(f"{name}:1")}"}}`.'
    if type_.search is not None:
        yield "search", "str", 'Full text search; quotes, `or` and `-` work as in web search: `search: "graph -sql"`.'
    for shown, own in type_.own_filters.items():
        example = f"[{_example(own.scalar)}]" if own.scalar.is_list else _example(own.scalar)
        yield shown, annotation_of(own.scalar, is_nullable=False), _with_example(own.description, f"{shown}: {example}")
    for field in type_.fields:
        if field.is_filterable:
            yield field.name, _filter_of(field), f"By {_lower(field)}: `{field.name}: {_filter_example(field)}`."
    for relation in type_.relations:
        target = graph.types[relation.target].name
        if not relation.is_filterable:
            continue
        if relation.is_list:
            yield relation.name, f"{target}ListFilter", f"By its {relation.name}: `{relation.name}: {{some: {{...}}}}`."
            yield (
                f"{relation.name}Count",
                "IntFilter",
                f"By how many {relation.name} it has: `{relation.name}Count: {{gt: 3}}`.",
            )
            text = f"By aggregates of its {relation.name}: `{relation.name}Aggregate: {{count: {{gt: 3}}}}`."
            yield f"{relation.name}Aggregate", f"{target}AggregateFilter", text
        else:
            yield (
                relation.name,
                f"{target}Filter",
                f"By its {relation.name}, which must be there: `{relation.name}: {{...}}`.",
            )
            if relation.is_nullable:
                yield f"{relation.name}IsNull", "bool", f"Has no {relation.name}: `{relation.name}IsNull: true`."


def _lower(field: Field) -> str:
    words = (field.description or field.name).split("\n")[0].rstrip(".")
    return f"`{field.name}` ({words})" if field.description else f"`{field.name}`"


def _filter_of(field: Field) -> str:
    return filter_name(field.scalar, is_nullable=field.is_nullable, is_id=field.references is not None)


def _filter_example(field: Field) -> str:
    if field.references is not None:
        return '{eq: "..."}'
    example = _example(field.scalar)
    return f"{{has: {example}}}" if field.scalar.is_list else f"{{eq: {example}}}"


def _example(scalar: Scalar) -> str:
    return scalar.enum.members[0].name if scalar.enum else EXAMPLES[scalar.kind]


def _with_example(description: str, example: str) -> str:
    """Return what a model says of its own filter or order, with an example where it gives none."""
    return description if "`" in description else f"{description.rstrip('.')}: `{example}`."


def _order_fields(type_: ObjectType) -> Iterator[Argument]:
    yield "id", "OrderDirection", "By primary key: `{id: DESC}`."
    for shown, own in type_.own_orders.items():
        yield shown, "OrderDirection", _with_example(own.description, f"{{{shown}: ASC}}")
    for field in type_.fields:
        if field.is_orderable:
            yield field.name, "OrderDirection", f"By `{field.name}`: `{{{field.name}: ASC}}`."
    for relation in type_.relations:
        if not relation.is_orderable:
            continue
        if relation.is_list:
            yield (
                f"{relation.name}Count",
                "OrderDirection",
                f"By the number of its {relation.name}: `{{{relation.name}Count: DESC}}`.",
            )
            text = f"By an aggregate of its {relation.name}: `{{{relation.name}Aggregate: {{count: DESC}}}}`."
            yield f"{relation.name}Aggregate", f"{relation.target}AggregateOrder", text
        else:
            yield (
                relation.name,
                f"{relation.target}Order",
                f"By its {relation.name}: `{{{relation.name}: {{id: ASC}}}}`.",
            )


def numbers(type_: ObjectType) -> list[Field]:
    """Return the fields of a type that can be summed up."""
    return [field for field in type_.fields if _is_single(field) and field.scalar.kind in NUMBERS]


def comparables(type_: ObjectType) -> list[Field]:
    """Return the fields of a type that have a least and a largest value."""
    return [field for field in type_.fields if _is_single(field) and field.scalar.kind in COMPARABLE]


def distinct(type_: ObjectType) -> list[Field]:
    """Return the fields of a type whose different values can be counted."""
    return [field for field in type_.fields if field.scalar.kind is not Kind.JSON]


def _is_single(field: Field) -> bool:
    return not field.scalar.is_list and field.references is None


def _declare_aggregate_inputs(type_: ObjectType, module: ModuleType) -> None:
    name = type_.name
    filters: list[Argument] = [
        ("filter", f"{name}Filter", "Which of the rows are counted in: `filter: {...}`."),
        ("count", "IntFilter", "How many rows: `count: {gt: 3}`."),
    ]
    orders: list[Argument] = [("count", "OrderDirection", "By the number of rows: `{count: DESC}`.")]
    for function, words, fields, kind in _functions(type_):
        compared = [field for field in fields if field.is_filterable]
        if compared:
            operands, example = f"{name}{kind}Filter", compared[0].name
            filters.append((function, operands, f"{words}: `{function}: {{{example}: {{...}}}}`."))
            if operands not in vars(module):
                inner = [_aggregate_operand(function, field) for field in compared]
                declare_input(operands, f"Compares aggregates of {name} rows, field by field.", inner, module)
        directed = [field for field in fields if field.is_orderable]
        if directed:
            directions = f"{name}{'Values' if kind == 'Values' else 'Numbers'}Order"
            orders.append(
                (function, directions, f"By {words.lower()}: `{{{function}: {{{directed[0].name}: DESC}}}}`.")
            )
            if directions not in vars(module):
                inner = [
                    (field.name, "OrderDirection", f"Of `{field.name}`: `{{{field.name}: DESC}}`.")
                    for field in directed
                ]
                declare_input(directions, f"Which field of {name} an aggregate is of.", inner, module, is_one_of=True)
    declare_input(
        f"{name}AggregateFilter", f"Compares aggregates of {name} rows. All that is given must hold.", filters, module
    )
    declare_input(f"{name}AggregateOrder", f"One aggregate of {name} rows to order by.", orders, module, is_one_of=True)


def _functions(type_: ObjectType) -> Iterator[tuple[str, str, list[Field], str]]:
    """Yield the aggregate functions: name, words, the fields that they are of, and the kind of their operands."""
    yield "sum", "Sum", numbers(type_), "Sum"
    yield "avg", "Mean", numbers(type_), "Average"
    yield "stddev", "Standard deviation of the sample", numbers(type_), "Average"
    yield "variance", "Variance of the sample", numbers(type_), "Average"
    yield "min", "Least value", comparables(type_), "Values"
    yield "max", "Largest value", comparables(type_), "Values"


def _aggregate_operand(function: str, field: Field) -> Argument:
    scalar = aggregate_scalar(function, field.scalar)
    text = f"Of `{field.name}`: `{field.name}: {{gt: {_example(scalar)}}}`."
    return field.name, filter_name(scalar, is_nullable=False), text
