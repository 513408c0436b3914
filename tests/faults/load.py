"""A light load of reads and writes, whose clients note what they were told: nothing they were told of may be lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg
import httpx

from tests.api.served import Served

READ = "{ posts(first: 1) { nodes { title } } }"
READ_BY_LOADERS = "{ posts(first: 1) { nodes { title readingMinutes } } }"
POST = '{ postBySlug(slug: "post") { id author { id } } }'
WRITE = """mutation ($body: String!, $post: ID!, $author: ID!) {
  createComment(input: {body: $body, post: {connect: {id: $post}}, author: {connect: {id: $author}}}) { __typename }
}"""
WRITTEN = {"data": {"createComment": {"__typename": "CreateCommentPayload"}}}
COUNTED = "SELECT split_part(body, ' ', 1) AS name, count(*) AS times FROM comments GROUP BY 1"
PADDING = " padding" * 100
"""Makes a row so large that a few fill a page."""


@dataclass
class Load:
    """What the clients saw."""

    web: Served
    ids: dict[str, str]
    """Global ids of the post and the user that comments hang on."""
    acknowledged: set[str] = field(default_factory=set)
    """Writes that were answered."""
    insisted: set[str] = field(default_factory=set)
    """Writes that were sent again with their key until they were answered."""
    answers: Counter[str] = field(default_factory=Counter)
    """How many answers there were of each kind."""
    is_over: bool = False

    async def write(self, name: str, *, insists: bool) -> None:
        """Write a comment, once; or again and again with a key until it is written."""
        variables = {"body": name + PADDING, **self.ids}
        headers = {"Idempotency-Key": name} if insists else {}
        while True:
            answer = await self.send({"query": WRITE, "variables": variables}, headers)
            if answer is not None:
                assert answer == WRITTEN
                (self.insisted if insists else self.acknowledged).add(name)
                return
            if not insists:
                return

    async def send(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        """Send a request and return the answer; None where the server said that the database is away."""
        response = await self.web.client.post("/graphql", json=body, headers=headers)
        if response.status_code == 200:
            self.answers["answered"] += 1
            return response.json()
        assert response.status_code == 503, response.text
        (error,) = response.json()["errors"]
        assert error["extensions"] == {"code": "UNAVAILABLE"}, error
        assert response.headers["retry-after"].isdecimal()
        self.answers["refused"] += 1
        await asyncio.sleep(0.05)
        return None

    async def writer(self, name: str, *, insists: bool) -> None:
        """Write one after the other until it is over."""
        for number in count():
            if self.is_over:
                return
            await self.write(f"{name}-{number}", insists=insists)
            await asyncio.sleep(0.01)

    async def reader(self, query: str) -> None:
        """Read again and again until it is over."""
        while not self.is_over:
            await self.send({"query": query})
            await asyncio.sleep(0.01)

    async def until(self, kind: str, more: int = 10) -> None:
        """Wait until there were so many more answers of a kind."""
        wanted = self.answers[kind] + more
        async with asyncio.timeout(30):
            while self.answers[kind] < wanted:  # noqa: ASYNC110 - a counter tells nobody
                await asyncio.sleep(0.01)


@asynccontextmanager
async def load_on(web: Served, name: str) -> AsyncIterator[Load]:
    """Run five clients beside a block. It fails where one of them was answered in another way than it may be."""
    web.client.timeout = httpx.Timeout(20)  # whoever is answered later was not answered in time
    found = (await web.ask(POST)).json()["data"]["postBySlug"]
    load = Load(web, {"post": found["id"], "author": found["author"]["id"]})
    async with asyncio.TaskGroup() as clients:
        for number, insists in enumerate((True, True, False)):
            clients.create_task(load.writer(f"{name}-{number}", insists=insists))
        for query in (READ, READ_BY_LOADERS):
            clients.create_task(load.reader(query))
        await load.until("answered")
        yield load
        await load.until("answered", 20)  # it has recovered, without a restart
        load.is_over = True


async def check_written(load: Load, url: str) -> None:
    """Assert that what was answered is written, what was sent again is written once, and nothing is twice."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(COUNTED)
    finally:
        await connection.close()
    times = {row["name"]: row["times"] for row in rows}
    assert max(times.values()) == 1
    assert load.acknowledged | load.insisted <= times.keys()
    assert len(load.insisted) > 0 < len(load.acknowledged)
