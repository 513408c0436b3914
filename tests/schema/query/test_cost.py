"""What an operation can cost is told before it runs, and what costs too much does not run."""

import pytest
from graphql import get_variable_values, parse
from graphql.execution.values import VariableValues

from schema.build import GraphSchema, build_graph_schema
from schema.context import Context
from schema.documents import to_document
from schema.errors import LimitError
from schema.query.cost import Cost, CostRule
from schema.query.page import Limits
from tests.schema.conftest import READER, Asker


def measure(schema: GraphSchema, query: str, largest: int | None = None, **variables: object) -> Cost:
    """Return the cost of a query under a limit."""
    document = to_document(parse(query))
    operation = document.operation(None)
    coerced = get_variable_values(schema.core, operation.variable_definitions or (), variables)
    assert isinstance(coerced, VariableValues)
    rule = CostRule(schema.core, schema.graph, Limits(), largest)
    cost = rule.measure(document, operation, coerced.coerced)
    rule.check(cost)
    return cost


def test_pages_multiply(ask: Asker) -> None:
    """A list below a list costs the product of the page sizes, the default one where none is asked."""
    query = """{ users(first: 20) { nodes { posts(first: 10) { edges { node {
        title tags { nodes { name } } comments(last: 5) { nodes { author { name } } } } } } } } }"""
    cost = measure(ask.schema, query)
    assert (cost.rows, cost.statements) == (20 + 200 + 4000 + 1000 + 1000, 5)
    assert cost.costliest[0] == ("users.nodes.posts.edges.node.tags", 4000)


def test_variables_and_defaults_count(ask: Asker) -> None:
    """A page size may come from a variable or its default."""
    query = "query($n: Int = 50) { posts(first: $n) { nodes { author { name } } } }"
    assert measure(ask.schema, query).rows == 100
    assert measure(ask.schema, query, n=7).rows == 14


def test_groups_are_of_the_list_and_not_of_its_rows(ask: Asker) -> None:
    """Groups cost their own number, and objects among their keys as many again."""
    query = "{ posts(first: 50) { groups(by: [AUTHOR], first: 7) { keys { author { name } } } } }"
    assert measure(ask.schema, query).rows == 50 + 7 + 7


def test_look_ups_cost_one_row_each(ask: Asker) -> None:
    """`node` and its kin cost a row an id, and what is below them that many times."""
    query = '{ nodes(ids: ["a", "b"]) { ... on Post { author { name } } } node(id: "a") { id } }'
    assert measure(ask.schema, query).rows == 2 + 2 + 1


def test_variables_of_another_operation_decide_nothing(ask: Asker) -> None:
    """What is a page size in one operation may be an object in the other, which spreads none of its fragments."""
    document = to_document(
        parse(
            "query Few($v: Int!) { users(first: $v) { nodes { ...Some } } } "
            "query Found($v: UserFilter!) { users(first: 5, filter: $v) { nodes { id } } } "
            "fragment Some on User { posts(first: $v) { nodes { id } } }"
        )
    )
    rule = CostRule(ask.schema.core, ask.schema.graph, Limits(), None)
    few, found = (document.operation(name) for name in ("Few", "Found"))
    assert [rule.measure(document, few, {"v": size}).rows for size in (2, 3)] == [2 + 4, 3 + 9]
    assert rule.measure(document, found, {"v": {"name": {"eq": "Ann"}}}).rows == 5


def test_too_much_is_refused_by_name_before_anything_runs(ask: Asker) -> None:
    """The refusal names the limit and the selections that cost most; no statement is run."""
    query = "{ users(first: 1000) { nodes { posts(first: 1000) { nodes { tags(first: 1000) { nodes { name } } } } } } }"
    with pytest.raises(LimitError) as refusal:
        measure(ask.schema, query, largest=100_000)
    assert str(refusal.value) == (
        "The operation could read 1,001,001,000 rows; 100,000 are accepted. Ask for smaller pages: "
        "`users.nodes.posts.nodes.tags` up to 1,000,000,000 rows, `users.nodes.posts` up to 1,000,000 rows, "
        "`users` up to 1,000 rows."
    )


def test_fragments_that_write_out_into_very_much_are_refused(ask: Asker) -> None:
    """A short document of nested fragments and aliases is not walked to its end."""
    aliases = " ".join(f"a{alias}: posts(first: 1) {{ nodes {{ author {{ ...%s }} }} }}" for alias in range(10))
    fragments = "".join(
        f"fragment f{level} on User {{ {aliases.replace('%s', f'f{level + 1}')} }} " for level in range(8)
    )
    with pytest.raises(LimitError, match="more than 2,500 fields, fragments written out"):
        measure(ask.schema, "{ users { nodes { ...f0 } } } " + fragments + "fragment f8 on User { id }")


async def test_a_refusal_tells_the_cost(ask: Asker) -> None:
    """What was asked for in `extensions` is there too when the operation is refused."""
    query = "{ users(first: 9) { nodes { posts(first: 9) { nodes { title } } } } }"
    schema = build_graph_schema(largest_cost=50)
    context = Context(
        READER, ask.database, schema.new_loaders(ask.database, READER), "test", reports=frozenset({"cost"})
    )
    answered = await schema.answer(to_document(parse(query)), operation_name=None, variables=None, context=context)
    assert (answered.data, answered.extensions) == (None, {"cost": {"rows": 90, "values": 81, "statements": 2}})


async def test_the_cost_is_reported_where_it_is_asked_for(ask: Asker) -> None:
    """`extensions.cost` has rows and statements; the statements are those that are run."""
    answer = await ask("{ users(first: 2) { nodes { posts { totalCount nodes { title } } } } }")
    cost = measure(ask.schema, "{ users(first: 2) { nodes { posts { totalCount nodes { title } } } } }")
    assert (cost.statements, answer.statements) == (2, 2)
