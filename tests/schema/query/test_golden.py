"""Each operator of a filter, and the SQL that it becomes: values are parameters, and nothing else is there."""

# ruff: noqa: E501 - SQL stands on one line, as long as it is

import pytest
from graphql import GraphQLInputType, parse_value, value_from_ast
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from schema.build import build_graph_schema
from schema.graph import ObjectType  # noqa: TC001 - an annotation of a variable
from schema.query.conditions import to_sql
from schema.query.filter_arguments import read_filter
from schema.query.keyset import behind, order_expressions, sort_keys
from schema.query.order import read_order
from schema.query.rows import rows_of_type
from tests.schema.query.models import Shop

SCHEMA = build_graph_schema(Shop, own=())
DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]

# fmt: off
FILTERS = [
    ('Box', '{text: {eq: "a"}}', 'boxes_1.text = $1::VARCHAR'),
    ('Box', '{text: {ne: "a"}}', 'boxes_1.text != $1::VARCHAR'),
    ('Box', '{maybeText: {ne: "a"}}', 'boxes_1.maybe_text IS DISTINCT FROM $1::VARCHAR'),
    ('Box', '{text: {in: ["a", "b"]}}', 'boxes_1.text = ANY ($1::TEXT[])'),
    ('Box', '{text: {notIn: ["a"]}}', 'NOT (boxes_1.text = ANY ($1::TEXT[]))'),
    ('Box', '{maybeText: {notIn: ["a"]}}', '(boxes_1.maybe_text = ANY ($1::TEXT[])) IS NOT true'),
    ('Box', '{text: {lt: "a", lte: "b"}}', 'boxes_1.text < $1::VARCHAR AND boxes_1.text <= $2::VARCHAR'),
    ('Box', '{big: {gt: "1"}}', 'boxes_1.big > $1::BIGINT'),
    ('Box', '{numeric: {gte: "1.5"}}', 'boxes_1.numeric >= $1::NUMERIC'),
    ('Box', '{day: {between: ["2026-01-01", "2026-02-01"]}}', 'boxes_1.day BETWEEN $1::DATE AND $2::DATE'),
    ('Box', '{text: {contains: "a"}}', 'boxes_1.text LIKE $1::VARCHAR'),
    ('Box', '{text: {icontains: "a"}}', 'boxes_1.text ILIKE $1::VARCHAR'),
    ('Box', '{code: {startsWith: "a"}}', 'boxes_1.code LIKE $1::VARCHAR'),
    ('Box', '{maybeText: {isNull: true}}', 'boxes_1.maybe_text IS NULL'),
    ('Box', '{maybeText: {isNull: false}}', 'boxes_1.maybe_text IS NOT NULL'),
    ('Box', '{small: {eq: 1}}', 'boxes_1.small = $1::INTEGER'),
    ('Box', '{span: {eq: "P1M"}}', 'boxes_1.span = CAST($1::VARCHAR AS INTERVAL)'),
    ('Box', '{span: {in: ["P1M"]}}', 'boxes_1.span = ANY (CAST($1::TEXT[] AS INTERVAL[]))'),
    ('Box', '{mood: {eq: OPEN}}', 'boxes_1.mood = $1::mood'),
    ('Box', '{mood: {in: [OPEN]}}', 'boxes_1.mood = ANY ($1::mood[])'),
    ('Box', '{raw: {eq: "AA=="}}', 'boxes_1.raw = $1::BYTEA'),
    ('Box', '{words: {eq: ["a"]}}', 'boxes_1.words = $1::TEXT[]'),
    ('Box', '{words: {has: "a"}}', '$1::VARCHAR = ANY (boxes_1.words)'),
    ('Box', '{words: {hasAny: ["a"]}}', 'boxes_1.words && $1::TEXT[]'),
    ('Box', '{words: {hasAll: ["a"]}}', 'boxes_1.words @> $1::TEXT[]'),
    ('Box', '{words: {isEmpty: true}}', 'cardinality(boxes_1.words) = $1::INTEGER'),
    ('Box', '{words: {isEmpty: false}}', 'cardinality(boxes_1.words) != $1::INTEGER'),
    ('Box', '{document: {eq: {a: 1}}}', 'CAST(boxes_1.document AS JSONB) = CAST($1::VARCHAR AS JSONB)'),
    ('Box', '{document: {ne: {a: 1}}}', 'CAST(boxes_1.document AS JSONB) IS DISTINCT FROM CAST($1::VARCHAR AS JSONB)'),
    ('Box', '{document: {contains: {a: 1}}}', 'CAST(boxes_1.document AS JSONB) @> CAST($1::VARCHAR AS JSONB)'),
    ('Box', '{document: {hasKey: "a"}}', 'CAST(boxes_1.document AS JSONB) ? $1::VARCHAR'),
    ('Box', '{document: {at: {path: ["a", "0"], eq: 1}}}', '(CAST(boxes_1.document AS JSONB) #> $1::TEXT[]) = CAST($2::VARCHAR AS JSONB)'),
    ('Box', '{document: {at: {path: ["a"], ne: 1}}}', '(CAST(boxes_1.document AS JSONB) #> $1::TEXT[]) IS DISTINCT FROM CAST($2::VARCHAR AS JSONB)'),
    ('Box', '{document: {at: {path: ["a"], gt: 1}}}', 'jsonb_typeof(CAST(boxes_1.document AS JSONB) #> $1::TEXT[]) = jsonb_typeof(CAST($2::VARCHAR AS JSONB)) AND (CAST(boxes_1.document AS JSONB) #> $1::TEXT[]) > CAST($2::VARCHAR AS JSONB)'),
    ('Box', '{document: {at: {path: ["a"], isNull: true}}}', 'coalesce(jsonb_typeof(CAST(boxes_1.document AS JSONB) #> $1::TEXT[]), $2::VARCHAR) = $3::VARCHAR'),
    ('Box', '{id: {eq: "Qm94OjE"}}', 'boxes_1.id = $1::INTEGER'),
    ('Box', '{id: {notIn: ["Qm94OjE"]}}', '(boxes_1.id = $1::INTEGER) IS NOT true'),
    ('Box', '{and: [{flag: {eq: true}}, {small: {eq: 1}}]}', 'boxes_1.flag = $1::BOOLEAN AND boxes_1.small = $2::INTEGER'),
    ('Box', '{or: [{flag: {eq: true}}, {small: {eq: 1}}]}', 'boxes_1.flag = $1::BOOLEAN OR boxes_1.small = $2::INTEGER'),
    ('Box', '{or: []}', 'false'),
    ('Box', '{not: {maybeFlag: {eq: true}}}', '(boxes_1.maybe_flag = $1::BOOLEAN) IS NOT true'),
    ('Box', '{outer: {text: {eq: "a"}}}', 'EXISTS (SELECT 1 FROM boxes AS boxes_1, boxes AS boxes_2 WHERE boxes_1.id = boxes_2.outer_id AND boxes_1.text = $1::VARCHAR)'),
    ('Box', '{outerIsNull: true}', '(EXISTS (SELECT 1 FROM boxes AS boxes_1, boxes AS boxes_2 WHERE boxes_1.id = boxes_2.outer_id)) IS NOT true'),
    ('Box', '{items: {some: {}}}', 'EXISTS (SELECT 1 FROM items AS items_1, boxes AS boxes_1 WHERE boxes_1.id = items_1.box_id)'),
    ('Box', '{items: {some: {name: {eq: "a"}}}}', 'EXISTS (SELECT 1 FROM items AS items_1, boxes AS boxes_1 WHERE boxes_1.id = items_1.box_id AND items_1.name = $1::VARCHAR)'),
    ('Box', '{items: {every: {name: {eq: "a"}}}}', 'NOT (EXISTS (SELECT 1 FROM items AS items_1, boxes AS boxes_1 WHERE boxes_1.id = items_1.box_id AND (items_1.name = $1::VARCHAR) IS NOT true))'),
    ('Box', '{items: {none: {name: {eq: "a"}}}}', 'NOT (EXISTS (SELECT 1 FROM items AS items_1, boxes AS boxes_1 WHERE boxes_1.id = items_1.box_id AND items_1.name = $1::VARCHAR))'),
    ('Box', '{marks: {some: {rank: {eq: 1}}}}', 'EXISTS (SELECT 1 FROM marks AS marks_1 JOIN box_marks AS box_marks_1 ON marks_1.code = box_marks_1.mark_code, boxes AS boxes_1 WHERE boxes_1.id = box_marks_1.box_id AND marks_1.rank = $1::INTEGER)'),
    ('Box', '{itemsCount: {gt: 3}}', '(SELECT count(*) AS count_1 FROM items AS items_1, boxes AS boxes_1 WHERE boxes_1.id = items_1.box_id) > $1::BIGINT'),
    ('Box', '{itemsAggregate: {filter: {name: {eq: "a"}}, sum: {size: {gt: "3"}}}}', '(SELECT CAST(sum(items_1.size) AS BIGINT) AS sum_1 FROM items AS items_1, boxes AS boxes_1 WHERE boxes_1.id = items_1.box_id AND items_1.name = $1::VARCHAR) > $2::BIGINT'),
    ('Box', '{itemsAggregate: {avg: {price: {lt: "3"}}}}', '(SELECT CAST(avg(items_1.price) AS NUMERIC) AS avg_1 FROM items AS items_1, boxes AS boxes_1 WHERE boxes_1.id = items_1.box_id) < $1::NUMERIC'),
    ('Box', '{itemsAggregate: {max: {at: {lt: "2026-01-01T00:00:00Z"}}}}', '(SELECT max(items_1.at) AS max_1 FROM items AS items_1, boxes AS boxes_1 WHERE boxes_1.id = items_1.box_id) < $1::TIMESTAMP WITH TIME ZONE'),
    ('Box', '{hasLetter: "a"}', 'strpos(boxes_1.text, $1::VARCHAR) > $2::INTEGER'),
    ('Item', '{marks: {some: {rank: {eq: 1}}}}', 'EXISTS (SELECT 1 FROM marks AS marks_1 WHERE (EXISTS (SELECT 1 FROM item_marks AS item_marks_1, items AS items_1 WHERE marks_1.code = item_marks_1.mark_code AND items_1.id = item_marks_1.item_id)) AND marks_1.rank = $1::INTEGER)'),
]

ORDERS: list[tuple[str, tuple[object, ...], str, str]] = [
    ('', (5,), 'boxes_1.id ASC', 'boxes_1.id > $1::INTEGER'),
    ('{id: DESC}', (5,), 'boxes_1.id DESC', 'boxes_1.id < $1::INTEGER'),
    ('{text: ASC}', ('a', 5), 'boxes_1.text ASC, boxes_1.id ASC', '(boxes_1.text, boxes_1.id) > ($1::VARCHAR, $2::INTEGER)'),
    ('{maybeText: DESC}', ('a', 5), 'boxes_1.maybe_text DESC, boxes_1.id DESC', '(boxes_1.maybe_text, boxes_1.id) < ($1::VARCHAR, $2::INTEGER)'),
    ('{maybeText: DESC}', (None, 5), 'boxes_1.maybe_text DESC, boxes_1.id DESC', 'boxes_1.maybe_text IS NOT NULL OR boxes_1.maybe_text IS NULL AND boxes_1.id < $1::INTEGER'),
    ('{maybeText: ASC}', ('a', 5), 'boxes_1.maybe_text ASC, boxes_1.id ASC', 'boxes_1.maybe_text > $1::VARCHAR OR boxes_1.maybe_text IS NULL OR boxes_1.maybe_text = $2::VARCHAR AND boxes_1.id > $3::INTEGER'),
    ('{maybeText: ASC}', (None, 5), 'boxes_1.maybe_text ASC, boxes_1.id ASC', 'false OR boxes_1.maybe_text IS NULL AND boxes_1.id > $1::INTEGER'),
    ('{text: ASC}; {big: DESC}', ('a', 1, 5), 'boxes_1.text ASC, boxes_1.big DESC, boxes_1.id DESC', 'boxes_1.text >= $1::VARCHAR AND (boxes_1.text > $2::VARCHAR OR boxes_1.text = $3::VARCHAR AND boxes_1.big < $4::BIGINT OR boxes_1.text = $3::VARCHAR AND boxes_1.big = $5::BIGINT AND boxes_1.id < $6::INTEGER)'),
    ('{maybeBig: DESC_NULLS_LAST}; {text: DESC}', (1, 'a', 5), 'boxes_1.maybe_big DESC NULLS LAST, boxes_1.text DESC, boxes_1.id DESC', 'boxes_1.maybe_big < $1::BIGINT OR boxes_1.maybe_big IS NULL OR boxes_1.maybe_big = $2::BIGINT AND boxes_1.text < $3::VARCHAR OR boxes_1.maybe_big = $2::BIGINT AND boxes_1.text = $4::VARCHAR AND boxes_1.id < $5::INTEGER'),
    ('{outer: {text: ASC}}', ('a', 5), 'boxes_1.text ASC, boxes_1.id ASC', 'boxes_1.text > $1::VARCHAR OR boxes_1.text IS NULL OR boxes_1.text = $2::VARCHAR AND boxes_2.id > $3::INTEGER'),
    ('{itemsCount: DESC}', (2, 5), '(SELECT count(*) AS count_1 FROM items AS items_1, boxes AS boxes_1 WHERE boxes_1.id = items_1.box_id) DESC, boxes_1.id DESC', '((SELECT count(*) AS count_1 FROM items AS items_1, boxes AS boxes_1 WHERE boxes_1.id = items_1.box_id), boxes_1.id) < ($1::BIGINT, $2::INTEGER)'),
    ('{length: ASC}', (2, 5), 'nullif(length(boxes_1.maybe_text), $1::INTEGER) ASC, boxes_1.id ASC', 'nullif(length(boxes_1.maybe_text), $1::INTEGER) > $2::INTEGER OR nullif(length(boxes_1.maybe_text), $1::INTEGER) IS NULL OR nullif(length(boxes_1.maybe_text), $1::INTEGER) = $3::INTEGER AND boxes_1.id > $4::INTEGER'),
]
# fmt: on


def written(expression: object) -> str:
    """Return SQL as asyncpg is given it, on one line."""
    return " ".join(str(expression.compile(dialect=DIALECT)).split())  # type: ignore[attr-defined]


def coerced(type_: str, text: str) -> object:
    """Return what GraphQL makes of a literal."""
    named: GraphQLInputType = SCHEMA.core.type_map[type_]  # type: ignore[assignment]
    return value_from_ast(parse_value(text), named)


@pytest.mark.parametrize(("type_", "given", "sql"), FILTERS, ids=[given for _, given, _ in FILTERS])
def test_filter(type_: str, given: str, sql: str) -> None:
    """The filter is this condition."""
    type_of: ObjectType = SCHEMA.graph.types[type_]
    condition = read_filter(SCHEMA.graph, type_of, coerced(f"{type_}Filter", given))  # type: ignore[arg-type]
    assert condition is not None
    assert written(to_sql(SCHEMA.graph, rows_of_type(type_of), condition)) == sql


@pytest.mark.parametrize("given", ["{}", "{and: []}"])
def test_nothing_asked_is_no_condition(given: str) -> None:
    """A filter that asks for nothing costs nothing."""
    assert read_filter(SCHEMA.graph, SCHEMA.graph.types["Box"], coerced("BoxFilter", given)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("given", "place", "order_by", "condition"), ORDERS, ids=[given for given, *_ in ORDERS])
def test_order(given: str, place: tuple[object, ...], order_by: str, condition: str) -> None:
    """The order is this ORDER BY, and what stands behind a place in it is this condition."""
    type_ = SCHEMA.graph.types["Box"]
    order = read_order(SCHEMA.graph, type_, [coerced("BoxOrder", each) for each in given.split("; ") if each])  # type: ignore[misc]
    _, expressions = order_expressions(SCHEMA.graph, rows_of_type(type_), order)
    assert ", ".join(written(key) for key in sort_keys(order, expressions)) == order_by
    assert written(behind(order, expressions, place)) == condition
