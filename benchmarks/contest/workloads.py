"""What is asked: W1 to W5, W3 for ten times the users, and W6, which writes. Every contender says in its own words how.

A workload is a list of values, one a request, the same for all contenders and drawn the same in every run. What a
contender makes of a value (an id of its own form, a cursor) and its document stand with the contender. Pages begin
behind a row, not at an offset: some would work out every row that an offset passes over, and so be slow for that.
"""

import random
from dataclasses import dataclass
from typing import Final

from benchmarks.contest.data import CATEGORIES, USERS

PLACES: Final = 1000
"""Pages begin behind one of so many rows."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One thing that is asked again and again, with other values each time."""

    name: str
    """What it is called in options and tables."""

    title: str
    """What it asks for, in words."""

    values: tuple[int, ...]
    """An id for each request in turn, that is asked for or that the page begins behind; then from the first again."""

    first: int = 0
    """How many rows the page at the root has; 0 where there is none."""

    only: frozenset[str] = frozenset()
    """The contenders that are asked; all where empty."""

    @property
    def shape(self) -> str:
        """Name of the workload whose documents this one uses."""
        return self.name.partition("x")[0]


def _drawn(name: str, count: int, low: int, high: int) -> tuple[int, ...]:
    draw = random.Random(name)  # noqa: S311 - not for secrets
    return tuple(draw.randint(low, high) for _ in range(count))


WORKLOADS: Final = {
    workload.name: workload
    for workload in (
        Workload("W1", "one user by id, 5 fields", _drawn("W1", 1000, 1, USERS)),
        Workload("W2", "50 users x 5 fields", _drawn("W2", 500, 1, PLACES), first=50),
        Workload("W3", "20 users -> 10 posts -> tags, 5 comments", _drawn("W3", 200, 1, PLACES), first=20),
        Workload("W4", "20 newest posts of a category, totalCount", _drawn("W4", 500, 1, CATEGORIES), first=20),
        Workload("W5", "1000 posts x 8 scalars", _drawn("W5", 100, 1, PLACES), first=1000),
        Workload(
            "W3x10",
            "W3 for 200 users",
            _drawn("W3x10", 50, 1, PLACES),
            first=200,
            only=frozenset({"floor", "engine"}),
        ),
        Workload("W6", "one comment written, and read with its author", _drawn("W6", 1000, 1, PLACES)),
    )
}
"""All workloads by name."""
