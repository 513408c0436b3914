"""Taking an address, and the limits on the head of a request."""

import asyncio
import json
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from api.http.listen import base_url, bind
from api.http.protocol import MOST_HEADERS, MOST_PIPELINED, ConnectionLimits
from api.http.straight import protocol_of
from api.serving.server import connection_limits
from api.settings import Settings
from schema.errors import StartError

OK = b"HTTP/1.1 200 OK"


@asynccontextmanager
async def served(**limits: Any) -> AsyncIterator[int]:
    """A server that reads HTTP as ours does; yields its port."""
    app = FastAPI()

    @app.get("/large")
    async def large() -> Response:
        return Response(b"x" * 5_000_000)

    @app.post("/")
    async def answer(request: Request) -> str:
        await request.body()
        return "ok"

    config = uvicorn.Config(
        app, http=protocol_of(ConnectionLimits(**limits)), log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    with bind("127.0.0.1", 0) as listener:
        task = asyncio.create_task(server._serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 10)


async def talk(port: int, *parts: bytes) -> bytes:
    """Send bytes piece by piece and return all that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b"closed"
    finally:
        writer.close()


def request(body: bytes, *headers: bytes) -> bytes:
    """Return a request that asks to close afterwards."""
    head = (b"POST / HTTP/1.1", b"Host: test", b"Connection: close", b"Content-Length: %d" % len(body), *headers)
    return b"\r\n".join(head) + b"\r\n\r\n" + body


async def test_large_body_is_no_large_head() -> None:
    """A body beyond the head's limit is none of its business."""
    async with served() as port:
        assert (await talk(port, request(b"x" * 65_536 * 3))).startswith(OK)


async def test_head_in_pieces() -> None:
    """A head that comes byte group by byte group is read."""
    whole = request(b"", b"X-Filler: " + b"x" * 1000)
    async with served() as port:
        assert (await talk(port, whole[:10], whole[10:500], whole[500:])).startswith(OK)


async def test_head_without_end() -> None:
    """Headers beyond the limit end the connection with 431."""
    pieces = [b"POST / HTTP/1.1\r\n", *[b"X-%d: %s\r\n" % (n, b"x" * 8000) for n in range(12)]]
    async with served() as port:
        answer = await talk(port, *pieces)
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n") or answer == b"closed"


TOO_LARGE = [
    (request(b"", b"X-Filler: " + b"x" * 65_536), 431, "HEADERS_TOO_LARGE", "has more than 65,536 bytes"),
    (request(b"", *[b"X-%d: 1" % n for n in range(MOST_HEADERS)]), 431, "HEADERS_TOO_LARGE", "more than 100 headers"),
    (request(b"").replace(b" / ", b" /" + b"x" * 16_384 + b" "), 414, "URI_TOO_LONG", "more than 16,384 bytes"),
    (request(b"").replace(b" / ", b" /?" + b"x" * 70_000 + b" "), 414, "URI_TOO_LONG", "more than 16,384 bytes"),
    (b"GET / HTTP/1.1\r\n : x\r\n\r\n", 400, "BAD_REQUEST", "Invalid HTTP request received."),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "BAD_REQUEST", "Invalid HTTP request received."),
    (request(b"", b"Transfer-Encoding: chunked"), 400, "BAD_REQUEST", "Invalid HTTP request received."),
    (request(b"", b"Content-Length: 7"), 400, "BAD_REQUEST", "Invalid HTTP request received."),
]


@pytest.mark.parametrize(("sent", "status", "code", "message"), TOO_LARGE)
async def test_heads_that_are_refused(sent: bytes, status: int, code: str, message: str) -> None:
    """What is too large, or can be read in two ways, is told so in JSON whole, and the connection ends."""
    async with served() as port:
        answer = await talk(port, sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in head
    (error,) = json.loads(body)["errors"]
    assert error["extensions"] == {"code": code}
    assert message in error["message"]


async def test_large_head_on_a_kept_connection() -> None:
    """The head of a later request is measured as well, in however many pieces it comes."""
    first, large = request(b"").replace(b"Connection: close\r\n", b""), request(b"", b"X-Filler: " + b"x" * 70_000)
    async with served() as port:
        for size in (10_000, 40_000, 64_000, 70_000):
            assert (await talk(port, first, large[:size], large[size:])).count(b"HTTP/1.1 431 ") == 1


async def test_requests_that_are_sent_in_bulk() -> None:
    """A few requests may wait for one before them; a flood of them ends the connection."""
    one = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n"
    async with served() as port:
        few = await talk(port, one * MOST_PIPELINED + request(b""))
        many = await talk(port, one * 1000)
    assert few.count(OK) == MOST_PIPELINED + 1
    assert many.count(OK) <= 1


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost"])
async def test_client_that_dawdles(sent: bytes) -> None:
    """A client that does not send its head in time loses its connection."""
    async with served(head_seconds=0.2) as port:
        assert await talk(port, sent) == b""


async def test_client_that_does_not_read() -> None:
    """A client that takes nothing of a large answer loses its connection, and what was not taken is dropped."""
    async with served(answer_seconds=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
        writer.write(b"GET /large HTTP/1.1\r\nHost: test\r\n\r\n")
        await reader.readuntil(OK)
        await asyncio.sleep(0.5)
        got = b""
        with suppress(ConnectionError):
            while piece := await asyncio.wait_for(reader.read(1_000_000), 10):
                got += piece
        writer.close()
    assert len(got) < 5_000_000


async def test_idle_connections_make_room() -> None:
    """Where there are as many connections as may be, a new one takes the place of the one that was idle longest."""
    async with served(connections=2) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert (await talk(port, request(b""))).startswith(OK)
        assert await asyncio.wait_for(idle[0][0].read(), 10) == b""  # closed
        idle[1][1].write(request(b""))
        assert (await asyncio.wait_for(idle[1][0].read(), 10)).startswith(OK)  # still there
        for _, writer in idle:
            writer.close()


async def test_busy_connections_stay() -> None:
    """Where all connections are in use, a new one is told to come again."""
    async with served(connections=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(b"xx")[:-1])
        await asyncio.sleep(0.05)
        assert (await talk(port, request(b""))).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        writer.write(b"x")
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(OK)
        writer.close()


def test_connections_that_the_system_grants() -> None:
    """The system's limit of open files is raised, if it may be, to what the connections need beside our own."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        assert connection_limits(Settings(_env_file=None, most_connections=300)).connections == 300
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 500
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_client_that_thinks_between_requests() -> None:
    """A kept connection is not closed by the limit for heads."""
    async with served(head_seconds=0.1) as port:
        first = request(b"").replace(b"Connection: close\r\n", b"")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        await asyncio.wait_for(reader.readuntil(b'"ok"'), 10)
        await asyncio.sleep(0.3)
        writer.write(request(b""))
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(OK)
        writer.close()


def test_port_in_use() -> None:
    """A port in use is refused before anything else happens, with a way out."""
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(StartError) as raised:
            bind("127.0.0.1", port)
    assert str(raised.value) == (
        f"Port {port} on 127.0.0.1 is in use. Stop what uses it, or choose another: --port {port + 1}"
    )


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("no such host", "'no such host' is no address to listen on. Set --host or ACHENE_HOST."),
        (
            "192.0.2.1",
            "192.0.2.1 port 0 cannot be listened on: Cannot assign requested address. Set --host or ACHENE_HOST.",
        ),
    ],
)
def test_host_that_is_not_ours(host: str, message: str) -> None:
    """A host that cannot be listened on is refused by name."""
    with pytest.raises(StartError) as raised:
        bind(host, 0)
    assert str(raised.value) == message


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])  # noqa: S104 - only looked at
def test_address_for_a_browser(host: str, shown: str) -> None:
    """The address that is printed works in a browser on the same machine."""
    if ":" in host and not socket.has_ipv6:
        pytest.skip("this system has no IPv6")
    with bind(host, 0) as listener:
        assert base_url(listener) == f"http://{shown}:{listener.getsockname()[1]}"
