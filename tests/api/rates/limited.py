"""A real server whose rates a test sets, with a clock of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from api.rates.memory import MemoryCounters
from api.rates.rates import Rates
from api.settings import Settings
from tests.api.served import Served

START = 1_000_000_020.0
"""The first moment of a window of a minute."""


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@contextmanager
def limited(web: Served, **settings: Any) -> Iterator[Clock]:
    """Let a server count requests in memory, by rates of the test's own."""
    clock, parts = Clock(), web.app.state.parts
    before = parts.rates
    rates = Rates(Settings(_env_file=None, **settings), MemoryCounters(clock))
    object.__setattr__(parts, "rates", rates)
    try:
        yield clock
    finally:
        object.__setattr__(parts, "rates", before)
