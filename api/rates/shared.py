"""Counters in Redis or Valkey, shared by all servers.

The scripts are those of `limits` for its sliding window counter; each reads and changes a counter in one step inside
the store, so no two servers let through more than one alone would. What differs is how they are sent: all that waits
at one moment goes in one trip, on one connection, and as one command, which runs both scripts for each charge. With a
command or two for each the client library costs more than many a query.

A store that is away or hangs costs nobody more than one wait. The first failure stops all counting; from then on the
store is asked in the background whether it is back, and no request waits for it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from limits.aio.storage.redis.bridge import RedisBridge
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from api.data.store import failures
from api.rates.counters import Charge, CountersUnavailableError
from api.rates.policy import Policy
from api.rates.standing import Standing, Window, standing
from api.telemetry import logger

PREFIX: Final = "achene:rates:"
"""What the names of counters in the store begin with."""

MOST_AT_ONCE: Final = 256
"""Most requests whose charges go in one trip; the store answers nobody else meanwhile."""

RECOVERY_SECONDS: Final = 0.5
"""How often a store that is away is asked whether it is back."""

SCRIPT: Final = f"""
local function acquire(KEYS, ARGV)
{RedisBridge.SCRIPT_ACQUIRE_SLIDING_WINDOW.decode()}
end
local function look(KEYS, ARGV)
{RedisBridge.SCRIPT_SLIDING_WINDOW.decode()}
end
local found = {{}}
for each = 1, #KEYS / 2 do
    local keys = {{KEYS[2 * each - 1], KEYS[2 * each]}}
    local limit, expiry, amount = ARGV[3 * each - 2], ARGV[3 * each - 1], ARGV[3 * each]
    local is_within = acquire(keys, {{limit, expiry, amount}})
    local counts = look(keys, {{expiry}})
    found[each] = {{is_within and 1 or 0, counts[1], counts[2], counts[3], counts[4]}}
end
return found
"""
"""Counts charges, each if it fits, and says how the counters are then: two keys and three arguments for each."""

Answered = tuple[bool, Window]
"""Whether a charge fitted, and the counters after it."""

Waiting = tuple[Sequence[Charge], "asyncio.Future[list[Standing]]"]
"""The charges of a request, and where it waits."""


class SharedCounters:
    """The counters of all servers that use one store."""

    def __init__(self, store: Redis, timeout_seconds: float) -> None:
        """Prepare.

        Args:
            store: Where they are.
            timeout_seconds: How long a request may wait for them.
        """
        self._store = store
        self._timeout = timeout_seconds
        self._waiting: list[Waiting] = []
        self._sending: asyncio.Task[None] | None = None
        self._recovering: asyncio.Task[None] | None = None
        self._script = store.register_script(SCRIPT)

    @property
    def is_away(self) -> bool:
        """True while nothing can be counted."""
        return self._recovering is not None

    async def start(self) -> None:
        """Connect; where that fails it is tried again in the background."""
        try:
            await self._prepare()
        except failures() as error:
            self._go_away(error)

    async def close(self) -> None:
        """Disconnect; whoever still waits is told that nothing can be counted."""
        tasks = [task for task in (self._sending, self._recovering) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._refuse_waiting()
        with suppress(*failures()):
            await self._store.aclose()

    def take_now(self, charges: Sequence[Charge]) -> None:
        """Return None: the store has to be waited for."""

    async def take(self, charges: Sequence[Charge]) -> list[Standing]:
        """Count charges, each if it fits; see `Counters`."""
        if self.is_away:
            raise CountersUnavailableError("The store of the counters is away.")
        answered: asyncio.Future[list[Standing]] = asyncio.get_running_loop().create_future()
        self._waiting.append((charges, answered))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_waiting())
        return await answered

    async def _send_waiting(self) -> None:
        """Send what waits, and what has come meanwhile, until nothing waits."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                try:
                    await self._send(batch)
                finally:
                    _refuse(batch)  # where it failed; who has an answer has it
        except failures() as error:
            self._go_away(error)
        finally:
            self._sending = None
            self._refuse_waiting()

    async def _send(self, batch: Sequence[Waiting]) -> None:
        charges = list(chain.from_iterable(charges for charges, _ in batch))
        async with asyncio.timeout(self._timeout):
            found = iter(await self._run(charges))
        for asked, answered in batch:
            standings = [_standing(charge, next(found)) for charge in asked]
            if not answered.done():  # who left has cancelled it
                answered.set_result(standings)

    async def _run(self, charges: Sequence[Charge]) -> list[Answered]:
        """Count charges in one trip; in two where the store has forgotten the script."""
        try:
            found = await self._trip(charges)
        except NoScriptError:
            await self._prepare()
            found = await self._trip(charges)
        return [
            (bool(is_within), _window(charge.policy.seconds, *counts))
            for charge, (is_within, *counts) in zip(charges, found, strict=True)
        ]

    async def _trip(self, charges: Sequence[Charge]) -> list[Any]:
        keys: list[str] = []
        arguments: list[int] = []
        for policy, caller, amount in charges:
            keys += _keys(policy, caller.name)
            arguments += policy.amount, policy.seconds, amount
        found: list[Any] = await self._store.evalsha(self._script.sha, len(keys), *keys, *arguments)
        return found

    async def _prepare(self) -> None:
        """Load the script, which shows too that the store answers."""
        async with asyncio.timeout(self._timeout):
            await self._store.script_load(SCRIPT)

    def _go_away(self, error: Exception) -> None:
        """Count nothing until the store is back."""
        if self._recovering is None:
            logger().error("rates are not counted: the store is away", reason=type(error).__name__)
            self._recovering = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        while True:
            await asyncio.sleep(RECOVERY_SECONDS)
            with suppress(*failures()):
                await self._store.connection_pool.disconnect()
                await self._prepare()
                self._recovering = None
                logger().info("rates are counted again")
                return

    def _refuse_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        _refuse(waiting)


@lru_cache(maxsize=4096)
def _keys(policy: Policy, caller: str) -> tuple[str, str]:
    """Return the names of a counter: that of the window before, and that of the present one."""
    now = f"{PREFIX}{{{policy.rate.key_for(policy.name, caller)}}}"
    return f"{now}/before", now


def _refuse(batch: Sequence[Waiting]) -> None:
    for _, answered in batch:
        if not answered.done():
            answered.set_exception(CountersUnavailableError("The store of the counters did not answer."))


def _standing(charge: Charge, answered: Answered) -> Standing:
    is_within, window = answered
    return standing(charge.policy, charge.amount, window, is_within=is_within)


def _window(seconds: int, before: bytes | None, before_left: int, now: bytes | None, now_left: int) -> Window:
    """Return counters as the script tells them, in milliseconds: each is kept for one window more than it is used."""
    left = max(now_left / 1000 - seconds, 0.0)
    return int(before or 0), max(before_left, 0) / 1000, int(now or 0), left
