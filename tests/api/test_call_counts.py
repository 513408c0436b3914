"""What a request costs in calls of Python functions: these stay as they are, whatever machine counts them."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from types import FrameType
from typing import Any, Final

import orjson
import pytest
import uvicorn
from uvicorn.server import ServerState

from api.http.protocol import ConnectionLimits
from api.http.straight import Straight, protocol_of
from api.keys import create
from tests.api.keyring import until
from tests.api.served import Served, serving
from tests.conftest import clone, drop

USER = "query W1($id: ID!) { user(id: $id) { id name bio } }"
USERS = "query W2($first: Int!) { users(first: $first) { nodes { id name } } }"

WRITTEN = " fragment Written on CreateCommentPayload { comment { body author { id name } } }"
INLINE = """mutation W6($body: String!, $post: ID!, $author: ID!) {
  createComment(input: {body: $body, post: {connect: {id: $post}}, author: {connect: {id: $author}}}) { ...Written }
}"""
WHOLE = "mutation ($input: CreateCommentInput!) { createComment(input: $input) { ...Written } }"
COMMENT = {"body": "So did the snow.", "post": "UG9zdDox", "author": "VXNlcjoy"}
ENDS = {name: {"connect": {"id": COMMENT[name]}} for name in ("post", "author")}

MOST = 230
"""Most calls of a request that asks what was asked before with other values."""


LOOP: Final = "asyncio", "selectors", "uvicorn.server"
"""What goes on beside requests, and the more the longer they take."""

MOST_PROTECTING: Final = 22
"""Most calls of a key and of rates, above those."""

MOST_WRITING: Final = 315
"""Most calls of a row that is created alone, key, rates and the line of what was written among them."""

MOST_TELLING: Final = 14
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


class Wire(asyncio.Transport):
    """What a connection writes to."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 5000), "sockname": ("127.0.0.1", 8000)})
        self.answered = asyncio.Event()
        self.sent = b""

    def write(self, data: bytes) -> None:
        """Take a whole answer."""
        self.sent = data
        self.answered.set()

    def is_closing(self) -> bool:
        """Stay open."""
        return False


async def connect(served: Served, key: str | None = None) -> Callable[[str, dict[str, Any]], Awaitable[Counter[str]]]:
    """Return a connection to a server, on which the head of its requests is known."""
    config = uvicorn.Config(served.app, log_config=None, access_log=False)
    connection, wire = protocol_of(ConnectionLimits(), served.app.lane)(config, ServerState(), {}), Wire()
    connection.connection_made(wire)
    connection.data_received(request(b"{}", key))
    while connection._known is None:  # noqa: ASYNC110 - uvicorn's way
        await asyncio.sleep(0.01)
    return partial(calls, connection, wire, key)


def request(body: bytes, key: str | None) -> bytes:
    """Return a request."""
    lines = [b"POST /graphql HTTP/1.1", b"host: localhost", b"content-type: application/json"]
    lines += [b"content-length: %d" % len(body), *([] if key is None else [b"x-api-key: " + key.encode()])]
    return b"\r\n".join([*lines, b"", body])


async def calls(
    connection: Straight, wire: Wire, key: str | None, query: str, variables: dict[str, Any]
) -> Counter[str]:
    """Return how many functions are called, and coroutines taken up, from a request to its answer, by package."""
    data = request(orjson.dumps({"query": query, "variables": variables}), key)
    count: Counter[str] = Counter()

    def counted(frame: FrameType, event: str, argument: object) -> None:
        name: str = frame.f_globals.get("__name__", "")
        if event == "call" and not name.startswith(LOOP):
            count[name.rpartition(".")[0]] += 1

    wire.answered.clear()
    sys.setprofile(counted)
    try:
        connection.data_received(data)
        await asyncio.wait_for(wire.answered.wait(), 20)
    finally:
        sys.setprofile(None)
    assert wire.sent.startswith(b"HTTP/1.1 200")
    assert b'"data":{' in wire.sent
    return count


@pytest.mark.parametrize(("query", "variables"), [(USER, {"id": "VXNlcjox"}), (USERS, {"first": 5})])
async def test_calls_of_a_request(plain: Served, query: str, variables: dict[str, Any]) -> None:
    """Of a request that was asked before, no more is done than is new in it."""
    ask = await connect(plain)
    for _ in range(3):
        await ask(query, variables)
    assert min([(await ask(query, variables)).total() for _ in range(5)]) <= MOST


@pytest.mark.parametrize(
    ("query", "variables"), [(INLINE + WRITTEN, COMMENT), (WHOLE + WRITTEN, {"input": COMMENT | ENDS})]
)
async def test_calls_of_a_write(protected: tuple[Served, str], query: str, variables: dict[str, Any]) -> None:
    """Of a row that is created alone only the values are read anew, and PostgreSQL is asked once."""
    served, _ = protected
    async with served.app.state.parts.database.write() as session:
        _, key = await create(session, "writer", ("read", "write", "*"))
    ask = await connect(served, key)
    served.take_log()
    for _ in range(3):
        await ask(query, variables)
    assert min([(await ask(query, variables)).total() for _ in range(5)]) <= MOST_WRITING
    told = await served.logged(16)
    assert sum(each["event"] == "write" for each in told) == 8
    assert [(each["way"], each["statements"]) for each in told if each["event"] == "request"][-5:] == [
        ("engine", 1)
    ] * 5


async def test_calls_of_protection(plain: Served, protected: tuple[Served, str]) -> None:
    """A key that is checked, and rates of requests and cost that are counted, are few calls beside the others."""
    served, key = protected
    one, other = await connect(plain), await connect(served, key)
    for _ in range(3):
        await one(USER, {"id": "VXNlcjox"})
        await other(USER, {"id": "VXNlcjox"})
    without = min([(await one(USER, {"id": "VXNlcjox"})).total() for _ in range(5)])
    with_it = min([(await other(USER, {"id": "VXNlcjox"})).total() for _ in range(5)])
    assert 0 < with_it - without <= MOST_PROTECTING


async def test_calls_of_telemetry(plain: Served) -> None:
    """What is told of a request is counted and kept for its line by few calls; no library is asked meanwhile."""
    ask = await connect(plain)
    for _ in range(3):
        await ask(USER, {"id": "VXNlcjox"})
    found = min([await ask(USER, {"id": "VXNlcjox"}) for _ in range(5)], key=Counter.total)
    assert 0 < found["api.telemetry"] <= MOST_TELLING
    assert not {"structlog", "prometheus_client"} & {name.partition(".")[0] for name in found}
