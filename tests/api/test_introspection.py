"""Who is shown the schema, and told of names that look like those that it got wrong."""

import io
from typing import Any

import httpx
import pytest

from tests.api.served import GRAPHQL, make_app

CLOSED = {"environment": "production", "anonymous_scopes": ("read",)}
ASKS = "{ __schema { queryType { name } } }"


async def ask(query: str, variables: Any = None, **settings: Any) -> dict[str, Any]:
    """Ask an application that has no database."""
    app = make_app("postgresql://127.0.0.1:1/none", io.StringIO(), **settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        body = {"query": query, "variables": variables}
        found: dict[str, Any] = (await client.post("/graphql", json=body, headers={"Accept": GRAPHQL})).json()
        return found


@pytest.mark.parametrize(
    ("settings", "is_shown"),
    [
        ({"environment": "development"}, True),
        ({"environment": "development", "introspection": False}, False),
        (CLOSED, False),
        (CLOSED | {"introspection": True}, True),
        (CLOSED | {"anonymous_scopes": ("read", "*")}, False),
        (CLOSED | {"anonymous_scopes": ("read", "introspect")}, True),
        ({"environment": "development", "introspection": False, "anonymous_scopes": ("read", "introspect")}, True),
    ],
)
async def test_who_is_shown_the_schema(settings: dict[str, Any], is_shown: bool) -> None:
    """Everybody in development, in production keys with the scope, and the setting has the last word for all others."""
    answer = await ask(ASKS, **settings)
    if is_shown:
        assert answer == {"data": {"__schema": {"queryType": {"name": "Query"}}}}
    else:
        (error,) = answer["errors"]
        assert (error["message"], error["extensions"]) == (
            "The schema is shown to keys with the scope `introspect`.",
            {"code": "FORBIDDEN"},
        )
        assert "data" not in answer


@pytest.mark.parametrize(
    "query",
    [
        '{ __type(name: "Post") { name } }',
        "{ ... { a: __schema { queryType { name } } } }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { __schema { queryType { name } } }",
        "query ($no: Boolean = false) { __typename __schema @include(if: $no) { queryType { name } } }",
    ],
)
async def test_no_way_around(query: str) -> None:
    """Aliases, fragments and conditions hide no introspection."""
    answer = await ask(query, **CLOSED)
    assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


async def test_typename_is_none() -> None:
    """Clients add `__typename` to everything; it is answered."""
    assert await ask("{ __typename }", **CLOSED) == {"data": {"__typename": "Query"}}


async def test_the_operation_that_is_run_counts() -> None:
    """An operation beside one that asks for the schema is answered."""
    query = "query A { __typename } query B { __schema { queryType { name } } }"
    app = make_app("postgresql://127.0.0.1:1/none", io.StringIO(), **CLOSED)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answers = [
            (await client.post("/graphql", json={"query": query, "operationName": name})).json() for name in "AB"
        ]
    assert answers[0] == {"data": {"__typename": "Query"}}
    assert answers[1]["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


SUGGESTIVE = [
    ("{ pots { totalCount } }", None),
    ("{ posts { nodes { titel } } }", None),
    ("{ posts(frist: 1) { totalCount } }", None),
    ("{ posts(filter: {titel: {eq: 1}}) { totalCount } }", None),
    ("{ posts(orderBy: [{title: ASCC}]) { totalCount } }", None),
    ("{ posts }", None),
    ("{ posts { totalCount @skipp(if: true) } }", None),
    ("query ($f: PostFiltr) { posts(filter: $f) { totalCount } }", None),
    ("query ($f: PostFilter) { posts(filter: $f) { totalCount } }", {"f": {"titel": {"eq": "a"}}}),
    ("query ($f: PostFilter) { posts(filter: $f) { totalCount } }", {"f": {"title": {"eqq": "a"}}}),
    ("query ($o: [PostOrder!]) { posts(orderBy: $o) { totalCount } }", {"o": [{"title": "ASCC"}]}),
    ("query ($o: [PostOrder!]) { posts(orderBy: $o) { totalCount } }", {"o": [{"titel": "ASC"}]}),
    ("mutation ($i: CreatePostInput!) { createPost(input: $i) { __typename } }", {"i": {"titel": "a"}}),
    ("{ posts { nodes { ... on Pots { id } } } }", None),
    ("{ posts { nodes { ...Pots } } } fragment Post on Post { id }", None),
]


@pytest.mark.parametrize(("query", "variables"), SUGGESTIVE)
async def test_suggestions(query: str, variables: Any) -> None:
    """What tells in development which names there are says in production only what is wrong."""
    for settings in (CLOSED, CLOSED | {"anonymous_scopes": ("read", "introspect")}):
        answer = await ask(query, variables, **settings)
        said = " ".join(error["message"] for error in answer["errors"])
        assert said
        is_shown = "introspect" in settings["anonymous_scopes"]
        assert ("did you mean" in said.lower()) <= is_shown
