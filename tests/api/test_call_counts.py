"""What a request costs in calls of Python functions: these stay as they are, whatever machine counts them."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from types import FrameType
from typing import Any, Final

import orjson
import pytest

from api.keys import create
from tests.api.keyring import until
from tests.api.served import Served, serving
from tests.conftest import clone, drop

USER = "query W1($id: ID!) { user(id: $id) { id name bio } }"
USERS = "query W2($first: Int!) { users(first: $first) { nodes { id name } } }"

MOST = 300
"""Most calls of a request that asks what was asked before with other values."""


MOST_PROTECTING: Final = 35
"""Most calls of a key and of rates, above those."""

MOST_TELLING: Final = 18
"""Most calls of the request's line, metrics and trail, among those."""


@pytest.fixture(scope="module")
async def protected(server_url: Callable[[str], str], content_template: str) -> AsyncIterator[tuple[Served, str]]:
    """A server that asks for a key and counts, and a key."""
    name = await clone(server_url, content_template)
    settings = {"environment": "production", "trusted_hosts": ("localhost",)}
    rates = {"rate_requests": "1000000/minute", "rate_cost": "1000000/minute"}
    async with serving(server_url(name), **settings, **rates) as served:
        parts = served.app.state.parts
        async with parts.database.write() as session:
            _, key = await create(session, "test", ("read",))
        await until(lambda: parts.keys.is_remembering)
        yield served, key
    await drop(server_url, name)


@pytest.fixture(scope="module")
async def plain(content_url: str) -> AsyncIterator[Served]:
    """A server that is set up as in production, but that anybody may read."""
    settings = {"environment": "production", "trusted_hosts": ("localhost",), "anonymous_scopes": ("read",)}
    async with serving(content_url, **settings) as served:
        yield served


async def calls(served: Served, query: str, variables: dict[str, Any], key: str | None = None) -> Counter[str]:
    """Return how many functions are called, and coroutines taken up, from a request to its answer, by package."""
    body = orjson.dumps({"query": query, "variables": variables})
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if key is not None:
        headers.append((b"x-api-key", key.encode()))
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b""}
    sent: list[Any] = []
    count: Counter[str] = Counter()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    def counted(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            count[frame.f_globals.get("__name__", "").rpartition(".")[0]] += 1

    sys.setprofile(counted)
    try:
        await served.app(scope | {"headers": headers}, receive, send)
    finally:
        sys.setprofile(None)
    assert sent[0]["status"] == 200
    assert b'"data":{' in sent[1]["body"]
    return count


@pytest.mark.parametrize(("query", "variables"), [(USER, {"id": "VXNlcjox"}), (USERS, {"first": 5})])
async def test_calls_of_a_request(plain: Served, query: str, variables: dict[str, Any]) -> None:
    """Of a request that was asked before, no more is done than is new in it."""
    for _ in range(3):
        await calls(plain, query, variables)
    await asyncio.sleep(0)
    assert min([(await calls(plain, query, variables)).total() for _ in range(5)]) <= MOST


async def test_calls_of_protection(plain: Served, protected: tuple[Served, str]) -> None:
    """A key that is checked, and rates of requests and cost that are counted, are few calls beside the others."""
    served, key = protected
    for _ in range(3):
        await calls(plain, USER, {"id": "VXNlcjox"})
        await calls(served, USER, {"id": "VXNlcjox"}, key)
    without = min([(await calls(plain, USER, {"id": "VXNlcjox"})).total() for _ in range(5)])
    with_it = min([(await calls(served, USER, {"id": "VXNlcjox"}, key)).total() for _ in range(5)])
    assert 0 < with_it - without <= MOST_PROTECTING


async def test_calls_of_telemetry(plain: Served) -> None:
    """What is told of a request is counted and kept for its line by few calls; no library is asked meanwhile."""
    for _ in range(3):
        await calls(plain, USER, {"id": "VXNlcjox"})
    await asyncio.sleep(0)
    found = min([await calls(plain, USER, {"id": "VXNlcjox"}) for _ in range(5)], key=Counter.total)
    assert 0 < found["api.telemetry"] <= MOST_TELLING
    assert not {"structlog", "prometheus_client"} & {name.partition(".")[0] for name in found}
