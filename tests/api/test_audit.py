"""Who wrote what: a line and a row for each type that a mutation has written, and none for what was undone."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from api.keys import create
from schema.models.user import User
from schema.opaque import encode
from tests.api.served import Served, serving
from tests.conftest import clone, drop

CREATE = """mutation ($slug: String!) { createPost(input: {title: "t", slug: $slug, body: "b",
    author: {connect: {id: "%s"}}}) { __typename } }"""
NESTED = """mutation { createPost(input: {title: "t", slug: "nested", body: "b", author: {connect: {id: "%s"}},
    tags: {create: [{name: "a", slug: "a"}, {name: "b", slug: "b"}]}}) { __typename } }"""
ME = encode("User:1")


@pytest.fixture(params=[False, True], ids=["lines", "table"])
async def audited(
    request: pytest.FixtureRequest, server_url: Callable[[str], str], template: str
) -> AsyncIterator[tuple[Served, str, str]]:
    """A server, its address of the database, and a key of a user."""
    name = await clone(server_url, template)
    async with serving(server_url(name), audit_table=request.param) as web:
        async with web.app.state.parts.database.write() as session:
            user = User(name="Ann", email="ann@example.org")
            session.add(user)
            await session.flush()
            _, shown = await create(session, "test", ["read", "write"], user=user)
        web.take_log()
        yield web, server_url(name), shown
    await drop(server_url, name)


async def ask(web: Served, key: str, query: str, **more: Any) -> Any:
    """Return an answer, and the notes that were logged."""
    web.take_log()
    headers = {"X-API-Key": key, "X-Request-Id": "r-1"} | more.pop("headers", {})
    answer = (await web.ask(query, headers=headers, **more)).json()
    lines = [line for line in web.lines if line["event"] == "write"]
    for line in lines:
        assert (line["key"], line["key_id"], line["user_id"], line["request_id"]) == (key[4:14], 1, 1, "r-1")
    return answer, [(line["mutation"], line["type"], line["action"], line["rows"], line["fields"]) for line in lines]


async def stored(url: str) -> list[tuple[Any, ...]]:
    """Return what is in the table."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT mutation, type, action, row_count, fields, ids, key_id FROM audit_log ORDER BY id"
    )
    await connection.close()
    return [tuple(row) for row in rows]


async def test_what_is_written(audited: tuple[Served, str, str]) -> None:
    """One row by one statement, nested rows, an update, many by a filter, and a mutation of one's own."""
    web, url, key = audited
    posts = [("createPost", "Post", "create", 1, ["author", "body", "slug", "title"])]
    first, notes = await ask(web, key, CREATE % ME, variables={"slug": "one"})
    assert (first, notes) == ({"data": {"createPost": {"__typename": "CreatePostPayload"}}}, posts)
    ids = [line["ids"] for line in web.lines if line["event"] == "write"]
    assert ids == [[encode("Post:1")]]
    _, notes = await ask(web, key, NESTED % ME)
    assert notes == [
        *posts,
        ("createPost", "Tag", "create", 2, ["name", "slug"]),
        ("createPost", "Post", "update", 1, ["tags"]),
    ]
    _, notes = await ask(
        web, key, f'mutation {{ updatePost(input: {{id: "{encode("Post:1")}", title: "x"}}) {{ __typename }} }}'
    )
    assert notes == [("updatePost", "Post", "update", 1, ["title"])]
    many = 'mutation { updatePosts(input: {filter: {}, atMost: 9, set: {description: "d"}}) { __typename } }'
    assert (await ask(web, key, many))[1] == [("updatePosts", "Post", "update", 2, ["description"])]
    own = f'mutation {{ publishPost(input: {{id: "{encode("Post:1")}"}}) {{ __typename }} }}'
    assert (await ask(web, key, own))[1] == [("publishPost", "Post", "update", 1, ["draft", "publishedAt"])]
    gone = f'mutation {{ deletePost(input: {{id: "{encode("Post:1")}"}}) {{ __typename }} }}'
    assert (await ask(web, key, gone))[1] == [("deletePost", "Post", "delete", 1, [])]
    kept = await stored(url)
    if web.app.state.parts.settings.audit_table:
        assert [row[0] for row in kept] == ["createPost"] * 4 + [
            "updatePost",
            "updatePosts",
            "publishPost",
            "deletePost",
        ]
        assert kept[0] == ("createPost", "Post", "create", 1, posts[0][4], [encode("Post:1")], 1)
    else:
        assert kept == []


async def test_what_is_undone(audited: tuple[Served, str, str]) -> None:
    """A refusal, one field of several that are one, and a selection that fails leave neither line nor row."""
    web, url, key = audited
    await ask(web, key, CREATE % ME, variables={"slug": "one"})
    before = await stored(url)
    _, notes = await ask(web, key, CREATE % ME, variables={"slug": "one"})
    assert notes == []
    together = """mutation @atomic { a: createTag(input: {name: "x", slug: "x"}) { __typename }
        b: createPost(input: {title: "t", slug: "one", body: "b", author: {connect: {id: "%s"}}}) { __typename } }"""
    for headers in ({}, {"Idempotency-Key": "k"}):
        answer, notes = await ask(web, key, together % ME, headers=headers)
        assert (answer["data"]["a"], notes) == (None, [])
    assert await stored(url) == before


async def test_a_replay(audited: tuple[Served, str, str]) -> None:
    """What is sent again writes nothing, and so tells of nothing; the first one tells once it is committed."""
    web, url, key = audited
    for expected in (1, 0):
        _, notes = await ask(web, key, CREATE % ME, variables={"slug": "one"}, headers={"Idempotency-Key": "k"})
        assert len(notes) == expected
    assert len(await stored(url)) == web.app.state.parts.settings.audit_table


async def test_fields_of_one_operation(audited: tuple[Served, str, str]) -> None:
    """Each root field that was committed is told of, also where the next one is refused."""
    web, _, key = audited
    both = """mutation { a: createTag(input: {name: "x", slug: "x"}) { __typename }
        b: createTag(input: {name: "y", slug: "x"}) { __typename } }"""
    assert (await ask(web, key, both))[1] == [("createTag", "Tag", "create", 1, ["name", "slug"])]
