"""What keys, rates and rules cost a small request: the same server with all of them, and without keys and rates.

    python -m benchmarks.protection [--workloads W1] [--seconds 5] [--rounds 3] [--concurrency 16]

The protected server checks a key in each request, counts requests and cost in memory, and decides the rules of the
models; the open one lets everybody do all, without a key, and counts nothing. Limits on documents are on in both.
"""

import sys

from benchmarks.contest.contender import Place
from benchmarks.contest.contenders.engine import Engine
from benchmarks.workers import compare, options


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
    """Compare both."""
    compare([Open(), Protected()], options(__doc__, "W1").parse_args())
    return 0


if __name__ == "__main__":
    sys.exit(main())
