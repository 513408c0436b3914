"""How each part of the server is: the database, its migrations, the request pools.

Probes come often and from several sides, so all of them share one check at a time and its result for a
moment. A check has a time limit and never waits for the request pools. What is wrong is told in our own
words: no host, no SQL, no driver text, no secret. The endpoints are in `api.health.health`.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from api.data.address import to_asyncpg_url
from api.data.database import Database
from api.data.migrations import head, known
from api.health.probe import Probe, ProbeError
from api.settings import Settings

FRESH_SECONDS: Final = 0.25
"""How long a result is given out again. Short: a load balancer should hear of a change with its next probe."""

SHARE_FOR_ANSWER: Final = 0.1
"""Share of the time limit that is kept for the answer itself, so that the whole stays within the limit."""


@dataclass(frozen=True, slots=True)
class Part:
    """How one part is."""

    is_ok: bool | None
    """None where it cannot be known, as the database did not answer."""
    detail: str
    """One sentence for people."""
    latency_ms: float | None = None
    """How long it took to answer, in milliseconds; None where nothing is asked."""


@dataclass(frozen=True, slots=True)
class Report:
    """How every part was at one moment."""

    parts: dict[str, Part]
    """By name: database, migrations, read_pool, write_pool, engine_pool, and replicas where there are some."""
    made_at: float = field(default_factory=time.monotonic)
    """Seconds of the monotonic clock."""

    @property
    def failed(self) -> dict[str, str]:
        """What is wrong, by part; empty where requests can be served."""
        return {name: part.detail for name, part in self.parts.items() if part.is_ok is False}


class Checks:
    """The checks of one server process."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Prepare the checks; nothing is connected yet.

        Args:
            database: Whose pools are watched, and whose address is asked.
            settings: `health_timeout_seconds` bounds a check.
        """
        self._limit = settings.health_timeout_seconds
        self._probe = Probe(database.url, self._limit * (1 - SHARE_FOR_ANSWER), is_pooled=settings.pooler is not None)
        self._pools = {
            "read_pool": PoolWatch(database.reader, self._limit),
            "write_pool": PoolWatch(database.writer, self._limit),
        }
        self._direct, self._replicas = database.direct, database.replicas
        self._check: asyncio.Task[Report] | None = None
        self._report: Report | None = None

    async def close(self) -> None:
        """Stop checking and drop the connection."""
        if self._check is not None:
            self._check.cancel()
            await asyncio.wait({self._check})
        self._probe.drop()

    async def report(self) -> Report:
        """Return how every part is, within the time limit. All who ask at once share one check."""
        if self._report is not None and time.monotonic() - self._report.made_at < FRESH_SECONDS:
            return self._report
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._look())
        return await asyncio.shield(self._check)

    async def _look(self) -> Report:
        parts = await self._ask_database()
        pools = {name: watch.part() for name, watch in self._pools.items()}
        pools["engine_pool"] = judge_pool(self._direct.in_use, self._direct.size, self._direct.moved_at, self._limit)
        if self._replicas is not None:
            pools["replicas"] = judge_replicas(sum(each.is_fit for each in self._replicas.all), len(self._replicas.all))
        self._report = Report(parts | pools)
        return self._report

    async def _ask_database(self) -> dict[str, Part]:
        """Return how the database and its migrations are, both from one question."""
        began = time.perf_counter()
        try:
            revisions = await self._probe.revisions()
        except ProbeError as error:
            took = _milliseconds(began)
            unknown = Part(None, "Unknown, as the database did not answer.")
            return {"database": Part(False, str(error), took), "migrations": unknown}
        answered = Part(True, "The database answers.", _milliseconds(began))
        return {"database": answered, "migrations": judge(revisions, head(), known())}


class PoolWatch:
    """Notices when every connection of a pool is out and none comes back."""

    def __init__(self, engine: AsyncEngine, limit_seconds: float) -> None:
        """Begin to watch.

        Args:
            engine: Whose pool.
            limit_seconds: How long a full pool may stand still. A busy pool is full often, but moves.
        """
        self._pool: Any = engine.sync_engine.pool
        self._limit = limit_seconds
        self._moved_at = time.monotonic()
        event.listen(self._pool, "checkout", self._note)
        event.listen(self._pool, "checkin", self._note)

    def _note(self, *_: object) -> None:
        self._moved_at = time.monotonic()

    def part(self) -> Part:
        """Return how the pool is."""
        return judge_pool(self._pool.checkedout(), self._pool.size(), self._moved_at, self._limit)


def judge_pool(out: int, size: int, moved_at: float, limit_seconds: float) -> Part:
    """Tell how a pool is.

    Args:
        out: Connections in use.
        size: Connections that it may have.
        moved_at: When one was last taken or given back, by `time.monotonic`.
        limit_seconds: How long a full pool may stand still.
    """
    still = time.monotonic() - moved_at
    if out >= size and still >= limit_seconds:
        return Part(False, f"All {size} connections are in use, and none came back for {still:.0f} s.")
    return Part(True, f"{out} of {size} connections are in use.")


def judge_replicas(fit: int, known: int) -> Part:
    """Tell how many standbys are read from. That none is, is no failure: the primary is read then."""
    return Part(True, f"{fit} of {known} standbys are read from{'' if fit else '; the primary is'}.")


def judge(found: frozenset[str], wanted: str | None, known: frozenset[str]) -> Part:
    """Compare the database's revision with ours.

    Args:
        found: What the database is at.
        wanted: The newest revision of this code.
        known: Every revision of this code. A database at one that we do not know is ahead of us, as while a
            newer version is being rolled out; the old servers go on serving.
    """
    if found == ({wanted} - {None}):
        return Part(True, "The database is at the newest revision.")
    if found - known:
        return Part(True, "The database is ahead of this server, as while a newer version is rolled out.")
    return Part(False, "The database is behind its migrations: run `achene migrate`.")


async def hindrance(settings: Settings, url: str) -> str | None:
    """Return what keeps a server from being ready, before it starts, with what to do; None where nothing does.

    Args:
        settings: How long it may take to find out.
        url: PostgreSQL address.
    """
    probe = Probe(to_asyncpg_url(url), settings.health_timeout_seconds, is_pooled=settings.pooler is not None)
    try:
        found = judge(await probe.revisions(), head(), known())
    except ProbeError as error:
        return f"{error} Requests are answered once it does: look at DATABASE_URL, and whether PostgreSQL runs."
    finally:
        probe.drop()
    return None if found.is_ok else f"{found.detail} `achene serve --migrate` does so at its start."


def _milliseconds(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)
