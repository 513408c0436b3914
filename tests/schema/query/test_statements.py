"""How many statements each kind of query takes: one a level, whatever is asked of the level."""

# ruff: noqa: E501 - a query stands on one line

import pytest

from tests.schema.conftest import Asker

EVERYTHING = """
    first: %d, filter: {title: {contains: "a"}, author: {age: {gt: 1}}, comments: {some: {}}, tagsCount: {gte: 1},
    commentsAggregate: {count: {gt: 0}}}, orderBy: [{author: {name: ASC}}, {commentsCount: DESC}, {publishedAt: ASC}]
"""
PAGE = "totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor node { title } }"
TOTALS = "aggregate { count countDistinct { title } avg { viewCount } max { publishedAt } }"

QUERIES = {
    "a list": (1, "{ posts { nodes { title } } }"),
    "a list and all about its page": (1, f"{{ posts {{ {PAGE} }} }}"),
    "a filter over relations": (1, '{ posts(filter: {author: {name: {eq: "a"}}, tags: {none: {}}}) { nodes { id } } }'),
    "a search": (1, '{ posts(filter: {search: "garden"}) { nodes { id } } }'),
    "an order over relations": (1, "{ posts(orderBy: [{author: {age: ASC}}, {commentsCount: DESC}]) { nodes { id } } }"),
    "a page from the end": (1, "{ posts(last: 3) { nodes { id } pageInfo { hasPreviousPage } } }"),
    "a page behind an offset": (1, "{ posts(offset: 3) { nodes { id } pageInfo { hasPreviousPage } } }"),
    "a count alone": (1, "{ posts { totalCount } }"),
    "aggregates alone": (1, f"{{ posts {{ {TOTALS} }} }}"),
    "a list, its page and its aggregates": (1, f"{{ posts {{ {PAGE} {TOTALS} }} }}"),
    "groups alone": (1, "{ posts { groups(by: [DRAFT]) { keys { draft } aggregate { count } } } }"),
    "a list and its groups": (2, "{ posts { nodes { id } groups(by: [DRAFT]) { aggregate { count } } } }"),
    "groups by objects": (2, "{ posts { groups(by: [AUTHOR]) { keys { author { name } } aggregate { count } } } }"),
    "two groupings": (2, "{ posts { a: groups(by: [DRAFT]) { keys { draft } } b: groups(by: [AUTHOR]) { aggregate { count } } } }"),
    "a to-one relation": (2, "{ posts { nodes { author { name } } } }"),
    "a to-many relation": (2, "{ users { nodes { posts { nodes { title } } } } }"),
    "a nested count": (2, "{ users { nodes { posts { totalCount } } } }"),
    "a nested list with everything": (2, f"{{ users {{ nodes {{ posts({EVERYTHING % 2}) {{ {PAGE} {TOTALS} }} }} }} }}"),
    "a nested list and its groups": (3, "{ users { nodes { posts { nodes { id } groups(by: [DRAFT]) { aggregate { count } } } } } }"),
    "one relation with two filters": (3, "{ users { nodes { a: posts(first: 1) { nodes { id } } b: posts(last: 1) { nodes { id } } } } }"),
    "one relation twice the same": (2, "{ users { nodes { a: posts(first: 1) { nodes { id } } b: posts(first: 1) { nodes { id } } } } }"),
    "four levels": (5, """{ users(first: 20) { nodes { posts(first: 10) { nodes { tags { nodes { name } }
                           comments(first: 5) { nodes { id body author { name } } } } } } } }"""),
    "four levels with everything": (5, f"""{{ users(first: 20, filter: {{postsCount: {{gt: 0}}}}) {{ {PAGE.replace("title", "name")} nodes {{
        posts({EVERYTHING % 10}) {{ {PAGE} {TOTALS} nodes {{ tags(orderBy: [{{postsCount: DESC}}]) {{ totalCount nodes {{ name }} }}
        comments(first: 5, orderBy: [{{author: {{name: ASC}}}}], filter: {{isReply: {{eq: false}}}}) {{ totalCount
        nodes {{ id body author {{ name }} }} }} }} }} }} }} }}"""),
}  # fmt: skip
"""How many, and the query."""


@pytest.mark.parametrize("kind", QUERIES)
async def test_count(ask: Asker, kind: str) -> None:
    """The query takes exactly so many statements."""
    count, query = QUERIES[kind]
    answer = await ask(query)
    assert (answer.errors, answer.statements) == ([], count)


@pytest.mark.parametrize("users", [2, 40])
async def test_count_is_the_same_for_any_number_of_parents(ask: Asker, users: int) -> None:
    """Two users or forty, the statements are as many."""
    answer = await ask(QUERIES["four levels with everything"][1].replace("first: 20", f"first: {users}"))
    assert (answer.errors, answer.statements) == ([], 5)
