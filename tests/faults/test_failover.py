"""The standby becomes the primary, and the server finds it, without a restart and without a write that is lost."""

import os
import signal
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.faults.conftest import fill
from tests.faults.frozen import frozen
from tests.faults.load import check_written, load_on
from tests.faults.pair import Pair, running
from tests.faults.test_load import pid_of, served

pytestmark = pytest.mark.xdist_group("faults")


async def commits_wait_for_the_standby(pair: Pair) -> None:
    """Let a commit be answered when the standby has it, too: what else would be lost is PostgreSQL's own."""
    connection = await asyncpg.connect(pair.url)
    await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


async def promote(pair: Pair) -> None:
    """Make the standby the primary."""
    connection = await asyncpg.connect(pair.read_url)
    await connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
    assert await connection.fetchval("SELECT pg_promote()")
    await connection.close()


@pytest.fixture
async def fresh_pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """A pair for one test alone: a standby that was promoted is none any more."""
    with running(tmp_path_factory.mktemp("pair")) as pair:
        await fill(pair.url)
        await commits_wait_for_the_standby(pair)
        yield pair


async def test_the_primary_is_gone(fresh_pair: Pair) -> None:
    """The primary is killed and refuses connections: the other host takes the writes from then on."""
    urls = fresh_pair.both_url
    async with served(urls, database_read_urls=urls) as web, load_on(web, "gone") as load:
        os.kill(pid_of(fresh_pair.primary), signal.SIGQUIT)
        await load.until("refused")
        await promote(fresh_pair)
    await check_written(load, fresh_pair.read_url)


async def test_the_primary_hangs(fresh_pair: Pair) -> None:
    """The primary takes connections and answers nothing: each host has its share of the time, so the other is found."""
    pid = pid_of(fresh_pair.primary)
    async with served(fresh_pair.both_url) as web, load_on(web, "hangs") as load:
        with frozen(pid):
            await load.until("refused")
            await promote(fresh_pair)
            await load.until("answered", 20)
            os.kill(pid, signal.SIGKILL)
    await check_written(load, fresh_pair.read_url)
