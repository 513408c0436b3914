"""`achene serve --workers 2` as it is: restarted under load, hit by signals, and stopped while it works."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from benchmarks.rolling_restart import drive, workers_of
from tests.api.served import PLAIN
from tests.api.serving.waiting import until
from tests.api.test_serve import Running, serving
from tests.conftest import clone, drop

pytestmark = pytest.mark.xdist_group("faults")

VARIABLES = {
    "ACHENE_ENVIRONMENT": "development",
    "ACHENE_ANONYMOUS_SCOPES": "read,write,*",
    "ACHENE_POOL_TIMEOUT_SECONDS": "60",  # a machine that is busy with other tests loses nothing either
    "ACHENE_CONNECT_TIMEOUT_SECONDS": "60",
    "ACHENE_STATEMENT_TIMEOUT_SECONDS": "60",
    "ACHENE_REQUEST_TIMEOUT_SECONDS": "60",
    "ACHENE_SHUTDOWN_TIMEOUT_SECONDS": "60",
}

LOAD_SECONDS = 3


@pytest.fixture
async def url(server_url: Callable[[str], str], content_template: str) -> AsyncIterator[str]:
    """Address of demo content for one test alone."""
    name = await clone(server_url, content_template)
    yield server_url(name)
    await drop(server_url, name)


@pytest.fixture
def server(url: str, tmp_path: Path) -> Iterator[Running]:
    """A server of two workers."""
    with serving(tmp_path, "--workers", "2", DATABASE_URL=url, **VARIABLES) as running:
        yield running


async def test_restart_and_death_under_load(server: Running, url: str) -> None:
    """At 200 requests a second a rolling restart loses none; a dead worker is replaced; all end with the supervisor."""
    before = workers_of(server.process.pid)
    began = time.monotonic()
    server.process.send_signal(signal.SIGHUP)
    outcome = await drive(
        server.base,
        200,
        lambda: time.monotonic() - began > LOAD_SECONDS and not before & workers_of(server.process.pid),
        {},
    )
    after = workers_of(server.process.pid)
    connection = await asyncpg.connect(url)
    written = await connection.fetchval("SELECT count(*) FROM tags WHERE slug ~ '^tag-[0-9]+$'")
    await connection.close()
    assert (len(before), len(after), before & after) == (2, 2, set())
    assert outcome.failures == {}
    assert written == outcome.written

    dead = min(after)
    os.kill(dead, signal.SIGKILL)
    await until(lambda: len(workers_of(server.process.pid) - {dead}) == 2)
    assert (await asyncio.to_thread(server.get, "/health/ready")).status_code == 200

    workers = workers_of(server.process.pid)
    server.process.kill()
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    with pytest.raises(httpx.ConnectError):
        await asyncio.to_thread(server.get, "/health/live")
    assert "it was ended by SIGKILL" in server.told()
    assert "Traceback" not in server.told()


async def test_running_request_survives_sigterm(server: Running, url: str) -> None:
    """A write that waits for a lock while the server is told to stop is done and answered; then all is over."""
    workers = workers_of(server.process.pid)
    connection = await asyncpg.connect(url)
    async with httpx.AsyncClient(base_url=server.base, timeout=20, verify=PLAIN) as client:
        async with connection.transaction():
            await connection.execute("LOCK TABLE tags")
            query = 'mutation { createTag(input: {name: "Late", slug: "late"}) { __typename } }'
            asking = asyncio.create_task(client.post("/graphql", json={"query": query}))
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'tags'::regclass"
            while not await connection.fetchval(waiting):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
            stopping = asyncio.create_task(asyncio.to_thread(server.stop, signal.SIGTERM))
            await until(lambda: len(workers & workers_of(server.process.pid)) == 1)
            assert not asking.done()
        assert (await asking).json() == {"data": {"createTag": {"__typename": "CreateTagPayload"}}}
    code, errors = await stopping
    assert await connection.fetchval("SELECT count(*) FROM tags WHERE slug = 'late'") == 1
    assert (code, "Traceback" in errors) == (0, False)
    await connection.close()
