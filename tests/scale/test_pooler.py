"""All works through PgBouncer in transaction mode, and no client meets what another one left behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.data.database import Database
from api.keys import store
from api.settings import Settings
from tests.api.served import Served, serving
from tests.api.test_attendance import ENGINE, LOADERS, locked, until_waiting
from tests.conftest import clone, drop
from tests.scale.pgbouncer import SERVERS, needs_pgbouncer, pooling

pytestmark = [needs_pgbouncer, pytest.mark.xdist_group("pooler")]

POOLED: dict[str, Any] = {"pooler": "transaction", "anonymous_scopes": ("read", "write", "*")}

CREATE = """mutation ($name: String!, $email: String!) {
  createUser(input: {name: $name, email: $email}) { ... on CreateUserPayload { user { name } } }
}"""
WITH_ROWS = """mutation ($name: String!, $email: String!) {
  createPost(input: {title: $name, slug: $name, body: "b", author: {create: {name: $name, email: $email}}}) {
    ... on CreatePostPayload { post { title author { name } } }
  }
}"""
BY_ENGINE = "query ($email: String!) { userByEmail(email: $email) { name } }"
BY_LOADERS = "query ($email: String!) { userByEmail(email: $email) { name posts { nodes { readingMinutes } } } }"


@pytest.fixture(scope="module")
async def urls(
    server_url: Callable[[str], str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, str]]:
    """Address of a database itself, and through PgBouncer."""
    name = await clone(server_url, template)
    folder = tmp_path_factory.mktemp("pool")
    with pooling(server_url(name), folder) as pooled:
        yield server_url(name), pooled
    await drop(server_url, name)


@asynccontextmanager
async def pool_of(url: str) -> AsyncIterator[Database]:
    """Make the pools of a server behind PgBouncer."""
    database = Database(url, Settings(_env_file=None, pooler="transaction", statement_timeout_seconds=7))
    try:
        yield database
    finally:
        await database.close()


def variables(name: str) -> dict[str, str]:
    """Return the variables of one user."""
    return {"name": name, "email": f"{name}@example.org"}


async def use(web: Served, name: str) -> list[Any]:
    """Write and read what nobody else does, in each way, and return what was answered."""
    answers = [
        await web.ask(CREATE, variables=variables(name)),
        await web.ask(WITH_ROWS, variables=variables(f"{name}-post")),
        await web.ask(CREATE, variables=variables(f"{name}-once"), headers={"Idempotency-Key": name}),
        await web.ask(CREATE, variables=variables(f"{name}-once"), headers={"Idempotency-Key": name}),
        await web.ask(BY_ENGINE, variables={"email": f"{name}@example.org"}),
        await web.ask(BY_LOADERS, variables={"email": f"{name}@example.org"}),
    ]
    return [answer.json().get("data", answer.text) for answer in answers]


def expected(name: str) -> list[Any]:
    """Return what `use` is to return."""
    once = {"createUser": {"user": {"name": f"{name}-once"}}}
    return [
        {"createUser": {"user": {"name": name}}},
        {"createPost": {"post": {"title": f"{name}-post", "author": {"name": f"{name}-post"}}}},
        once,
        once,
        {"userByEmail": {"name": name}},
        {"userByEmail": {"name": name, "posts": {"nodes": []}}},
    ]


async def test_many_clients_of_two_servers_share_few_connections(urls: tuple[str, str]) -> None:
    """Reads and writes of every kind, side by side on two connections: each client gets its own answers."""
    direct, pooled = urls
    async with serving(pooled, **POOLED) as one, serving(pooled, **POOLED) as two:
        names = [f"client{at}" for at in range(12)]
        found = await asyncio.gather(*(use(web, name) for name, web in zip(names, (one, two) * 6, strict=True)))
        assert found == [expected(name) for name in names]
        connection = await asyncpg.connect(direct)
        used = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert await connection.fetchval(used) <= SERVERS
        await connection.close()


async def test_nothing_is_left_on_a_connection(urls: tuple[str, str]) -> None:
    """Neither prepared statements nor settings are there for the next client, who may be no server of ours."""
    async with serving(urls[1], **POOLED) as web:
        await use(web, "tidy")
    connection = await asyncpg.connect(urls[1], statement_cache_size=0)
    async with connection.transaction():
        left = await connection.fetchval("SELECT count(*) FROM pg_prepared_statements")
        jit, limit = await connection.fetchval("SHOW jit"), await connection.fetchval("SHOW statement_timeout")
    await connection.close()
    assert (left, jit, limit) == (0, "on", "0")


async def test_settings_hold_in_each_statement(urls: tuple[str, str]) -> None:
    """Time limit, JIT, notations, and that what reads cannot write: on both ways of reading."""
    wanted = "off 7s UTC iso_8601 ISO, MDY on"
    names = ("jit", "statement_timeout", "TimeZone", "IntervalStyle", "DateStyle", "transaction_read_only")
    shown = " || ' ' || ".join(f"current_setting('{name}')" for name in names)
    async with pool_of(urls[1]) as database:
        engine = await database.fetch_bytes(f"SELECT convert_to({shown}, 'UTF8')", [])
        rows = await database.fetch(text(f"SELECT {shown}"))
        assert (engine.decode(), rows[0][0]) == (wanted, wanted)
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await database.fetch(text("INSERT INTO tags (name, slug) VALUES ('x', 'x') RETURNING id"))
        async with database.transaction() as transaction:
            (row,) = await transaction.run(text(f"SELECT {shown}"))
        assert row[0] == wanted[: -len("on")] + "off"


@pytest.mark.parametrize("query", [ENGINE, LOADERS], ids=["engine", "loaders"])
async def test_the_statement_of_a_client_that_left_is_cancelled(urls: tuple[str, str], query: str) -> None:
    """The cancellation goes through PgBouncer while the lock is still held, and the connection serves the next."""
    direct, pooled = urls
    async with serving(pooled, **POOLED) as web:
        async with locked(direct) as looker:
            asking = asyncio.create_task(web.ask(query))
            await until_waiting(looker, 1)
            asking.cancel()
            await until_waiting(looker, 0)
        assert (await web.ask(query)).json()["data"]["posts"] is not None


async def test_keys_are_looked_up_each_time_or_heard_of_past_the_pooler(urls: tuple[str, str]) -> None:
    """A key that was revoked is refused by the next request; it is remembered where DATABASE_DIRECT_URL is set."""
    direct, pooled = urls
    closed: dict[str, Any] = {"pooler": "transaction", "anonymous_scopes": ()}
    async with serving(pooled, **closed) as web, serving(pooled, **closed, database_direct_url=direct) as hearing:
        keys = web.app.state.parts.keys, hearing.app.state.parts.keys
        async with web.app.state.parts.database.write() as session:
            key, shown = await store.create(session, "test", ["read", "*"])
            prefix = key.prefix
        headers = {"X-API-Key": shown}
        async with asyncio.timeout(20):
            while not keys[1].is_remembering:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
        for each in (web, hearing):
            assert (await each.ask(BY_ENGINE, variables={"email": "x"}, headers=headers)).status_code == 200
        assert (keys[0].is_remembering, keys[0].remembered, keys[1].remembered) == (False, 0, 1)
        async with web.app.state.parts.database.write() as session:
            await store.revoke(session, prefix)
        assert (await web.ask(BY_ENGINE, variables={"email": "x"}, headers=headers)).status_code == 401


async def test_health_says_what_to_set(urls: tuple[str, str]) -> None:
    """Through a pooler a server is ready; one that was not told of it says so and names the setting."""
    async with serving(urls[1], **POOLED) as told, serving(urls[1]) as untold:
        assert (await told.client.get("/health/ready")).status_code == 200
        answer = await untold.client.get("/health/ready")
    assert (answer.status_code, "ACHENE_POOLER" in answer.json()["failed"]["database"]) == (503, True)
