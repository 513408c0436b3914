"""What is printed: a table for each workload and concurrency, and one of the goals."""

from collections.abc import Iterable, Sequence

from benchmarks.contest.goals import Judged, Results
from benchmarks.contest.measure import Result
from benchmarks.contest.workloads import Workload

HEAD = ("", "requests/s", "p50 ms", "p99 ms", "server CPU ms", "PostgreSQL CPU ms")


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as text: the first column to the left, the others to the right."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in pairs).rstrip()
        for pairs in (list(enumerate(zip(row, widths, strict=True))) for row in rows)
    )


def table(results: Results, workload: Workload, concurrency: int, names: Sequence[str]) -> str:
    """Return what the contenders took for a workload, each number with its ratio to the floor's."""
    measured = {name: found for name in names if (found := results.get((workload.name, concurrency, name)))}
    floor = measured.get("floor")
    head = HEAD + (("rate / floor", "server CPU / floor", "all CPU / floor") if floor else ())
    rows = [head, *((name, *_cells(result, floor)) for name, result in measured.items())]
    return f"{workload.name}, {workload.title}; concurrency {concurrency}\n{aligned(rows)}"


def _cells(result: Result, floor: Result | None) -> tuple[str, ...]:
    cells = (
        f"{result.rate:,.1f}" if result.rate < 100 else f"{result.rate:,.0f}",
        f"{result.p50:.2f}",
        f"{result.p99:.2f}",
        f"{result.server_ms:.3f}",
        f"{result.postgres_ms:.3f}",
    )
    if floor is None:
        return cells
    cpu = (result.server_ms + result.postgres_ms) / max(floor.server_ms + floor.postgres_ms, 1e-9)
    return (
        *cells,
        f"{result.rate / floor.rate:.2f}",
        f"{result.server_ms / max(floor.server_ms, 1e-9):.2f}",
        f"{cpu:.2f}",
    )


def goals_table(goals: Sequence[Judged]) -> str:
    """Return the goals, met or missed by how much."""
    rows = [("goal", "wanted", "found", "")]
    for goal in goals:
        sign = ">=" if goal.is_least else "<="
        verdict = "met" if goal.is_met else f"MISSED by {goal.missed_by}"
        rows.append((goal.name, f"{sign} {goal.goal:g} {goal.unit}", f"{goal.found:.2f} {goal.unit}", verdict))
    return aligned(rows)
