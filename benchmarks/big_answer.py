"""A big answer beside small ones: how long these take meanwhile, and how much memory the server needs for it.

    python -m benchmarks.big_answer [--megabytes 50]

Starts `achene serve` on a data folder of its own, fills 1,000 posts with long texts, and asks for them all at once,
while four clients ask for one user again and again. Prints the latencies of these without and beside the big answer,
and the largest resident set over that before, in multiples of the answer. Linux only.
"""

import argparse
import asyncio
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

BIG = "{ posts(first: 1000) { nodes { id title body } } }"
FILL = """
UPDATE posts SET body = (SELECT string_agg(md5(id || '-' || n), ' ') FROM generate_series(1, :words) AS n);
"""
SMALL = '{ user(id: "VXNlcjox") { id name email age bio } }'


def status(pid: int, name: str) -> float:
    """Return a line of /proc/<pid>/status, in MB (10^6 bytes)."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(rf"{name}:\s+(\d+) kB", text)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def forget_peak(pid: int) -> None:
    """Let the largest resident set of a process count from here."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


async def ask_small(http: httpx.AsyncClient, taken: list[float], is_done: asyncio.Event) -> None:
    """Ask again and again, and note how long it takes, in ms."""
    while not is_done.is_set():
        began = time.perf_counter()
        response = await http.post("/graphql", json={"query": SMALL})
        response.raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.005)


async def beside(http: httpx.AsyncClient, seconds: float | None) -> tuple[list[float], int]:
    """Ask for small answers, for a time or as long as the big one takes; return latencies and the big one's size."""
    taken: list[float] = []
    is_done, size = asyncio.Event(), 0
    clients = [asyncio.create_task(ask_small(http, taken, is_done)) for _ in range(4)]
    if seconds is not None:
        await asyncio.sleep(seconds)
    else:
        process = await asyncio.create_subprocess_exec(  # a client of its own: this one has its own work to do
            "curl", "-s", "-o", "/dev/null", "-w", "%{size_download}", f"{str(http.base_url).rstrip('/')}/graphql",
            "-H", "Content-Type: application/json", "-d", f'{{"query": "{BIG}"}}', stdout=subprocess.PIPE,
        )  # fmt: skip
        size = int((await process.communicate())[0])
    is_done.set()
    await asyncio.gather(*clients)
    return taken, size


async def measure(url: str, pid: int) -> None:
    """Print the latencies and the memory."""
    async with httpx.AsyncClient(base_url=url, timeout=120) as http:
        await beside(http, 1)
        alone, _ = await beside(http, 3)
        before = status(pid, "VmRSS")
        forget_peak(pid)
        busy, size = await beside(http, None)
        peak = status(pid, "VmHWM")
    megabytes = size / 1e6
    print(f"answer of {megabytes:.1f} MB; resident {before:.1f} MB before, {peak:.1f} MB at most")
    print(f"  memory: {(peak - before) / megabytes:.2f} times the answer")
    for name, taken in (("alone", alone), ("beside it", busy)):
        cuts = statistics.quantiles(taken, n=100)
        print(f"  small requests {name:<10} p50 {cuts[49]:6.1f} ms  p99 {cuts[98]:6.1f} ms  most {max(taken):6.1f} ms")


def main() -> None:
    """Start the server, fill it, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        environment = {**os.environ, "ACHENE_DATA_DIR": f"{folder}/data", "PYTHONUNBUFFERED": "1"}
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "-c", "from api.cli import main; main()"]
        server = subprocess.Popen(
            [*command, "serve", "--port", "0"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            address = next(
                found[0] for line in server.stdout or () if (found := re.search(r"http://127\.0\.0\.1:\d+", line))
            )
            fill = f"\\set words {arguments.megabytes * 1000 // 33}\n{FILL}"
            subprocess.run(
                [*command, "psql"], input=fill, env=environment, check=True, stdout=subprocess.DEVNULL, text=True
            )
            asyncio.run(measure(address, server.pid))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


if __name__ == "__main__":
    main()
