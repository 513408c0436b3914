"""Ends the work on a request when nobody waits for it any more: the client went away, or its time is up.

Looking costs nothing for a request that is answered at once: a timer is set, and only where it fires is the
connection listened to. What is cancelled reaches PostgreSQL, where the statement is cancelled, too.
"""

import asyncio
from types import TracebackType
from typing import Any, Final, Self

from starlette.types import Receive

from api.body import ClientLeftError
from schema.errors import UnavailableError

PATIENCE_SECONDS: Final = 0.1
"""How long a request runs before its client is looked after."""


class Attendance:
    """A block that is cancelled from outside: `async with Attendance(receive, seconds): ...`."""

    __slots__ = ("_is_late", "_receive", "_seconds", "_task", "_timer", "_watcher")

    def __init__(self, receive: Receive, seconds: float) -> None:
        """Note who to listen to.

        Args:
            receive: The request's ASGI channel, its body read to the end.
            seconds: How long the block may take.
        """
        self._receive = receive
        self._seconds = seconds
        self._is_late: bool | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task: asyncio.Task[Any] | None = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._start)
        return self

    def _start(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        try:
            async with asyncio.timeout(max(self._seconds - PATIENCE_SECONDS, 0)):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
            self._is_late = False
        except TimeoutError:
            self._is_late = True
        if self._task is not None:
            self._task.cancel()

    async def __aexit__(
        self, type_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Turn our own cancellation into what it means; any other one goes on.

        Raises:
            ClientLeftError: Nobody waits for an answer.
            UnavailableError: The time is up.
        """
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._is_late is None or type_ is not asyncio.CancelledError or self._task is None:
            return
        if self._task.uncancel() == 0:
            if self._is_late:
                raise UnavailableError("The request took too long, and was ended.") from error
            raise ClientLeftError from error
