"""A request that nobody waits for any more ends, and so does its statement in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from tests.api.served import PLAIN, serving

ENGINE = "{ posts(first: 1) { nodes { title } } }"
LOADERS = "{ posts(first: 1) { nodes { title readingMinutes } } }"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Hold a lock that every reader of posts has to wait for; yield a connection to look with."""
    holder, looker = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")
            yield looker
    finally:
        await holder.close()
        await looker.close()


async def until_waiting(looker: asyncpg.Connection, count: int) -> None:
    """Wait until so many statements wait for the lock."""
    async with asyncio.timeout(10):
        while await looker.fetchval(WAITING) != count:  # noqa: ASYNC110 - PostgreSQL is asked again and again
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("query", [ENGINE, LOADERS], ids=["engine", "loaders"])
async def test_the_statement_of_a_client_that_left_is_cancelled(database_url: str, query: str) -> None:
    """The statement ends while the lock is still held, and the log has one line, with status 499."""
    async with serving(database_url) as web, locked(database_url) as looker:
        asking = asyncio.create_task(web.ask(query))
        await until_waiting(looker, 1)
        asking.cancel()
        await until_waiting(looker, 0)
        (line,) = await web.logged()
        assert (line["status"], line["level"]) == (499, "info")


@pytest.mark.parametrize("query", [ENGINE, LOADERS], ids=["engine", "loaders"])
async def test_a_request_whose_time_is_up_is_answered_503(database_url: str, query: str) -> None:
    """It says so, says when to come again, and leaves no statement behind."""
    async with serving(database_url, request_timeout_seconds=0.5) as web, locked(database_url) as looker:
        await web.app.state.parts.database.fetch(
            text("SELECT 1")
        )  # a connection is there: what is cut off is a statement
        answer = await web.ask(query)
        await until_waiting(looker, 0)
        assert (answer.status_code, answer.headers["retry-after"].isdecimal()) == (503, True)
        assert answer.json()["errors"] == [
            {"message": "The request took too long, and was ended.", "extensions": {"code": "UNAVAILABLE"}}
        ]


async def test_an_overloaded_pool_answers_503_within_its_limit(database_url: str) -> None:
    """Where all connections are taken, a request waits for one no longer than it may."""
    async with (
        serving(database_url, pool_size=2, pool_timeout_seconds=0.3) as web,
        locked(database_url) as looker,
        httpx.AsyncClient(base_url=web.base, timeout=30, verify=PLAIN) as client,
    ):
        held = [asyncio.create_task(client.post("/graphql", json={"query": ENGINE})) for _ in range(2)]
        await until_waiting(looker, 2)
        answer = await web.ask(ENGINE)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        for each in held:
            each.cancel()
        await asyncio.gather(*held, return_exceptions=True)
