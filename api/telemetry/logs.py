"""Logs: one line an event, as text for people or JSON for machines, from us and from the libraries alike.

What a client sends is never trusted to keep to its line: control characters are escaped. Keys, queries and
variables are not logged at all. The line of each request is made by `api.telemetry.lines`.
"""

import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

import orjson
import structlog
from structlog.typing import ExcInfo, Processor

from api.telemetry.escapes import escape, escaped, redact, redacted
from api.telemetry.lines import EVENT, Ended, LineStream, facts, flush_lines, lines_of
from api.telemetry.trail import Trail

ACCESS: Final = "uvicorn.access"
"""The logger that is not heard: our own line a request says more."""

_lines: LineStream | None = None
"""Where lines of requests go as JSON."""


def configure_logging(format_: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Set up all logging of the process; later calls replace earlier ones.

    Args:
        format_: How lines look.
        stream: Where they go; standard error where None.
    """
    global _lines  # as structlog and logging keep theirs
    terminal = stream or sys.stderr
    flush_lines()
    lines = LineStream(terminal)
    _lines = lines if format_ == "json" else None
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        escape,
    ]
    renderers = _renderers(format_, terminal)
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(lines),  # type: ignore[arg-type]  # it has what is asked of a file
        cache_logger_on_first_use=False,  # a later call must reach loggers that were used before
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    _take_over(handler)


def _take_over(handler: logging.Handler) -> None:
    """Send what libraries log to our handler, and only there."""
    root = logging.getLogger()
    for other in [other for other in root.handlers if getattr(other, "is_achene", False)]:
        root.removeHandler(other)
    handler.is_achene = True  # type: ignore[attr-defined]  # marks it, so that a later call finds it
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", ACCESS):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != ACCESS
    logging.getLogger("uvicorn").setLevel(logging.INFO)  # start and stop


def _renderers(format_: Literal["text", "json"], stream: TextIO) -> list[Processor]:
    if format_ == "json":
        return [
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(serializer=lambda event, **_: orjson.dumps(event, default=str).decode()),
        ]
    return [
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=_write_traceback, pad_event_to=0, sort_keys=False
        )
    ]


def _write_traceback(stream: TextIO, exc_info: ExcInfo) -> None:
    """Write a traceback below its line, each line of it marked so that it cannot pass for another event."""
    for line in "".join(traceback.format_exception(*exc_info)).splitlines():
        stream.write(f"\n  | {redacted(escaped(line))}")


def logger() -> Any:
    """Return a logger that is ready, for what logs often; it keeps the set-up of this moment."""
    return structlog.get_logger().bind()


class RequestLines:
    """Writes the line of each request that has ended; it keeps the set-up of the moment in which it is made."""

    def __init__(self) -> None:
        self._log = logger()
        self._lines = _lines

    def write(self, method: str, path: str, trail: Trail, status: int, seconds: float) -> None:
        """Write the line of a request.

        Args:
            method: Its method.
            path: Its path.
            trail: What became known of it; nothing is added to it any more.
            status: HTTP status of its answer.
            seconds: How long it took.
        """
        ended = Ended(method, path, trail, status, seconds, time.time())
        if self._lines is None:
            write = self._log.error if status >= 500 else self._log.info
            write(EVENT, **facts(ended))
        elif status < 500:
            self._lines.hold(ended)
        else:
            self._lines.write(lines_of([ended]))


def write_line(event: str, said: dict[str, Any]) -> None:
    """Write a line of what happens often: the one that `logger().info(event, **said)` would write.

    Like those of requests it may wait for others. To be called in an event loop.
    """
    if _lines is not None:
        _lines.hold({**said, "event": event, "level": "info", "timestamp": datetime.now(UTC)})
    else:
        logger().info(event, **said)
