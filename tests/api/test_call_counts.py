"""What a request costs in calls of Python functions: these stay as they are, whatever machine counts them."""

import asyncio
import sys
from collections.abc import AsyncIterator
from types import FrameType
from typing import Any

import orjson
import pytest

from tests.api.served import Served, serving

USER = "query W1($id: ID!) { user(id: $id) { id name bio } }"
USERS = "query W2($first: Int!) { users(first: $first) { nodes { id name } } }"

MOST = 300
"""Most calls of a request that asks what was asked before with other values."""


@pytest.fixture(scope="module")
async def plain(content_url: str) -> AsyncIterator[Served]:
    """A server that is set up as in production, but that anybody may read."""
    settings = {"environment": "production", "trusted_hosts": ("localhost",), "anonymous_scopes": ("read",)}
    async with serving(content_url, **settings) as served:
        yield served


async def calls(served: Served, query: str, variables: dict[str, Any]) -> int:
    """Return how many functions are called, and coroutines taken up, from a request to its answer."""
    body = orjson.dumps({"query": query, "variables": variables})
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b""}
    sent: list[Any] = []
    count = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

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
    assert min([await calls(plain, query, variables) for _ in range(5)]) <= MOST
