"""Health endpoints over a database that works, is behind, is ahead, or has no connection left."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from api.data.database import Database
from api.health.health import Health
from api.settings import Settings
from tests.conftest import clone, drop

NO_DATABASE = "postgresql://achene:a-secret@127.0.0.1:1/achene"
"""Nothing listens there."""


@asynccontextmanager
async def served(url: str, **settings: object) -> AsyncIterator[tuple[httpx.AsyncClient, Database, Health]]:
    """A started server that has nothing but health endpoints."""
    chosen = Settings(**settings)  # type: ignore[arg-type]
    database = Database(url, chosen)
    health = Health(database, chosen)
    app = FastAPI()
    app.include_router(health.router)
    await health.start()
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            yield client, database, health
    finally:
        await health.close()
        await database.close()


async def test_ready_over_a_migrated_database(database_url: str) -> None:
    """A migrated database that answers is ready."""
    async with served(database_url) as (client, _, _):
        response = await client.get("/health/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "failed": {}})


async def test_stopping_is_not_ready(database_url: str) -> None:
    """A server that is being stopped is not ready, and alive."""
    async with served(database_url) as (client, _, health):
        health.leave()
        ready, live = await client.get("/health/ready"), await client.get("/health/live")
    assert (ready.status_code, ready.json()) == (
        503,
        {"status": "failed", "failed": {"server": "The server is being stopped."}},
    )
    assert live.status_code == 200


async def test_health_shows_every_part(database_url: str) -> None:
    """`/health` has each part with its state, and a latency where something was asked."""
    async with served(database_url) as (client, _, _):
        response = await client.get("/health")
    found = response.json()
    latency = found["parts"]["database"].pop("latency_ms")
    uptime = found.pop("uptime_seconds")
    assert latency > 0
    assert uptime >= 0
    assert (response.status_code, found) == (
        200,
        {
            "status": "ok",
            "version": "0.1.0",
            "parts": {
                "database": {"status": "ok", "detail": "The database answers."},
                "migrations": {
                    "status": "ok",
                    "detail": "The database is at the newest revision.",
                    "latency_ms": None,
                },
                "read_pool": {
                    "status": "ok",
                    "detail": "0 of 10 connections are in use.",
                    "latency_ms": None,
                },
                "write_pool": {
                    "status": "ok",
                    "detail": "0 of 5 connections are in use.",
                    "latency_ms": None,
                },
                "engine_pool": {
                    "status": "ok",
                    "detail": "0 of 10 connections are in use.",
                    "latency_ms": None,
                },
            },
        },
    )


async def test_not_ready_before_the_first_migration(server_url: Callable[[str], str]) -> None:
    """An empty database is behind, and the answer says what to do."""
    name = await clone(server_url, "template1")
    try:
        async with served(server_url(name)) as (client, _, _):
            response = await client.get("/health/ready")
    finally:
        await drop(server_url, name)
    assert (response.status_code, response.json()) == (
        503,
        {
            "status": "failed",
            "failed": {"migrations": "The database is behind its migrations: run `achene migrate`."},
        },
    )


async def test_ready_while_a_newer_version_is_rolled_out(database_url: str) -> None:
    """A revision that this code does not know is a newer one; the old servers go on."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = 'from_tomorrow'")
    await connection.close()
    async with served(database_url) as (client, _, _):
        response = await client.get("/health")
    assert response.status_code == 200
    assert response.json()["parts"]["migrations"]["detail"] == (
        "The database is ahead of this server, as while a newer version is rolled out."
    )


async def test_becomes_ready_by_itself_when_migrated(database_url: str) -> None:
    """Readiness follows the database without a restart."""
    connection = await asyncpg.connect(database_url)
    head = await connection.fetchval("DELETE FROM alembic_version RETURNING version_num")
    async with served(database_url) as (client, _, _):
        before = await client.get("/health/ready")
        await connection.execute("INSERT INTO alembic_version VALUES ($1)", head)
        await connection.close()
        after = await eventually(client, 200)
    assert (before.status_code, after.status_code) == (503, 200)


async def test_not_ready_while_no_connection_comes_back(database_url: str) -> None:
    """A pool whose connections are all out and do not move makes the server not ready, and names itself."""
    async with served(database_url, health_timeout_seconds=0.5, pool_size=2) as (client, database, _):
        async with database.reader.connect(), database.reader.connect():
            busy = await client.get("/health/ready")
            stuck = await eventually(client, 503)
        after = await eventually(client, 200)
    assert busy.status_code == 200
    assert list(stuck.json()["failed"]) == ["read_pool"]
    assert stuck.json()["failed"]["read_pool"].startswith("All 2 connections are in use")
    assert after.json() == {"status": "ok", "failed": {}}


async def test_not_ready_while_the_engine_has_no_connection(database_url: str) -> None:
    """The pool of the engine is watched as the others are."""
    async with served(database_url, health_timeout_seconds=0.5, pool_size=2) as (client, database, _):
        statement = "SELECT convert_to('done', 'UTF8') FROM pg_sleep(2)"
        slow = [asyncio.create_task(database.fetch_bytes(statement, [])) for _ in range(2)]
        stuck = await eventually(client, 503)
        answers = await asyncio.gather(*slow)
        after = await eventually(client, 200)
    assert list(stuck.json()["failed"]) == ["engine_pool"]
    assert answers == [b"done", b"done"]
    assert after.json() == {"status": "ok", "failed": {}}


async def test_answers_say_nothing_of_the_address() -> None:
    """Without a database each answer is 503 or alive, and none has a host, a user or driver text."""
    async with served(NO_DATABASE) as (client, _, _):
        answers = {path: await client.get(f"/health{path}") for path in ("", "/live", "/ready", "/startup")}
    assert {path: answer.status_code for path, answer in answers.items()} == {
        "": 503,
        "/live": 200,
        "/ready": 503,
        "/startup": 200,
    }
    assert answers["/ready"].json()["failed"] == {"database": "The database cannot be reached."}
    assert answers[""].json()["parts"]["migrations"]["status"] == "unknown"
    text = "".join(answer.text for answer in answers.values())
    assert not [word for word in ("127.0.0.1", "secret", "Errno", "Connect", "SELECT") if word in text]


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/health/startup"])
async def test_head_and_no_store(path: str) -> None:
    """Each endpoint answers HEAD as it answers GET, and no proxy may keep the answer."""
    async with served(NO_DATABASE) as (client, _, _):
        got, head = await client.get(path), await client.head(path)
    assert head.status_code == got.status_code
    assert head.headers["cache-control"] == got.headers["cache-control"] == "no-store"


async def test_health_is_a_page_for_browsers(database_url: str) -> None:
    """A browser gets the same as a page that needs nothing else; every other client gets JSON."""
    async with served(database_url) as (client, _, _):
        shown = await client.get("/health", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        plain = await client.get("/health", headers={"Accept": "*/*"})
    assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert '<th scope="row">database</th><td>&#10003; ok</td>' in shown.text
    assert "src=" not in shown.text
    assert "href=" not in shown.text
    assert plain.headers["content-type"] == "application/json"


async def test_startup_before_and_after_the_start() -> None:
    """`/health/startup` is 503 until the start is done."""
    settings = Settings()
    database = Database(NO_DATABASE, settings)
    health = Health(database, settings)
    app = FastAPI()
    app.include_router(health.router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        before = await client.get("/health/startup")
        await health.start()
        after = await client.get("/health/startup")
    await health.close()
    await database.close()
    assert (before.status_code, before.json()) == (503, {"status": "starting"})
    assert (after.status_code, after.json()) == (200, {"status": "ok"})


async def test_probes_share_one_check(database_url: str) -> None:
    """A hundred probes at once open one connection and make one check."""
    async with served(database_url) as (client, _, health):
        answers = await asyncio.gather(*(client.get("/health/ready") for _ in range(100)))
        reports = {id(await health.report()) for _ in range(3)}
        connection = await asyncpg.connect(database_url)
        count = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE application_name = 'achene health' AND datname = current_database()"
        )
        await connection.close()
    assert {answer.status_code for answer in answers} == {200}
    assert (len(reports), count) == (1, 1)


async def test_openapi_documents_each_endpoint_once() -> None:
    """OpenAPI has the four endpoints with an example for each status, and no entry for HEAD."""
    async with served(NO_DATABASE) as (client, _, _):
        paths = (await client.get("/openapi.json")).json()["paths"]
    statuses = {path: {m: sorted(o["responses"]) for m, o in methods.items()} for path, methods in paths.items()}
    assert statuses == {
        "/health": {"get": ["200", "503"]},
        "/health/live": {"get": ["200"]},
        "/health/ready": {"get": ["200", "503"]},
        "/health/startup": {"get": ["200", "503"]},
    }
    for methods in paths.values():
        for response in methods["get"]["responses"].values():
            assert response["content"]["application/json"]["example"]["status"] in ("ok", "failed", "starting")


async def eventually(client: httpx.AsyncClient, status: int, seconds: float = 10.0) -> httpx.Response:
    """Ask `/health/ready` until it has a status; the last answer when the time is up."""
    async with asyncio.timeout(seconds):
        while True:
            response = await client.get("/health/ready")
            if response.status_code == status:
                return response
            await asyncio.sleep(0.05)
