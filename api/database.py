"""The database: engines, pools, sessions. The only place that commits.

Three pools. The engine's statements go over `api.direct`. Other reads go over connections that PostgreSQL
itself keeps read-only and that need no transaction around a statement, so a read costs one round trip.
Writes have a pool of their own, so that they are never starved by reads.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Final

import orjson
from asyncpg.exceptions import CannotConnectNowError, PostgresConnectionError
from cachetools import TTLCache
from sqlalchemy import URL, Executable, Row, make_url, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    AsyncTransaction,
    async_sessionmaker,
    create_async_engine,
)

from api.direct import QUERY_CANCELED, UNAVAILABLE_CLASSES, DirectPool
from api.settings import Settings
from api.telemetry.metrics import Level
from api.telemetry.statements import Stated
from schema.changes.triggers import FUNCTION
from schema.context import ReadSession, WriteSession
from schema.errors import StatementFailedError, UnavailableError
from schema.writing.violations import ConflictingWrites, Violated, Violation


def to_asyncpg_url(address: str) -> URL:
    """Return a PostgreSQL address as SQLAlchemy wants it for asyncpg.

    `postgres://` and `postgresql://`, as hosts give them, are both taken.

    Raises:
        ValueError: The address is not one of PostgreSQL.
    """
    url = make_url(address.replace("postgres://", "postgresql://", 1) if address.startswith("postgres://") else address)
    if url.get_backend_name() != "postgresql":
        raise ValueError(f"DATABASE_URL names {url.get_backend_name()}; Achene works on postgresql:// only.")
    if "sslmode" in url.query:  # what libpq calls it, and so what hosts put into their addresses
        mode = url.query["sslmode"]
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return url.set(drivername="postgresql+asyncpg")


REFUSALS: Final = ("22", "23")
"""Beginnings of PostgreSQL's codes for: a value that does not fit, a constraint that does not hold."""

CONFLICTS: Final = ("40001", "40P01")
"""Its codes for a transaction that was ended because of another one."""


AFTER_INSERT: Final = f"""
    SELECT 1 FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE c.relname = :table AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 4 = 4 AND t.tgtype & 66 = 0
    AND p.proname <> '{FUNCTION}'
"""  # noqa: S608 - of constants
"""Triggers of a table that run after an INSERT, but for ours, which changes no row of it.

Source: pg_trigger.h, `TRIGGER_TYPE_INSERT` and the others.
"""

PARAMETER: Final = re.compile(r"\$(\d+)")
"""A parameter in a statement."""

TRIGGERS_SECONDS: Final = 60.0
"""How long it is taken for granted that a table has no new trigger."""

MOST_TABLES: Final = 10_000
"""Most tables of which that is known."""


class WriteTransaction:
    """One connection of the writing pool; see `schema.context.Transaction`."""

    def __init__(self, connection: AsyncConnection, turn: asyncio.Lock | None = None) -> None:
        """Note the connection, and the turn of those who use it, where others do."""
        self._connection = connection
        self._turn = turn or asyncio.Lock()  # batches of a selection come side by side, and a connection runs one

    async def run(self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None = None) -> Sequence[Any]:
        """Run a statement, with the values of each row where it writes several, and return its rows.

        Raises:
            Violated: PostgreSQL refused it.
            ConflictingWrites: Another transaction stood in its way.
            UnavailableError: The database went away, or the statement took too long.
        """
        with translated():
            try:
                async with self._turn:
                    with Stated(statement) as stated:
                        result = await self._connection.execute(statement, parameters)
                        rows = result.all() if result.returns_rows else ()
                        stated.rows = len(rows)
            except DBAPIError as error:
                raise _refusal(error) from error
            return rows

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run one reading statement and return all its rows."""
        with translated():
            async with self._turn:
                return await _rows(self._connection, statement)

    async def give_up(self) -> None:
        """Wait until nothing runs on the connection; what was cancelled has closed it then."""
        async with self._turn:
            pass

    def savepoint(self) -> AbstractAsyncContextManager[Any]:
        """Open a part of the transaction that is undone by itself where its block raises."""
        return self._connection.begin_nested()

    @asynccontextmanager
    async def nested(self) -> AsyncIterator["WriteTransaction"]:
        """Open a part of the transaction that can be rolled back by itself."""
        part = _Part(self._connection, self._turn)
        await part.begin()
        yield part
        await part.end()

    async def settle(self) -> None:
        """Check the constraints that were put off to the end."""
        await self.run(text("SET CONSTRAINTS ALL IMMEDIATE"))

    async def roll_back(self) -> None:
        """Undo everything; what is run from now on is a new transaction."""
        with translated():
            async with self._turn:
                await self._connection.rollback()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[WriteSession]:
        """Open a session in the transaction, whose changes are written at the end of its block.

        Raises:
            Violated: PostgreSQL refused one.
            ConflictingWrites: Another transaction stood in its way.
            UnavailableError: The database went away, or a statement took too long.
        """
        with translated():
            if not self._connection.in_transaction():  # or the session would begin one, and could commit it
                await self._connection.begin()
            session = AsyncSession(self._connection, expire_on_commit=False, join_transaction_mode="rollback_only")
            try:
                yield WriteSession(session)
                await session.flush()
            except DBAPIError as error:
                raise _refusal(error) from error


class _Part(WriteTransaction):
    """A part of a transaction, behind a savepoint."""

    _savepoint: AsyncTransaction

    async def begin(self) -> None:
        """Set the savepoint."""
        self._savepoint = await self._connection.begin_nested()

    async def roll_back(self) -> None:
        """Undo the part; what is run from now on is a new one."""
        with translated():
            async with self._turn:
                await self._savepoint.rollback()
                await self.begin()

    async def end(self) -> None:
        """Keep the part."""
        with translated():
            await self._savepoint.commit()


def _refusal(error: DBAPIError) -> Exception:
    """Return what a failed write is to those who know the input."""
    state, cause = sqlstate(error) or "", getattr(error.orig, "__cause__", None)
    if state in CONFLICTS:
        return ConflictingWrites()
    if not state.startswith(REFUSALS):
        return error
    told = {name: getattr(cause, f"{name}_name", None) for name in ("constraint", "table", "column")}
    return Violated(Violation(state, detail=getattr(cause, "detail", None) or "", **told))


class Database:
    """The data of one server process: a pool that reads, a pool that writes."""

    def __init__(self, url: str, settings: Settings) -> None:
        """Prepare the pools; nothing is connected yet.

        Args:
            url: PostgreSQL address.
            settings: Sizes and time limits.
        """
        self.url = to_asyncpg_url(url)
        self.reader = _engine(self.url, settings, settings.pool_size, is_read_only=True)
        self.writer = _engine(self.url, settings, settings.write_pool_size, is_read_only=False)
        self.direct = DirectPool(self.url, settings, settings.pool_size, _server_settings(settings, is_read_only=True))
        self._direct_writer = DirectPool(
            self.url, settings, settings.write_pool_size, _server_settings(settings, is_read_only=False)
        )
        self._triggered: TTLCache[str, bool] = TTLCache(MOST_TABLES, TRIGGERS_SECONDS)
        self._read_session = async_sessionmaker(self.reader, expire_on_commit=False)
        self._write_session = async_sessionmaker(self.writer, expire_on_commit=False)

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run one reading statement on a connection of its own and return all its rows.

        A connection that turns out to be dead, as all are after PostgreSQL restarts, is replaced and the
        statement is run once more; reading twice does no harm.

        Raises:
            UnavailableError: No connection could be had, or the statement took too long.
        """
        with translated():
            try:
                return await self._fetch(statement)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            return await self._fetch(statement)

    async def _fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        async with self.reader.connect() as connection:
            return await _rows(connection, statement)

    async def fetch_bytes(self, sql: str, arguments: list[Any]) -> bytes:
        """Run a statement of the engine and return its one value.

        Raises:
            UnavailableError: No connection could be had, or the statement took too long.
            StatementFailedError: PostgreSQL refused the statement.
        """
        with Stated(sql):
            return await self.direct.fetch_bytes(sql, arguments)

    async def write_bytes(self, sql: str, arguments: list[Any], table: str) -> bytes:
        """Run a statement that writes to a table and returns one value of bytes, by itself and once.

        Raises:
            StatementFailedError: PostgreSQL refused the statement; or the table has a trigger that runs after it, whose
                doing a statement does not see.
            UnavailableError: No connection could be had, or the statement took too long.
        """
        has_trigger = self._triggered.get(table)
        if has_trigger is None:
            found = await self.fetch(text(AFTER_INSERT).bindparams(table=table))
            has_trigger = self._triggered[table] = bool(found)
        if has_trigger:
            raise StatementFailedError(f"{table} has a trigger")
        with Stated(sql):
            return await self._direct_writer.fetch_bytes(sql, arguments, is_repeatable=False)

    def forget_triggers(self) -> None:
        """Look for triggers of tables anew."""
        self._triggered.clear()

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

    def levels(self) -> Iterator[Level]:
        """Yield how full the pools are."""
        for name, engine in (("read", self.reader), ("write", self.writer)):
            pool: Any = engine.sync_engine.pool
            yield Level(name, pool.checkedout(), pool.size())
        for name, direct in (("engine", self.direct), ("engine_write", self._direct_writer)):
            yield Level(name, direct.in_use, direct.size)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """Open a session that reads. Never share it between resolvers that run at once."""
        with translated():
            async with self._read_session() as session:
                yield ReadSession(session)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """Open a session that commits when its block ends, and rolls back when it raises."""
        with translated():
            async with self._write_session.begin() as session:
                yield WriteSession(session)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[WriteTransaction]:
        """Open a transaction that commits when its block ends, and rolls back when it raises."""
        with translated():
            async with self.writer.connect() as connection:
                transaction = WriteTransaction(connection)
                try:
                    yield transaction
                    await connection.commit()
                except BaseException:
                    await transaction.give_up()
                    raise

    async def close(self) -> None:
        """Close every connection."""
        await self.direct.close()
        await self._direct_writer.close()
        await self.reader.dispose()
        await self.writer.dispose()


async def _rows(connection: AsyncConnection, statement: Executable) -> Sequence[Row[Any]]:
    """Run a reading statement and return all its rows."""
    with Stated(statement) as stated:
        rows = (await connection.execute(statement)).all()
        stated.rows = len(rows)
    return rows


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the driver raises when the database is away, full or slow into `UnavailableError`."""
    try:
        yield
    except PoolTimeoutError as error:
        raise UnavailableError("The server is busy: no database connection became free in time.") from error
    except DBAPIError as error:
        if sqlstate(error) == QUERY_CANCELED:
            raise UnavailableError("The database took too long to answer.") from error
        if error.connection_invalidated or (sqlstate(error) or "").startswith(UNAVAILABLE_CLASSES):
            raise UnavailableError("The database cannot be reached.") from error
        raise
    except (OSError, PostgresConnectionError, CannotConnectNowError, PendingRollbackError) as error:
        raise UnavailableError("The database cannot be reached.") from error


def sqlstate(error: DBAPIError) -> str | None:
    """Return PostgreSQL's five-character error code, or None where the error came from the driver alone.

    Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    return getattr(error.orig, "sqlstate", None)


def _engine(url: URL, settings: Settings, size: int, *, is_read_only: bool) -> AsyncEngine:
    """Make one pool. A reading one runs each statement by itself, without BEGIN and ROLLBACK around it.

    Before a connection is written on it is asked whether it lives: after PostgreSQL was restarted none does.
    """
    reading: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None} if is_read_only else {}
    return create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,  # a log line would have clients' values in it
        pool_timeout=settings.pool_timeout_seconds,
        pool_pre_ping=not is_read_only,  # what reads is run again on a new connection; what writes is not
        connect_args={
            "timeout": settings.connect_timeout_seconds,
            "server_settings": _server_settings(settings, is_read_only=is_read_only),
        },
        **reading,
    )


def _server_settings(settings: Settings, *, is_read_only: bool) -> dict[str, str]:
    """Return what PostgreSQL is set to on each connection."""
    return {
        "application_name": "achene",
        "timezone": "UTC",
        "intervalstyle": "iso_8601",
        "datestyle": "ISO",
        "jit": "off",
        "statement_timeout": str(int(settings.statement_timeout_seconds * 1000)),
        "default_transaction_read_only": "on" if is_read_only else "off",
    }
