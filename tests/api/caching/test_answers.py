"""The response cache: what was read once is not read again, and what was written since is never missed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from api.caching import Caching
from api.caching.answers import Answers
from api.caching.memory import LARGEST_PART, Memory
from api.caching.shared import Shared
from api.data.database import Database
from api.data.store import connect_store
from api.http.negotiation import Media
from api.telemetry import Trail
from schema.context import Context
from schema.documents import Document, DocumentLimits, Documents
from tests.api.caching.conftest import BYTES, Kept
from tests.api.served import serving
from tests.conftest import start_valkey
from tests.schema.conftest import READER

USERS = "query Users($first: Int!) { users(first: $first) { nodes { id name posts(first: 2) { totalCount } } } }"
READ = "{ posts(first: 2) { nodes { readingMinutes excerpt(length: 20) } } }"


def found(kept: Kept) -> list[int]:
    """Return what the server counted."""
    assert kept.parts.caching.answers is not None
    counts = kept.parts.caching.answers.counts
    return [counts.hits, counts.joined, counts.misses, counts.stale]


async def test_what_was_read_is_not_read_again(kept: Kept) -> None:
    """A hit takes one statement, over versions alone, and is the same to the byte; the log and metrics know of it."""
    before = found(kept)
    first = await kept.post(USERS, {"first": 3})
    assert (kept.statements, kept.served.lines[-1]["cache"]) == (2, "miss")
    second = await kept.post(USERS, {"first": 3})
    assert (kept.statements, kept.served.lines[-1]["cache"]) == (1, "hit")
    assert second.content == first.content
    assert [now - then for now, then in zip(found(kept), before, strict=True)] == [1, 0, 1, 0]


async def test_other_values_are_another_question(kept: Kept) -> None:
    """Each has its own answer."""
    answers = [(await kept.post(USERS, {"first": first})).json() for first in (1, 2, 1, 2)]
    assert [len(answer["data"]["users"]["nodes"]) for answer in answers] == [1, 2, 1, 2]


async def test_fields_in_python_are_kept_where_they_say_so(kept: Kept) -> None:
    """A field that is marked by `cached()` is not computed again."""
    first, second = await kept.post(READ), await kept.post(READ)
    assert second.content == first.content
    assert (kept.statements, kept.served.lines[-1]["cache"]) == (1, "hit")


async def test_a_write_by_others_is_in_the_next_answer(kept: Kept) -> None:
    """What psql has committed is seen by the next request, and what it has not is not."""
    await kept.post(USERS, {"first": 1})
    transaction = kept.psql.transaction()
    await transaction.start()
    await kept.psql.execute("UPDATE users SET name = 'Renamed' WHERE id = 1")
    unseen = await kept.post(USERS, {"first": 1})
    await transaction.commit()
    seen = await kept.post(USERS, {"first": 1})
    assert unseen.json()["data"]["users"]["nodes"][0]["name"] != "Renamed"
    assert seen.json()["data"]["users"]["nodes"][0]["name"] == "Renamed"
    assert kept.served.lines[-1]["cache"] == "miss"


async def test_a_mutation_is_in_the_next_answer(kept: Kept) -> None:
    """Writes through the server count as all others."""
    tags = "{ tags(first: 100) { totalCount } }"
    before = (await kept.post(tags)).json()["data"]["tags"]["totalCount"]
    mutation = 'mutation { createTag(input: {name: "New", slug: "new"}) { __typename } }'
    assert (await kept.post(mutation)).json()["data"]["createTag"]["__typename"] == "CreateTagPayload"
    assert kept.served.lines[-1].get("cache") is None
    assert (await kept.post(tags)).json()["data"]["tags"]["totalCount"] == before + 1


async def test_another_server_sees_it_as_well(kept: Kept, written_url: str) -> None:
    """Each has a cache of its own, over the same versions: at no time does one show what was before."""
    async with serving(written_url, response_cache_bytes=BYTES) as served:
        second = Kept(served, kept.psql)
        await second.parts.caching.watch.known()
        for name in ("Once", "Twice"):
            await kept.psql.execute("UPDATE users SET name = $1 WHERE id = 1", name)
            for server in (kept, second, kept, second):
                answer = await server.post(USERS, {"first": 1})
                assert answer.json()["data"]["users"]["nodes"][0]["name"] == name


async def test_a_stampede_is_one_read(kept: Kept) -> None:
    """However many ask for what is not there, it is read once; their versions are read together as well."""
    before = found(kept)
    answers = await asyncio.gather(
        *(kept.served.client.post("/graphql", json={"query": USERS, "variables": {"first": 9}}) for _ in range(20))
    )
    assert len({answer.content for answer in answers}) == 1
    hits, joined, misses, _ = (now - then for now, then in zip(found(kept), before, strict=True))
    assert (misses, hits + joined) == (1, 19)


async def test_one_who_leaves_does_not_end_it_for_the_others() -> None:
    """A read goes on while somebody waits for it, and ends with the last."""
    answers, release, began = Answers(Memory(BYTES)), asyncio.Event(), 0

    async def read() -> bytes:
        nonlocal began
        began += 1
        await release.wait()
        return b"users=1\n{}"

    first, second = (asyncio.create_task(answers.get(b"place", b"users=1", read)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    release.set()
    assert await second == ((b"users=1", b"{}"), True)
    release.clear()
    gone = asyncio.create_task(answers.get(b"other", b"users=1", read))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait({gone})
    release.set()
    assert (await answers.get(b"other", b"users=1", read))[0] == (b"users=1", b"{}")
    assert began == 3


async def test_a_read_that_fails_fails_for_all_and_is_tried_again() -> None:
    """Nothing is kept of it."""
    answers, fails = Answers(Memory(BYTES)), True

    async def read() -> bytes:
        await asyncio.sleep(0)
        if fails:
            raise OSError("away")
        return b"users=1\n{}"

    results = await asyncio.gather(*(answers.get(b"", b"users=1", read) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in results] == [OSError] * 3
    fails = False
    assert (await answers.get(b"", b"users=1", read))[0] == (b"users=1", b"{}")


def test_memory_is_bounded() -> None:
    """What was not asked for longest goes; what is too large for the whole is not taken in."""
    memory = Memory(10_000)
    for number in range(100):
        memory.put(b"%d" % number, (b"label", b"x" * 500))
        assert memory.size <= 10_000
    assert memory.get(b"0") is None
    assert memory.get(b"99") is not None
    memory.put(b"large", (b"label", b"x" * (10_000 // LARGEST_PART)))
    assert memory.get(b"large") is None


async def test_servers_share_answers(written_url: str, kept: Kept, valkey_url: str) -> None:
    """What one has read, another has; and neither has it any more when it was written since."""
    shared = {"response_cache_bytes": BYTES, "response_cache_shared": True, "redis_url": valkey_url}
    async with serving(written_url, **shared) as first, serving(written_url, **shared) as second:
        one, two = Kept(first, kept.psql), Kept(second, kept.psql)
        await asyncio.gather(one.parts.caching.watch.known(), two.parts.caching.watch.known())
        answer = await one.post(USERS, {"first": 4})
        async with asyncio.timeout(10), connect_store(valkey_url, 1) as store:
            while not await store.keys():  # noqa: ASYNC110 - nobody waits for what is sent to the store
                await asyncio.sleep(0.005)
        assert (await two.post(USERS, {"first": 4})).content == answer.content
        assert (two.statements, two.served.lines[-1]["cache"]) == (1, "hit")
        await kept.psql.execute("UPDATE users SET name = 'Shared' WHERE id = 1")
        assert (await two.post(USERS, {"first": 4})).json()["data"]["users"]["nodes"][0]["name"] == "Shared"
        assert found(two)[2] == 1


async def test_a_store_that_is_away_is_done_without(tmp_path: Path) -> None:
    """Answers are read then; it is asked again after a while."""
    with start_valkey(tmp_path) as server:
        shared = Shared(connect_store(server.connection_url, 0.2), 60)
        await shared.put(b"place", b"label", b"answer")
        assert await shared.get(b"place", b"label") == b"answer"
        assert await shared.get(b"place", b"other") is None
    assert await shared.get(b"place", b"label") is None
    await shared.put(b"place", b"label", b"answer")
    await shared.close()


async def test_what_is_in_the_store_goes_after_a_while(valkey_url: str) -> None:
    """An answer has an end, since nobody takes it back."""
    store = connect_store(valkey_url, 1)
    await Shared(store, 60).put(b"place", b"label", b"answer")
    (name,) = await store.keys()
    assert 0 < await store.pttl(name) <= 60_000
    await store.aclose()


async def test_a_standby_that_is_behind_is_not_believed(kept: Kept, written_url: str) -> None:
    """Its answer is of older versions than are known: it is read from the primary then, and is right."""
    caching, schema = kept.parts.caching, kept.parts.graph
    document = kept_document(kept, "{ categories { totalCount } }")
    async with past(written_url) as standby:
        await kept.psql.execute("INSERT INTO categories (name, slug) VALUES ('Later', 'later')")
        expected = await kept.psql.fetchval("SELECT count(*) FROM categories")
        context = Context(READER, kept.parts.database, schema.new_loaders(kept.parts.database, READER), "test")
        keeper = caching.keeper(standby, Media.JSON, Trail("test"), None, is_tagged=False)
        assert keeper is not None
        context.keeper = keeper
        answered = await schema.answer(document, operation_name=None, variables=None, context=context)
        assert orjson.loads(answered.data or b"") == {"categories": {"totalCount": expected}}
        assert standby.statements == 1


async def test_a_standby_answers_while_the_primary_is_away(kept: Kept, written_url: str) -> None:
    """Versions cannot be read then: what it answers is told as it is, and not kept."""
    schema, away = kept.parts.graph, Database("postgresql://nobody@127.0.0.1:1/none", kept.parts.settings)
    caching = Caching(away, kept.parts.settings, None)
    caching.watch = kept.parts.caching.watch
    async with past(written_url) as standby:
        context = Context(READER, kept.parts.database, schema.new_loaders(kept.parts.database, READER), "test")
        context.keeper = keeper = caching.keeper(standby, Media.JSON, Trail("test"), b'"x"', is_tagged=True)
        document = kept_document(kept, "{ categories { totalCount } }")
        answered = await schema.answer(document, operation_name=None, variables=None, context=context)
        assert answered.data is not None
        assert keeper is not None
        assert b"etag" in dict(keeper.headers or ())
    assert caching.answers is not None
    assert caching.answers.counts.misses == 0
    await caching.close()
    await away.close()


@dataclass
class Past:
    """A connection that sees the database as it was: what a standby that is behind answers."""

    connection: asyncpg.Connection
    statements: int = 0

    async def fetch_bytes(self, sql: str, arguments: list[Any]) -> bytes:
        """Run a statement."""
        self.statements += 1
        return b"".join(await self.connection.fetchrow(sql, *arguments))


@asynccontextmanager
async def past(url: str) -> AsyncIterator[Past]:
    """Stay at this moment of a database."""
    connection = await asyncpg.connect(url)
    await connection.set_type_codec("bpchar", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SELECT 1 FROM categories")
            yield Past(connection)
    finally:
        await connection.close()


def kept_document(kept: Kept, query: str) -> Document:
    return Documents(kept.parts.graph.core, DocumentLimits()).get(query)
