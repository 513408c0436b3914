"""Hears of every change to a key, over a connection of its own.

A trigger of the first revision notifies the channel `achene_api_key` with the prefix of each key that is
made, changed or deleted, as the change commits. Who remembers keys may do so only while this connection is
proved to work: a question goes over it every few seconds, and from the moment one was sent that got its
answer, `is_trusted` holds for a fixed time and no longer. That bound holds also where a network swallows
packets without a word, or the process is too busy to look.

A pooler such as PgBouncer may hand the connection to others, and notifications with it. Where PostgreSQL says
another process number than the connection did, somebody stands between, and nothing is trusted.

Source: https://www.postgresql.org/docs/current/sql-notify.html
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg
import structlog

from api.data.address import Hosts
from api.data.database import Database
from schema.errors import AcheneError

CHANNEL: Final = "achene_api_key"
"""As the trigger has it."""

FIRST_DELAY_SECONDS: Final = 0.1
LONGEST_DELAY_SECONDS: Final = 5.0
"""How long to wait before connecting again; each time twice as long, up to this."""

POOLER_DELAY_SECONDS: Final = 60.0
"""How long to wait where a pooler stands between: that does not change by itself."""

ARGUMENTS: Final = {
    "statement_cache_size": 0,
    "server_settings": {"application_name": "achene keys", "default_transaction_read_only": "on"},
}
"""What the connection is set to."""

LOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server said goodbye to an idle connection, and nobody had read it yet
)
"""What the driver raises when a connection is gone, or cannot be made."""

log = structlog.get_logger()


class PoolerError(AcheneError):
    """Somebody between us and PostgreSQL may keep notifications from us."""


class Listener:
    """A connection that is told of changed keys, made again whenever it is lost."""

    def __init__(self, database: Database, staleness_seconds: float, hear: Callable[[str | None], None]) -> None:
        """Prepare; nothing is connected yet.

        Args:
            database: Where keys are.
            staleness_seconds: How long after a question that was answered nothing can have been missed for longer.
            hear: Called with the prefix of a key that changed, and with None when any may have changed.
        """
        self._hosts = None if database.session_url is None else Hosts(database.session_url)
        self._staleness = staleness_seconds
        self._hear = hear
        self.trusted_until = 0.0
        """Until when a change that is older than the bound would have been heard of: seconds of `time.monotonic`."""
        self._task: asyncio.Task[None] | None = None
        self._is_silent = False

    @property
    def is_trusted(self) -> bool:
        """True where a change that is older than the bound would have been heard of."""
        return time.monotonic() < self.trusted_until

    def start(self) -> None:
        """Begin to listen. The database need not be there."""
        if self._hosts is None:
            self._tell("ACHENE_POOLER is set, and DATABASE_DIRECT_URL is not")
            return
        self._task = asyncio.create_task(self._run(self._hosts))
        self._task.add_done_callback(_report)

    async def close(self) -> None:
        """Stop listening."""
        self.trusted_until = 0.0
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _run(self, hosts: Hosts) -> None:
        delay = FIRST_DELAY_SECONDS
        while True:
            try:
                await self._listen(hosts)
            except PoolerError as error:
                self._tell(str(error))
                wait = POOLER_DELAY_SECONDS
            except LOST as error:
                delay = FIRST_DELAY_SECONDS if self.trusted_until else min(delay * 2, LONGEST_DELAY_SECONDS)
                self._tell(f"The connection was lost ({type(error).__name__}).")
                wait = delay
            finally:
                self.trusted_until = 0.0
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - spreads servers, guards nothing

    async def _listen(self, hosts: Hosts) -> None:
        """Listen on a new connection until it is lost, which always raises."""
        step = self._staleness / 3  # a question, its answer and the pause fit into the bound together
        lost = asyncio.Event()
        connection = await hosts.connect(timeout=max(step, 1.0), **ARGUMENTS)
        try:
            connection.add_termination_listener(lambda _: lost.set())
            async with asyncio.timeout(step):
                await connection.add_listener(CHANNEL, lambda *heard: self._hear(heard[3] or None))
            self._hear(None)  # what changed while nobody listened is not known
            while True:
                await self._prove(connection, step)
                with suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), step)
                    raise ConnectionResetError
        finally:
            connection.terminate()

    async def _prove(self, connection: Any, limit_seconds: float) -> None:
        """Ask something, and trust the connection for a while from when it was asked."""
        asked_at = time.monotonic()
        async with asyncio.timeout(limit_seconds):
            pid = await connection.fetchval("SELECT pg_backend_pid()")
        if pid != connection.get_server_pid():
            raise PoolerError("A pooler stands between this server and PostgreSQL.")
        self.trusted_until = asked_at + self._staleness
        if self._is_silent:
            self._is_silent = False
            log.info("key changes are heard again")

    def _tell(self, reason: str) -> None:
        """Log the first of a row of failures."""
        if not self._is_silent:
            self._is_silent = True
            log.warning("key changes are not heard; each request looks up its key", reason=reason)


def _report(task: "asyncio.Task[None]") -> None:
    """Log the fault that ended listening. Keys are right without it, and slower."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("listening for key changes ended", exc_info=error)
