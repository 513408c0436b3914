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

    def window(self, key: str, expiry: int) -> Window:
        """Return the counters of a key as they are now."""
        at = self._clock() / expiry
        before, now = self._counts(key, floor(at))
        left = (1 - at % 1) * expiry
        return Window(before, left if before else 0.0, now, left)

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count an amount if it fits, see `limits`."""
        at = self._clock() / expiry
        number = floor(at)
        before, now = self._counts(key, number)
        if floor(before * (1 - at % 1)) + now + amount > limit:
            return False
        self._windows[key] = number, before, now + amount
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return the counts of the windows before and now with their times, see `limits`."""
        found = self.window(key, expiry)
        return found.before, found.before_seconds, found.now, found.left_seconds + expiry

    async def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002 - as `limits` calls it
        """Forget the counters of a key."""
        self._windows.pop(key, None)

    def _counts(self, key: str, number: int) -> tuple[int, int]:
        """Return the counts of the window before and of the present one, by the number of the present one."""
        found = self._windows.get(key)
        if found is None:
            return 0, 0
        counted_in, before, now = found
        if counted_in == number:
            return before, now
        return (now, 0) if counted_in == number - 1 else (0, 0)


class MemoryCounters:
    """The counters of one server, by `limits`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, size: int = MOST_COUNTERS) -> None:
        """Prepare; keys and addresses have storages of their own. See `WindowStorage` for the arguments."""
        self._storages = {is_key: WindowStorage(size, clock) for is_key in (True, False)}
        self._limiters = {
            is_key: SlidingWindowCounterRateLimiter(storage) for is_key, storage in self._storages.items()
        }

    async def start(self) -> None:
        """Do nothing: there is nothing to connect."""

    async def close(self) -> None:
        """Do nothing."""

    async def take(self, charges: Sequence[Charge]) -> list[Standing]:
        """Count charges, each if it fits; see `Counters`."""
        return [await self._take(each) for each in charges]

    async def _take(self, charge: Charge) -> Standing:
        rate, policy = charge.policy.rate, charge.policy
        names = policy.name, charge.caller.name
        is_within = await self._limiters[charge.caller.is_key].hit(rate, *names, cost=charge.amount)
        window = self._storages[charge.caller.is_key].window(rate.key_for(*names), policy.seconds)
        return standing(policy, charge.amount, window, is_within=is_within)
