"""Writes down when keys were last used: collected in memory, written in one statement now and then.

It is for people who want to know which keys are still needed, and never in the way of a request: what cannot
be written is kept and tried again.
"""

import asyncio
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.data.database import Database
from api.keys.records import record_uses
from schema.errors import UnavailableError

log = structlog.get_logger()


class Usage:
    """When keys were last used, as one server process saw it."""

    def __init__(self, database: Database, every_seconds: float, limit_seconds: float) -> None:
        """Prepare.

        Args:
            database: Where keys are.
            every_seconds: How often it is written.
            limit_seconds: How long writing may take.
        """
        self._database = database
        self._every = every_seconds
        self._limit = limit_seconds
        self._uses: dict[int, float] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False

    def note(self, key_id: int | None, at: float) -> None:
        """Remember that a key was used, at a time of `time.monotonic`; None is no key."""
        if key_id is not None:
            self._uses[key_id] = at

    def start(self) -> None:
        """Begin to write now and then."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Write what is left, if the database takes it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        await self.flush()

    async def flush(self) -> None:
        """Write what was noted. Where that fails, it is logged once and kept for the next time."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        is_written = False
        try:
            async with asyncio.timeout(self._limit), self._database.write() as session:
                now = time.monotonic()
                await record_uses(session, {key_id: now - at for key_id, at in uses.items()})
            is_written = True
        except (UnavailableError, SQLAlchemyError, TimeoutError) as error:
            self._tell(error)
        finally:
            if not is_written:
                self._uses = uses | self._uses
        if is_written and self._is_failing:
            self._is_failing = False
            log.info("last use of keys is written again")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            await self.flush()

    def _tell(self, error: Exception) -> None:
        """Log the first of a row of failures."""
        if not self._is_failing:
            self._is_failing = True
            log.warning("last use of keys cannot be written; trying again later", reason=type(error).__name__)
