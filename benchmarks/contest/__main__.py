"""The contest: every contender over HTTP on the same data, by turns in one run.

    python -m benchmarks.contest [--seconds 5] [--rounds 3] [--workloads W1,W3] [--contenders floor,engine]

Starts a PostgreSQL of its own, fills it, starts each contender as one process with ten connections, compares their
answers, drives them with wrk, and prints tables and goals. `benchmarks/README.md` says more.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx

from benchmarks.contest import wrk
from benchmarks.contest.contender import Contender, Place, Server, StartError, free_port
from benchmarks.contest.contenders import CONTENDERS
from benchmarks.contest.goals import Results, judged
from benchmarks.contest.measure import Result, Run, run, summed, warm_up
from benchmarks.contest.postgres import Postgres, started
from benchmarks.contest.same import DifferentError, check
from benchmarks.contest.tables import goals_table, table
from benchmarks.contest.workloads import WORKLOADS, Workload

START_SECONDS = 60.0
"""How long a contender may take until it answers."""


def say(text: str = "") -> None:
    """Print at once."""
    print(text, flush=True)


@contextmanager
def serving(contender: Contender, place: Place) -> Iterator[Server]:
    """Start a contender, wait until it answers, and stop it when the block ends."""
    server = Server(contender, place)
    try:
        until = time.monotonic() + START_SECONDS
        while not _answers(server):
            if server.process.poll() is not None or time.monotonic() > until:
                raise StartError(f"{contender.name} did not start.\n{server.tail()}")
            time.sleep(0.1)
        server.learn()
        yield server
    finally:
        server.stop()


def _answers(server: Server) -> bool:
    workload = WORKLOADS["W1"]
    body = server.contender.body(workload, 1)
    try:
        answer = httpx.post(server.target(workload), content=body, headers=server.headers, timeout=10)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK


def available(names: Sequence[str], node_folder: Path) -> list[Contender]:
    """Return the contenders that can be had, and say which cannot."""
    found = []
    for name in names:
        if (reason := CONTENDERS[name].missing(node_folder)) is None:
            found.append(CONTENDERS[name])
        else:
            say(f"left out: {name}, since {reason}")
    return found


def measured(
    servers: Sequence[Server], workloads: Sequence[Workload], concurrencies: Sequence[int], rounds: int, seconds: int
) -> Results:
    """Drive all servers by turns and return what it took."""
    results: dict[tuple[str, int, str], Result] = {}
    for workload in workloads:
        asked = [server for server in servers if not workload.only or server.name in workload.only]
        for concurrency in concurrencies:
            lengths = {server.name: warm_up(server, workload, concurrency, seconds) for server in asked}
            runs: dict[str, list[Run]] = defaultdict(list)
            for _ in range(rounds):
                for server in asked:
                    runs[server.name].append(run(server, workload, concurrency, lengths[server.name]))
            results |= {(workload.name, concurrency, name): summed(each) for name, each in runs.items()}
            say(f"\n{table(results, workload, concurrency, [server.name for server in asked])}")
    return results


def hold(postgres: Postgres, contenders: Sequence[Contender], folder: Path, arguments: argparse.Namespace) -> Results:
    """Start the contenders, compare their answers, and measure."""
    workloads = [WORKLOADS[name] for name in arguments.workloads]
    with ExitStack() as stack:
        servers = []
        for contender in contenders:
            place = Place(postgres, free_port(), folder / contender.name, arguments.node_folder)
            servers.append(stack.enter_context(serving(contender, place)))
            say(f"{contender.name}: {contender.about}")
        say("\nThe same leaves:")
        for workload in workloads:
            asked = [server for server in servers if not workload.only or server.name in workload.only]
            if asked:
                say(f"  {workload.name}: {check(asked, workload)}")
        return measured(servers, workloads, arguments.concurrency, arguments.rounds, arguments.seconds)


def save(path: Path, results: Results) -> None:
    """Write what was measured as JSON."""
    found = [
        {"workload": workload, "concurrency": concurrency, "contender": name, **asdict(result)}
        for (workload, concurrency, name), result in results.items()
    ]
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def read_arguments() -> argparse.Namespace:
    """Read the command line."""

    def names(known: Sequence[str]) -> Callable[[str], list[str]]:
        def read(text: str) -> list[str]:
            found = [word.strip() for word in text.split(",") if word.strip()]
            if unknown := [word for word in found if word not in known]:
                raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is none of {', '.join(known)}")
            return [name for name in known if name in found]

        return read

    parser = argparse.ArgumentParser(prog="python -m benchmarks.contest", description="Achene against its peers.")
    parser.add_argument("--seconds", type=int, default=5, help="length of a run (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender, by turns (default: 3)")
    parser.add_argument("--workloads", type=names(list(WORKLOADS)), default=list(WORKLOADS), help="such as W1,W3")
    parser.add_argument("--contenders", type=names(list(CONTENDERS)), default=list(CONTENDERS), help="floor,engine,...")
    parser.add_argument("--concurrency", type=lambda text: sorted(map(int, text.split(","))), default=[1, 16])
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument("--node-folder", type=Path, default=cache / "achene-contest", help="where npm's packages go")
    parser.add_argument("--json", type=Path, help="write the numbers to this file, too")
    arguments = parser.parse_args()
    arguments.node_folder = arguments.node_folder.absolute()
    return arguments


def main() -> int:
    """Hold the contest."""
    arguments = read_arguments()
    try:
        wrk.ensure()
        contenders = available(arguments.contenders, arguments.node_folder)
        with tempfile.TemporaryDirectory(prefix="achene-contest-") as name:
            folder = Path(name)
            folder.chmod(0o755)  # PostgreSQL may run as another user
            with started(folder) as postgres:
                rows = ", ".join(f"{count:,} {table}" for table, count in postgres.rows.items())
                say(f"{os.cpu_count()} processors, Python {platform.python_version()}, PostgreSQL {postgres.version}")
                say(f"{rows}\n")
                results = hold(postgres, contenders, folder, arguments)
    except (StartError, DifferentError, wrk.LoadError) as error:
        sys.stderr.write(f"\nThe contest failed: {error}\n")
        return 1
    if arguments.json:
        save(arguments.json, results)
    if goals := list(judged(results)):
        say(f"\n{goals_table(goals)}")
        say(f"\n{sum(goal.is_met for goal in goals)} of {len(goals)} goals met")
    return 0


if __name__ == "__main__":
    sys.exit(main())
