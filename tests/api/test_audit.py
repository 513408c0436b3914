"""Who wrote what: a line and a row for each type that a mutation has written, and none for what was undone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
import strawberry
from sqlalchemy.exc import IntegrityError
from strawberry.types import Info

import schema.fields
import schema.mutations
from api.keys import create
from schema.build import GraphSchema, build_graph_schema
from schema.context import Context
from schema.fields import discover
from schema.models.post import Post
from schema.models.tag import Tag
from schema.models.user import User
from schema.mutations import REPEATABLE, Carry, extends_mutation, replaces
from schema.opaque import encode
from tests.api.served import Served, serving
from tests.conftest import clone, drop

CREATE = """mutation ($slug: String!) { createPost(input: {title: "t", slug: $slug, body: "b",
    author: {connect: {id: "%s"}}}) { __typename } }"""
NESTED = """mutation { createPost(input: {title: "t", slug: "nested", body: "b", author: {connect: {id: "%s"}},
    tags: {create: [{name: "a", slug: "a"}, {name: "b", slug: "b"}]}}) { __typename } }"""
ME = encode("User:1")


@strawberry.input
class WriteTagsInput:
    """What `writeTags` writes."""

    names: list[str]
    """One tag each; what comes after a name is what is done then."""


@strawberry.type
class WriteTagsPayload:
    """How many there are."""

    count: int


@extends_mutation
class Writing:
    """A mutation that changes its mind."""

    @strawberry.mutation(metadata=REPEATABLE)
    async def write_tags(self, info: Info[Context, None], input: WriteTagsInput) -> WriteTagsPayload:  # noqa: A002 - its name in the graph
        """Write a tag for each name: `x` to keep it, `x?` to undo it alone, `x!` to undo all before, `x#` to fail."""
        session = info.context.session
        for name in input.names:
            tag = Tag(name=name, slug=name.rstrip("?!#"))
            if name.endswith("?"):
                with suppress(IntegrityError):
                    async with session.begin_nested():
                        session.add_all([tag, Tag(name=name, slug="x" * 5000)])
                        await session.flush()
                        raise IntegrityError("", None, Exception())
                continue
            session.add(tag)
            await session.flush()
            if name.endswith("!"):
                await session.rollback()
            if name.endswith("#"):
                raise RuntimeError("it fails")
        return WriteTagsPayload(count=len(input.names))


@replaces(Post, "update")
async def update_post(context: Context, given: Any, carry: Carry) -> Any:
    """Change a post, undo that, and change it again, where the title says so."""
    keys = await carry(given)
    if given.get("title") == "undo":
        async with context.session.begin_nested() as part:
            await carry({**given, "description": "undone"})
            await part.rollback()
    return keys


@pytest.fixture(scope="module")
def graph() -> GraphSchema:
    """The graph of the project, with what is written here."""
    own = (*discover(schema.fields), *discover(schema.mutations), Writing, update_post)
    return build_graph_schema(own=own)


@pytest.fixture(params=[False, True], ids=["lines", "table"])
async def audited(
    request: pytest.FixtureRequest, server_url: Callable[[str], str], template: str, graph: GraphSchema
) -> AsyncIterator[tuple[Served, str, str]]:
    """A server, its address of the database, and a key of a user."""
    name = await clone(server_url, template)
    async with serving(server_url(name), graph, audit_table=request.param) as web:
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


TAG = 'mutation { createTag(input: {name: "a", slug: "a"}) { __typename } }'
TAG_NOTE = ("createTag", "Tag", "create", 1, ["name", "slug"])


async def write(url: str, *statements: str) -> Any:
    """Run statements as somebody else, and return the first value of the last one."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def agree(web: Served, url: str, notes: list[Any]) -> None:
    """Check that the table, where there is one, has what the lines have told, and nothing else."""
    kept = [row[:5] for row in await stored(url)]
    assert kept == (notes if web.app.state.parts.settings.audit_table else [])


async def test_a_selection_that_fails(audited: tuple[Served, str, str]) -> None:
    """Where it takes the whole field along nothing is written or told; where a part is null, it is."""
    web, url, key = audited
    text = """mutation { createPost(input: {title: "t", slug: "%s", body: "b", author: {connect: {id: "%s"}}}) {
        ... on CreatePostPayload { post { %s } } } }"""
    answer, notes = await ask(web, key, text % ("one", ME, "excerpt(length: 0)"))
    assert (answer["data"]["createPost"], notes) == (None, [])
    assert await write(url, "SELECT count(*) FROM posts") == 0
    answer, notes = await ask(web, key, text % ("two", ME, "category { posts { nodes { excerpt(length: 0) } } }"))
    assert answer["data"]["createPost"] == {"post": {"category": None}}
    assert len(notes) == 1
    await agree(web, url, notes)


FAILS = """CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"""
AT_COMMIT = """CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON tags DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION fail()"""


async def test_a_commit_that_fails(audited: tuple[Served, str, str]) -> None:
    """What PostgreSQL refuses at the very end was not written, and is not told of, in whatever form it was asked."""
    web, url, key = audited
    own = 'mutation { writeTags(input: {names: ["a"]}) { __typename } }'
    for code in ("P0001", "40001", "23514"):
        await write(url, FAILS.format(code=code), "DROP TRIGGER IF EXISTS fail ON tags", AT_COMMIT)
        for text in (TAG, TAG.replace("mutation", "mutation @atomic"), own):
            for headers in ({}, {"Idempotency-Key": text}):
                answer, notes = await ask(web, key, text, headers=headers)
                assert notes == [], answer
                assert "Payload" not in str(answer)
    assert await write(url, "SELECT count(*) FROM tags") == 0
    await agree(web, url, [])


AT_FIRST = """CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries') = 1 THEN RAISE EXCEPTION USING ERRCODE = '40P01'; END IF;
    RETURN NULL; END $$"""
ON_WRITE = "CREATE TRIGGER fail AFTER INSERT ON {} FOR EACH ROW EXECUTE FUNCTION fail()"


async def test_a_deadlock(audited: tuple[Served, str, str]) -> None:
    """A mutation that PostgreSQL has ended and that is run again is told of once, wherever it was ended."""
    web, url, key = audited
    has_table = web.app.state.parts.settings.audit_table
    await write(url, "CREATE SEQUENCE tries", AT_FIRST)
    for table in ("tags", "audit_log"):
        await write(url, ON_WRITE.format(table))
        for mutation, given in (("createTags", '{tags: [{name: "a", slug: "a"}]}'), ("writeTags", '{names: ["a"]}')):
            await write(url, "DELETE FROM tags", "DELETE FROM audit_log", "SELECT setval('tries', 1, false)")
            answer, notes = await ask(web, key, f"mutation {{ {mutation}(input: {given}) {{ __typename }} }}")
            assert "Payload" in str(answer)
            assert notes == [(mutation, "Tag", "create", 1, ["name", "slug"])]
            assert await write(url, "SELECT count(*) FROM tags") == 1
            assert await write(url, "SELECT last_value >= 2 FROM tries") == (table == "tags" or has_table)
            await agree(web, url, notes)
        await write(url, f"DROP TRIGGER fail ON {table}")


async def test_replays_at_once(audited: tuple[Served, str, str]) -> None:
    """Of requests with one Idempotency-Key that come together one writes, and one is told of."""
    web, url, key = audited
    web.take_log()
    shown = {"X-API-Key": key, "Idempotency-Key": "k"}
    answers = await asyncio.gather(*(web.ask(TAG, headers=shown) for _ in range(4)))
    assert {answer.json()["data"]["createTag"]["__typename"] for answer in answers} == {"CreateTagPayload"}
    await web.logged(5)
    assert [line["mutation"] for line in web.lines if line["event"] == "write"] == ["createTag"]
    await agree(web, url, [TAG_NOTE])


async def test_own_mutations_that_undo(audited: tuple[Served, str, str]) -> None:
    """What a mutation of a team's own has undone by itself is not told of; what it wrote before and after is."""
    web, url, key = audited
    text = "mutation ($names: [String!]!) { writeTags(input: {names: $names}) { __typename } }"
    cases: list[tuple[list[str], list[str]]] = [
        (["a", "b?", "c"], ["a", "c"]),
        (["a?"], []),
        (["a", "b!", "c"], ["c"]),
        (["a!"], []),
        (["a", "b#"], []),
    ]
    for names, left in cases:
        for headers in ({}, {"Idempotency-Key": "".join(names)}):
            await write(url, "DELETE FROM tags", "DELETE FROM audit_log")
            _, notes = await ask(web, key, text, variables={"names": names}, headers=headers)
            assert await write(url, "SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM tags") == left
            assert sum(note[3] for note in notes) == len(left)
            await agree(web, url, notes)


async def test_carried_out_and_undone(audited: tuple[Served, str, str]) -> None:
    """What a team's function has a generated mutation do in a part that it undoes is undone, and not told of."""
    web, url, key = audited
    _, made = await ask(web, key, CREATE % ME, variables={"slug": "one"})
    text = 'mutation { updatePost(input: {id: "%s", title: "undo"}) { __typename } }'
    _, notes = await ask(web, key, text % encode("Post:1"))
    assert await write(url, "SELECT description FROM posts WHERE title = 'undo'") is None
    assert notes == [("updatePost", "Post", "update", 1, ["title"])]
    await agree(web, url, made + notes)
