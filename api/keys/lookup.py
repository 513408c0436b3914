"""Looks up keys in the database, many in one statement, and never two statements at a time.

While one statement is under way, all who ask wait for the next. So a flood of keys that nobody knows costs a
server one connection and a few statements, not one each. Nobody is given what was read before it asked:
where nothing is remembered, an answer is as new as the question.
"""

import asyncio
import time

from sqlalchemy.exc import SQLAlchemyError

from api.data.database import Database
from api.keys.records import NOBODY, Record, select_keys, to_records
from schema.errors import UnavailableError


class Lookup:
    """The look-ups of one server process."""

    def __init__(self, database: Database, limit_seconds: float) -> None:
        """Prepare.

        Args:
            database: Where keys are.
            limit_seconds: How long one statement may take.
        """
        self._database = database
        self._limit = limit_seconds
        self._wanted: set[str] = set()
        self._next: asyncio.Task[dict[str, Record]] | None = None
        self._running: asyncio.Task[dict[str, Record]] | None = None

    async def find(self, prefix: str) -> Record:
        """Return the key with a prefix as it is now, `NOBODY` where there is none.

        Raises:
            UnavailableError: The database did not answer, or not in time.
        """
        self._wanted.add(prefix)
        if self._next is None:
            self._next = asyncio.create_task(self._read(self._running))
            self._next.add_done_callback(_retrieve)
        try:
            found = await asyncio.shield(self._next)  # who goes away takes nobody with it
        except UnavailableError as error:
            raise UnavailableError(str(error)) from error  # one of its own for each who waits
        return found.get(prefix, NOBODY)

    async def _read(self, before: "asyncio.Task[dict[str, Record]] | None") -> dict[str, Record]:
        """Look up all who are wanted when the statement before has ended."""
        if before is not None:
            await asyncio.wait({before})
        wanted, self._wanted = self._wanted, set()
        self._running, self._next = self._next, None
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(self._limit):
                rows = await self._database.fetch(select_keys(wanted))
        except TimeoutError as error:
            raise UnavailableError("The database took too long to look up the API key.") from error
        except SQLAlchemyError as error:  # before the first migration there is no such table
            raise UnavailableError("API keys cannot be looked up at the moment.") from error
        return to_records(rows, asked_at)


def _retrieve(task: "asyncio.Task[dict[str, Record]]") -> None:
    """Look at the outcome of a task that nobody waits for any more, so that asyncio stays quiet."""
    if not task.cancelled():
        task.exception()
