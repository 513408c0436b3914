"""Mutations while PostgreSQL, or the server, is killed under them: written once and whole, or not at all."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.data.migrations import migrate
from api.embedded.postgres import Cluster
from tests.api.served import PLAIN, serving
from tests.test_docs import until_ready

pytestmark = pytest.mark.xdist_group("faults")

POSTS = 200
MOMENTS = (0.0, 0.05, 0.15)
"""Seconds after which something is killed: before the first row, between two of them, about the end."""

CREATE = "mutation ($posts: [CreatePostInput!]!) { createPosts(input: {posts: $posts}) { __typename } }"
WRITTEN = {"data": {"createPosts": {"__typename": "CreatePostsPayload"}}}


def request(name: str) -> dict[str, Any]:
    """Return a request that writes posts, each with an author, a tag and two comments of its own."""
    posts = [
        {
            "title": name,
            "slug": f"{name}-{at}",
            "body": "Text.",
            "author": {"create": {"name": name, "email": f"{name}-{at}@example.org"}},
            "tags": {"create": [{"slug": f"{name}-{at}", "name": name}]},
            "comments": {
                "create": [
                    {"body": name, "author": {"create": {"name": name, "email": f"{name}-{at}-{who}@example.org"}}}
                    for who in "ab"
                ]
            },
        }
        for at in range(POSTS)
    ]
    return {"query": CREATE, "variables": {"posts": posts}}


async def counts(url: str, name: str) -> list[int]:
    """Return how many posts, comments and tags of a request there are; none of them is written without the others."""
    connection = await asyncpg.connect(url)
    try:
        return [
            await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {column} = $1", name)
            for table, column in (("posts", "title"), ("comments", "body"), ("tags", "name"), ("users", "name"))
        ]
    finally:
        await connection.close()


WHOLE, NOTHING = [POSTS, 2 * POSTS, POSTS, 3 * POSTS], [0, 0, 0, 0]


async def test_postgresql_is_killed(server: tuple[Cluster, str]) -> None:
    """Who sends the same key until there is an answer has written once; who does not has written all or nothing."""
    cluster, url = server
    await migrate(url)
    async with serving(url, anonymous_scopes=("read", "write", "*")) as web:
        for at, moment in enumerate(MOMENTS):
            for name, headers in ((f"once-{at}", {"Idempotency-Key": f"key-{at}"}), (f"perhaps-{at}", {})):
                task = asyncio.create_task(web.client.post("/graphql", json=request(name), headers=headers))
                await asyncio.sleep(moment)
                postmaster = cluster.postmaster()
                assert postmaster is not None
                os.kill(postmaster.pid, signal.SIGQUIT)  # at once, without a word to its clients
                answer = await task
                await asyncio.to_thread(cluster.stop)
                await asyncio.to_thread(cluster.start)
                while headers and answer.json() != WRITTEN:
                    assert answer.status_code == 503, answer.text
                    answer = await web.client.post("/graphql", json=request(name), headers=headers)
                found = await counts(url, name)
                assert found == WHOLE if answer.json() == WRITTEN else found in (WHOLE, NOTHING)


async def test_the_server_is_killed(database_url: str, tmp_path: Path) -> None:
    """A server that is gone in the middle leaves all or nothing, and another one takes the key."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "ACHENE_PORT": str(port),
        "ACHENE_ENVIRONMENT": "development",
        "ACHENE_ANONYMOUS_SCOPES": "read,write,*",
    }
    headers = {"Idempotency-Key": "key"}
    child = subprocess.Popen(  # noqa: ASYNC220, S603 - what is tested
        [Path(sys.executable).with_name("achene"), "serve"], env=environment, cwd=tmp_path
    )
    try:
        base = f"http://127.0.0.1:{port}"
        await until_ready(base, child)
        async with httpx.AsyncClient(base_url=base, timeout=30, verify=PLAIN) as client:
            task = asyncio.create_task(client.post("/graphql", json=request("post"), headers=headers))
            await asyncio.sleep(0.05)
            child.kill()
            with suppress(httpx.TransportError):
                await task
    finally:
        child.kill()
        await asyncio.to_thread(child.wait, timeout=30)
    assert await counts(database_url, "post") in (WHOLE, NOTHING)
    async with serving(database_url, anonymous_scopes=("read", "write", "*")) as web:
        answer = await web.client.post("/graphql", json=request("post"), headers=headers)
    assert answer.json() == WRITTEN
    assert await counts(database_url, "post") == WHOLE
