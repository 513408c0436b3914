"""Drawn examples for asynchronous tests: hypothesis draws and the session's own loop runs."""

from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


async def examples(check: Callable[[Any], Awaitable[None]], strategy: st.SearchStrategy[Any], count: int = 60) -> None:
    """Run an asynchronous check on drawn examples, one after another, within the loop of the session."""
    drawn: list[Any] = []

    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def draw(value: Any) -> None:
        drawn.append(value)

    draw()
    for value in drawn:
        await check(value)
