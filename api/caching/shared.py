"""Answers in Redis or Valkey, for all servers of a database.

The label is a part of an answer's name there, so that an answer never needs to be taken back: under other versions it
has another name, and the old one goes when its time is over or the store wants the room. A store that is away or slow
is left alone for a while; whoever asks reads from PostgreSQL then.
"""

import hashlib
import time
from typing import TYPE_CHECKING, Final

from api.data.store import failures
from api.telemetry import logger

if TYPE_CHECKING:
    from redis.asyncio import Redis

PREFIX: Final = b"achene:answer:"
"""Begins every name in the store."""

PAUSE_SECONDS: Final = 5.0
"""How long a store that failed is left alone."""

LARGEST_BYTES: Final = 4_000_000
"""Most bytes of an answer that is sent to the store."""


class Shared:
    """The answers of one store."""

    def __init__(self, store: "Redis", seconds: float) -> None:
        """Note where they are.

        Args:
            store: A client of it.
            seconds: How long an answer stays.
        """
        self._store = store
        self._milliseconds = max(1, int(seconds * 1000))
        self._away_until = 0.0

    async def get(self, place: bytes, label: bytes) -> bytes | None:
        """Return the answer to a question under a label; None where there is none, or no store."""
        if time.monotonic() < self._away_until:
            return None
        try:
            found = await self._store.get(_name(place, label))
        except failures() as error:
            self._leave(error)
            return None
        return found if isinstance(found, bytes) else None

    async def put(self, place: bytes, label: bytes, answer: bytes) -> None:
        """Keep an answer."""
        if time.monotonic() < self._away_until or len(answer) > LARGEST_BYTES:
            return
        try:
            await self._store.set(_name(place, label), answer, px=self._milliseconds)
        except failures() as error:
            self._leave(error)

    def _leave(self, error: BaseException) -> None:
        self._away_until = time.monotonic() + PAUSE_SECONDS
        logger().warning("the shared store of answers is away", reason=type(error).__name__, seconds=PAUSE_SECONDS)

    async def close(self) -> None:
        """Close its connections."""
        await self._store.aclose()


def _name(place: bytes, label: bytes) -> bytes:
    return PREFIX + hashlib.blake2b(place + label, digest_size=24).hexdigest().encode()
