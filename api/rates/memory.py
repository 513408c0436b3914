"""Counters in the memory of one server.

The storage that `limits` brings starts a task with each request, which looks at every counter there is: with many
callers that is most of a server's time. This one takes its place below the same strategy. It holds so many counters
and forgets those that were asked for the longest ago; each is three numbers.
"""

import time
from collections.abc import Callable, Sequence
from math import floor
from typing import Final

from cachetools import LRUCache
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from api.rates.counters import Charge
from api.rates.standing import Standing, Window, standing

MOST_COUNTERS: Final = 100_000
"""Most counters of keys, and most of addresses: a flood from many addresses makes no key forgotten."""


class WindowStorage(MemoryStorage):
    """Sliding windows, bounded in number."""

    STORAGE_SCHEME = None  # type: ignore[assignment]  # no address leads here: the registry of `limits` keeps its own

    def __init__(self, size: int = MOST_COUNTERS, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare.

        Args:
            size: Most counters.
            clock: Tells the time in seconds.
        """
        super().__init__()
        self._windows: LRUCache[str, tuple[int, int, int]] = LRUCache(size)
        self._clock = clock

        self.seen = Window(0, 0.0, 0, 0.0)
        """The counters that were looked at last, as they are since; nothing comes in between until somebody waits."""

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count an amount if it fits, see `limits`."""
        number, before, now, left = self._look(key, expiry)
        is_within = floor(before * left / expiry) + now + amount <= limit
        if is_within:
            now += amount
            self._windows[key] = number, before, now
        self.seen = Window(before, left, now, left)
        return is_within

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return the counts of the windows before and now with their times, see `limits`."""
        _, before, now, left = self._look(key, expiry)
        return before, left, now, left + expiry

    async def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002 - as `limits` calls it
        """Forget the counters of a key."""
        self._windows.pop(key, None)

    def _look(self, key: str, expiry: int) -> tuple[int, int, int, float]:
        """Return the number of the present window, the counts of the one before and of it, and how long it lasts."""
        at = self._clock() / expiry
        number = floor(at)
        left = (number + 1 - at) * expiry
        try:
            counted_in, before, now = self._windows[key]
        except KeyError:
            return number, 0, 0, left
        if counted_in == number:
            return number, before, now, left
        return number, now if counted_in == number - 1 else 0, 0, left


class MemoryCounters:
    """The counters of one server, by `limits`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, size: int = MOST_COUNTERS) -> None:
        """Prepare; keys and addresses have storages of their own. See `WindowStorage` for the arguments."""
        self._keys, self._addresses = (_limiter(WindowStorage(size, clock)) for _ in range(2))

    async def start(self) -> None:
        """Do nothing: there is nothing to connect."""

    async def close(self) -> None:
        """Do nothing."""

    async def take(self, charges: Sequence[Charge]) -> list[Standing]:
        """Count charges, each if it fits; see `Counters`."""
        return [await self._take(each) for each in charges]

    async def _take(self, charge: Charge) -> Standing:
        policy, caller = charge.policy, charge.caller
        limiter, storage = self._keys if caller.is_key else self._addresses
        is_within = await limiter.hit(policy.rate, policy.name, caller.name, cost=charge.amount)
        return standing(policy, charge.amount, storage.seen, is_within=is_within)


def _limiter(storage: WindowStorage) -> tuple[SlidingWindowCounterRateLimiter, WindowStorage]:
    return SlidingWindowCounterRateLimiter(storage), storage
