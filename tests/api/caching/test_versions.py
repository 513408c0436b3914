"""Reads of versions: one at a time for all who wait, and none that began before who asks had come."""

import asyncio

import asyncpg
import orjson
import pytest

from api.caching.versions import Versions
from api.data.database import Database
from api.settings import Settings
from schema.changes.versions import VERSIONS, label, labelled, split_label
from schema.errors import UnavailableError


class Gate:
    """A database whose statements wait until they are let through."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.begun: list[asyncio.Event] = []

    async def fetch_bytes(self, sql: str, arguments: list[object]) -> bytes:
        """Run a statement: what it sees is seen before it waits."""
        assert sql == VERSIONS
        found = await self._database.fetch_bytes(sql, arguments)
        through = asyncio.Event()
        self.begun.append(through)
        await through.wait()
        return found


async def until_begun(gate: Gate, count: int) -> None:
    async with asyncio.timeout(10):
        while len(gate.begun) < count:  # noqa: ASYNC110 - a statement tells nobody that it began
            await asyncio.sleep(0.001)


async def test_who_comes_while_a_read_is_under_way_waits_for_the_next(database_url: str) -> None:
    """It would not know of what was committed meanwhile; all who come meanwhile share the next."""
    database, psql = Database(database_url, Settings(database_url=database_url)), await asyncpg.connect(database_url)
    gate = Gate(database)
    versions = Versions(gate)
    first = [asyncio.ensure_future(versions.read()) for _ in range(3)]
    await until_begun(gate, 1)
    await psql.execute("INSERT INTO tags (name, slug) VALUES ('a', 'a')")
    later = [asyncio.ensure_future(versions.read()) for _ in range(5)]
    later[0].cancel()
    gate.begun[0].set()
    await until_begun(gate, 2)
    gate.begun[1].set()
    before, after = await asyncio.gather(*first), await asyncio.gather(*later[1:])
    assert all(each == before[0] for each in before)
    assert all(each == after[0] for each in after)
    assert label(["tags"], before[0]) != label(["tags"], after[0])
    assert len(gate.begun) == 2
    await versions.close()
    await psql.close()
    await database.close()


async def test_a_read_that_fails_fails_for_those_who_waited(database_url: str) -> None:
    """And the next one reads anew."""

    class Away:
        is_away = True

        async def fetch_bytes(self, sql: str, arguments: list[object]) -> bytes:
            if self.is_away:
                raise UnavailableError("The database cannot be reached.")
            return orjson.dumps({"tags": ["7", 3]})

    away = Away()
    versions = Versions(away)
    failed = await asyncio.gather(versions.read(), versions.read(), return_exceptions=True)
    assert [type(each) for each in failed] == [UnavailableError] * 2
    away.is_away = False
    with pytest.raises(KeyError):
        (await versions.read())["users"]
    assert (await versions.read())["tags"] == "7"
    assert versions.surplus == 2


async def test_versions_of_a_server_are_those_of_a_statement(database_url: str) -> None:
    """A label that is made of versions is the one that PostgreSQL makes beside an answer, from never written on."""
    database, psql = Database(database_url, Settings(database_url=database_url)), await asyncpg.connect(database_url)
    await psql.execute("TRUNCATE table_changes")
    sql = labelled("SELECT convert_to('{}', 'UTF8') AS data", ["beside.o'clock", "public.tags", "users"])
    versions = Versions(database)
    for write in ("SELECT 1", "INSERT INTO tags (name, slug) VALUES ('b', 'b')", "DELETE FROM users"):
        await psql.execute(write)
        found, data = split_label(await database.fetch_bytes(sql, []))
        assert found == label(["beside.o'clock", "public.tags", "users"], await versions.read())
        assert data == b"{}"
    await versions.close()
    await psql.close()
    await database.close()
