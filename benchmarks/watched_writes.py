"""What it costs writers that tables are watched: the same writes with and without the trigger.

    python -m benchmarks.watched_writes [--rows 2000] [--bulk 100000] [--rounds 5]

One connection, on a PostgreSQL of its own; commits do not wait for the disk, so that what is measured is work.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from benchmarks.contest.postgres import started
from schema.changes.triggers import unwatch, watch

INSERT = "INSERT INTO tags (id, name, slug) VALUES (100000 + $1::int, $2, $2)"


async def singly(connection: asyncpg.Connection, rows: int) -> None:
    """Write rows, each in a transaction of its own."""
    for row in range(rows):
        await connection.execute(INSERT, row, f"w-{row}")


async def together(connection: asyncpg.Connection, rows: int) -> None:
    """Write rows one by one, in one transaction."""
    async with connection.transaction():
        await singly(connection, rows)


async def at_once(connection: asyncpg.Connection, rows: int) -> None:
    """Write rows in one statement."""
    await connection.execute(
        "INSERT INTO tags SELECT 100000 + n, 'w-' || n, 'w-' || n FROM generate_series(1, $1::int) AS n",
        rows,
    )


async def timed(
    connection: asyncpg.Connection, way: Callable[[asyncpg.Connection, int], Awaitable[None]], rows: int
) -> float:
    """Return how long it took, in seconds, and take the rows away again."""
    began = time.perf_counter()
    await way(connection, rows)
    seconds = time.perf_counter() - began
    await connection.execute("DELETE FROM tags WHERE slug LIKE 'w-%'")
    await connection.execute("VACUUM tags, table_changes")
    return seconds


async def measure(url: str, rows: int, bulk: int, rounds: int) -> None:
    """Measure by turns and print medians."""
    connection = await asyncpg.connect(url, server_settings={"synchronous_commit": "off"})
    ways = {"one a transaction": (singly, rows), "one transaction": (together, rows), "one statement": (at_once, bulk)}
    found: dict[tuple[str, bool], list[float]] = {(name, is_on): [] for name in ways for is_on in (False, True)}
    for round_ in range(rounds + 1):
        for is_watched in (False, True):
            for statement in watch("tags") if is_watched else (unwatch("tags"),):
                await connection.execute(statement)
            for name, (way, count) in ways.items():
                seconds = await timed(connection, way, count)
                if round_:
                    found[name, is_watched].append(seconds / count * 1e6)
    print(f"{'us a row':20}{'not watched':>14}{'watched':>12}{'more':>10}")
    for name in ways:
        plain, watched = (statistics.median(found[name, is_on]) for is_on in (False, True))
        print(f"{name:20}{plain:14.2f}{watched:12.2f}{watched - plain:10.2f}")
    await connection.close()


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watched_writes", description="The cost of triggers.")
    parser.add_argument("--rows", type=int, default=2000, help="rows that are written one by one (default: 2000)")
    parser.add_argument("--bulk", type=int, default=100_000, help="rows of one statement (default: 100000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="achene-writes-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        with started(folder) as postgres:
            url = postgres.url
            asyncio.run(measure(url, arguments.rows, arguments.bulk, arguments.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
