"""Notes what a request sends to PostgreSQL: how many statements, how many rows came back, and which took longest."""

import time
from contextlib import AbstractContextManager  # noqa: TC003 - a local annotation
from types import TracebackType
from typing import Any, Self

from api.telemetry.trail import CURRENT, Trail


class Stated:
    """A block in which one statement runs: `with Stated(sql) as stated: ...; stated.rows = len(found)`.

    Outside of a request nothing is noted.
    """

    __slots__ = ("_began", "_span", "_statement", "_trail", "rows")

    def __init__(self, statement: Any) -> None:
        """Note the statement: SQL, or what SQLAlchemy makes SQL of."""
        self._statement = statement
        self._trail: Trail | None = CURRENT.get()
        self._span: AbstractContextManager[Any] | None = None
        self.rows = 0
        """Rows that it returned to Python."""

    def __enter__(self) -> Self:
        trail = self._trail
        if trail is not None and trail.traces is not None:
            self._span = trail.traces.statement(str(self._statement))
            self._span.__enter__()
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        trail = self._trail
        if trail is None:
            return
        seconds = time.perf_counter() - self._began
        trail.statements += 1
        trail.rows += self.rows
        if seconds > trail.slowest_seconds:
            trail.slowest, trail.slowest_seconds = self._statement, seconds
        if self._span is not None:
            self._span.__exit__(kind, error, traceback)
