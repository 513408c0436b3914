"""The header Idempotency-Key: a mutation that is sent again is run once, and answered twice, byte for byte."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.served import Served, serving
from tests.api.test_endpoint_auth import new_key
from tests.api.test_mutations import rows
from tests.conftest import clone, drop

CREATE = """mutation New($user: CreateUserInput!) {
    createUser(input: $user) { __typename ... on CreateUserPayload { user { id name } } ... on UserError { code } } }"""
TWO = """mutation ($a: CreateTagInput!, $tags: [CreateTagInput!]!) {
    one: createTag(input: $a) { __typename }
    many: createTags(input: {tags: $tags}) { ... on CreateTagsPayload { tags { id } } } }"""


@pytest.fixture(scope="module")
async def server(server_url: Callable[[str], str], template: str) -> AsyncIterator[Served]:
    """A server of an empty database, to which everybody may write."""
    name = await clone(server_url, template)
    async with serving(server_url(name), anonymous_scopes=("read", "write", "*")) as web:
        yield web
    await drop(server_url, name)


@pytest.fixture
async def web(server: Served) -> AsyncIterator[Served]:
    """That server, its tables empty."""
    server.take_log()
    yield server
    for table in ("users", "tags", "idempotency_keys"):
        await rows(server, f"DELETE FROM {table}")


def ann(name: str = "Ann") -> dict[str, Any]:
    """Return the variables of a new user."""
    return {"user": {"name": name, "email": "ann@example.org"}}


async def send(web: Served, key: str, query: str = CREATE, **more: Any) -> httpx.Response:
    """Send a mutation with a key."""
    headers = {"Idempotency-Key": key} | more.pop("headers", {})
    return await web.ask(query, headers=headers, variables=more.pop("variables", ann()), **more)


@pytest.mark.parametrize("other", ["k-1", "k-2"])
async def test_two_keys(web: Served, other: str) -> None:
    """Two keys in one request are refused, in GraphQL and REST, and nothing is written under either."""
    headers = [("Idempotency-Key", "k-1"), ("Idempotency-Key", other)]
    body = {"query": CREATE, "variables": ann()}
    for path, sent in (("/graphql", body), ("/users/", ann()["user"])):
        answer = await web.client.post(path, json=sent, headers=headers)
        assert (answer.status_code, "Idempotency-Key is given more than once" in answer.text) == (400, True)
    assert [await rows(web, f"SELECT 1 FROM {table}") for table in ("users", "idempotency_keys")] == [[], []]


async def test_again(web: Served) -> None:
    """The second answer is the first one, to the byte, and says so."""
    first, second = await send(web, "k-1"), await send(web, "k-1")
    assert first.json()["data"]["createUser"]["__typename"] == "CreateUserPayload"
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    none = [(await send(web, "k-0", "mutation { __typename }", variables=given)).content for given in (None, {})]
    assert none[0] == none[1] == b'{"data":{"__typename":"Mutation"}}'
    assert await rows(web, "SELECT count(*) FROM users") == [(1,)]


async def test_refusals_are_answers(web: Served) -> None:
    """What was refused is refused again, though it would succeed by now."""
    await send(web, "first")
    refused = await send(web, "k-2", variables=ann("Bob"))
    assert refused.json()["data"]["createUser"] == {"__typename": "ConflictError", "code": "NOT_UNIQUE"}
    await rows(web, "DELETE FROM users")
    assert (await send(web, "k-2", variables=ann("Bob"))).content == refused.content
    assert await rows(web, "SELECT 1 FROM users") == []


async def test_another_request(web: Served) -> None:
    """A key that was sent with other variables, or another document, is refused, and runs nothing."""
    await send(web, "k-3")
    for more in ({"variables": ann("Bob")}, {"query": CREATE + " "}):
        answer = await send(web, "k-3", **more)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["extensions"] == {"code": "IDEMPOTENCY_KEY_REUSED"}
    assert await rows(web, "SELECT name FROM users") == [("Ann",)]


async def test_at_once(web: Served) -> None:
    """Of many at once one runs, and all have its answer."""
    answers = await asyncio.gather(*(send(web, "k-4") for _ in range(8)))
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["data"]["createUser"]["__typename"] == "CreateUserPayload"
    assert [answer.headers.get("idempotency-replayed") for answer in answers].count("true") == 7
    assert await rows(web, "SELECT count(*) FROM users") == [(1,)]


async def test_what_failed_is_run_again(web: Served) -> None:
    """Where a field fails nothing at all is written, the answer says so, and the key is free."""
    tags = [{"name": f"{number}", "slug": f"s{number}"} for number in range(1001)]  # more than can be selected
    variables = {"a": {"name": "a", "slug": "a"}, "tags": tags}
    failed = await send(web, "k-5", TWO, variables=variables)
    assert failed.json()["data"] is None
    assert failed.json()["errors"][0]["path"] == ["many", "tags"]
    assert await rows(web, "SELECT 1 FROM tags UNION ALL SELECT 1 FROM idempotency_keys") == []
    again = await send(web, "k-5", TWO, variables=variables | {"tags": tags[:2]})
    assert again.json()["data"]["one"] == {"__typename": "CreateTagPayload"}
    assert await rows(web, "SELECT count(*) FROM tags") == [(3,)]


async def test_a_connection_that_is_killed(web: Served) -> None:
    """A retry after that runs."""
    url = web.app.state.parts.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    blocker = await asyncpg.connect(url)
    async with blocker.transaction():
        await blocker.execute("INSERT INTO users (name, email) VALUES ('x', 'ann@example.org')")
        task = asyncio.create_task(send(web, "k-6"))
        locked = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        async with asyncio.timeout(10):
            while not await rows(web, f"SELECT 1 {locked}"):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)
        await rows(web, f"SELECT pg_terminate_backend(pid) {locked}")
        answer = await task
        assert answer.status_code == 503
        await blocker.execute("DELETE FROM users")
    await blocker.close()
    assert (await send(web, "k-6")).json()["data"]["createUser"]["__typename"] == "CreateUserPayload"


async def test_fields_refused_by_themselves(web: Served) -> None:
    """In one transaction with its answer a refused field undoes itself alone, as without a key."""
    query = """mutation ($a: CreateTagInput!, $b: CreateTagInput!) {
        one: createTag(input: $a) { __typename }
        two: createTag(input: $a) { __typename }
        three: createTag(input: $b) { __typename } }"""
    variables = {"a": {"name": "a", "slug": "a"}, "b": {"name": "b", "slug": "b"}}
    answer = (await send(web, "k-7", query, variables=variables)).json()["data"]
    assert [answer[name]["__typename"] for name in ("one", "two", "three")] == [
        "CreateTagPayload",
        "ConflictError",
        "CreateTagPayload",
    ]
    assert await rows(web, "SELECT slug FROM tags ORDER BY slug") == [("a",), ("b",)]


async def test_keys_expire(web: Served) -> None:
    """After their time they are taken away, and name nothing."""
    await send(web, "k-8")
    await rows(web, "UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    answer = await send(web, "k-8", variables=ann("Bob"))
    assert answer.json()["data"]["createUser"] == {"__typename": "ConflictError", "code": "NOT_UNIQUE"}
    await rows(web, "UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    await send(web, "another")
    assert await rows(web, "SELECT key FROM idempotency_keys") == [("another",)]


async def test_keys_of_others(web: Served) -> None:
    """Two callers may choose the same key."""
    _, key = await new_key(web, "read", "write", "*")
    await send(web, "k-9")
    answer = await send(web, "k-9", variables=ann("Bob"), headers={"X-API-Key": key})
    assert answer.status_code == 200
    assert answer.json()["data"]["createUser"]["__typename"] == "ConflictError"


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ü".encode().decode("latin-1")])
async def test_what_is_no_key(web: Served, key: str) -> None:
    """It is refused before anything runs."""
    answer = await web.client.post(
        "/graphql", json={"query": "{ __typename }"}, headers=[(b"idempotency-key", key.encode("latin-1"))]
    )
    assert answer.status_code == 400
    assert "Idempotency-Key takes" in answer.json()["errors"][0]["message"]


async def test_queries_pass(web: Served) -> None:
    """A query is run each time; its key is not kept."""
    for _ in range(2):
        answer = await send(web, "k-10", "{ users { totalCount } }", variables=None)
        assert answer.json() == {"data": {"users": {"totalCount": 0}}}
    assert await rows(web, "SELECT 1 FROM idempotency_keys") == []


async def test_an_atomic_operation_that_is_refused(web: Served) -> None:
    """It is an answer as any other: kept, and given again."""
    atomic = """mutation @atomic {
        a: createTag(input: {slug: "a", name: "A"}) { __typename }
        b: createTag(input: {slug: "B", name: "B"}) { __typename } }"""
    first = await web.ask(atomic, headers={"Idempotency-Key": "atomic"})
    assert first.json()["data"] == {"a": None, "b": {"__typename": "ValidationError"}}
    again = await web.ask(atomic, headers={"Idempotency-Key": "atomic"})
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert await rows(web, "SELECT 1 FROM tags") == []
