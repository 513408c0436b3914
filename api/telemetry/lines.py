"""The line of each request, and the stream that it goes to.

A busy server writes thousands of these lines a second, and each was a call of the system and a walk through structlog.
As JSON they are made here in one step, with the bytes that structlog would give them, several at a time: at the latest
`HELD_SECONDS` after the first of them, before any other line, and at once where the request failed. Made one after the
other they cost half of what they cost one by one, between requests. All else is logged by structlog. What a request's
line says is made of its `Trail` alone.
"""

import asyncio
import atexit
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TextIO
from weakref import WeakSet

import orjson

from api.telemetry.escapes import MARK, escape
from api.telemetry.trail import Trail

HELD_SECONDS: Final = 0.005
"""How long a line waits for others."""

EVENT: Final = "request"
"""What the line of a request is called."""

MOST_HELD: Final = 256
"""Most lines that wait."""

LINE: Final = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
"""How a line is written."""

_streams: "WeakSet[LineStream]" = WeakSet()
"""All that are in use: a logger that was set up earlier keeps its own."""


class Ended(NamedTuple):
    """A request that has ended."""

    method: str
    """Its method."""

    path: str
    """Its path."""

    trail: Trail
    """What became known of it."""

    status: int
    """HTTP status of its answer."""

    seconds: float
    """How long it took."""

    at: float
    """When it ended, in seconds of the epoch."""


class LineStream:
    """A stream on which lines of requests and writes wait for each other. All else goes out at once, behind them."""

    def __init__(self, stream: TextIO) -> None:
        """Begin with no line waiting."""
        self._stream = stream
        self._held: list[Ended | dict[str, Any]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        _streams.add(self)

    def hold(self, line: Ended | dict[str, Any]) -> None:
        """Take a request, or what another line says, which may wait for others. To be called in an event loop."""
        self._held.append(line)
        loop = asyncio.get_running_loop()
        if self._timer is None or self._loop is not loop:
            self._timer, self._loop = loop.call_later(HELD_SECONDS, self.flush), loop
        elif len(self._held) >= MOST_HELD:
            self.flush()

    def write(self, text: str) -> None:
        """Write text, behind the lines that wait."""
        self._put(self._taken() + text)

    def flush(self) -> None:
        """Write what waits."""
        if text := self._taken():
            self._put(text)

    def _taken(self) -> str:
        """Return what waits; nothing does any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, []
        return lines_of(held)

    def _put(self, text: str) -> None:
        """Write. A stream that takes nothing, such as a full disk, loses lines and harms no request."""
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()


def flush_lines() -> None:
    """Write all lines that wait, on every stream."""
    for stream in tuple(_streams):
        stream.flush()


atexit.register(flush_lines)


def lines_of(held: Sequence[Ended | dict[str, Any]]) -> str:
    """Return lines as JSON, each with its line break.

    They are looked at together, as there is hardly ever anything in them that must be escaped.
    """
    said = [_said(each) if isinstance(each, Ended) else each for each in held]
    with suppress(orjson.JSONEncodeError):  # half a character
        lines = b"".join([orjson.dumps(each, option=LINE) for each in said])
        if is_plain(lines):
            return lines.decode()
    return "".join(map(rendered, said))


def _said(ended: Ended) -> dict[str, Any]:
    """Return the whole of what the line of a request says."""
    found = facts(ended)
    found["event"], found["level"] = EVENT, "error" if ended.status >= 500 else "info"
    found["timestamp"] = datetime.fromtimestamp(ended.at, UTC)
    return found


def facts(ended: Ended) -> dict[str, Any]:
    """Return what the line of a request says, in its order."""
    method, path, trail, status, seconds, _ = ended
    found: dict[str, Any] = {
        "method": method,
        "path": path,
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


def is_plain(lines: bytes) -> bool:
    r"""Return whether nothing in lines of JSON is left to escape.

    JSON writes a control character as an escape of its own, which shows as a backslash. What else does not print is not
    ASCII, but for DEL.
    """
    return lines.isascii() and b"\\" not in lines and b"\x7f" not in lines and MARK not in lines


def rendered(said: dict[str, Any]) -> str:
    """Return a line as JSON, with its line break."""
    with suppress(orjson.JSONEncodeError):
        line = orjson.dumps(said, option=LINE)
        if is_plain(line):
            return line.decode()
    return orjson.dumps(escape(None, "", said), default=str, option=LINE).decode()
