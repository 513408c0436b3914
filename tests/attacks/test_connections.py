"""Hostile connections: slow, silent, endless or many. Others are answered meanwhile, and each of them ends."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import quote

import pytest

from tests.attacks.conftest import ORDINARY, REPEATED, Victim

pytestmark = pytest.mark.xdist_group("attacks")

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
ONE = json.dumps({"query": "{ __typename }"}).encode()
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(ONE) + ONE
LARGE = json.dumps(
    {"query": "{ " + "".join(f"a{n}: posts(first: 360) {{ nodes {{ body }} }} " for n in range(20)) + "}"}
).encode()
"""Asks for an answer of several megabytes, more than the system's buffers take."""


@asynccontextmanager
async def connections(victim: Victim, count: int, *sent: bytes) -> AsyncIterator[list[Connection]]:
    """Open connections and send the same on each."""
    opened = [await connect(victim) for _ in range(count)]
    try:
        for _, writer in opened:
            for piece in sent:
                writer.write(piece)
        yield opened
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def connect(victim: Victim) -> Connection:
    """Open a connection that takes little at once."""
    client = socket.create_connection(("127.0.0.1", victim.port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return await asyncio.open_connection(sock=client, limit=1000)


async def rest(connection: Connection) -> bytes:
    """Return what a connection still has to say, once the server has closed it."""
    with suppress(ConnectionError):
        async with asyncio.timeout(20):
            return await connection[0].read()
    return b""


async def head(connection: Connection) -> bytes:
    """Return the head of an answer, or what there is of it."""
    with suppress(ConnectionError):
        try:
            return await asyncio.wait_for(connection[0].readuntil(b"\r\n\r\n"), 20)
        except asyncio.IncompleteReadError as error:
            return error.partial
    return b""


async def others(victim: Victim, count: int = 5) -> None:
    """Ask what everybody asks, over a new connection each time, and how the server is."""
    for _ in range(count):
        victim.meanwhile.append(await victim.ordinary())
    reader, writer = await asyncio.open_connection("127.0.0.1", victim.port)
    writer.write(b"GET /health/live HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: close\r\n\r\n")
    assert (await rest((reader, writer))).startswith(b"HTTP/1.1 200 ")
    writer.close()


@pytest.mark.parametrize(
    ("name", "sent", "answer"),
    [
        ("silent connections", b"", b""),
        ("heads without an end", b"GET / HTTP/1.1\r\nHost: loc", b""),
        ("bodies without an end", HEAD + b'Content-Length: 100\r\n\r\n{"query": ', b"HTTP/1.1 408 "),
        ("chunks without an end", HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\n{ ", b"HTTP/1.1 408 "),
    ],
)
async def test_slow_clients(victim: Victim, name: str, sent: bytes, answer: bytes) -> None:
    """Clients that do not go on are closed after the time that they have; as long as they wait they hold up nobody."""
    async with victim.under(name), connections(victim, 60, sent) as opened:
        await others(victim)
        for connection in opened:
            assert (await rest(connection)).startswith(answer)


async def test_slow_readers(victim: Victim) -> None:
    """Clients that do not take their answers are closed, too, and what was kept for them is given back."""
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(LARGE) + LARGE
    before = len(victim.clients)
    async with victim.under("answers that nobody reads"), connections(victim, 4, request) as opened:
        for reader, _ in opened:
            await reader.readuntil(b"\r\n\r\n")
        await others(victim)
        await victim.settled(lambda: len(victim.clients) <= before)


async def test_connection_flood(victim: Victim) -> None:
    """However many connections are opened, there is one for who has something to ask."""
    async with victim.under("connection flood"):
        async with connections(victim, 300):
            await others(victim)
            assert len(victim.clients) <= 100
        async with connections(victim, 300, b"GET /"):
            await others(victim)


@pytest.mark.parametrize(
    ("name", "sent", "status"),
    [
        ("requests in bulk", WHOLE * 2000, b"200"),
        ("two lengths", HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", b"400"),
        ("length and chunks", HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        ("chunks of another kind", HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + WHOLE, b"408"),
        ("negative length", HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
        ("folded header", HEAD + b"X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n", b"400"),
        ("space before colon", HEAD + b"Content-Length : 0\r\n\r\n", b"400"),
        ("another protocol", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, b"400"),
        ("next protocol", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        ("empty lines", b"\r\n" * 500_000, b"400"),
    ],
)
async def test_what_can_be_read_in_two_ways(victim: Victim, name: str, sent: bytes, status: bytes) -> None:
    """A request that proxies and servers could read each in their own way is refused, and its connection ends."""

    async def attack() -> None:
        async with connections(victim, 1, sent) as (connection,):
            answer = await rest(connection)
        assert answer[9:12] in (status, b"")  # nothing where the connection ends before all was read
        assert answer.count(b"HTTP/1.1 200 ") <= 1

    async with victim.under(name):
        await victim.beside(attack)


async def endless(victim: Victim, begin: bytes, more: bytes, most: int) -> bytes:
    """Send without an end, as long as it is taken; return what is answered."""
    async with connections(victim, 1, begin) as (connection,):
        answer = asyncio.create_task(head(connection))
        with suppress(ConnectionError):
            for _ in range(most):
                connection[1].write(more)
                await connection[1].drain()
                if answer.done():
                    break
        return await answer


@pytest.mark.parametrize(
    ("name", "begin", "more", "answer"),
    [
        ("endless head", b"GET / HTTP/1.1\r\n", b"X-A: " + b"a" * 4000 + b"\r\n", (b"HTTP/1.1 431 ", b"")),
        ("endless header", b"GET / HTTP/1.1\r\nX-A: ", b"a" * 4000, (b"HTTP/1.1 431 ", b"")),
        ("endless address", b"GET /", b"a" * 4000, (b"HTTP/1.1 414 ", b"")),
        (
            "endless body",
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
            b"1000\r\n" + b" " * 4096 + b"\r\n",
            (b"HTTP/1.1 413 ",),
        ),
        (
            "endless frames",
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
            (b"1;" + b"x" * 60 + b"\r\n \r\n") * 60,
            (b"HTTP/1.1 400 ", b""),
        ),
    ],
)
async def test_what_has_no_end(victim: Victim, name: str, begin: bytes, more: bytes, answer: tuple[bytes, ...]) -> None:
    """What is sent without an end is cut off; what had been kept of it is given back."""

    async def attack() -> None:
        assert (await endless(victim, begin, more, 5000)).startswith(answer)

    async with victim.under(name):
        await victim.beside(attack)


async def test_clients_that_leave(victim: Victim) -> None:
    """Clients that go before they are answered leave nothing behind: no statement, no connection."""
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(LARGE) + LARGE
    async with victim.under("clients that leave"):
        for _ in range(REPEATED):
            async with connections(victim, 20, request) as opened:
                for _, writer in opened:
                    await writer.drain()
            await others(victim)


async def flood(victim: Victim, count: int, make: Callable[[int], Awaitable[object]]) -> None:
    """Make so many requests, five at a time, and ordinary ones beside them."""
    for start in range(0, count, 5):
        took, *_ = await asyncio.gather(victim.ordinary(), *(make(number) for number in range(start, start + 5)))
        victim.meanwhile.append(took)


async def test_many_documents(victim: Victim) -> None:
    """A client that never sends the same document twice fills no memory."""
    fields = " ".join(f"title description body # {'x' * 30}\n" for _ in range(60))

    async def ask(number: int) -> None:
        query = f"{{ a{number}: posts(first: 1) {{ nodes {{ {fields} }} }} }}"
        assert (await victim.attacker.post("/graphql", json={"query": query})).status_code == 200

    async with victim.under("many documents"):
        await flood(victim, 60, ask)


async def test_many_guessed_keys(victim: Victim) -> None:
    """Guessing keys is refused each time, fills no memory, and what was guessed is in no log."""

    async def guess(number: int) -> None:
        key = f"ach_{number:010d}_" + "guess" * 9 + "abcd"
        response = await victim.attacker.post("/graphql", json={"query": ORDINARY}, headers={"X-API-Key": key})
        assert response.status_code == 401

    async with victim.under("many guessed keys"):
        await flood(victim, 60, guess)
    assert "guessguess" not in victim.log.read_text()


FORGED = '{"event": "request", "level": "info", "path": "/forged", "status": 200}'


async def test_log_injection(victim: Victim) -> None:
    """Whatever a client sends, wherever it is logged, a line stays a line of ours."""
    forged = f"\n{FORGED}\r\x1b[2J"
    async with victim.under("log injection"):
        await others(victim)
        await victim.attacker.get(f"/a{quote(forged)}", headers={"X-Request-Id": "a b"})
        query = f'query Forged {{ node(id: "{json.dumps(forged)[1:-1]}") {{ id }} }}'
        await victim.attacker.post("/graphql", json={"query": query, "operationName": forged})
        await victim.attacker.post("/graphql", json={"query": query})
        async with connections(victim, 1, b"GET /%s HTTP/1.1\r\n\r\n" % forged.encode()) as (connection,):
            await rest(connection)
    await victim.settled(lambda: "Forged" in victim.log.read_text())
    lines = [json.loads(line) for line in victim.log.read_text().splitlines()]
    assert all(line["path"] != "/forged" for line in lines if line["event"] == "request")
    assert "\x1b" not in victim.log.read_text()
