"""Waiting for what nobody tells of."""

import asyncio
from collections.abc import Callable


async def until(is_so: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is true, or fail."""
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
