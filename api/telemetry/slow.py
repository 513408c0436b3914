"""Tells of operations that took long, with the plan of their slowest statement, so that nobody has to catch them.

The plan is the generic one (PostgreSQL 16 and newer): the statement is not run again, and no client's value is in it.
One at a time is looked into, and each document once in a while, so that a database that is slow for all is not asked
for more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from cachetools import TTLCache
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from api.telemetry.logs import logger
from api.telemetry.trail import Trail
from schema.errors import AcheneError

AGAIN_SECONDS: Final = 60.0
"""How long a document is not told of again."""

MOST_DOCUMENTS: Final = 1_000
"""Most documents that are remembered for that."""

LONGEST_SQL: Final = 20_000
"""Most characters of a statement in a line."""

Planner = Callable[[str], Awaitable[str]]
"""Returns PostgreSQL's generic plan of a statement."""


class SlowLog:
    """The slow operations of one server process."""

    def __init__(self, seconds: float, plan: Planner) -> None:
        """Begin to listen.

        Args:
            seconds: From how long on an operation is slow; 0 tells of none.
            plan: Asks PostgreSQL.
        """
        self._seconds = seconds
        self._plan = plan
        self._told: TTLCache[str | None, bool] = TTLCache(MOST_DOCUMENTS, AGAIN_SECONDS)
        self._task: asyncio.Task[None] | None = None

    def note(self, trail: Trail, seconds: float) -> None:
        """Tell of an operation that has ended, where it was slow and its document was not told of just now."""
        if not 0 < self._seconds <= seconds or trail.slowest is None or trail.hash in self._told:
            return
        if self._task is None or self._task.done():
            self._told[trail.hash] = True
            self._task = asyncio.get_running_loop().create_task(self._tell(trail, seconds))

    async def _tell(self, trail: Trail, seconds: float) -> None:
        sql = _sql(trail.slowest)
        try:
            plan: str | None = await self._plan(sql)
        except AcheneError:  # away, or older than PostgreSQL 16, or a statement that cannot be explained
            plan = None
        logger().warning(
            "slow operation",
            operation=trail.operation,
            document=trail.hash,
            way=trail.way,
            ms=round(seconds * 1000, 1),
            statements=trail.statements,
            slowest_ms=round(trail.slowest_seconds * 1000, 1),
            sql=sql[:LONGEST_SQL],
            plan=plan,
            request_id=trail.request_id,
        )

    async def close(self) -> None:
        """Leave what is being looked into."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def _sql(statement: Any) -> str:
    """Return the SQL of a statement, without values."""
    if isinstance(statement, str):
        return statement
    return str(statement.compile(dialect=PGDialect_asyncpg()))  # type: ignore[no-untyped-call]  # it has no types
