"""Mutations over HTTP: who may send them, by which method and content type, and what is left where a client leaves."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import httpx
import pytest

from schema.opaque import encode
from tests.api.served import Served, serving
from tests.api.test_endpoint_auth import new_key
from tests.conftest import clone, drop

CREATE = """mutation New($user: CreateUserInput!) {
    createUser(input: $user) { __typename ... on CreateUserPayload { user { name } } ... on UserError { code } } }"""
ANN = {"user": {"name": "Ann", "email": "ann@example.org"}}


@pytest.fixture(scope="module")
async def server(server_url: Callable[[str], str], template: str) -> AsyncIterator[Served]:
    """A server of an empty database, read by everybody."""
    name = await clone(server_url, template)
    async with serving(server_url(name), anonymous_scopes=("read", "*")) as web:
        yield web
    await drop(server_url, name)


@pytest.fixture
async def web(server: Served) -> AsyncIterator[Served]:
    """That server, its log and its tables empty."""
    server.take_log()
    yield server
    await rows(server, "DELETE FROM users")


async def rows(web: Served, sql: str) -> list[tuple[object, ...]]:
    """Run a statement from outside."""
    url = web.app.state.parts.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_with_a_key_that_may_write(web: Served) -> None:
    """It writes, and the log has the operation and the key, and nothing of what was written."""
    _, key = await new_key(web, "read", "write", "*")
    answer = await web.ask(CREATE, variables=ANN, headers={"X-API-Key": key})
    assert answer.json() == {"data": {"createUser": {"__typename": "CreateUserPayload", "user": {"name": "Ann"}}}}
    told = await web.logged(2)  # by two streams here, as `take_log` sets up another: either may be first
    line, written = sorted(told, key=lambda each: str(each["event"]))
    assert (written["event"], line["event"]) == ("write", "request")
    assert (line["status"], line["operation"]) == (200, "New")
    assert "ann@example.org" not in str((written, line))


async def test_statements(web: Served) -> None:
    """A row is one, though triggers note each write; the first looks for the key, and for other triggers."""
    _, key = await new_key(web, "read", "write", "*")
    query = "mutation ($t: CreateTagInput!) { createTag(input: $t) { ... on CreateTagPayload { tag { id name } } } }"
    changes = "SELECT count(*) FROM table_changes WHERE table_name = 'tags'"
    ((before,),) = await rows(web, changes)
    for slug in "ab":
        await web.ask(query, variables={"t": {"slug": slug, "name": "x"}}, headers={"X-API-Key": key})
    told = [(line["way"], line["statements"]) for line in await web.logged(4) if line["event"] == "request"]
    assert told == [("engine", 3), ("engine", 1)]
    assert await rows(web, changes) == [(before + 2,)]


async def test_with_a_key_that_may_read(web: Served) -> None:
    """It is told so by type."""
    _, key = await new_key(web, "read")
    answer = await web.ask(CREATE, variables=ANN, headers={"X-API-Key": key})
    assert answer.json() == {"data": {"createUser": {"__typename": "ForbiddenError", "code": "FORBIDDEN"}}}
    assert await rows(web, "SELECT 1 FROM users") == []


async def test_without_a_key(web: Served) -> None:
    """It is told that one is needed."""
    (error,) = (await web.ask(CREATE, variables=ANN)).json()["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    assert await rows(web, "SELECT 1 FROM users") == []


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
async def test_what_a_form_can_send(web: Served, content_type: str) -> None:
    """No page of another site can make a browser write: what a form can send is not taken."""
    _, key = await new_key(web, "read", "write", "*")
    body = '{"query": "mutation { deleteUser(input: {id: \\"x\\"}) { __typename } }"}'
    headers = {"X-API-Key": key, "Content-Type": content_type}
    answer = await web.client.post("/graphql", content=body, headers=headers)
    assert answer.status_code == 415


async def test_by_get(web: Served) -> None:
    """A mutation by GET is refused."""
    _, key = await new_key(web, "read", "write", "*")
    query = 'mutation { deleteUser(input: {id: "x"}) { __typename } }'
    answer = await web.client.get("/graphql", params={"query": query}, headers={"X-API-Key": key})
    assert answer.status_code == 405


async def test_a_client_that_leaves(web: Served) -> None:
    """What it asked for is not written, and those who come after it are answered."""
    _, key = await new_key(web, "read", "write", "*")
    headers = {"X-API-Key": key}
    await web.ask(CREATE, variables=ANN, headers=headers)
    ((id_,),) = await rows(web, "SELECT id FROM users")
    url = web.app.state.parts.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    blocker = await asyncpg.connect(url)
    change = "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { __typename } }"
    given = {"input": {"id": encode(f"User:{id_}"), "name": "New"}}
    async with blocker.transaction():
        await blocker.execute("SELECT 1 FROM users FOR UPDATE")
        for _ in range(8):  # more than the pool has connections
            with pytest.raises(httpx.ReadTimeout):
                await web.client.post(
                    "/graphql", json={"query": change, "variables": given}, headers=headers, timeout=0.3
                )
        async with asyncio.timeout(10):
            locked = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            while await rows(web, locked):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
    await blocker.close()
    assert await rows(web, "SELECT name FROM users") == [("Ann",)]
    answer = await web.ask(change, variables=given, headers=headers)
    assert answer.json() == {"data": {"updateUser": {"__typename": "UpdateUserPayload"}}}
