"""One worker against several, on the same data, by turns in one run.

    python -m benchmarks.workers [--workers 1,2] [--workloads W1,W3] [--seconds 5] [--rounds 3] [--concurrency 16]

Starts the PostgreSQL of the contest and `achene serve --workers N` as in production for each N, drives them by turns
with wrk, and prints requests/s, times, CPU and the factor to the first. PostgreSQL and wrk run on the same processors,
so the factor is less than the number of workers; the CPU of each says how much of it they take.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contest import wrk
from benchmarks.contest.__main__ import say, serving
from benchmarks.contest.contender import Place, Server, free_port
from benchmarks.contest.contenders.engine import Engine
from benchmarks.contest.measure import Result, run, summed, warm_up
from benchmarks.contest.postgres import started
from benchmarks.contest.workloads import WORKLOADS


class Workers(Engine):
    """The whole product, by several processes."""

    def __init__(self, count: int) -> None:
        """Note how many."""
        super().__init__()
        self.name = f"{count} worker{'s' * (count > 1)}"  # type: ignore[misc]  # one class for all numbers
        self._count = count

    def environment(self, place: Place) -> dict[str, str]:
        """Return what a production server is set to, and how many workers it has."""
        return super().environment(place) | {"ACHENE_WORKERS": str(self._count)}


def measured(servers: list[Server], arguments: argparse.Namespace) -> None:
    """Drive the servers by turns, and print what it took."""
    say(f"{'':12}{'':4}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'server':>9}{'postgres':>10}{'factor':>8}")
    for name in arguments.workloads.split(","):
        workload = WORKLOADS[name]
        lengths = {
            server.name: warm_up(server, workload, arguments.concurrency, arguments.seconds) for server in servers
        }
        runs = {server.name: [] for server in servers}
        for _ in range(arguments.rounds):
            for server in servers:
                runs[server.name].append(run(server, workload, arguments.concurrency, lengths[server.name]))
        results = {each: summed(found) for each, found in runs.items()}
        first: Result | None = None
        for each, result in results.items():
            first = first or result
            say(
                f"{each:12}{name:4}{result.rate:12.0f}{result.p50:9.1f}{result.p99:9.1f}"
                f"{result.server_ms:9.3f}{result.postgres_ms:10.3f}{result.rate / first.rate:8.2f}"
            )


def options(description: str | None, workloads: str) -> argparse.ArgumentParser:
    """Return the options of a comparison by turns."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default=workloads)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=16)
    return parser


def compare(contenders: Sequence[Engine], arguments: argparse.Namespace) -> None:
    """Start contenders on the data of the contest, and measure them by turns."""
    wrk.ensure()
    with tempfile.TemporaryDirectory(prefix="achene-compare-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        postgres = stack.enter_context(started(folder))
        say(f"{os.cpu_count()} processors, PostgreSQL {postgres.version}; CPU in ms a request")
        places = [Place(postgres, free_port(), folder / str(number), folder) for number in range(len(contenders))]
        measured([stack.enter_context(serving(*each)) for each in zip(contenders, places, strict=True)], arguments)


def main() -> int:
    """Compare numbers of workers."""
    parser = options(__doc__, "W1,W3")
    parser.add_argument("--workers", default="1,2")
    arguments = parser.parse_args()
    compare([Workers(int(count)) for count in arguments.workers.split(",")], arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
