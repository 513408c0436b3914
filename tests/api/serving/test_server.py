"""How one server takes connections, shares them with others, and stops without dropping anything."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from api.http.listen import bind
from api.serving.acceptor import Acceptor, Loads, Turn
from api.serving.server import Server
from api.settings import Settings
from tests.api.serving.waiting import until

GET = b"GET /%s HTTP/1.1\r\nHost: test\r\n\r\n"


class App:
    """Answers at once, but for `/slow`, which waits until it is let go; knows whether it was told that all ends."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.running = asyncio.Event()
        self.is_left = False

    def leave(self) -> None:
        """Hear that the server stops."""
        self.is_left = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            return
        if scope["path"] == "/slow":
            self.running.set()
            await self.go.wait()
        body = b"left" if self.is_left else b"here"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int) -> "Client":
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, path: bytes = b"") -> tuple[bytes, bool]:
        """Send a request, and return the body of its answer and whether the connection is kept."""
        self.writer.write(GET % path)
        return await self.answer()

    async def answer(self) -> tuple[bytes, bool]:
        """Return the body of an answer, and whether the connection is kept."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            return await self.reader.readexactly(4), b"connection: close" not in head.lower()

    async def is_closed(self) -> bool:
        """Wait for the end of the connection; True where nothing came before."""
        return await asyncio.wait_for(self.reader.read(), 10) == b""


@dataclass
class Served:
    """A server that runs."""

    server: Server
    app: App
    port: int
    task: "asyncio.Task[None]"
    clients: list[Client] = field(default_factory=list)

    async def client(self) -> Client:
        """Connect."""
        self.clients.append(await Client.open(self.port))
        return self.clients[-1]

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Do what a signal does."""
        self.server.handle_exit(number, None)


@asynccontextmanager
async def served(**settings: Any) -> AsyncIterator[Served]:
    """Run a server until the block ends."""
    started = asyncio.Event()
    app = App()
    with bind("127.0.0.1", 0) as listener:
        server = Server(app, listener, Settings(_env_file=None, **settings), started.set, app.leave)
        task = asyncio.create_task(server._serve())
        await asyncio.wait_for(started.wait(), 10)
        found = Served(server, app, listener.getsockname()[1], task)
        try:
            yield found
        finally:
            app.go.set()
            server.should_exit = server.force_exit = True
            await asyncio.wait_for(task, 10)
            for client in found.clients:
                client.writer.close()


async def test_readiness_goes_first() -> None:
    """After SIGTERM the application hears it at once; connections are answered on for `drain_seconds`, each once."""
    async with served(drain_seconds=30) as found:
        kept = await found.client()
        assert await kept.ask() == (b"here", True)
        found.stop()
        await until(lambda: found.app.is_left)
        assert await kept.ask() == (b"left", False)
        assert await kept.is_closed()
        assert await (await found.client()).ask() == (b"left", False)
        assert not found.task.done()


async def test_running_request_is_finished() -> None:
    """A request that runs when the server stops is answered whole; the listener takes nobody meanwhile."""
    async with served() as found:
        slow = await found.client()
        slow.writer.write(GET % b"slow")
        await asyncio.wait_for(found.app.running.wait(), 10)
        found.stop()
        await until(lambda: not found.server._acceptor._is_open)
        found.app.go.set()
        assert await slow.answer() == (b"left", False)
        await asyncio.wait_for(found.task, 10)


async def test_waiting_connections_are_answered() -> None:
    """Connections that the system has taken, and nobody has looked at yet, are answered as well."""
    async with served() as found:
        found.server._acceptor._loop.remove_reader(found.server._acceptor._listener)
        waiting = [await found.client() for _ in range(5)]
        for client in waiting:
            client.writer.write(GET % b"")
        found.stop()
        assert [await client.answer() for client in waiting] == [(b"left", False)] * 5


async def test_replaced_worker_lets_connections_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is replaced tells no balancer, answers once more on each connection, and closes silent ones."""
    monkeypatch.setattr(Server, "move_seconds", 1.0)
    async with served(drain_seconds=30) as found:
        moving, silent = await found.client(), await found.client()
        for client in (moving, silent):
            assert await client.ask() == (b"here", True)
        found.server.leave(is_replaced=True)
        await until(lambda: not found.server._acceptor._is_open)
        assert await moving.ask() == (b"here", False)
        assert await silent.is_closed()
        await asyncio.wait_for(found.task, 10)


async def test_interrupt_waits_for_no_silent_client() -> None:
    """Ctrl-C ends the server without the time for balancers."""
    async with served(drain_seconds=30) as found:
        client = await found.client()
        await client.ask()
        found.stop(signal.SIGINT)
        assert await client.is_closed()
        await asyncio.wait_for(found.task, 10)
        assert not found.app.is_left


class Taken(asyncio.Protocol):
    """Notes the connections of one worker."""

    def __init__(self, found: list[asyncio.BaseTransport]) -> None:
        self._found = found

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note one."""
        self._found.append(transport)


async def test_connections_are_shared_out() -> None:
    """Of 16 connections that come at once, each of two workers takes 8; one that leaves takes none of the next."""
    file, loads = Loads.make(4)
    taken: list[list[asyncio.BaseTransport]] = [[], []]
    clients = []
    with file, bind("127.0.0.1", 0) as listener:
        acceptors = [
            Acceptor(listener.dup(), partial(Taken, mine), Turn(loads, place, mine.__len__))
            for place, mine in enumerate(taken)
        ]
        for expected in ([8, 8], [8, 24]):
            clients += [socket.create_connection(listener.getsockname()) for _ in range(16)]
            await until(lambda expected=expected: sum(map(len, taken)) >= sum(expected))
            assert [len(mine) for mine in taken] == expected
            acceptors[0].close()
        acceptors[1].close()
    for connection in (*clients, *taken[0], *taken[1], *(acceptor._listener for acceptor in acceptors)):
        connection.close()
    await asyncio.sleep(0)  # transports close in the next round of the loop
