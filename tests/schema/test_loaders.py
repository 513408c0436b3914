"""Batches: how many statements, what is in them, that they run side by side, and that an error stays where it is."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from graphql import parse
from sqlalchemy import Executable, Row, text
from sqlalchemy.dialects import postgresql

from api.data.database import Database
from api.settings import Settings
from schema.build import GraphSchema, build_graph_schema
from schema.content.demo import load_demo
from schema.context import Context
from schema.errors import UnavailableError
from schema.opaque import encode
from tests.conftest import clone, drop
from tests.schema.both import both
from tests.schema.conftest import READER, Asker

DEEP = """query($first: Int) {
  users(first: $first) { nodes { name posts(first: 10) { nodes {
    title tags { nodes { name } } comments(first: 5) { nodes { body author { name } } }
  } } } }
}"""


@pytest.fixture(scope="module")
async def ask_many(server_url: Callable[[str], str], template: str) -> AsyncIterator[Asker]:
    """The default graph over 200 users and what they wrote."""
    name = await clone(server_url, template)
    await load_demo(server_url(name), posts=2000)
    database = Database(server_url(name), Settings(database_url=server_url(name)))
    yield Asker(build_graph_schema(), database)
    await database.close()
    await drop(server_url, name)


def sql(statement: Executable) -> str:
    """Return a statement as PostgreSQL gets it, without line breaks."""
    compiled = statement.compile(dialect=postgresql.asyncpg.dialect())  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", str(compiled))


def words(statement: Executable) -> set[str]:
    """Return the columns that a statement speaks of, as `table.column`, whatever the aliases."""
    return set(re.findall(r"\b([a-z_]+?)(?:_\d+)?\.([a-z_]+)\b", sql(statement)))  # type: ignore[arg-type]


@pytest.mark.parametrize("users", [2, 200])
async def test_a_level_is_a_statement(ask_many: Asker, users: int) -> None:
    """Users, their posts, the tags and the comments of these, and their authors: five, however many users."""
    answer = await ask_many(DEEP, first=users)
    assert (answer.errors, answer.statements) == ([], 5)
    found = answer.data["users"]["nodes"]
    posts = [post for user in found for post in user["posts"]["nodes"]]
    comments = [comment for post in posts for comment in post["comments"]["nodes"]]
    assert len(found) == users
    assert len(posts) > users
    assert len(comments) > len(posts)
    assert all(comment["author"]["name"] for comment in comments)


async def test_the_deep_query_by_both_ways(ask: Asker) -> None:
    """The engine gives the same 40 users, posts, tags, comments and authors."""
    assert (await both(ask, DEEP, first=40)).errors == []


async def test_only_what_is_selected_is_read(ask: Asker) -> None:
    """A statement speaks of the selected columns, of keys, and of no others."""
    answer = await ask("{ users(first: 1) { nodes { name posts(first: 1) { nodes { slug author { age } } } } } }")
    assert answer.errors == []
    users, posts, authors = (words(statement) for statement in ask.statements)
    assert {column for table, column in users if table == "users"} == {"id", "name"}
    assert {column for table, column in posts if table == "posts"} == {"id", "slug", "author_id"}
    assert {column for table, column in authors if table == "users"} == {"id", "age"}


async def test_attributes_behind_own_and_computed_fields(ask: Asker) -> None:
    """A field of one's own has its columns read when it is selected, and only then."""
    for selection, columns in (
        ("slug", {"id", "slug"}),
        ("readingMinutes", {"id", "body"}),
        ("isPublished", {"id", "draft", "published_at"}),
        ("excerpt(length: 20) title", {"id", "body", "title"}),
    ):
        await ask(f"{{ posts(first: 1) {{ nodes {{ {selection} }} }} }}")
        (statement,) = ask.statements
        assert {column for table, column in words(statement) if table == "posts"} == columns


async def test_counts_alone_read_no_rows(ask: Asker) -> None:
    """`totalCount` needs no row, no order and no limit."""
    await ask("{ users { totalCount } }")
    (statement,) = ask.statements
    assert "LIMIT" not in sql(statement)
    assert "ORDER BY" not in sql(statement)
    assert "count(" in sql(statement)


async def test_aliases_with_equal_arguments_share_a_statement(ask: Asker) -> None:
    """What is asked twice below many parents is read once, where it is the same; else once for each."""
    two = "{{ users(first: 4) {{ nodes {{ a: posts(first: 2) {{ {} }} b: posts({}: 2) {{ {} }} }} }} }}"
    for last, selection, statements in (
        ("first", "nodes { title }", 2),
        ("last", "nodes { title }", 3),
        ("first", "nodes { slug }", 3),
    ):
        answer = await both(ask, two.format("nodes { title }", last, selection))
        assert (answer.errors, answer.statements) == ([], statements)
        for user in answer.data["users"]["nodes"]:
            assert (len(user["a"]["nodes"]), len(user["b"]["nodes"])) == (2, 2)
            assert (user["a"] == user["b"]) is (statements == 2)


async def test_one_row_for_all_who_refer_to_it(ask: Asker) -> None:
    """Many posts of few authors ask for each author once."""
    answer = await ask("{ users(first: 1) { nodes { posts(first: 10) { nodes { author { name } } } } } }")
    assert (answer.errors, answer.statements) == ([], 3)
    keys = ask.statements[2].compile().params  # type: ignore[attr-defined]
    assert [len(value) for value in keys.values() if isinstance(value, list)] == [1]


async def test_sibling_lists_do_not_multiply(ask: Asker) -> None:
    """Two lists below one parent have their own rows, each once, and their own counts."""
    answer = await both(
        ask,
        "{ users(first: 40) { nodes { posts(first: 100) { totalCount nodes { id } } comments(first: 500) { totalCount "
        "nodes { id } } } } }",
    )
    assert (answer.errors, answer.statements) == ([], 3)
    for user in answer.data["users"]["nodes"]:
        for rows in user.values():
            assert len({row["id"] for row in rows["nodes"]}) == len(rows["nodes"]) == rows["totalCount"]
    assert sum(user["posts"]["totalCount"] for user in answer.data["users"]["nodes"]) == 400
    assert sum(user["comments"]["totalCount"] for user in answer.data["users"]["nodes"]) == 2000


async def test_empty_many_to_many(ask_zoo: Asker) -> None:
    """A row that is tied to nothing has an empty list, beside one that is tied to some."""
    answer = await both(ask_zoo, "{ people { nodes { name friends { totalCount nodes { name } } } } }")
    assert (answer.errors, answer.statements) == ([], 2)
    assert [person["friends"]["totalCount"] for person in answer.data["people"]["nodes"]] == [2, 1, 0]
    assert answer.data["people"]["nodes"][2]["friends"] == {"totalCount": 0, "nodes": []}


async def test_null_keys_are_not_asked_for(ask_zoo: Asker) -> None:
    """Where no row has a key, there is no statement."""
    answer = await ask_zoo("query($id: ID!) { note(id: $id) { line { number } } }", id=encode("Note:3"))
    assert (answer.errors, answer.statements, answer.data) == ([], 1, {"note": {"line": None}})


class Slow:
    """A reader that holds statements back, or fails them, by the table that they are about."""

    def __init__(self, database: Database, behaviour: Callable[[str], Any]) -> None:
        self.database = database
        self.behaviour = behaviour
        self.running = 0
        self.most = 0

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.behaviour(sql(statement))
            return await self.database.fetch(statement)
        finally:
            self.running -= 1


async def run(schema: GraphSchema, database: Database, behaviour: Callable[[str], Any], query: str) -> tuple[Any, Slow]:
    """Run a query by resolvers over a reader that misbehaves."""
    reader = Slow(database, behaviour)
    context = Context(READER, database, schema.new_loaders(reader, READER), "test")
    async with asyncio.timeout(20):
        return await schema.execute(parse(query), operation_name=None, variables={}, context=context), reader


async def test_statements_of_one_level_run_side_by_side(ask: Asker) -> None:
    """Root fields and sibling relations wait for each other nowhere, each on a connection of its own."""
    together = asyncio.Barrier(3)

    async def meet(_statement: str) -> None:
        await together.wait()  # passes only when three are there

    result, reader = await run(
        ask.schema, ask.database, meet,
        "{ users(first: 1) { nodes { name } } tags(first: 1) { nodes { name } } posts(first: 1) { nodes { title } } }",
    )  # fmt: skip
    assert result.errors is None
    assert reader.most == 3


async def test_one_connection_is_enough(content_url: str) -> None:
    """With a pool of one, batches take turns; none waits for what it holds itself."""
    database = Database(content_url, Settings(database_url=content_url, pool_size=1))
    try:
        answer = await asyncio.wait_for(Asker(build_graph_schema(), database)(DEEP, first=5), 20)
    finally:
        await database.close()
    assert (answer.errors, answer.statements) == ([], 5)


async def test_many_requests_at_once(ask: Asker) -> None:
    """Forty requests side by side each get their own answer."""

    async def one(number: int) -> Any:
        context = Context(READER, ask.database, ask.schema.new_loaders(ask.database, READER), str(number))
        below = "nodes { id posts(first: 1) { nodes { author { id } } } }"
        query = f"{{ users(first: 1, offset: {number}) {{ {below} }} }}"
        result = await ask.schema.execute(parse(query), operation_name=None, variables={}, context=context)
        assert result.errors is None
        return result.data["users"]["nodes"][0] if result.data else None

    found = await asyncio.wait_for(asyncio.gather(*(one(number) for number in range(40))), 60)
    assert len({user["id"] for user in found}) == 40
    assert all(post["author"]["id"] == user["id"] for user in found for post in user["posts"]["nodes"])


POST, OTHER = encode("Post:1"), encode("Post:2")


async def test_an_error_reaches_only_its_own_fields(ask: Asker) -> None:
    """A batch that fails makes an error of each field that waits for it; other batches are answered."""

    async def behave(statement: str) -> None:
        if " comments " in statement:
            raise UnavailableError("The database took too long to answer.")

    query = f"""{{
      a: post(id: "{POST}") {{ title comments(first: 1) {{ nodes {{ body }} }} }}
      b: post(id: "{POST}") {{ title tags(first: 1) {{ totalCount }} }}
      c: post(id: "{OTHER}") {{ comments(first: 1) {{ nodes {{ body }} }} }}
      d: post(id: "{OTHER}") {{ author {{ email }} }}
    }}"""
    result, _ = await run(ask.schema, ask.database, behave, query)
    assert result.data["a"] is None
    assert result.data["c"] is None
    assert result.data["b"]["title"]
    assert result.data["d"]["author"]["email"]
    assert sorted((error.path, error.message) for error in result.errors) == [
        (["a", "comments", "nodes"], "The database took too long to answer."),
        (["c", "comments", "nodes"], "The database took too long to answer."),
    ]


async def test_an_error_does_not_take_shared_rows_with_it(ask: Asker) -> None:
    """Where an error gives up an object, a row that the object waited for still reaches the others who wait for it."""
    comments_failed = asyncio.Event()

    async def behave(statement: str) -> None:
        if " comments " in statement:
            comments_failed.set()
            raise UnavailableError("The database took too long to answer.")
        if " users " in statement:
            await comments_failed.wait()
            await asyncio.sleep(0.05)  # until graphql-core has given up the fields beside the error

    query = f"""{{
      a: post(id: "{POST}") {{ author {{ name }} comments(first: 1) {{ nodes {{ body }} }} }}
      b: post(id: "{POST}") {{ author {{ name }} }}
    }}"""
    result, _ = await run(ask.schema, ask.database, behave, query)
    assert [(error.path, error.message) for error in result.errors] == [
        (["a", "comments", "nodes"], "The database took too long to answer.")
    ]
    assert result.data["a"] is None
    assert result.data["b"]["author"]["name"]


async def test_a_request_that_is_given_up_leaves_nothing_behind(ask: Asker) -> None:
    """Where the caller goes away, its batches can be ended, and the next request is answered."""
    started, ended = asyncio.Event(), asyncio.Event()

    async def hang(_statement: str) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    loaders = ask.schema.new_loaders(Slow(ask.database, hang), READER)
    context = Context(READER, ask.database, loaders, "test")
    running = asyncio.ensure_future(
        ask.schema.execute(parse("{ users { nodes { name } } }"), operation_name=None, variables={}, context=context)
    )
    async with asyncio.timeout(20):
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        loaders.cancel()
        await ended.wait()
    assert (await ask("{ users(first: 1) { totalCount } }")).data == {"users": {"totalCount": 40}}


async def test_reads_cannot_write(ask: Asker) -> None:
    """PostgreSQL itself keeps the connections that loaders read over from writing."""
    with pytest.raises(Exception, match="read-only transaction"):
        await ask.database.fetch(text("UPDATE users SET name = 'x'"))
