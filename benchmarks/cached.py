"""What answers cost that were given before: cache hits and 304, against the same server without a cache.

    python -m benchmarks.cached [--seconds 5] [--rounds 3] [--workloads W3,W4] [--concurrency 1,16]

The server, the content, the load and the values are those of the contest.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlencode

import httpx
import orjson

from benchmarks.contest import wrk
from benchmarks.contest.__main__ import say, serving
from benchmarks.contest.contender import Place, Server, free_port
from benchmarks.contest.contenders.engine import Engine
from benchmarks.contest.measure import settle
from benchmarks.contest.postgres import started
from benchmarks.contest.processes import cpu_seconds
from benchmarks.contest.workloads import WORKLOADS, Workload

CACHE_BYTES: Final = 512_000_000
"""Room for all answers."""

GOAL: Final = 5.0
"""How many times the requests/s of the server without a cache there are to be."""

SCRIPT: Final = Path(__file__).with_name("cached.lua")
"""What wrk sends."""


class Cached(Engine):
    """The whole product with a response cache."""

    name = "cached"
    about: ClassVar[str] = "Achene with a response cache"

    def environment(self, place: Place) -> Mapping[str, str]:
        """Return what a production server is set to."""
        return {**super().environment(place), "ACHENE_RESPONSE_CACHE_BYTES": str(CACHE_BYTES)}


def fill(server: Server, workload: Workload) -> None:
    """Ask for every answer of a workload once."""
    with httpx.Client(headers=server.headers, timeout=60) as client:
        for body in server.bodies(workload).read_text().splitlines():
            client.post(server.target(workload), content=body).raise_for_status()


def tagged(server: Server, workload: Workload) -> Path:
    """Return the file of the addresses of a workload, each with the tag of its answer."""
    path = server.place.folder / f"{workload.name}.tags"
    lines = []
    with httpx.Client(base_url=server.url, headers=server.headers, timeout=60) as client:
        for value in workload.values:
            body = orjson.loads(server.contender.body(workload, value))
            address = "/graphql?" + urlencode({"query": body["query"], "variables": orjson.dumps(body["variables"])})
            answer = client.get(address)
            answer.raise_for_status()
            lines.append(f"{address}\t{answer.headers['etag']}\n")
    path.write_text("".join(lines))
    return path


def measured(server: Server, bodies: Path, concurrency: int, seconds: int) -> tuple[float, float, float]:
    """Return requests/s, and CPU of server and PostgreSQL in ms a request."""
    postmaster, pid = server.place.postgres.postmaster, server.process.pid
    before = cpu_seconds(pid), cpu_seconds(postmaster)
    url = server.url + server.contender.path
    load = wrk.drive(url, bodies, server.headers_file, concurrency, seconds, script=SCRIPT)
    after = cpu_seconds(pid), cpu_seconds(postmaster)
    settle(server)
    server_ms, postgres_ms = ((end - start) / load.requests * 1000 for start, end in zip(before, after, strict=True))
    return load.requests / load.seconds, server_ms, postgres_ms


def compare(plain: Server, cached: Server, workload: Workload, concurrency: int, rounds: int, seconds: int) -> bool:
    """Measure by turns, print what came of it, and return whether the goal is met."""
    ways = {
        "no cache": (plain, plain.bodies(workload)),
        "cache hit": (cached, cached.bodies(workload)),
        "304": (plain, tagged(plain, workload)),
    }
    fill(cached, workload)
    for way in ways.values():
        measured(*way, concurrency, 2)
    runs = {name: list[tuple[float, float, float]]() for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            runs[name].append(measured(*way, concurrency, seconds))
    say(f"\n{workload.name}, {workload.title}; {concurrency} at a time")
    say(f"{'':12}{'requests/s':>12}{'times':>8}{'server ms':>12}{'PostgreSQL ms':>15}")
    rates = {name: statistics.median(rate for rate, _, _ in each) for name, each in runs.items()}
    for name, each in runs.items():
        server, postgres = (statistics.median(run[place] for run in each) for place in (1, 2))
        say(f"{name:12}{rates[name]:12,.0f}{rates[name] / rates['no cache']:8.1f}{server:12.3f}{postgres:15.3f}")
    return min(rates["cache hit"], rates["304"]) >= GOAL * rates["no cache"]


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cached", description="Cache hits and 304.")
    parser.add_argument("--seconds", type=int, default=5, help="length of a run (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each way, by turns (default: 3)")
    parser.add_argument("--workloads", type=lambda text: text.split(","), default=["W3", "W4"], help="such as W3,W4")
    parser.add_argument("--concurrency", type=lambda text: list(map(int, text.split(","))), default=[1, 16])
    arguments = parser.parse_args()
    wrk.ensure()
    with tempfile.TemporaryDirectory(prefix="achene-cached-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        postgres = stack.enter_context(started(folder))
        plain, cached = (
            stack.enter_context(serving(each, Place(postgres, free_port(), folder / each.name, folder)))
            for each in (Engine(), Cached())
        )
        met = [
            compare(plain, cached, WORKLOADS[workload], concurrency, arguments.rounds, arguments.seconds)
            for workload in arguments.workloads
            for concurrency in arguments.concurrency
        ]
    say(f"\n{sum(met)} of {len(met)} at least {GOAL:g} times the requests/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
