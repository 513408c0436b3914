"""The line of each request, and the stream that it goes to.

A busy server writes thousands of these lines a second, and each was a call of the system and a walk through structlog.
As JSON they are made here in one step, with the bytes that structlog would give them, and handed to the stream several
at a time: at the latest `HELD_SECONDS` after the first of them, before any other line, and at once where the request
failed. All else is logged by structlog. What a request's line says is made of its `Trail` alone.
"""

import asyncio
import atexit
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, TextIO
from weakref import WeakSet

import orjson
from starlette.types import Scope

from api.telemetry.trail import Trail

HELD_SECONDS: Final = 0.005
"""How long a line waits for others."""

EVENT: Final = "request"
"""What the line of a request is called."""

MOST_HELD: Final = 256
"""Most lines that wait."""


_streams: "WeakSet[LineStream]" = WeakSet()
"""All that are in use: a logger that was set up earlier keeps its own."""


class LineStream:
    """A stream on which lines may wait for each other. What is written otherwise goes out at once, behind them."""

    def __init__(self, stream: TextIO) -> None:
        """Begin with no line waiting."""
        self._stream = stream
        self._held: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        _streams.add(self)

    def hold(self, line: str) -> None:
        """Take a line, which may wait for others; it ends in a line break. To be called in an event loop."""
        self._held.append(line)
        loop = asyncio.get_running_loop()
        if self._timer is None or self._loop is not loop:
            self._timer, self._loop = loop.call_later(HELD_SECONDS, self.flush), loop
        elif len(self._held) >= MOST_HELD:
            self.flush()

    def write(self, text: str) -> None:
        """Write text, behind the lines that wait."""
        self._held.append(text)
        self.flush()

    def flush(self) -> None:
        """Write what waits. A stream that takes nothing, such as a full disk, loses lines and harms no request."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, []
        if held:
            with suppress(OSError):
                self._stream.write("".join(held))
                self._stream.flush()


def flush_lines() -> None:
    """Write all lines that wait, on every stream."""
    for stream in tuple(_streams):
        stream.flush()


atexit.register(flush_lines)


def facts(scope: Scope, trail: Trail, status: int, seconds: float) -> dict[str, Any]:
    """Return what the line of a request says, in its order."""
    found: dict[str, Any] = {
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(seconds * 1000, 2),
        "request_id": trail.request_id,
    }
    if trail.key:
        found["key"] = trail.key
    if trail.operation:
        found["operation"] = trail.operation
    if trail.hash:
        found["document"], found["way"] = trail.hash, trail.way
        found["statements"], found["rows"] = trail.statements, trail.rows
    if trail.cache:
        found["cache"] = trail.cache
    if trail.codes:
        found["errors"] = trail.codes
    return found


def rendered(event: str, said: dict[str, Any], level: str) -> bytes | None:
    r"""Return a line as JSON; None where a text in it must be escaped or may be a key, which structlog then does.

    JSON writes a control character as an escape of its own, which shows as a backslash. What else does not print is not
    ASCII, but for DEL.
    """
    whole = said | {"event": event, "level": level, "timestamp": datetime.now(UTC)}
    line = orjson.dumps(whole, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
    is_plain = line.isascii() and b"\\" not in line and b"\x7f" not in line and b"ach_" not in line
    return line if is_plain else None
