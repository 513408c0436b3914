"""Restarts the workers of a server under load, and counts what fails.

    python -m benchmarks.rolling_restart [--workers 2] [--rate 200] [--restarts 2] [--pause 2] [--wrk]

Starts `achene serve` with demo content, sends so many requests a second, half of them mutations, over the kept
connections of an ordinary HTTP client that never tries again, and sends SIGHUP. Prints how many requests were answered,
how many failed and why, the slowest, and the processes. Fails where one request did.
"""

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx

SCRIPT = Path(__file__).with_suffix(".lua")

CONNECTIONS = 16
"""How many requests are under way at once, at most."""

READ = "{ posts(first: 3) { nodes { title author { name } } } }"
WRITE = 'mutation { createTag(input: {name: "Tag %d", slug: "tag-%d"}) { __typename } }'


@dataclass
class Outcome:
    """What became of the requests."""

    answered: int = 0
    written: int = 0
    """How many of them were mutations; not counted by wrk."""
    failures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    times: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Milliseconds until an answer: in the middle, for 99 of 100, at most."""

    def __str__(self) -> str:
        """Return it as a line."""
        failed = "".join(f", {count} x {what}" for what, count in self.failures.items())
        middle, late, most = self.times
        return (
            f"{self.answered} answered ({self.answered / self.seconds:.0f}/s), {self.failures.total()} failed{failed}; "
            f"ms: {middle:.1f} in the middle, {late:.1f} for 99 of 100, {most:.0f} at most"
        )


async def drive(base: str, rate: int, is_over: Callable[[], bool], headers: dict[str, str]) -> Outcome:
    """Send so many requests a second, or as many as are answered, until it is over."""
    outcome, times = Outcome(), list[float]()
    began, numbers = time.monotonic(), count()

    async def ask_on(client: httpx.AsyncClient) -> None:
        for number in numbers:
            await asyncio.sleep(max(began + number / rate - time.monotonic(), 0))
            if is_over():
                break
            sent = time.perf_counter()
            await ask(client, number, outcome)
            times.append((time.perf_counter() - sent) * 1000)

    async with httpx.AsyncClient(base_url=base, timeout=30, headers=headers) as client:
        await asyncio.gather(*(ask_on(client) for _ in range(CONNECTIONS)))
    times.sort()
    outcome.seconds = time.monotonic() - began
    outcome.times = times[len(times) // 2], times[len(times) * 99 // 100], times[-1]
    return outcome


async def ask(client: httpx.AsyncClient, number: int, outcome: Outcome) -> None:
    """Send a request, a mutation where the number is odd, and note what became of it."""
    query = WRITE % (number, number) if number % 2 else READ
    try:
        answer = await client.post("/graphql", json={"query": query})
    except httpx.HTTPError as error:
        outcome.failures[repr(error)] += 1
        return
    if answer.status_code == 200 and re.search('CreateTagPayload|"nodes"', answer.text):
        outcome.answered += 1
        outcome.written += number % 2
    else:
        outcome.failures[f"answer {answer.status_code}"] += 1


def workers_of(pid: int) -> set[int]:
    """Return the workers that a supervisor has."""
    children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return {child for child in children if b"api.serving.worker" in _command_of(child)}


def _command_of(pid: int) -> bytes:
    """Return the command line of a process; nothing of one that has just ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


@contextmanager
def serving(folder: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Run a server with demo content; yields its process, its address and its key."""
    environment = {**os.environ, "ACHENE_DATA_DIR": f"{folder}/data", "PYTHONUNBUFFERED": "1"}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "api", "serve", "--port", "0", *arguments]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = key = ""
        for line in server.stdout or ():
            address = found[0] if (found := re.search(r"http://127\.0\.0\.1:\d+", line)) and not address else address
            if found := re.search(r"X-API-Key: (\S+?)'", line):
                key = found[1]
                break
        yield server, address, key
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


async def drive_by_wrk(base: str, key: str, rate: int, over: asyncio.Event) -> Outcome:
    """Do so by wrk, which sends on its connections without looking whether they were closed meanwhile."""
    environment = os.environ | {"KEY": key, "RATE": str(rate), "CONNECTIONS": str(CONNECTIONS)}
    options = ["-t1", f"-c{CONNECTIONS}", "-d600s", "--timeout", "30s", "-s", str(SCRIPT), base]
    wrk = await asyncio.create_subprocess_exec("wrk", *options, env=environment, stdout=subprocess.PIPE)
    await over.wait()
    wrk.send_signal(signal.SIGINT)
    told = (await wrk.communicate())[0].decode().splitlines()
    result = next(line for line in told if line.startswith("RESULT")).split()[1:]
    answered, seconds, lost, *times = map(float, result)
    outcome = Outcome(answered=int(answered), seconds=seconds, times=(times[0], times[1], times[2]))
    outcome.failures.update({"lost": int(lost)} if lost else {})
    outcome.failures.update(line for line in told if line.startswith("WRONG"))
    return outcome


async def measure(server: subprocess.Popen[str], base: str, key: str, arguments: argparse.Namespace) -> Outcome:
    """Drive a server, and restart its workers on the way."""
    over = asyncio.Event()
    driving = asyncio.create_task(
        drive_by_wrk(base, key, arguments.rate, over)
        if arguments.wrk
        else drive(base, arguments.rate, over.is_set, {"X-API-Key": key})
    )
    for _ in range(arguments.restarts):
        await asyncio.sleep(arguments.pause)
        before = workers_of(server.pid)
        server.send_signal(signal.SIGHUP)
        while before & workers_of(server.pid):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)
        print(f"workers {sorted(before)} were replaced by {sorted(workers_of(server.pid))}", flush=True)
    await asyncio.sleep(arguments.pause)
    over.set()
    return await driving


def main() -> None:
    """Start the server, drive it, restart it, stop it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--wrk", action="store_true", help="send by wrk, which takes less of the processors")
    parser.add_argument("--pause", type=float, default=2, help="seconds of load before, between and after")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with serving(folder, "--workers", str(arguments.workers)) as (server, base, key):
            outcome = asyncio.run(measure(server, base, key, arguments))
    print(outcome)
    sys.exit(1 if outcome.failures else 0)


if __name__ == "__main__":
    main()
