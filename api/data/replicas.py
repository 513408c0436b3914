"""Standbys that are read from: which of them may be, which is the least busy, and which has seen a certain write.

Each is asked for its position every moment, over a connection of its own, and so is the primary. One that does not
answer, is no standby, or lags too far behind is left out until it is well again; where none is left, all is read from
the primary.

A position that is known can only be too low, so whoever needs a write to be seen asks again only where it is not known
to be there, waits a short time, and goes to the primary then.

What is known holds for one server. An address may lead to several, as a name of the cloud's for all readers does; a
connection that has come to another server than the one that is asked for its position is not used.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from datetime import datetime
from itertools import count
from typing import Any, Final, NamedTuple

import asyncpg
import structlog
from sqlalchemy import URL

from api.data.address import each_server, split_addresses, to_asyncpg_url
from api.data.connector import Connector
from api.data.consistency import Point
from api.data.node import Node
from api.settings import Settings

PRIMARY_POSITION: Final = """
    SELECT system_identifier, (pg_current_wal_insert_lsn() - '0/0')::bigint, 0.0::float8, pg_postmaster_start_time()
    FROM pg_control_system()
"""
"""Tells where the primary is. A standby refuses the statement."""

STANDBY_POSITION: Final = """
    SELECT system_identifier, (pg_last_wal_replay_lsn() - '0/0')::bigint,
        coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::float8,
        pg_postmaster_start_time()
    FROM pg_control_system() WHERE pg_is_in_recovery()
"""
"""Tells where a standby is, and how old the last transaction is that it replayed. Of another server, nothing."""

SERVER: Final = "SELECT pg_postmaster_start_time()"
"""Tells one server from another: to the microsecond no two have started at once."""

PAUSE_SECONDS: Final = 0.005
"""How long to wait before a standby is asked again whether it has caught up."""

LOST: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises when a connection is gone, or cannot be made, or the statement is refused."""

log = structlog.get_logger()


class Place(NamedTuple):
    """Where a server is."""

    point: Point
    """How far its log has been written, or replayed."""

    told: float
    """How many seconds old that is by its own account."""

    server: datetime
    """Which server it is."""


class Watch:
    """Asks one server where it is, over a connection of its own, never twice at a time."""

    def __init__(self, url: URL, settings: Settings, question: str) -> None:
        """Note where to ask; nothing is connected yet."""
        self._connector = Connector(url, settings, is_read_only=True)
        self._question = question
        self._limit = settings.health_timeout_seconds
        self._connection: Any = None
        self._asking: asyncio.Task[Any] | None = None

    async def ask(self) -> Place | None:
        """Return where the server is; None where it does not say.

        All who ask at once share one question.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        row = await asyncio.shield(self._asking)
        return None if row is None or row[1] is None else Place(Point(row[0], row[1]), row[2], row[3])

    async def _ask(self) -> Any:
        try:
            async with asyncio.timeout(self._limit):
                if self._connection is None or self._connection.is_closed():
                    self._connection = await self._connector.open()
                async with self._connection.transaction() if self._connector.is_pooled else nullcontext():
                    return await self._connection.fetchrow(self._question)
        except LOST:
            self.drop()
            return None

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})
        self.drop()

    def drop(self) -> None:
        """Drop the connection without waiting for the other side."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


class History:
    """Where the primary was, and when: tells how long ago a standby's position was the newest."""

    def __init__(self, seconds: float) -> None:
        """Note how far back it is to reach."""
        self._seconds = seconds
        self._seen: deque[tuple[float, int]] = deque()
        self.cluster: int | None = None
        """Which cluster it is; None while the primary has not been reached yet."""

    def note(self, point: Point, now: float) -> None:
        """Note where the primary was at a moment."""
        if point.cluster != self.cluster or (self._seen and point.position < self._seen[-1][1]):
            self._seen.clear()  # another cluster, or a standby became the primary without all that the old one had
        self.cluster = point.cluster
        self._seen.append((now, point.position))
        while len(self._seen) > 2 and self._seen[1][0] < now - self._seconds:
            self._seen.popleft()

    def behind(self, position: int, told: float) -> float:
        """Return for how many seconds there has been something that a position lacks.

        Args:
            position: Where a standby is.
            told: How old the last transaction is that it has, by its own clock: counts where our memory ends.
        """
        if not self._seen or position >= self._seen[-1][1]:
            return 0.0
        if position < self._seen[0][1]:
            return told
        return self._seen[-1][0] - next(at for at, passed in self._seen if passed > position)


class Replica(Node):
    """A standby that is read from."""

    reads_again = False

    def __init__(self, url: URL, settings: Settings, number: int) -> None:
        """Prepare; nothing is connected yet.

        Args:
            url: Its address, for asyncpg.
            settings: Sizes, time limits, and how far it may lag.
            number: Its place among those that are named.
        """
        super().__init__(url, settings)
        self.connector.check = self._check
        self._server: datetime | None = None
        self._watch = Watch(url, settings, STANDBY_POSITION)
        self._most_behind = settings.replica_lag_seconds
        self.name = f"replica_{number}"
        """What logs and metrics call it; addresses do not belong there."""
        self.size = 2 * settings.pool_size
        """Most statements that it may run for us."""
        self._position = 0
        self.is_fit = False
        """Whether it is read from."""

    @property
    def in_use(self) -> int:
        """How many statements it runs for us."""
        pool: Any = self.reader.sync_engine.pool
        return self.direct.in_use + int(pool.checkedout())

    def has(self, position: int) -> bool:
        """Return whether it is known to have replayed so much."""
        return self._position >= position

    async def look(self, history: History) -> None:
        """Find out where it is, and whether it may be read from."""
        found = await self._watch.ask()
        if found is None:
            self.leave_out("it does not answer as a standby does")
            self.connector.drop_all()  # where it hangs, whoever waits for it asks the primary now
            return
        if found.server != self._server:
            self._server = found.server
            self.connector.drop_all()  # they lead to another one
        self._position = found.point.position
        if history.cluster is not None and found.point.cluster != history.cluster:
            self.leave_out("it is a standby of another cluster")
        elif (behind := history.behind(self._position, found.told)) > self._most_behind:
            self.leave_out(f"it is {behind:.1f} s behind")
        elif not self.is_fit:
            self.is_fit = True
            log.info("replica is read from", replica=self.name)

    async def _check(self, connection: Any) -> None:
        """Refuse a connection that has come to another server.

        Raises:
            ConnectionRefusedError: It has.
        """
        if await connection.fetchval(SERVER) != self._server:
            raise ConnectionRefusedError("the address leads to several servers")

    def leave_out(self, reason: str) -> None:
        """Read from it no more, until it is seen to be well."""
        self._position = 0
        if self.is_fit:
            self.is_fit = False
            log.warning("replica is left out", replica=self.name, reason=reason)

    async def close(self) -> None:
        """Close every connection."""
        await self._watch.close()
        await super().close()


class Replicas:
    """The standbys of one server process."""

    def __init__(self, addresses: str, primary: URL, settings: Settings) -> None:
        """Prepare; nothing is connected yet.

        Args:
            addresses: Of the standbys, as DATABASE_READ_URLS has them.
            primary: Address of the server that takes writes.
            settings: Sizes and time limits.
        """
        given = [to_asyncpg_url(address, "DATABASE_READ_URLS") for address in split_addresses(addresses)]
        urls = [url for each in given for url in each_server(each)]
        self.all = tuple(Replica(url, settings, number) for number, url in enumerate(urls, 1))
        """Each of them, whether it is read from or not."""
        self._primary = Watch(primary, settings, PRIMARY_POSITION)
        self._history = History(settings.replica_lag_seconds + 2 * settings.replica_check_seconds)
        self._step, self._patience = settings.replica_check_seconds, settings.replica_wait_seconds
        self._turn = count()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch them. None of them need be there; until the first was seen to be well, the primary is read."""
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._end)

    async def _run(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(self._step)

    def _end(self, task: "asyncio.Task[None]") -> None:
        """Log the fault that ended watching; what is not watched is not read from."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("watching replicas ended", exc_info=error)
            for replica in self.all:
                replica.leave_out("it is not watched any more")

    async def _look(self) -> None:
        """Ask the primary first: what it says is what the others are measured by."""
        if (found := await self._primary.ask()) is not None:
            self._history.note(found.point, time.monotonic())
        await asyncio.gather(*(replica.look(self._history) for replica in self.all))

    async def choose(self, after: Point | None) -> Replica | None:
        """Return the standby to read from; None where that is to be the primary.

        Args:
            after: A moment that has to be seen there.
        """
        if after is None:
            return self._least_busy(self.all)
        if after.cluster != self._history.cluster:
            return None  # a moment of another history: who knows what it means
        deadline = time.monotonic() + self._patience
        while (found := self._least_busy(each for each in self.all if each.has(after.position))) is None:
            if time.monotonic() >= deadline or not any(replica.is_fit for replica in self.all):
                return None
            with suppress(TimeoutError):
                async with asyncio.timeout(deadline - time.monotonic()):
                    await asyncio.gather(*(each.look(self._history) for each in self.all if each.is_fit))
                    await asyncio.sleep(0 if any(each.has(after.position) for each in self.all) else PAUSE_SECONDS)
        return found

    def _least_busy(self, replicas: Iterable[Replica]) -> Replica | None:
        """Return the one that runs the fewest statements, and of equals each in turn."""
        fit = [replica for replica in replicas if replica.is_fit]
        if not fit:
            return None
        first = next(self._turn) % len(fit)
        return min((*fit[first:], *fit[:first]), key=lambda replica: replica.in_use)

    async def close(self) -> None:
        """Stop watching, and close every connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._primary.close()
        for replica in self.all:
            await replica.close()
