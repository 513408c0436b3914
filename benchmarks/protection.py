"""What keys, rates and rules cost a small request: the same server with all of them, and without keys and rates.

    python -m benchmarks.protection [--workloads W1] [--seconds 5] [--rounds 3] [--concurrency 16]

The protected server checks a key in each request, counts requests and cost in memory, and decides the rules of the
models; the open one lets everybody do all, without a key, and counts nothing. Limits on documents are on in both.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contest import wrk
from benchmarks.contest.__main__ import serving
from benchmarks.contest.contender import Place, free_port
from benchmarks.contest.contenders.engine import Engine
from benchmarks.contest.postgres import started
from benchmarks.workers import measured


class Open(Engine):
    """Nobody is asked who they are, and nothing is counted."""

    name = "open"

    def environment(self, place: Place) -> dict[str, str]:
        """Return what lets everybody in."""
        return super().environment(place) | {"ACHENE_ANONYMOUS_SCOPES": "read,write,*"}

    def headers(self, place: Place) -> dict[str, str]:
        """Return the headers of each request, without a key."""
        return {name: value for name, value in super().headers(place).items() if name != "X-API-Key"}


class Protected(Engine):
    """Keys, rates of requests and of cost, rules."""

    name = "protected"

    def environment(self, place: Place) -> dict[str, str]:
        """Return rates that are counted and never reached."""
        rates = {"ACHENE_RATE_REQUESTS": "100000000/minute", "ACHENE_RATE_COST": "100000000000/minute"}
        return super().environment(place) | rates


def main() -> int:
    """Start both, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default="W1")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=16)
    arguments = parser.parse_args()
    wrk.ensure()
    with tempfile.TemporaryDirectory(prefix="achene-protection-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        postgres = stack.enter_context(started(folder))
        contenders = [Open(), Protected()]
        places = [Place(postgres, free_port(), folder / each.name, folder) for each in contenders]
        servers = [stack.enter_context(serving(*each)) for each in zip(contenders, places, strict=True)]
        measured(servers, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
