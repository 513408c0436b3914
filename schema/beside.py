"""Does long work beside the event loop: who asked for it waits, and nobody else."""

from asyncio import get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

MANY: Final = 4_000
"""Values of an input beyond which it is read beside the loop; as many take about 20 ms."""

_WORKER: Final = ThreadPoolExecutor(1, "inputs")
"""One for all: however many large inputs arrive, others share the processor with one of them at most."""


async def beside(is_long: bool, work: Callable[..., Result], *given: Any) -> Result:
    """Return what a function makes of what is given; beside all else where it takes long, and one after the other.

    Args:
        is_long: Whether it does.
        work: The function; what it shares with the loop it may only look at.
        *given: What it is given.
    """
    if not is_long:
        return work(*given)
    return await get_running_loop().run_in_executor(_WORKER, partial(copy_context().run, work, *given))
