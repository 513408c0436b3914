"""One server process in production, over demo content, that all attacks meet one after the other."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from tests.api.served import PLAIN
from tests.api.test_serve import COMMAND, environment

ORDINARY = """{ posts(first: 5) { nodes { title author { name } tags(first: 3) { nodes { name } } } } }"""
"""What everybody else asks meanwhile."""

SETTINGS = {
    "ACHENE_ENVIRONMENT": "production",
    "ACHENE_ANONYMOUS_SCOPES": "read",
    "ACHENE_LOG_FORMAT": "json",
    "ACHENE_HEAD_TIMEOUT_SECONDS": "1.5",
    "ACHENE_BODY_TIMEOUT_SECONDS": "1.5",
    "ACHENE_ANSWER_TIMEOUT_SECONDS": "1",
    "ACHENE_MOST_CONNECTIONS": "100",
    "ACHENE_LARGEST_ANSWER_BYTES": "6500000",
}
"""As an operator would set it up, but for times that a test can wait for, and an answer that its content can have."""

MOST_GROWN = 1.2
"""How much more memory the server may have after an attack."""

MOST_WAITED = 300
"""Ordinary requests after which it must have no more than that."""

REPEATED = 2
"""How often an attack is made."""


@dataclass
class Victim:
    """The server, and who asks it what they always ask."""

    base: str
    process: psutil.Process
    client: httpx.AsyncClient
    attacker: httpx.AsyncClient
    log: Path
    lines: list[str] = field(default_factory=list)
    meanwhile: list[float] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.base.rpartition(":")[2])

    @property
    def memory(self) -> int:
        """Bytes of memory that it has."""
        return int(self.process.memory_info().rss)

    @property
    def clients(self) -> list[object]:
        """Connections of clients that it has, open ones."""
        found = self.process.net_connections("tcp4")
        return [each for each in found if each.laddr.port == self.port and each.status == "ESTABLISHED"]

    async def ordinary(self) -> float:
        """Ask what everybody asks, hold that the answer is whole, and return how many seconds it took."""
        began = time.perf_counter()
        response = await self.client.post("/graphql", json={"query": ORDINARY})
        took = time.perf_counter() - began
        assert response.status_code == 200
        assert len(response.json()["data"]["posts"]["nodes"]) == 5
        return took

    @asynccontextmanager
    async def under(self, name: str) -> AsyncIterator[None]:
        """Hold that the server is after an attack what it was before: it answers, and has no more memory."""
        self.meanwhile = []
        memory, usual = self.memory, [await self.ordinary() for _ in range(3)]
        yield
        assert (await self.client.get("/health/ready")).status_code == 200
        after = [await self.ordinary() for _ in range(3)]
        for _ in range(MOST_WAITED):
            if self.memory < memory * MOST_GROWN:
                break
            await self.ordinary()  # the garbage of an attack is collected when others have made some, too
        grown = self.memory / memory - 1
        self.lines.append(
            f"{name:32} {_ms(usual)} before, {_ms(self.meanwhile)} meanwhile, {_ms(after)} after; memory {grown:+.1%}"
        )
        assert self.memory < memory * MOST_GROWN, f"{memory / 1e6:.0f} MB became {self.memory / 1e6:.0f} MB"

    async def settled(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, which must be soon."""
        async with asyncio.timeout(20):
            while not is_so():  # noqa: ASYNC110 - another process tells nobody
                await asyncio.sleep(0.02)

    async def beside(self, attack: Callable[[], Awaitable[object]]) -> None:
        """Make an attack several times, and hold that as many ordinary requests are answered beside it."""
        for _ in range(REPEATED):
            took, _ = await asyncio.gather(self.ordinary(), attack())
            self.meanwhile.append(took)


def _ms(seconds: list[float]) -> str:
    return f"{sorted(seconds)[len(seconds) // 2] * 1000:6.1f} ms"


@contextmanager
def production(url: str, log: Path) -> Iterator[tuple[str, int]]:
    """Run `achene serve` in production, its log in a file; yields its address and its process."""
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [*COMMAND, "serve", "--port", "0", "--no-migrate"],
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            env=environment(log.parent, DATABASE_URL=url, **SETTINGS),
        )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        yield (
            next(found[1] for line in lines if (found := re.search(r"(http://\S+)/graphql$", line.rstrip()))),
            process.pid,
        )
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="session")
async def victim(content_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Victim]:
    """The server; at the end its latencies are printed, for who looks (`-s`)."""
    log = tmp_path_factory.mktemp("attacks") / "log"
    with production(content_url, log) as (base, pid):
        async with (
            httpx.AsyncClient(base_url=base, verify=PLAIN) as client,
            httpx.AsyncClient(base_url=base, verify=PLAIN) as attacker,
        ):
            client.timeout = attacker.timeout = httpx.Timeout(30)
            victim = Victim(base, psutil.Process(pid), client, attacker, log)
            for _ in range(50):
                await victim.ordinary()
            yield victim
    sys.stdout.write("\n" + "\n".join(victim.lines) + "\n")
