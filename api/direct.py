"""The pool that the engine's statements run over: asyncpg as it is, each statement prepared once a connection.

SQLAlchemy's connections cost several times the CPU for one statement, and both pools would reset a connection
after each use by a round trip of its own. Nothing that runs here leaves anything behind: every statement is a
single SELECT on a connection that PostgreSQL keeps read-only.
"""

import asyncio
import time
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


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg ships no types
    """A connection that is handed on as it is."""

    def get_reset_query(self) -> str:
        """Return nothing to run between two uses."""
        return ""


class DirectPool:
    """A pool of asyncpg connections, opened when it is first used."""

    def __init__(self, url: URL, settings: Settings, server_settings: dict[str, str]) -> None:
        """Note where to connect to.

        Args:
            url: PostgreSQL address, for asyncpg.
            settings: Size and time limits.
            server_settings: What PostgreSQL is set to on each connection.
        """
        self._arguments = connect_arguments(url)
        self._settings = settings
        self._server_settings = server_settings
        self._pool: Any = None
        self._opening = asyncio.Lock()
        self.size = settings.pool_size
        self.moved_at = time.monotonic()

    @property
    def in_use(self) -> int:
        """Connections that run a statement at the moment."""
        return 0 if self._pool is None else self._pool.get_size() - self._pool.get_idle_size()

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
        except TimeoutError as error:
            raise UnavailableError("The server is busy: no database connection became free in time.") from error
        except OSError as error:
            raise UnavailableError("The database cannot be reached.") from error
        except PostgresError as error:
            raise _translated(error) from error

    async def _again(self, sql: str, arguments: list[Any]) -> bytes:
        try:
            return await self._fetch(sql, arguments)
        except TimeoutError as error:
            raise UnavailableError("The server is busy: no database connection became free in time.") from error
        except (*DROPPED, OSError) as error:
            raise UnavailableError("The database cannot be reached.") from error
        except PostgresError as error:
            raise _translated(error) from error

    async def _fetch(self, sql: str, arguments: list[Any]) -> bytes:
        pool = self._pool or await self._open()
        async with pool.acquire(timeout=self._settings.pool_timeout_seconds) as connection:
            self.moved_at = time.monotonic()
            try:
                return await connection.fetchval(sql, *arguments)  # type: ignore[no-any-return]
            finally:
                self.moved_at = time.monotonic()

    async def _open(self) -> Any:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    **self._arguments,
                    min_size=0,
                    max_size=self._settings.pool_size,
                    timeout=self._settings.connect_timeout_seconds,
                    server_settings=self._server_settings,
                    statement_cache_size=KEPT_STATEMENTS,
                    max_cached_statement_lifetime=0,
                    max_cacheable_statement_size=LONGEST_KEPT,
                    max_inactive_connection_lifetime=0,
                    connection_class=_Connection,
                )
            return self._pool

    async def close(self) -> None:
        """Close every connection, without waiting for one that does not answer."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None


def _translated(error: PostgresError) -> Exception:
    state = error.sqlstate or ""
    if state == QUERY_CANCELED:
        return UnavailableError("The database took too long to answer.")
    if state.startswith(UNAVAILABLE_CLASSES):
        return UnavailableError("The database cannot be reached.")
    return StatementFailedError(str(error))
