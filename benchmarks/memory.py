"""Memory of a serving process over 10,000 mixed requests, from /proc; flat between the 5,000th and the last.

    python -m benchmarks.memory [--requests 10000]

Starts `achene serve` on a data folder of its own with demo content, sends requests of every kind (by key, lists,
nested lists, filters, aggregates, introspection, own fields, wrong ones, health) from eight clients at once, and
prints the resident set every 1,000 requests. Linux only.
"""

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import httpx

QUERIES = (
    "{ posts(first: 20, offset: %d) { totalCount nodes { id title author { name } } } }",
    "{ users(first: 5) { nodes { posts(first: 5) { nodes { title tags { nodes { name } } comments(first: 3) "
    "{ nodes { body author { name } } } } } } } n%d: __typename }",
    "{ posts(filter: {viewCount: {gt: %d}}, orderBy: [{publishedAt: DESC}]) { nodes { slug } } }",
    "{ posts { aggregate { count avg { viewCount } } groups(by: [CATEGORY]) { keys { category { name } } "
    "aggregate { count } } } n%d: __typename }",
    "{ featuredPosts(count: 3) { title readingMinutes excerpt(length: 50) } n%d: __typename }",
    "{ siteStatistics { users publishedPosts } n%d: __typename }",
    "{ __schema { types { name fields { name } } } n%d: __typename }",
    "{ posts(first: -1) { totalCount } n%d: __typename }",
    "{ nothing%d }",
    "{ unfinished %d",
)
"""Queries with a number in each, so that few texts are the same."""


def requests(count: int) -> Iterator[dict[str, str]]:
    """Yield the bodies of requests; every third of a kind repeats an earlier text."""
    for number, query in enumerate(islice(cycle(QUERIES), count)):
        yield {"query": query % (number // len(QUERIES) % 400)}


def resident_megabytes(pid: int) -> float:
    """Return the resident set of a process in MB (10^6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def drive(url: str, pid: int, count: int) -> None:
    """Send the requests and print memory as they go."""
    todo = enumerate(requests(count), start=1)
    print(f"{0:>7} requests {resident_megabytes(pid):8.1f} MB")

    async def client(http: httpx.AsyncClient) -> None:
        for number, body in todo:
            await http.post("/graphql", json=body)
            if number % 10 == 0:
                await http.get("/health/ready")
            if number % 1000 == 0:
                print(f"{number:>7} requests {resident_megabytes(pid):8.1f} MB", flush=True)

    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        await asyncio.gather(*(client(http) for _ in range(8)))


def main() -> None:
    """Start the server, drive it, stop it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        environment = {**os.environ, "ACHENE_DATA_DIR": f"{folder}/data", "PYTHONUNBUFFERED": "1"}
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", "0"]
        server = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            address = next(
                found[0] for line in server.stdout or () if (found := re.search(r"http://127\.0\.0\.1:\d+", line))
            )
            asyncio.run(drive(address, server.pid, arguments.requests))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


if __name__ == "__main__":
    main()
