"""Knows which tables are watched and which functions read nothing but their arguments, as the database says.

An operation that reads anything else is answered anew each time: a table without its trigger makes answers slower, and
never wrong. Folds the rows of `table_changes`, too, where there are many.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from contextvars import Context
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.caching.versions import Versions
from api.data.database import Database
from api.telemetry import logger
from schema.changes.versions import FOLD, IMMUTABLE, WATCHED
from schema.engine import Reads
from schema.errors import AcheneError

KNOWN_SECONDS: Final = 60.0
"""How long it is taken for granted what is watched."""

RETRY_SECONDS: Final = 1.0
"""How long it is not looked again where looking failed."""

MOST_ROWS: Final = 200
"""Rows of `table_changes`, beside one a table, that may be added up in each read; more than these are folded."""


class Watch:
    """What is watched in one database."""

    def __init__(self, database: Database, versions: Versions, wanted: Iterable[str]) -> None:
        """Begin without knowing anything.

        Args:
            database: Where tables are.
            versions: Their versions.
            wanted: Names of the tables that should be watched.
        """
        self._wanted = frozenset(wanted)
        self._database = database
        self._versions = versions
        self._tables: frozenset[str] = frozenset()
        self._functions: frozenset[str] = frozenset()
        self._known_until = 0.0
        self._look_at = 0.0
        self._fold_at = 0.0
        self._missed: frozenset[str] = frozenset()
        self._looking: asyncio.Task[None] | None = None
        self._folding: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look. The database need not be there."""
        self._looking = self._looking or _beside(self.look())

    async def known(self) -> None:
        """Look, and wait for it."""
        self.start()
        if self._looking is not None:
            await asyncio.wait({self._looking})

    def covers(self, reads: Reads) -> bool:
        """Return whether what a statement gives follows from its values and from versions of tables alone.

        Nobody waits for that: until it is known, the answer is no.
        """
        now = time.monotonic()
        if now > self._look_at:
            self.start()
        if self._versions.surplus > MOST_ROWS and self._folding is None and now > self._fold_at:
            self._folding = _beside(self._fold())
        is_known = reads.is_known and now < self._known_until
        return is_known and self._tables.issuperset(reads.tables) and self._functions >= reads.functions

    async def look(self) -> None:
        """Look what is watched."""
        asked_at = time.monotonic()
        try:
            rows = await self._database.fetch(text(WATCHED))
            names = await self._database.fetch(text(IMMUTABLE))
        except (AcheneError, SQLAlchemyError) as error:
            self._look_at = time.monotonic() + RETRY_SECONDS
            logger().warning("what is watched is not known: answers will not be kept", reason=str(error))
        else:
            self._tables = frozenset(f"{schema}.{table}" for schema, table, _ in map(tuple, rows)) | frozenset(
                table for _, table, is_visible in map(tuple, rows) if is_visible
            )
            self._functions = frozenset(name for (name,) in names)
            self._look_at, self._known_until = asked_at + KNOWN_SECONDS / 2, asked_at + KNOWN_SECONDS
            self._tell(self._wanted - self._tables)
        finally:
            self._looking = None

    def _tell(self, missed: frozenset[str]) -> None:
        """Log which tables should be watched and are not, where these are others than before."""
        if missed != self._missed:
            self._missed = missed
            logger().warning("tables are not watched: answers with their rows are not kept", tables=sorted(missed))

    async def _fold(self) -> None:
        try:
            async with self._database.write() as session:
                await session.execute(text(FOLD))
            self._versions.surplus = 0
        except (AcheneError, SQLAlchemyError) as error:
            self._fold_at = time.monotonic() + KNOWN_SECONDS
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
