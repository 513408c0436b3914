"""The response cache: answers by question and label, each read once, however many ask for it at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from api.caching.memory import Kept, Memory
from api.caching.shared import Shared
from schema.changes.versions import split_label

Found = tuple[Kept | None, bool]
"""An answer with its label, None where there is none to be kept; and whether it was there already."""

Read = Callable[[], Awaitable[bytes | None]]
"""Reads an answer behind its label; None where there is none to be kept."""


@dataclass(slots=True)
class Counts:
    """What was found how often, of one process."""

    hits: int = 0
    """Answers that were there, in memory."""

    shared_hits: int = 0
    """Answers that another server had kept."""

    joined: int = 0
    """Requests that were given what another one read at the time."""

    misses: int = 0
    """Answers that were read."""

    stale: int = 0
    """Of the answers that were read, those that were there under other versions."""


class Answers:
    """The response cache of one process."""

    def __init__(self, memory: Memory, shared: Shared | None = None) -> None:
        """Begin empty.

        Args:
            memory: Where answers are kept.
            shared: Where they are kept for other servers, too.
        """
        self._memory = memory
        self._shared = shared
        self._flights: dict[tuple[bytes, bytes], _Flight] = {}
        self._sent: set[asyncio.Task[None]] = set()
        self.counts = Counts()
        """What was found how often."""

    async def get(self, place: bytes, label: bytes, read: Read) -> Found:
        """Return an answer with its label, and whether it was there.

        Args:
            place: Names the question.
            label: The versions of its tables, as they were after the request came.
            read: Reads the answer; it is of the same versions or newer ones.
        """
        kept = self._memory.get(place)
        if kept is not None and kept[0] == label:
            self.counts.hits += 1
            return kept, True
        flight = self._flights.get((place, label))
        if flight is not None and not flight.is_given_up:
            self.counts.joined += 1
            return (await flight.join())[0], True
        self.counts.stale += kept is not None
        flight = self._flights[place, label] = _Flight(self._find(place, label, read))
        flight.task.add_done_callback(partial(self._land, (place, label), flight))
        return await flight.join()

    def _land(self, name: tuple[bytes, bytes], flight: "_Flight", _: object) -> None:
        if self._flights.get(name) is flight:
            del self._flights[name]

    async def _find(self, place: bytes, label: bytes, read: Read) -> Found:
        found = None if self._shared is None else await self._shared.get(place, label)
        if found is not None:
            self.counts.shared_hits += 1
            kept = label, found
        else:
            self.counts.misses += 1
            data = await read()
            if data is None:
                return None, False
            kept = split_label(data)
            if self._shared is not None:
                self._share(self._shared.put(place, *kept))
        self._memory.put(place, kept)
        return kept, found is not None

    def _share(self, work: Coroutine[Any, Any, None]) -> None:
        """Send an answer to the store, for which nobody waits."""
        task = asyncio.create_task(work)
        self._sent.add(task)
        task.add_done_callback(self._sent.discard)

    async def close(self) -> None:
        """End what is under way."""
        for task in tuple(self._sent):
            task.cancel()
        for flight in tuple(self._flights.values()):
            flight.task.cancel()
        if self._shared is not None:
            await self._shared.close()


class _Flight:
    """An answer that is being read, and how many wait for it."""

    __slots__ = ("_waiting", "is_given_up", "task")

    def __init__(self, find: "Awaitable[Found]") -> None:
        self.task: asyncio.Future[Found] = asyncio.ensure_future(find)
        self.task.add_done_callback(_look_at)
        self._waiting = 0
        self.is_given_up = False

    async def join(self) -> Found:
        """Wait for it; where the last one who waits gives up, it is ended."""
        self._waiting += 1
        try:
            return await asyncio.shield(self.task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self.is_given_up = True
                self.task.cancel()


def _look_at(task: "asyncio.Future[Found]") -> None:
    """Look at what came of a read, so that none is reported as never looked at where all who waited had left."""
    if not task.cancelled():
        task.exception()
