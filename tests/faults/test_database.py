"""Reads while PostgreSQL is stopped and started under them."""

import asyncio

import pytest
from sqlalchemy import text

from api.data.database import Database
from api.embedded.postgres import Cluster
from api.settings import Settings
from schema.errors import UnavailableError

pytestmark = pytest.mark.xdist_group("faults")

STATEMENT = "SELECT convert_to('read', 'UTF8') FROM pg_sleep(0.02)"


async def test_restart_under_full_pools(server: tuple[Cluster, str]) -> None:
    """After a restart all connections are dead; every read finds a live one, and none fails."""
    cluster, url = server
    database = Database(url, Settings(pool_size=4))
    for stop, start in ((cluster.stop, cluster.start), (cluster.stop, cluster.start)):
        read = [await asyncio.gather(*(database.fetch_bytes(STATEMENT, []) for _ in range(4)))]
        stop()  # without giving the event loop a moment: nobody has read the goodbyes
        start()
        read.append(await asyncio.gather(*(database.fetch_bytes(STATEMENT, []) for _ in range(4))))
        rows = await asyncio.gather(*(database.fetch(text("SELECT 1")) for _ in range(4)))
        assert read == [[b"read"] * 4] * 2
        assert [row[0][0] for row in rows] == [1] * 4
    await database.close()


async def test_stopped_database_is_unavailable(server: tuple[Cluster, str]) -> None:
    """While PostgreSQL is stopped each way of reading says so in the same words, and works again afterwards."""
    cluster, url = server
    database = Database(url, Settings(pool_size=2))
    await database.fetch_bytes(STATEMENT, [])
    await database.fetch(text("SELECT 1"))
    cluster.stop()
    for _ in range(3):
        with pytest.raises(UnavailableError, match=r"^The database cannot be reached\.$"):
            await database.fetch_bytes(STATEMENT, [])
        with pytest.raises(UnavailableError, match=r"^The database cannot be reached\.$"):
            await database.fetch(text("SELECT 1"))
    cluster.start()
    assert await database.fetch_bytes(STATEMENT, []) == b"read"
    assert (await database.fetch(text("SELECT 1")))[0][0] == 1
    await database.close()
