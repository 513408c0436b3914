"""The load: wrk, one thread, a number of connections that each send a request as soon as the last is answered."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCRIPT: Final = Path(__file__).with_name("load.lua")

HOW: Final = "wrk is not installed. Debian and Ubuntu have it: apt-get install wrk"
"""What is said where it cannot be had."""


class LoadError(Exception):
    """A run in which something went wrong, so that its numbers mean nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw in one run."""

    requests: int
    """Requests that were answered."""

    seconds: float
    """How long it took."""

    size: int
    """Bytes that came back, heads among them."""

    p50: float
    """Median time of a request, ms."""

    p99: float
    """Time that 99 of 100 requests stayed below, ms."""


def ensure() -> None:
    """See to it that wrk is there.

    Raises:
        LoadError: It is not, and could not be installed; the message says how.
    """
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and (apt := shutil.which("apt-get")):
        subprocess.run([apt, "install", "-y", "-q", "wrk"], stdout=subprocess.DEVNULL, check=False)
    if not shutil.which("wrk"):
        raise LoadError(HOW)


def drive(
    url: str,
    bodies: Path,
    headers: Path,
    concurrency: int,
    seconds: int,
    *,
    may_be_idle: bool = False,
    script: Path = SCRIPT,
) -> Load:
    """Send requests for a time.

    Args:
        url: Where to.
        bodies: File of the JSON bodies, one a line, sent in turn.
        headers: File of the headers, one a line.
        concurrency: Connections.
        seconds: How long.
        may_be_idle: No answer in that time is no error.
        script: What is sent, and which answers are right.

    Raises:
        LoadError: A request failed, or was answered with another status than 200 or with GraphQL errors.
    """
    options = ["-t1", f"-c{concurrency}", f"-d{seconds}s", "--timeout", "120s", "-s", str(script)]
    environment = {**os.environ, "CONTEST_BODIES": str(bodies), "CONTEST_HEADERS": str(headers)}
    ran = subprocess.run(["wrk", *options, url], env=environment, capture_output=True, text=True, check=False)  # noqa: S607 - found on the path
    lines = ran.stdout.splitlines()
    result = next((line for line in lines if line.startswith("RESULT ")), None)
    if result is None:
        raise LoadError(f"wrk said nothing of use:\n{ran.stdout}{ran.stderr}")
    requests, microseconds, size, failed, p50, p99 = map(int, result.split()[1:])
    if failed:
        said = "\n".join(line for line in lines if line.startswith("FAILURE "))
        raise LoadError(f"{failed} of {requests} requests to {url} failed.\n{said}")
    if not requests and not may_be_idle:
        raise LoadError(f"{url} answered nothing in {seconds} s")
    return Load(requests, microseconds / 1e6, size, p50 / 1000, p99 / 1000)
