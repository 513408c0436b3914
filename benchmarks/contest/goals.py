"""What the engine is to reach, and whether it does: each goal with its number, met or missed by how much."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.contest.measure import Result

Results = Mapping[tuple[str, int, str], Result]
"""What was measured, by workload, concurrency and contender."""

READS: Final = ("W1", "W2", "W3", "W4", "W5")

MOST_OVERHEAD_MS: Final = 0.2
"""CPU of the server a request that the engine may take more than the floor."""

MOST_GROWTH: Final = 10.0
"""How much more W3 for ten times the users may cost."""

RATIOS: Final[tuple[tuple[str, Mapping[str, float], int | None], ...]] = (
    ("floor", {"W1": 0.7, "W2": 0.8, "W4": 0.9, "W3": 1.5, "W5": 1.5, "W6": 0.6}, None),
    ("postgraphile", {"W1": 1.0, "W2": 1.0, "W3": 4.0, "W4": 1.0, "W5": 4.0, "W6": 1.0}, None),
    ("mercurius", {"W1": 1.0, "W2": 1.0, "W3": 3.0, "W4": 1.0}, None),
    ("mercurius", {"W5": 1.0}, 1),
    ("mercurius", {"W5": 1.5}, 16),
    ("strawberry", {"W1": 6.0, "W3": 60.0, "W6": 1.0}, None),
)
"""Least ratio of the engine's requests a second to another's, by workload; at one concurrency, or at each."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A goal and what was measured."""

    name: str
    """What was to be reached, where."""

    goal: float
    """The number."""

    found: float
    """What was measured."""

    is_least: bool
    """Whether the number is the least that will do; otherwise the most."""

    unit: str = "x"
    """What both numbers are."""

    @property
    def is_met(self) -> bool:
        """Whether it was reached."""
        return self.found >= self.goal if self.is_least else self.found <= self.goal

    @property
    def missed_by(self) -> str:
        """How much is missing, in the goal's unit and relative to it."""
        missing = abs(self.goal - self.found)
        return f"{missing:.2f} {self.unit} ({missing / self.goal:.0%} of the goal)"


def judged(results: Results) -> Iterator[Judged]:
    """Return each goal that the measured contenders, workloads and concurrencies can tell of."""
    concurrencies = sorted({concurrency for _, concurrency, _ in results})
    for other, ratios, only in RATIOS:
        for workload, least in ratios.items():
            for concurrency in concurrencies if only is None else [only]:
                engine, peer = (results.get((workload, concurrency, name)) for name in ("engine", other))
                if engine and peer:
                    name = f"{workload} at {concurrency}: requests/s against {other}"
                    yield Judged(name, least, engine.rate / peer.rate, is_least=True)
    for workload in READS:
        for concurrency in concurrencies:
            engine, floor = (results.get((workload, concurrency, name)) for name in ("engine", "floor"))
            if engine and floor:
                more = engine.server_ms - floor.server_ms
                name = f"{workload} at {concurrency}: server CPU above the floor's"
                yield Judged(name, MOST_OVERHEAD_MS, more, is_least=False, unit="ms")
    for concurrency in concurrencies:
        one, ten = (results.get((workload, concurrency, "engine")) for workload in ("W3", "W3x10"))
        if one and ten:
            growth = (ten.server_ms + ten.postgres_ms) / (one.server_ms + one.postgres_ms)
            name = f"W3 at {concurrency}: CPU for ten times the users"
            yield Judged(name, MOST_GROWTH, growth, is_least=False)
