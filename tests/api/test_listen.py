"""Taking an address, and the limits on the head of a request."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from fastapi import FastAPI, Request

from api import protocol
from api.listen import base_url, bind
from api.protocol import LARGEST_HEAD_BYTES, Protocol
from schema.errors import StartError

OK = b"HTTP/1.1 200 OK"


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    """A server that reads HTTP as ours does; yields its port."""
    app = FastAPI()

    @app.post("/")
    async def answer(request: Request) -> str:
        await request.body()
        return "ok"

    config = uvicorn.Config(app, http=Protocol, log_config=None, access_log=False, lifespan="off")
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
        assert (await talk(port, request(b"x" * LARGEST_HEAD_BYTES * 3))).startswith(OK)


async def test_head_in_pieces() -> None:
    """A head that comes byte group by byte group is read."""
    whole = request(b"", b"X-Filler: " + b"x" * 1000)
    async with served() as port:
        assert (await talk(port, whole[:10], whole[10:500], whole[500:])).startswith(OK)


async def test_head_without_end() -> None:
    """Headers beyond the limit end the connection with 400."""
    pieces = [b"POST / HTTP/1.1\r\n", *[b"X-%d: %s\r\n" % (n, b"x" * 8000) for n in range(12)]]
    async with served() as port:
        answer = await talk(port, *pieces)
    assert answer.startswith(b"HTTP/1.1 400") or answer == b"closed"
    assert b"closed" in answer or answer.endswith(b"The request's headers are too large.")


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost"])
async def test_client_that_dawdles(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that does not send its head in time loses its connection."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    async with served() as port:
        assert await talk(port, sent) == b""


async def test_client_that_thinks_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kept connection is not closed by the limit for heads."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    async with served() as port:
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


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])  # noqa: S104
def test_address_for_a_browser(host: str, shown: str) -> None:
    """The address that is printed works in a browser on the same machine."""
    if ":" in host and not socket.has_ipv6:
        pytest.skip("this system has no IPv6")
    with bind(host, 0) as listener:
        assert base_url(listener) == f"http://{shown}:{listener.getsockname()[1]}"
