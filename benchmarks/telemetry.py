"""What log lines, metrics and the count of statements cost a small request: the same server with them and without.

    python -m benchmarks.telemetry [--workloads W1] [--seconds 5] [--rounds 3] [--concurrency 16]

The silent server is `achene serve` in a process in which the functions that tell something of a request do nothing:
its line, its metrics, the look whether it was slow, the count of its statements. They are called all the same, and the
trail itself is still made, as answers have its id. Traces are off in both, as they are by default. What is cut is named
in `CUT`; nothing in the product knows of it.
"""

import sys
from collections.abc import Callable
from typing import Any, Final

from api.telemetry import RequestLines
from api.telemetry.statements import Stated
from api.telemetry.telemetry import Telemetry
from benchmarks.contest.contender import Place, python
from benchmarks.contest.contenders.engine import Engine
from benchmarks.workers import compare, options


def _nothing(*_: Any) -> None:
    """Do nothing."""


def _itself(stated: Stated) -> Stated:
    """Begin nothing."""
    return stated


CUT: Final[tuple[tuple[type[Any], str, Callable[..., Any]], ...]] = (
    (RequestLines, "write", _nothing),
    (Telemetry, "note", _nothing),
    (Stated, "__enter__", _itself),
    (Stated, "__exit__", _nothing),
)
"""What does nothing in the silent server, and what stands in its place."""


class Silent(Engine):
    """Nothing is told of requests."""

    name = "silent"

    def command(self, place: Place) -> list[str]:
        """Return the command that starts this file as the server."""
        return python("benchmarks.telemetry", "serve", "--port", str(place.port))


class Telling(Engine):
    """The product."""

    name = "telling"


def serve_silently() -> None:
    """Serve, with what tells something cut out of this process."""
    from api.cli import main as run

    for owner, name, instead in CUT:
        setattr(owner, name, instead)
    run()


def main() -> int:
    """Compare both, or be the silent one of them."""
    if sys.argv[1:2] == ["serve"]:
        serve_silently()
        return 0
    compare([Silent(), Telling()], options(__doc__, "W1").parse_args())
    return 0


if __name__ == "__main__":
    sys.exit(main())
