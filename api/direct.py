"""The pool that the engine's statements run over: asyncpg as it is, each statement prepared once a connection.

SQLAlchemy's connections cost several times the CPU for one statement, and both pools would reset a connection
after each use by a round trip of its own. Nothing that runs here leaves anything behind: every statement is a
single SELECT on a connection that PostgreSQL keeps read-only.
"""

import asyncio
import time
from collections import deque
from typing import Any, Final

import asyncpg
from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresConnectionError, PostgresError
from sqlalchemy import URL
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from api.settings import Settings
from schema.errors import StatementFailedError, UnavailableError

KEPT_STATEMENTS: Final = 256
"""Prepared statements that a connection keeps."""

LONGEST_KEPT: Final = 256 * 1024
"""Most characters of a statement that is kept prepared."""

QUERY_CANCELED: Final = "57014"
"""PostgreSQL's code for a statement that ran into `statement_timeout`."""

DROPPED: Final = (
    PostgresConnectionError,
    InterfaceError,
    InternalClientError,  # the server said goodbye to an idle connection, and nobody had read it yet
)
"""What the driver raises when a connection is gone, besides errors of the system."""

UNAVAILABLE_CLASSES: Final = ("08", "53", "57P")
"""Beginnings of PostgreSQL's codes for: no connection, out of resources, shutting down or starting up."""


def connect_arguments(url: URL) -> dict[str, Any]:
    """Return what `asyncpg.connect` takes for an address, as SQLAlchemy reads it."""
    arguments: dict[str, Any] = dict(PGDialect_asyncpg().create_connect_args(url)[1])  # type: ignore[no-untyped-call]
    return {name: value for name, value in arguments.items() if not name.startswith("prepared_statement_")}


class DirectPool:
    """A pool of asyncpg connections, each opened when it is first needed.

    The driver's own pool wraps each acquisition and each release into a task, which costs more than a small statement
    does. Here a free connection is taken off a list and put back; only who has to wait, waits.
    """

    def __init__(self, url: URL, settings: Settings, server_settings: dict[str, str]) -> None:
        """Note where to connect to.

        Args:
            url: PostgreSQL address, for asyncpg.
            settings: Size and time limits.
            server_settings: What PostgreSQL is set to on each connection.
        """
        self._arguments = connect_arguments(url) | {
            "timeout": settings.connect_timeout_seconds,
            "server_settings": server_settings,
            "statement_cache_size": KEPT_STATEMENTS,
            "max_cached_statement_lifetime": 0,
            "max_cacheable_statement_size": LONGEST_KEPT,
        }
        self._patience = settings.pool_timeout_seconds
        self._idle: list[Any] = []
        self._all: set[Any] = set()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._count = 0
        self.size = settings.pool_size
        """Most connections."""
        self.moved_at = time.monotonic()
        """When a connection was last taken or given back, by `time.monotonic`."""

    @property
    def in_use(self) -> int:
        """Connections that run a statement at the moment, or are being opened."""
        return self._count - len(self._idle)

    async def fetch_bytes(self, sql: str, arguments: list[Any]) -> bytes:
        """Run a statement that returns one value of bytes.

        A dead connection is replaced, and the statement run once more.

        Raises:
            UnavailableError: No connection could be had, or the statement took too long.
            StatementFailedError: PostgreSQL refused the statement.
        """
        try:
            return await self._fetch(sql, arguments)
        except (*DROPPED, ConnectionError):
            return await self._again(sql, arguments)
        except OSError as error:  # TimeoutError among them
            raise UnavailableError("The database cannot be reached.") from error
        except PostgresError as error:
            raise _translated(error) from error

    async def _again(self, sql: str, arguments: list[Any]) -> bytes:
        """Run a statement once more, on a new connection: what happened to one has happened to all that rest."""
        for connection in self._idle:
            connection.terminate()
            self._all.discard(connection)
        self._count -= len(self._idle)
        self._idle.clear()
        try:
            return await self._fetch(sql, arguments)
        except (*DROPPED, OSError) as error:
            raise UnavailableError("The database cannot be reached.") from error
        except PostgresError as error:
            raise _translated(error) from error

    async def _fetch(self, sql: str, arguments: list[Any]) -> bytes:
        connection = self._idle.pop() if self._idle else await self._another()
        self.moved_at = time.monotonic()
        is_whole = False
        try:
            data: bytes = await connection.fetchval(sql, *arguments)
            is_whole = True
            return data
        finally:
            self.moved_at = time.monotonic()
            self._give_back(connection, is_last=not is_whole)

    async def _another(self) -> Any:
        """Return a new connection, or the next that becomes free.

        Raises:
            UnavailableError: None did in time.
        """
        while self._count >= self.size:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                async with asyncio.timeout(self._patience):
                    connection = await waiter
            except BaseException as error:
                if waiter.done() and not waiter.cancelled() and waiter.result() is not None:
                    self._give_back(waiter.result())  # it came at the moment when we gave up
                if isinstance(error, TimeoutError):
                    message = "The server is busy: no database connection became free in time."
                    raise UnavailableError(message) from error
                raise
            if connection is not None:
                return connection
        self._count += 1
        try:
            connection = await asyncpg.connect(**self._arguments)
        except BaseException:
            self._lose()
            raise
        self._all.add(connection)
        return connection

    def _give_back(self, connection: Any, *, is_last: bool = False) -> None:
        """Let the next one have a connection.

        Args:
            connection: Which.
            is_last: True to take it last: its statement was cancelled, and the next one would wait for that.
        """
        if connection.is_closed():
            self._all.discard(connection)
            self._lose()
        elif (waiter := self._next_waiter()) is not None:
            waiter.set_result(connection)
        else:
            self._idle.insert(0 if is_last else len(self._idle), connection)

    def _lose(self) -> None:
        """Count a connection less, and let the next one open another."""
        self._count -= 1
        if (waiter := self._next_waiter()) is not None:
            waiter.set_result(None)

    def _next_waiter(self) -> "asyncio.Future[Any] | None":
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    async def close(self) -> None:
        """Close every connection, without waiting for one that does not answer."""
        for connection in self._all:
            connection.terminate()


def _translated(error: PostgresError) -> Exception:
    state = error.sqlstate or ""
    if state == QUERY_CANCELED:
        return UnavailableError("The database took too long to answer.")
    if state.startswith(UNAVAILABLE_CLASSES):
        return UnavailableError("The database cannot be reached.")
    return StatementFailedError(str(error))
