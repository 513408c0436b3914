"""Servers that keep answers, over demo content that a module may write to."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import asyncpg
import httpx
import orjson
import pytest

from api.context import Parts
from tests.api.served import Served, serving
from tests.conftest import clone, drop

BYTES = 10_000_000


@dataclass
class Kept:
    """A server that keeps answers, and somebody who writes past it."""

    served: Served
    psql: asyncpg.Connection
    """A connection of somebody else."""

    @property
    def parts(self) -> Parts:
        """What the server is made of."""
        parts: Parts = self.served.app.state.parts
        return parts

    @property
    def statements(self) -> int:
        """Statements of the last request."""
        return int(self.served.lines[-1]["statements"])

    async def get(self, query: str, **headers: str) -> httpx.Response:
        """Send a query by GET."""
        self.served.take_log()
        answer = await self.served.client.get(f"/graphql?{urlencode({'query': query})}", headers=headers)
        await self.served.logged()
        return answer

    async def post(self, query: str, variables: dict[str, object] | None = None, **headers: str) -> httpx.Response:
        """Send a query by POST."""
        self.served.take_log()
        body = orjson.dumps({"query": query, "variables": variables})
        headers = {"Content-Type": "application/json", **headers}
        answer = await self.served.client.post("/graphql", content=body, headers=headers)
        await self.served.logged()
        return answer


@pytest.fixture(scope="module")
async def written_url(server_url: Callable[[str], str], content_template: str) -> AsyncIterator[str]:
    """Address of demo content that the tests of a module write to."""
    name = await clone(server_url, content_template)
    yield server_url(name)
    await drop(server_url, name)


@pytest.fixture(scope="module")
async def kept(written_url: str) -> AsyncIterator[Kept]:
    """A server with a response cache."""
    async with serving(written_url, response_cache_bytes=BYTES, anonymous_scopes="read,write,*") as served:
        psql = await asyncpg.connect(written_url)
        await served.app.state.parts.caching.watch.known()
        yield Kept(served, psql)
        await psql.close()


@pytest.fixture(scope="module")
async def plain(written_url: str) -> AsyncIterator[Kept]:
    """A server without, over the same content."""
    async with serving(written_url) as served:
        psql = await asyncpg.connect(written_url)
        await served.app.state.parts.caching.watch.known()
        yield Kept(served, psql)
        await psql.close()
