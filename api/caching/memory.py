"""Answers in the memory of one process, the newest of each question, no more bytes than are allowed."""

from typing import Final

from cachetools import LRUCache

OVERHEAD_BYTES: Final = 400
"""About what an answer takes beside its bytes."""

LARGEST_PART: Final = 8
"""An answer that would take more than this part of the whole is not kept: it would drive out too many others."""

Kept = tuple[bytes, bytes]
"""The label of an answer, and the answer."""


class Memory:
    """A bounded store: what was not asked for longest goes first."""

    def __init__(self, most_bytes: int) -> None:
        """Begin empty."""
        self._kept: LRUCache[bytes, Kept] = LRUCache(most_bytes, getsizeof=_size)
        self._largest = most_bytes // LARGEST_PART

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return int(self._kept.currsize)

    def get(self, place: bytes) -> Kept | None:
        """Return the newest answer to a question, and its label."""
        return self._kept.get(place)

    def put(self, place: bytes, kept: Kept) -> None:
        """Keep an answer in the place of an older one."""
        if _size(kept) <= self._largest:
            self._kept[place] = kept


def _size(kept: Kept) -> int:
    return OVERHEAD_BYTES + len(kept[0]) + len(kept[1])
