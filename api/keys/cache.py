"""What a server remembers of keys for a short time: those that exist, and those that were shown and do not.

Each of the two is bounded by itself, so that a flood of invented keys drives no real one out. Whether what is
remembered may be used is decided in `api.keys.keys`.

Of keys that were shown and held, a hash is remembered besides, so that the same one is known again by a single look. A
secret of the process is hashed before it, which with BLAKE2 is as good as a keyed hash: nobody can tell from the time
that a look takes how near it was, and what is remembered is worth nothing elsewhere.
"""

from hashlib import blake2b
from secrets import token_bytes

from cachetools import FIFOCache, TTLCache

from api.keys.records import NOBODY, Record


class Cache:
    """Keys by prefix, bounded in number and time."""

    def __init__(self, size: int, seconds: float) -> None:
        """Prepare.

        Args:
            size: Most keys that exist, and most that do not.
            seconds: How long each is remembered.
        """
        self._known: TTLCache[str, Record] = TTLCache(size, seconds)
        self._unknown: TTLCache[str, Record] = TTLCache(size, seconds)
        self._shown: FIFOCache[bytes, tuple[float, Record]] = FIFOCache(size)
        self._secret = token_bytes(32)
        self._seconds = seconds
        self._generation = 0

    def __len__(self) -> int:
        """Return how many prefixes are remembered, those that no key has among them."""
        return len(self._known) + len(self._unknown)

    @property
    def generation(self) -> int:
        """A number that is another after each change that was heard of."""
        return self._generation

    def get(self, prefix: str) -> Record | None:
        """Return what is remembered of a prefix, `NOBODY` where no key has it; None where nothing is."""
        return self._known.get(prefix) or self._unknown.get(prefix)

    def put(self, prefix: str, record: Record, generation: int) -> None:
        """Remember a key, unless something changed since a generation: it may have been read before that."""
        if generation == self._generation:
            (self._unknown if record is NOBODY else self._known)[prefix] = record

    def shown(self, key: bytes, now: float) -> Record | None:
        """Return the key that this is, where exactly this was shown before, held, and still does.

        Args:
            key: What is shown.
            now: Seconds of `time.monotonic`.
        """
        try:
            until, record = self._shown[blake2b(self._secret + key).digest()]
        except KeyError:
            return None
        return record if now < until else None

    def note_shown(self, key: bytes, record: Record) -> None:
        """Remember that a key was shown and held, where it is remembered itself: then its changes are heard of."""
        if (prefix := record.principal.key_prefix) is not None and self._known.get(prefix) is record:
            self._shown[blake2b(self._secret + key).digest()] = (
                min(record.ends_at, record.read_at + self._seconds),
                record,
            )

    def forget(self, prefix: str | None) -> None:
        """Forget a key that changed, or all of them where None."""
        self._generation += 1
        self._shown.clear()  # changes are rare, and each is noted again when it is next shown
        if prefix is None:
            self._known.clear()
            self._unknown.clear()
        else:
            self._known.pop(prefix, None)
            self._unknown.pop(prefix, None)
