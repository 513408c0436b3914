"""Knows which tables are watched and which functions read nothing but their arguments, as the database says.

An operation that reads anything else is answered anew each time: a table without its trigger makes answers slower, and
never wrong. Folds the rows of `table_changes`, too, where there are many.
"""

import asyncio
import time
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.caching.versions import Versions
from api.database import Database
from api.telemetry import logger
from schema.changes.versions import FOLD, IMMUTABLE, WATCHED
from schema.engine import Reads
from schema.errors import AcheneError

KNOWN_SECONDS: Final = 60.0
"""How long it is taken for granted what is watched."""

RETRY_SECONDS: Final = 1.0
"""How long it is not looked again where looking failed."""

MOST_ROWS: Final = 200
"""Rows of `table_changes` that may be added up in each read; where there are more they are folded."""


class Watch:
    """What is watched in one database."""

    def __init__(self, database: Database, versions: Versions) -> None:
        """Begin without knowing anything."""
        self._database = database
        self._versions = versions
        self._tables: frozenset[str] = frozenset()
        self._functions: frozenset[str] = frozenset()
        self._known_at: float | None = None
        self._again_at = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._folding: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look. The database need not be there."""
        self._looking = self._looking or _beside(self.look())

    async def known(self) -> None:
        """Wait until it was looked once, if nobody has yet; where that failed, not for a while."""
        if self._known_at is None and time.monotonic() > self._again_at:
            self.start()
            await asyncio.wait({self._looking} if self._looking else set())

    async def covers(self, reads: Reads) -> bool:
        """Return whether what a statement gives follows from its values and from versions of tables alone."""
        if not reads.is_known:
            return False
        await self.known()
        if self._known_at is not None and time.monotonic() - self._known_at > KNOWN_SECONDS:
            self.start()  # what was known is good enough until then
        if self._versions.rows > MOST_ROWS and self._folding is None:
            self._folding = _beside(self._fold())
        return self._tables.issuperset(reads.tables) and self._functions >= reads.functions

    async def look(self) -> None:
        """Look what is watched."""
        try:
            rows = await self._database.fetch(text(WATCHED))
            names = await self._database.fetch(text(IMMUTABLE))
        except (AcheneError, SQLAlchemyError) as error:
            self._tables, self._known_at = frozenset(), None
            self._again_at = time.monotonic() + RETRY_SECONDS
            logger().warning("what is watched is not known: no answer is kept", reason=str(error))
        else:
            self._tables = frozenset(f"{schema}.{table}" for schema, table, _ in map(tuple, rows)) | frozenset(
                table for _, table, is_visible in map(tuple, rows) if is_visible
            )
            self._functions = frozenset(name for (name,) in names)
            self._known_at = time.monotonic()
        finally:
            self._looking = None

    async def _fold(self) -> None:
        try:
            async with self._database.write() as session:
                await session.execute(text(FOLD))
            self._versions.rows = 0
        except (AcheneError, SQLAlchemyError) as error:
            logger().warning("table_changes was not folded", reason=str(error))
        finally:
            self._folding = None

    async def close(self) -> None:
        """End what is under way."""
        for task in (self._looking, self._folding):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})


def _beside(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Begin what no request is to be charged with."""
    return asyncio.create_task(work, context=Context())
