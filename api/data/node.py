"""One PostgreSQL that is read from, over two pools: the engine's, and one of sessions.

The engine's statements go over `api.data.direct`. Other reads go over connections that PostgreSQL itself keeps
read-only and that need no transaction around a statement, so a read costs one round trip.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import orjson
from asyncpg.exceptions import CannotConnectNowError, PostgresConnectionError
from sqlalchemy import URL, Executable, Row
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker, create_async_engine

from api.data.connector import Connector
from api.data.direct import CONFLICT, QUERY_CANCELED, READ_ONLY, UNAVAILABLE_CLASSES, DirectPool
from api.data.row_level import CALLER, tell_reader
from api.settings import Settings
from api.telemetry.statements import Stated
from schema.context import ReadSession
from schema.errors import UnavailableError, UnreachableError

PARAMETER: Final = re.compile(r"\$(\d+)")
"""A parameter in a statement."""


class Node:
    """A PostgreSQL, as it is read."""

    reads_again = True
    """Whether a statement is run once more where its connection was lost; not where another server is asked then."""

    def __init__(self, url: URL, settings: Settings) -> None:
        """Prepare the pools; nothing is connected yet.

        Args:
            url: PostgreSQL address, for asyncpg.
            settings: Sizes and time limits.
        """
        self.url = url
        self.connector = Connector(url, settings, is_read_only=True)
        self.reader = engine(self.connector, settings, settings.pool_size)
        self.direct = DirectPool(self.connector, settings.pool_size, settings.pool_timeout_seconds)
        self._read_session = async_sessionmaker(self.reader, expire_on_commit=False)

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run one reading statement on a connection of its own and return all its rows.

        A connection that turns out to be dead, as all are after PostgreSQL restarts, is replaced and the
        statement is run once more; reading twice does no harm.

        Raises:
            UnavailableError: No connection could be had, or the statement took too long.
        """
        with translated(is_reading=True):
            try:
                return await self._fetch(statement)
            except DBAPIError as error:
                if not error.connection_invalidated or not self.reads_again:
                    raise
            return await self._fetch(statement)

    async def _fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        async with self.reader.connect() as connection:
            try:
                await tell_reader(connection)
                return await rows_of(connection, statement)
            except TimeoutError:
                await connection.invalidate()  # longer than PostgreSQL lets a statement run: it hangs
                raise

    async def fetch_bytes(self, sql: str, arguments: list[Any]) -> bytes:
        """Run a statement of the engine and return its one value.

        Raises:
            UnavailableError: No connection could be had, or the statement took too long.
            StatementFailedError: PostgreSQL refused the statement.
        """
        with Stated(sql):
            return await self.direct.fetch_bytes(sql, arguments, is_repeatable=self.reads_again)

    async def explain(self, sql: str, arguments: list[Any]) -> Any:
        """Run a statement of the engine and return its plan.

        Raises:
            UnavailableError: No connection could be had, or the statement took too long.
        """
        return orjson.loads(await self.direct.fetch_bytes(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", arguments))

    async def plan(self, sql: str) -> str:
        """Return PostgreSQL's generic plan of a statement, whatever its parameters; the statement is not run.

        Raises:
            UnavailableError: No connection could be had, or it took too long.
            StatementFailedError: PostgreSQL is older than 16, or cannot explain the statement.
        """
        nothing = [None] * max(map(int, PARAMETER.findall(sql)), default=0)
        plan = await self.direct.fetch_bytes(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {sql}", nothing)
        return orjson.dumps(orjson.loads(plan)[0]["Plan"]).decode()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """Open a session that reads. Never share it between resolvers that run at once."""
        with translated(is_reading=True):
            if CALLER.get() is None:
                async with self._read_session() as session:
                    yield ReadSession(session)
                return
            async with self.reader.connect() as connection:
                await tell_reader(connection)
                async with self._read_session(bind=connection) as session:
                    yield ReadSession(session)

    async def close(self) -> None:
        """Close every connection."""
        await self.direct.close()
        await self.reader.dispose()


async def rows_of(connection: AsyncConnection, statement: Executable) -> Sequence[Row[Any]]:
    """Run a reading statement and return all its rows."""
    with Stated(statement) as stated:
        rows = (await connection.execute(statement)).all()
        stated.rows = len(rows)
    return rows


@contextmanager
def translated(*, is_reading: bool = False) -> Iterator[None]:
    """Turn what the driver raises when the database is away, full or slow into `UnavailableError`.

    A write that PostgreSQL refuses as it takes none is another server's now; one through what only reads is a mistake.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise UnavailableError("The server is busy: no database connection became free in time.") from error
    except DBAPIError as error:
        if sqlstate(error) == QUERY_CANCELED:
            raise UnavailableError("The database took too long to answer.") from error
        away = (*UNAVAILABLE_CLASSES, CONFLICT if is_reading else READ_ONLY)
        if error.connection_invalidated or (sqlstate(error) or "").startswith(away):
            raise UnreachableError from error
        raise
    except (OSError, PostgresConnectionError, CannotConnectNowError, PendingRollbackError) as error:
        raise UnreachableError from error


def sqlstate(error: DBAPIError) -> str | None:
    """Return PostgreSQL's five-character error code, or None where the error came from the driver alone.

    Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    return getattr(error.orig, "sqlstate", None)


def engine(connector: Connector, settings: Settings, size: int) -> AsyncEngine:
    """Make one pool.

    Before a connection is written on it is asked whether it lives: after PostgreSQL was restarted none does. What
    reads is run again on a new connection; what writes is not.
    """
    return create_async_engine(
        connector.url,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,  # a log line would have clients' values in it
        pool_timeout=settings.pool_timeout_seconds,
        pool_pre_ping=not connector.is_read_only,
        **connector.engine_arguments,
    )
