"""All that watches the requests of one server process, behind one door: metrics, traces, slow operations."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from math import inf
from typing import Final

from starlette.types import Scope

from api.settings import Settings
from api.telemetry.metrics import Level, Metrics, is_shared
from api.telemetry.slow import Planner, SlowLog
from api.telemetry.traces import Traces, ended, open_traces
from api.telemetry.trail import UNTRACED, Trail

LOOK_SECONDS: Final = 5.0
"""How often a worker notes how full its pools are."""


class Telemetry:
    """What one server process tells of itself beside its log lines."""

    def __init__(self, settings: Settings, version: str, levels: Callable[[], Iterable[Level]], plan: Planner) -> None:
        """Make what is set.

        Args:
            settings: Which of them there are.
            version: The product's.
            levels: Tells how full the pools are.
            plan: Asks PostgreSQL for a plan.

        Raises:
            StartError: Traces are wanted, and what makes them is not installed.
        """
        self.metrics = Metrics(levels)
        self._slow = SlowLog(settings.slow_seconds, plan)
        self._slow_from = settings.slow_seconds or inf
        self._looking: asyncio.Task[None] | None = None
        self._traces: Traces | None = open_traces(version) if settings.traces else None

    def around(self, scope: Scope, trail: Trail) -> AbstractContextManager[object]:
        """Return the block in which a request is answered: its span, where there is one."""
        if self._traces is None:
            return UNTRACED
        trail.traces = self._traces
        return self._traces.request(scope)

    def note(self, trail: Trail, status: int, seconds: float) -> None:
        """Note a request that has ended; it is still in its block.

        Args:
            trail: What became known of it.
            status: HTTP status of its answer.
            seconds: How long it took.
        """
        self.metrics.count(trail, status, seconds)
        if seconds >= self._slow_from:
            self._slow.note(trail, seconds)
        if trail.traces is not None:
            ended(trail, status)

    def start(self) -> None:
        """Begin to note how full the pools are, where another worker may be asked for it."""
        if is_shared():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while True:
            self.metrics.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """Stop watching."""
        if self._looking is not None:
            self._looking.cancel()
        await self._slow.close()
        self.metrics.close()
