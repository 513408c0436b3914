"""Counters in the memory of one server.

The storage that `limits` brings starts a task with each request, which looks at every counter there is, and its
strategy calls thirty functions to find one: with many callers that is most of a server's time. These windows take the
place of both, with the same numbers, which a test holds. So many of them are kept, those that were asked for the
longest ago are forgotten; each is three numbers. Nothing waits between reading and changing one.
"""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import floor
from typing import Final

from api.rates.counters import Charge
from api.rates.standing import Standing, stand, standing

MOST_COUNTERS: Final = 100_000
"""Most counters of keys, and most of addresses: a flood from many addresses makes no key forgotten."""


class Windows:
    """Sliding windows, bounded in number."""

    def __init__(self, size: int = MOST_COUNTERS) -> None:
        """Prepare.

        Args:
            size: Most windows.
        """
        self._of = lru_cache(maxsize=size)(_unused)
        """Returns the window of a policy and a caller, always the same one while it is kept."""

    def __len__(self) -> int:
        """Return how many are kept."""
        return self._of.cache_info().currsize

    def take(self, charge: Charge, seconds: float) -> Standing:
        """Count a charge if it fits.

        Args:
            charge: Who asks for what.
            seconds: The time, of a clock that only goes forward.
        """
        policy, caller, amount = charge
        expiry = policy.seconds
        at = seconds / expiry
        number = floor(at)
        left = (number + 1 - at) * expiry
        counts = self._of(policy.counted_as, caller.name)
        counted_in, before, now = counts
        if counted_in != number:
            before, now = (now if counted_in == number - 1 else 0), 0
            counts[:] = number, before, now
        faded = floor(before * left / expiry)
        remaining = policy.amount - faded - now - amount
        if remaining < 0:
            return standing(policy, amount, (before, left, now, left), is_within=False)
        counts[2] = now + amount
        more = left - faded * expiry / before if faded else left  # as `standing` says, without a further call
        return stand((policy, True, remaining, int(more) + 1, 0))


def _unused(_policy: str, _caller: str) -> list[int]:
    """Return a window: its number, the count of the one before, and its own."""
    return [0, 0, 0]


class MemoryCounters:
    """The counters of one server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, size: int = MOST_COUNTERS) -> None:
        """Prepare; keys and addresses have windows of their own.

        Args:
            clock: Tells the time in seconds.
            size: Most counters of either.
        """
        self._keys, self._addresses = Windows(size), Windows(size)
        self._clock = clock

    async def start(self) -> None:
        """Do nothing: there is nothing to connect."""

    async def close(self) -> None:
        """Do nothing."""

    def take_now(self, charges: Sequence[Charge]) -> list[Standing]:
        """Count charges, each if it fits; see `Counters`."""
        now, found = self._clock(), []
        for charge in charges:
            windows = self._keys if charge.caller.is_key else self._addresses
            found.append(windows.take(charge, now))
        return found

    async def take(self, charges: Sequence[Charge]) -> list[Standing]:
        """Count charges, each if it fits; see `Counters`."""
        return self.take_now(charges)
