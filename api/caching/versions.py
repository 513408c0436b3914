"""Reads the versions of tables: one tiny statement for all requests that wait for one.

A read tells a request the truth where it began after the request came: whatever was committed before is in it. So a
request that comes while a read is under way waits for the next, together with all others that come meanwhile; under
load there is one such statement at a time, however many requests there are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from schema.changes.versions import VERSIONS
from schema.keeping import Source


class Versions:
    """The versions of all tables of one database."""

    def __init__(self, source: Source) -> None:
        """Begin without having read any."""
        self._source = source
        self._next: asyncio.Future[Mapping[str, str]] | None = None
        self._task: asyncio.Task[None] | None = None
        self.surplus = 0
        """How many rows of `table_changes` the last read added up, beside one a table."""

    def read(self) -> Awaitable[Mapping[str, str]]:
        """Return the version of each table that was written to, as of now or later.

        Raises:
            UnavailableError: The database did not answer.
            StatementFailedError: There are none in it.
        """
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.create_task(self._run())
        return asyncio.shield(self._next)  # one who gives up does not end it for the others

    async def _run(self) -> None:
        """Read until nobody waits."""
        try:
            while self._next is not None:
                waiting, self._next = self._next, None
                await _settle(waiting, self._read)
        finally:
            self._task = None

    async def _read(self) -> Mapping[str, str]:
        found = orjson.loads(await self._source.fetch_bytes(VERSIONS, []))
        self.surplus = sum(rows - 1 for _, rows in found.values())
        return {table: version for table, (version, _) in found.items()}

    async def close(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})


async def _settle(waiting: "asyncio.Future[Any]", read: Callable[[], Awaitable[Any]]) -> None:
    """Give those who wait what comes of a read, whatever that is."""
    try:
        found = await read()
    except asyncio.CancelledError:
        waiting.cancel()
        raise
    except Exception as error:  # it is theirs
        waiting.set_exception(error)
        waiting.exception()  # nobody may be left to ask for it
    else:
        waiting.set_result(found)
