"""A row that is created alone: one statement writes and answers, and says the same as resolvers would."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any

import asyncpg
import orjson
import pytest
from graphql.execution.values import VariableValues
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from schema.audit import Audit, Note
from schema.build import GraphSchema, build_graph_schema
from schema.context import Context
from schema.documents import Documents
from schema.models import expose, identity, writable
from schema.one_statement import SingleCreator
from schema.opaque import encode
from schema.variables import VariableReader
from tests.conftest import clone, drop
from tests.schema.mutations.conftest import WRITER, Writes, refused
from tests.schema.mutations.models import SHOWN, WRITTEN, SampleColumns


class Alone(DeclarativeBase):
    """A base without constraints that are put off, with which nothing is written in one statement."""


class Sample(SampleColumns, Alone):
    """A value of each type, and one that SQLAlchemy puts in."""

    __tablename__ = "samples"
    __graph__ = SHOWN
    __writes__ = WRITTEN

    mark: Mapped[str | None] = mapped_column(default="marked")


class Stamped(Alone):
    """Something that a function makes a value of."""

    __tablename__ = "stamped"
    __graph__ = expose("name", "stamp")
    __writes__ = writable("name", "stamp")

    id: Mapped[int] = identity()
    name: Mapped[str]
    stamp: Mapped[str | None] = mapped_column(default=lambda: "made")


POST, USER = encode("Post:1"), encode("User:2")
COMMENT = {"body": 'Said "so".\n', "post": {"connect": {"id": POST}}, "author": {"connect": {"id": USER}}}

SELECTIONS = {
    "comment": "__typename",
    "value": "comment { id body isReply }",
    "alias": "kind: __typename it: comment { a: body b: body __typename } ... on UserError { message }",
    "to_one": "comment { body author { id name } post { title author { email } category { name } } }",
    "lists": "comment { post { tags(first: 2) { totalCount nodes { slug posts(first: 1) { nodes { title } } } } } }",
}
"""What one statement answers."""

CREATE_SAMPLE = "mutation ($input: CreateSampleInput!) { createSample(input: $input) { __typename } }"

OTHERS = {
    "edge": "commentEdge { cursor node { body } }",
    "twice": "comment { id } again: comment { body }",
    "same_table": "comment { replies { totalCount } post { comments(last: 1) { totalCount nodes { body } } } }",
    "python": "comment { post { readingMinutes } }",
}
"""What it does not."""


@pytest.fixture
async def pair(server_url: Callable[[str], str], content_template: str) -> AsyncIterator[tuple[Writes, Writes]]:
    """The demo content twice: written in one statement where that is possible, and by resolvers alone."""
    names = [await clone(server_url, content_template) for _ in range(2)]
    ways = [build_graph_schema(is_compiled=is_compiled) for is_compiled in (True, False)]
    both = tuple(Writes(way, server_url(name)) for way, name in zip(ways, names, strict=True))
    yield both  # type: ignore[misc]
    for writes, name in zip(both, names, strict=True):
        await writes.database.close()
        await drop(server_url, name)


async def way_of(writes: Writes, document: str, **variables: Any) -> tuple[str, bytes]:
    """Return which way a mutation went, and the answer's bytes."""
    context = Context(
        WRITER, writes.database, writes.schema.new_loaders(writes.database, WRITER), "test", frozenset({"way"})
    )
    found = await writes.schema.answer(
        Documents(writes.schema.core).get(document), operation_name=None, variables=variables, context=context
    )
    if found.data is not None:
        return found.extensions["way"], found.data
    assert found.result is not None
    assert not found.result.errors
    return found.extensions["way"], orjson.dumps(found.result.data)


@pytest.mark.parametrize("name", [*SELECTIONS, *OTHERS])
async def test_the_same_answer(pair: tuple[Writes, Writes], name: str) -> None:
    """Byte for byte, whichever way it goes."""
    selection = (SELECTIONS | OTHERS)[name]
    document = "mutation ($input: CreateCommentInput!) { made: createComment(input: $input) { %s } }"
    document %= selection if name == "comment" else f"... on CreateCommentPayload {{ {selection.split('... on')[0]} }}"
    compiled, plain = [await way_of(each, document, input=COMMENT) for each in pair]
    assert (compiled[0], plain[0]) == ("engine" if name in SELECTIONS else "loaders", "loaders")
    assert compiled[1] == plain[1]
    rows = "SELECT id, body, post_id, author_id FROM comments ORDER BY id DESC LIMIT 1"
    assert await pair[0].rows(rows) == await pair[1].rows(rows)


@pytest.fixture
async def alone(server_url: Callable[[str], str]) -> AsyncIterator[tuple[Writes, Writes]]:
    """As `pair`, of other models."""
    names = [await clone(server_url, "template0") for _ in range(2)]
    ways = [build_graph_schema(Alone, own=[], is_compiled=is_compiled) for is_compiled in (True, False)]
    both = tuple(Writes(way, server_url(name)) for way, name in zip(ways, names, strict=True))
    for writes in both:
        async with writes.database.writer.begin() as connection:
            await connection.run_sync(Alone.metadata.create_all)
    yield both  # type: ignore[misc]
    for writes, name in zip(both, names, strict=True):
        await writes.database.close()
        await drop(server_url, name)


async def test_values_of_every_type(alone: tuple[Writes, Writes], samples: list[dict[str, Any]]) -> None:
    """What is written is what resolvers write, whatever the type of the column."""
    for given in samples:
        for _ in range(2):  # the second one is prepared
            ways = [(await way_of(each, CREATE_SAMPLE, input=given))[0] for each in alone]
            assert ways == ["engine", "loaders"]
    written = [await each.rows("SELECT samples::text FROM samples ORDER BY id") for each in alone]
    assert written[0] == written[1]
    assert len(written[0]) == 2 * len(samples)


async def test_a_value_that_a_function_makes(alone: tuple[Writes, Writes]) -> None:
    """Such a row is written by the resolvers, where the value is not given."""
    create = "mutation ($input: CreateStampedInput!) { createStamped(input: $input) { __typename } }"
    ways = [(await way_of(alone[0], create, input={"name": "a"} | more))[0] for more in ({}, {"stamp": "b"}, {})]
    assert ways == ["loaders", "engine", "loaders"]
    assert await alone[0].rows("SELECT stamp FROM stamped ORDER BY id") == [("made",), ("b",), ("made",)]


@pytest.fixture
def samples() -> list[dict[str, Any]]:
    """Rows with everything, with nothing, and with nulls."""
    whole = {
        "small": 2,
        "price": "12.50",
        "share": 0.1,
        "flag": True,
        "day": "2026-03-01",
        "at": "2026-03-01T12:00:00+02:00",
        "span": "P1M2DT3H",
        "uuid": "6fa459ea-ee8a-4ca4-894e-db77e160355e",
        "color": "RED",
        "data": {"a": [1, None, "x"]},
        "words": ["a", 'b"', ""],
        "bytes": "aGVsbG8=",
    }
    nulls = {"small": 4} | {name: None for name in whole if name != "small"}
    return [whole, nulls, {"small": 6}, {"small": 8, "data": [], "words": []}, {"small": 10, "price": "NaN"}]


async def test_a_trigger_that_runs_after_it(write: Writes) -> None:
    """The answer has what such a trigger did to the row."""
    await write("createTag", {"slug": "a", "name": "A"}, "__typename")
    connection = await asyncpg.connect(write.url)
    await connection.execute(
        """CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             UPDATE tags SET name = upper(name) WHERE id = NEW.id; RETURN NULL; END $$;
           CREATE TRIGGER shout AFTER INSERT ON tags FOR EACH ROW EXECUTE FUNCTION shout()"""
    )
    await connection.close()
    write.database.forget_triggers()
    found = await write("createTag", {"slug": "b", "name": "loud"}, "tag { name }")
    assert found["tag"] == {"name": "LOUD"}


async def test_a_trigger_that_runs_before_it(pair: tuple[Writes, Writes]) -> None:
    """What such a trigger writes to other tables is in the answer, though no statement sees it that fires it."""
    connection = await asyncpg.connect(pair[0].url)
    await connection.execute(
        """CREATE FUNCTION view() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             UPDATE posts SET view_count = 77 WHERE id = NEW.post_id; RETURN NEW; END $$;
           CREATE TRIGGER view BEFORE INSERT ON comments FOR EACH ROW EXECUTE FUNCTION view()"""
    )
    await connection.close()
    found = await pair[0]("createComment", COMMENT, "comment { post { viewCount } }")
    assert found["comment"] == {"post": {"viewCount": 77}}


async def test_refusals(write: Writes) -> None:
    """What PostgreSQL refuses is told by the resolvers, and nothing is left of it."""
    await write("createTag", {"slug": "a", "name": "A"}, "__typename")
    assert await refused(write, "createTag", {"slug": "a", "name": "B"}) == [
        ("ConflictError", "NOT_UNIQUE", ["input", "slug"])
    ]
    await write("createUser", {"name": "A", "email": "a@b.org"}, "__typename")
    of_nobody = {"title": "A", "slug": "a", "body": "A", "author": {"connect": {"id": encode("User:9")}}}
    assert await refused(write, "createPost", of_nobody) == [
        ("NotFoundError", "NOT_FOUND", ["input", "author", "connect", "id"])
    ]
    endless = "".join(sha256(bytes([number])).hexdigest() for number in range(200))  # which cannot be compressed
    assert await refused(write, "createTag", {"slug": endless, "name": "B"}) == [
        ("ValidationError", "TOO_LONG", ["input"])
    ]
    assert await write.rows("SELECT count(*) FROM tags, users") == [(1,)]


async def test_a_connection_that_is_killed(write: Writes) -> None:
    """Nobody knows whether a statement was run on it, so it is not run again; the next one has another connection."""
    create = 'mutation { createTag(input: {slug: "%s", name: "A"}) { __typename } }'
    blocker = await asyncpg.connect(write.url)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE tags")
        task = asyncio.create_task(write.answer(create % "a"))
        async with asyncio.timeout(10):
            while not await write.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)
        await write.rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        with pytest.raises(Exception, match="The database cannot be reached"):
            await task
    assert await write.rows("SELECT 1 FROM tags") == []
    assert (await write.answer(create % "b"))["errors"] == []
    idle = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> {blocker.get_server_pid()} AND "
    await blocker.fetch(idle + "datname = current_database() AND application_name = 'achene'")
    await blocker.close()
    await asyncio.sleep(0.1)
    assert (await write.answer(create % "c"))["errors"] == []
    assert await write.rows("SELECT slug FROM tags ORDER BY 1") == [("b",), ("c",)]


async def test_one_statement_whatever_the_values(default_graph: GraphSchema) -> None:
    """The statement of a document is made once for all values, and has none of them in it."""
    document = Documents(default_graph.core).get(
        "mutation ($input: CreateTagInput!) { createTag(input: $input) { ... on CreateTagPayload { tag { id } } } }"
    )
    operation, statements = document.operation(None), set()
    assert default_graph.engine is not None
    for number in range(50):
        given = {"input": {"slug": f"secret-{number}", "name": "N"}}
        variables: Any = VariableReader(default_graph.core, operation).read(given)
        compiled = default_graph.engine.compile(document, operation, variables, default_graph.sights.whole, {})
        assert compiled is not None
        assert sorted(compiled.arguments) == ["N", f"secret-{number}"]
        statements.add(id(compiled.statement))
    assert len(statements) == 1
    assert "secret" not in compiled.statement.sql


INLINE = """mutation ($body: String!, $post: ID!, $author: ID!) {
  createComment(input: {body: $body, post: {connect: {id: $post}}, author: {connect: {id: $author}}}) { __typename }
}"""
WHOLE = "mutation ($input: CreateCommentInput!) { createComment(input: $input) { __typename } }"


@pytest.mark.parametrize("is_inline", [True, False])
async def test_an_input_is_read_once(
    default_graph: GraphSchema, monkeypatch: pytest.MonkeyPatch, is_inline: bool
) -> None:
    """From the second request on only values are read, whether variables stand in the input or are the whole of it."""
    document = Documents(default_graph.core).get(INLINE if is_inline else WHOLE)
    operation, engine, reads = document.operation(None), default_graph.engine, list[Any]()
    assert engine is not None
    read = SingleCreator.read
    monkeypatch.setattr(SingleCreator, "read", lambda *given, **more: reads.append(given[3]) or read(*given, **more))

    def bound(body: str | None, post: str, author: str) -> list[Any] | None:
        ends = {"post": {"connect": {"id": post}}, "author": {"connect": {"id": author}}}
        given = {"body": body, "post": post, "author": author} if is_inline else {"input": {"body": body, **ends}}
        variables = VariableReader(default_graph.core, operation).read(given)
        assert isinstance(variables, VariableValues)
        found = engine.compile(document, operation, variables, default_graph.sights.whole, {})
        return None if found is None else found.arguments

    assert bound("a", POST, USER) == ["a", 1, 2]
    count = len(reads)
    assert bound("b", encode("Post:7"), encode("User:8")) == ["b", 7, 8]
    assert bound("", POST, USER) is None  # the resolvers say that it must not be empty
    assert bound("b", USER, USER) is None
    assert bound("b", POST, "no id") is None
    assert len(reads) == count


async def test_what_is_given_decides_the_statement(pair: tuple[Writes, Writes]) -> None:
    """Requests of one document that give other fields, or null, are told apart, and each again where it comes again."""
    inputs: list[dict[str, Any]] = [
        {"name": "A"},
        {"name": "A", "bio": None},
        {"name": "A", "bio": "B"},
        {"age": 3, "name": "A", "bio": "B"},
        {"name": "A", "age": 3},
    ]
    for round_ in range(2):
        for number, given in enumerate(inputs):
            whole = given | {"email": f"{round_}{number}@b.org"}
            made = [await each("createUser", whole, "user { bio age }") for each in pair]
            assert made[0] == made[1]
            assert made[0]["user"] == {"bio": given.get("bio"), "age": given.get("age")}


async def test_what_is_wrong_in_a_later_request(write: Writes) -> None:
    """Each rule holds also where the input was read before, and nothing is changed."""
    await write("createUser", {"name": "A", "email": "a@b.org", "age": 3}, "__typename")
    for wrong, code in (({"age": 200}, "OUT_OF_RANGE"), ({"name": ""}, "EMPTY"), ({"email": "B"}, "INVALID")):
        found = await refused(write, "createUser", {"name": "A", "email": "c@b.org", "age": 3} | wrong)
        assert (found[0][1], found[0][2]) == (code, ["input", *wrong])


async def test_a_caller_that_leaves(write: Writes) -> None:
    """What was begun is written and told all the same, since nobody could say whether it was."""
    document = Documents(write.schema.core).get(
        "mutation ($input: CreateTagInput!) { createTag(input: $input) { __typename } }"
    )
    told, blocker = list[Note](), await asyncpg.connect(write.url)
    for number in range(6):  # more than there are connections to write over
        context = Context(WRITER, write.database, write.schema.new_loaders(write.database, WRITER), "test")
        context.audit = Audit(lambda _mutation, note: told.append(note), None)
        given, other = {"input": {"slug": f"s{number}", "name": "A"}}, blocker.transaction()
        await other.start()
        await blocker.execute(f"INSERT INTO tags (slug, name) VALUES ('s{number}', 'B')")
        task = asyncio.create_task(write.schema.answer(document, operation_name=None, variables=given, context=context))
        async with asyncio.timeout(10):
            while not await write.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await other.rollback()
        async with asyncio.timeout(10):
            while len(told) == number:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)
    await blocker.close()
    rows = await write.rows("SELECT id FROM tags WHERE name = 'A' ORDER BY id")
    assert [note.ids for note in told] == [[encode(f"Tag:{id_}")] for (id_,) in rows]
    assert len(rows) == 6
