"""A real server on a free port, within the test's event loop, and the lines that it logs."""

import asyncio
import io
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import httpx
import orjson
import strawberry
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.http.listen import base_url, bind
from api.http.protocol import ConnectionLimits
from api.http.straight import protocol_of
from api.settings import Settings
from api.telemetry import configure_logging, flush_lines
from schema.build import GraphSchema, build_graph_schema
from schema.execution import Executor
from schema.query.cost import CostRule
from schema.query.page import Limits

GRAPHQL = "application/graphql-response+json"

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""What clients of plain servers verify others by, that they meet none: to read all certificates takes 20 ms of CPU."""


@dataclass
class Served:
    """A server that answers, and a client of it."""

    client: httpx.AsyncClient
    app: FastAPI
    base: str
    stream: io.StringIO = field(default_factory=io.StringIO)

    def take_log(self) -> None:
        """Let this server log to its stream, whatever other tests have set up since."""
        configure_logging("json", self.stream)
        flush_lines()
        self.stream.seek(0)
        self.stream.truncate()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was logged since `take_log`, the lines that wait among it."""
        flush_lines()
        return [orjson.loads(line) for line in self.stream.getvalue().splitlines()]

    async def logged(self, count: int = 1) -> list[dict[str, Any]]:
        """Return what was logged since `take_log`, once there are so many lines; a line follows its answer."""
        async with asyncio.timeout(10):
            while len(self.lines) < count:  # noqa: ASYNC110 - a stream tells nobody of its lines
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)  # a line too many would come now
        return self.lines

    async def ask(self, query: str, accept: str = GRAPHQL, **more: Any) -> httpx.Response:
        """Send a GraphQL request by POST."""
        headers = {"Accept": accept} | more.pop("headers", {})
        return await self.client.post("/graphql", json={"query": query} | more, headers=headers)


@cache
def default_graph() -> GraphSchema:
    """Return the graph of the project's models, made once for all servers of these tests."""
    return build_graph_schema()


def graph_of(built: strawberry.Schema) -> GraphSchema:
    """Return a graph that serves a schema written by hand, by its resolvers alone."""
    core = built._schema
    executor = Executor(core, default_graph().graph, CostRule(core, default_graph().graph, Limits(), None), None)
    return replace(default_graph(), strawberry=built, core=core, executor=executor, operations=())


def make_app(url: str, stream: io.StringIO, graph: GraphSchema | None = None, **settings: Any) -> FastAPI:
    """Make an application that logs to a stream."""
    chosen = {"environment": "development", "graphiql": False} | settings
    app = create_app(Settings(_env_file=None, **chosen), url, graph or default_graph())
    configure_logging("json", stream)
    return app


def _config(app: FastAPI) -> uvicorn.Config:
    lane = getattr(app, "lane", None)  # made now, so that its lines go to this stream whatever server starts next
    http = protocol_of(ConnectionLimits(), lane)
    return uvicorn.Config(app, http=http, log_config=None, access_log=False, server_header=False, proxy_headers=False)


class _Server(uvicorn.Server):
    """A server that stops at once: uvicorn looks ten times a second whether it is to, and then waits as long again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.leaving = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        while not self.leaving.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self.leaving.wait(), 1)
            await self.on_tick(0)  # the date goes on

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.002)
        for server in self.servers:
            await server.wait_closed()
        await self.lifespan.shutdown()


@asynccontextmanager
async def serving(url: str, graph: GraphSchema | None = None, **settings: Any) -> AsyncIterator[Served]:
    """Serve a database."""
    stream = io.StringIO()
    app = make_app(url, stream, graph, **settings)
    listener = bind("127.0.0.1", 0)
    server = _Server(_config(app))
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        async with asyncio.timeout(30):
            while not server.started:
                if task.done():
                    task.result()
                await asyncio.sleep(0.01)
        base = base_url(listener)
        async with httpx.AsyncClient(base_url=base, timeout=30, verify=PLAIN) as client:
            served = Served(client, app, base, stream)
            served.take_log()
            yield served
    finally:
        server.leaving.set()
        async with asyncio.timeout(30):
            await task
        listener.close()
