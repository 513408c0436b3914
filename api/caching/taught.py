"""Texts of documents that clients have taught, by their hashes: in the process, and in Redis or Valkey for all servers.

Strangers decide what is in here, so its size does not depend on them: a process keeps so many bytes, and the shared
store so many texts, each in a place that its hash names. Who loses its place to another sends its document again, as
the protocol has it. A store that is away or slow is left alone for a while.
"""

import time
from typing import TYPE_CHECKING, Final, Protocol

from cachetools import LRUCache

from api.data.store import connect_store, failures
from api.settings import Settings
from api.telemetry import logger
from schema.documents import hash_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

REMEMBERED_BYTES: Final = 16 * 1024 * 1024
"""Most bytes of texts that a process remembers."""

PREFIX: Final = "achene:document:"
"""Begins every name in the shared store."""

PLACES: Final = 4096
"""How many texts the shared store has room for."""

LONGEST: Final = 16_384
"""Most characters of a text that is shared."""

SHARED_SECONDS: Final = 7 * 24 * 3600
"""How long a text is shared."""

PAUSE_SECONDS: Final = 5.0
"""How long a store that failed is left alone."""


class Texts(Protocol):
    """Texts of documents by their hashes."""

    async def get(self, hash_: str) -> str | None:
        """Return a text, None where it is not known."""

    async def put(self, hash_: str, text: str) -> None:
        """Remember a text."""

    async def close(self) -> None:
        """Close what is open."""


class LocalTexts:
    """Texts that one process remembers, those that were used last."""

    def __init__(self, most_bytes: int = REMEMBERED_BYTES) -> None:
        """Begin without any."""
        self._texts: LRUCache[str, str] = LRUCache(most_bytes, getsizeof=len)

    async def get(self, hash_: str) -> str | None:
        """Return a text, None where it is not known."""
        return self._texts.get(hash_)

    async def put(self, hash_: str, text: str) -> None:
        """Remember a text."""
        if len(text) <= self._texts.maxsize:
            self._texts[hash_] = text

    async def close(self) -> None:
        """Nothing is open."""


class SharedTexts:
    """Texts that all servers of a store remember, with those that the process does."""

    def __init__(self, store: "Redis") -> None:
        """Take a client of the store."""
        self._store = store
        self._local = LocalTexts()
        self._away_until = 0.0

    async def get(self, hash_: str) -> str | None:
        """Return a text, None where it is not known."""
        text = await self._local.get(hash_)
        if text is not None or self._is_away:
            return text
        try:
            found = await self._store.get(_place(hash_))
        except failures() as error:
            self._leave(error)
            return None
        text = found.decode() if isinstance(found, bytes) else None
        if text is None or hash_of(text) != hash_:  # another text has the place
            return None
        await self._local.put(hash_, text)
        return text

    async def put(self, hash_: str, text: str) -> None:
        """Remember a text."""
        await self._local.put(hash_, text)
        if self._is_away or len(text) > LONGEST:
            return
        try:
            await self._store.set(_place(hash_), text, ex=SHARED_SECONDS)
        except failures() as error:
            self._leave(error)

    async def close(self) -> None:
        """Close its connections."""
        await self._store.aclose()

    @property
    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until

    def _leave(self, error: BaseException) -> None:
        self._away_until = time.monotonic() + PAUSE_SECONDS
        logger().warning("the shared store of documents is away", reason=type(error).__name__, seconds=PAUSE_SECONDS)


def texts_of(settings: Settings) -> Texts:
    """Return where taught documents are kept, as the settings say."""
    if settings.redis_url is None or not settings.persisted_queries:
        return LocalTexts()
    return SharedTexts(connect_store(settings.redis_url, settings.redis_timeout_seconds))


def _place(hash_: str) -> str:
    return f"{PREFIX}{int(hash_[:8], 16) % PLACES}"
