"""What is told of the server while it runs: log lines, and the record of each request that they are made from."""

from api.telemetry.escapes import escape, escaped
from api.telemetry.ids import new_id
from api.telemetry.lines import flush_lines
from api.telemetry.logs import RequestLines, configure_logging, logger, write_line
from api.telemetry.trail import CURRENT, TRAIL, Trail

__all__ = [
    "CURRENT",
    "TRAIL",
    "RequestLines",
    "Trail",
    "configure_logging",
    "escape",
    "escaped",
    "flush_lines",
    "logger",
    "new_id",
    "write_line",
]
