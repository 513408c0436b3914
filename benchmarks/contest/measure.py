"""One run: a contender, a workload, a concurrency; what it took of the clock and of the processors."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.contest.contender import Server
from benchmarks.contest.processes import cpu_seconds
from benchmarks.contest.workloads import Workload
from benchmarks.contest.wrk import Load, LoadError, drive

LEAST_TURNS: Final = 5
"""How often each connection should be answered in a run; one that is too slow for it runs longer."""

LONGEST: Final = 6
"""How many times longer at most."""

QUIET_SECONDS: Final = 0.2
"""Processes are quiet that use less than a twentieth of a processor for so long."""

LONGEST_QUIET: Final = 30.0
"""Seconds for which they are waited for to become quiet."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took."""

    load: Load
    """What wrk saw."""

    server: float
    """CPU seconds of the contender's processes."""

    postgres: float
    """CPU seconds of PostgreSQL's processes."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the runs of a contender, a workload and a concurrency come to."""

    rate: float
    """Requests a second, median of the runs."""

    p50: float
    """Median time of a request in ms, median of the runs."""

    p99: float
    """99th percentile of it in ms, median of the runs."""

    server_ms: float
    """CPU of the server in ms a request, over all runs."""

    postgres_ms: float
    """CPU of PostgreSQL in ms a request, over all runs."""

    requests: int
    """Requests of all runs."""


def warm_up(server: Server, workload: Workload, concurrency: int, seconds: int) -> int:
    """Send requests so that caches and pools are full; return how long a run should be, in seconds."""
    warm = min(seconds, 2)
    load = drive(
        server.target(workload), server.bodies(workload), server.headers_file, concurrency, warm, may_be_idle=True
    )
    settle(server)
    needed = LEAST_TURNS * concurrency / max(load.requests / warm, 0.1)
    return max(seconds, min(seconds * LONGEST, int(needed) + 1))


def run(server: Server, workload: Workload, concurrency: int, seconds: int) -> Run:
    """Drive a server for a time and note what it took.

    Raises:
        LoadError: A request failed, or the server has ended.
    """
    postmaster = server.place.postgres.postmaster
    try:
        before = cpu_seconds(server.process.pid), cpu_seconds(postmaster)
        load = drive(server.target(workload), server.bodies(workload), server.headers_file, concurrency, seconds)
        after = cpu_seconds(server.process.pid), cpu_seconds(postmaster)
    except ProcessLookupError as error:
        raise LoadError(f"{server.name} has ended.\n{server.tail()}") from error
    settle(server)
    return Run(load, after[0] - before[0], after[1] - before[1])


def settle(server: Server) -> None:
    """Wait until a server, and PostgreSQL, have done with what was under way when the load ended."""
    until = time.monotonic() + LONGEST_QUIET
    used = _used(server)
    while time.monotonic() < until:
        time.sleep(QUIET_SECONDS)
        before, used = used, _used(server)
        if used - before < QUIET_SECONDS / 20:
            return


def _used(server: Server) -> float:
    return cpu_seconds(server.process.pid) + cpu_seconds(server.place.postgres.postmaster)


def summed(runs: Sequence[Run]) -> Result:
    """Return what runs come to."""
    requests = sum(each.load.requests for each in runs)
    return Result(
        rate=statistics.median(each.load.requests / each.load.seconds for each in runs),
        p50=statistics.median(each.load.p50 for each in runs),
        p99=statistics.median(each.load.p99 for each in runs),
        server_ms=sum(each.server for each in runs) / requests * 1000,
        postgres_ms=sum(each.postgres for each in runs) / requests * 1000,
        requests=requests,
    )
