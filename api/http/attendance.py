"""Ends the work on a request that came too slowly, takes too long, or that nobody waits for any more.

Looking costs nothing for a request that is answered at once: one timer is set, and only where it fires is the
connection listened to. What is cancelled reaches PostgreSQL, where the statement is cancelled, too.
"""

import asyncio
from types import TracebackType
from typing import Any, Final, Self

from starlette.types import Receive

from api.http.body import ClientLeftError
from api.http.errors import BodyTooSlowError
from schema.errors import UnavailableError

PATIENCE_SECONDS: Final = 0.1
"""How long a request runs before anybody looks after it."""


class Attendance:
    """A block that is cancelled from outside: `async with Attendance(receive, ...) as attendance: ...`.

    It begins while the body is being read; `has_body` says when that is done.
    """

    __slots__ = (
        "_body_seconds",
        "_error",
        "_is_late",
        "_is_reading",
        "_receive",
        "_seconds",
        "_task",
        "_timer",
        "_watcher",
    )

    def __init__(self, receive: Receive, body_seconds: float, seconds: float) -> None:
        """Note who to listen to.

        Args:
            receive: The request's ASGI channel.
            body_seconds: How long the body may take to arrive.
            seconds: How long all else may take.
        """
        self._receive = receive
        self._body_seconds = body_seconds
        self._seconds = seconds
        self._is_reading = True
        self._is_late = False
        self._error: Exception | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task: asyncio.Task[Any] | None = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._look)
        return self

    def has_body(self) -> None:
        """Note that the body was read to the end; what comes now is that the client leaves."""
        self._is_reading = False
        if self._is_late:
            self._timer.cancel()
            self._watch()

    def _look(self) -> None:
        if self._is_reading:
            self._is_late = True
            left = max(self._body_seconds - PATIENCE_SECONDS, 0)
            self._timer = asyncio.get_running_loop().call_later(left, self._end_reading)
        else:
            self._watch()

    def _end_reading(self) -> None:
        self._stop(BodyTooSlowError(f"The body did not arrive within {self._body_seconds:g} s."))

    def _watch(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(max(self._seconds - PATIENCE_SECONDS, 0)):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            self._stop(too_late())
        else:
            self._stop(ClientLeftError())

    def _stop(self, error: Exception) -> None:
        self._error = error
        if self._task is not None:
            self._task.cancel()

    async def __aexit__(
        self, type_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Turn our own cancellation into what it means; any other one goes on.

        Raises:
            BodyTooSlowError: The body did not arrive in time.
            ClientLeftError: Nobody waits for an answer.
            UnavailableError: The time is up.
        """
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._error is None or type_ is not asyncio.CancelledError or self._task is None:
            return
        if self._task.uncancel() == 0:
            raise self._error from error


def too_late() -> UnavailableError:
    """Return what a request is told that took too long."""
    return UnavailableError("The request took too long, and was ended.")
