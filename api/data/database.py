"""The database: what is read and what is written, by which pool. The only place that commits.

Reads are the work of `api.data.node`. Writes have pools of their own, so that they are never starved by reads.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from cachetools import TTLCache
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import async_sessionmaker

from api.data.address import to_asyncpg_url
from api.data.connector import Connector
from api.data.direct import DirectPool
from api.data.node import Node, engine, translated
from api.data.replicas import Replicas
from api.data.row_level import tell
from api.data.writes import WriteTransaction
from api.settings import Settings
from api.telemetry.metrics import Level
from api.telemetry.statements import Stated
from schema.changes.triggers import FUNCTION
from schema.context import WriteSession
from schema.errors import StatementFailedError

ON_INSERT: Final = f"""
    SELECT 1 FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE c.relname = :table AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 4 = 4
    AND p.proname <> '{FUNCTION}'
"""  # noqa: S608 - of constants
"""Triggers of a table that run with an INSERT, but for ours, which changes no row of the graph.

One that runs before it may write to other tables, or keep the row from being written.

Source: pg_trigger.h, `TRIGGER_TYPE_INSERT` and the others.
"""

TRIGGERS_SECONDS: Final = 60.0
"""How long it is taken for granted that a table has no new trigger."""

MOST_TABLES: Final = 10_000
"""Most tables of which that is known."""


class Database(Node):
    """The data of one server process: pools that read, pools that write."""

    def __init__(self, url: str, settings: Settings) -> None:
        """Prepare the pools; nothing is connected yet.

        Args:
            url: PostgreSQL address.
            settings: Sizes and time limits.
        """
        super().__init__(to_asyncpg_url(url), settings)
        self.session_url = _session_url(self.url, settings)
        """Where a connection has a session of its own, as LISTEN needs; None where a pooler stands between."""
        connector = Connector(self.url, settings, is_read_only=False)
        self.writer = engine(connector, settings, settings.write_pool_size)
        self._direct_writer = DirectPool(connector, settings.write_pool_size, settings.pool_timeout_seconds)
        self.replicas = (
            None if settings.database_read_urls is None else Replicas(settings.database_read_urls, self.url, settings)
        )
        """Standbys that queries are read from, too; None where there are none."""
        self._triggered: TTLCache[str, bool] = TTLCache(MOST_TABLES, TRIGGERS_SECONDS)
        self._write_session = async_sessionmaker(self.writer, expire_on_commit=False)

    async def write_bytes(self, sql: str, arguments: list[Any], table: str) -> bytes:
        """Run a statement that writes to a table and returns one value of bytes, by itself and once.

        Raises:
            StatementFailedError: PostgreSQL refused the statement; or the table has a trigger, whose doing a statement
                does not see.
            UnavailableError: No connection could be had, or the statement took too long.
        """
        has_trigger = self._triggered.get(table)
        if has_trigger is None:
            found = await self.fetch(text(ON_INSERT).bindparams(table=table))
            has_trigger = self._triggered[table] = bool(found)
        if has_trigger:
            raise StatementFailedError(f"{table} has a trigger")
        with Stated(sql):
            return await self._direct_writer.fetch_bytes(sql, arguments, is_repeatable=False)

    def forget_triggers(self) -> None:
        """Look for triggers of tables anew."""
        self._triggered.clear()

    def levels(self) -> Iterator[Level]:
        """Yield how full the pools are."""
        for name, sessions in (("read", self.reader), ("write", self.writer)):
            pool: Any = sessions.sync_engine.pool
            yield Level(name, pool.checkedout(), pool.size())
        for name, direct in (("engine", self.direct), ("engine_write", self._direct_writer)):
            yield Level(name, direct.in_use, direct.size)
        for replica in self.replicas.all if self.replicas is not None else ():
            yield Level(replica.name, replica.in_use, replica.size)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """Open a session that commits when its block ends, and rolls back when it raises."""
        with translated():
            async with self._write_session.begin() as session:
                await tell(session)
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
                    with suppress(DBAPIError, OSError):  # what the block raised says more
                        await connection.rollback()
                    raise

    def start(self) -> None:
        """Begin to watch standbys, where there are some. The database need not be there."""
        if self.replicas is not None:
            self.replicas.start()

    async def close(self) -> None:
        """Close every connection."""
        if self.replicas is not None:
            await self.replicas.close()
        await super().close()
        await self._direct_writer.close()
        await self.writer.dispose()


def connections_of(settings: Settings) -> int:
    """Return how many connections a process may have to its database: all pools, the probe, who hears of changes."""
    is_heard = settings.pooler is None or settings.database_direct_url is not None
    return 2 * settings.pool_size + 2 * settings.write_pool_size + 1 + is_heard


def _session_url(url: URL, settings: Settings) -> URL | None:
    if settings.database_direct_url is not None:
        return to_asyncpg_url(settings.database_direct_url, "DATABASE_DIRECT_URL")
    return None if settings.pooler else url
