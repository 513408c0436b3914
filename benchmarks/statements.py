"""What statements cost PostgreSQL: those that the engine sends for the contest's workloads, against the floor's.

    python -m benchmarks.statements [--times 400] [--rounds 9] [--workloads W1,W4] [--explain]

One connection for each side, with the settings that the product's have and the driver's defaults; the same statement
is sent again and again, with other values each time, as a server does. What is counted is the CPU of the process of
PostgreSQL that runs it, planning included, by turns; the least of the rounds is told. No HTTP, no GraphQL.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
from graphql import get_variable_values, parse
from graphql.execution.values import VariableValues

from api.data.address import to_asyncpg_url
from api.data.connector import Connector
from api.settings import Settings
from benchmarks.contest.contenders.engine import Engine
from benchmarks.contest.contenders.floor_server import STATEMENTS
from benchmarks.contest.postgres import started
from benchmarks.contest.workloads import WORKLOADS, Workload
from schema.build import GraphSchema, build_graph_schema
from schema.documents import to_document

Asked = tuple[str, list[list[Any]]]
"""A statement, and what is bound in it each time."""

READING: Final = [name for name in WORKLOADS if name != "W6"]
"""Workloads that leave the tables as they were."""


def cpu_seconds(process: int) -> float:
    """Return the CPU seconds of one process, as the scheduler counts them: in ns, and not in ticks of 10 ms.

    Source: https://docs.kernel.org/scheduler/sched-stats.html
    """
    return int(Path(f"/proc/{process}/schedstat").read_text(encoding="utf-8").split()[0]) / 1e9


def of_floor(workload: Workload) -> Asked:
    """Return what the floor sends."""
    names, sql = STATEMENTS[f"/{workload.shape}"]
    first = {"first": workload.first}
    return sql, [[first.get(name, value) for name in names] for value in workload.values]


def of_engine(schema: GraphSchema, contender: Engine, workload: Workload) -> Asked:
    """Return what the engine sends."""
    document = to_document(parse(contender.documents[workload.shape]))
    operation, sent = document.operation(None), list[list[Any]]()
    for value in workload.values:
        given = contender.variables(workload, value)
        coerced = get_variable_values(schema.core, operation.variable_definitions or (), given)
        if not isinstance(coerced, VariableValues) or schema.engine is None:
            raise TypeError("The contest's variables are valid, and it has an engine.")
        compiled = schema.engine.compile(document, operation, coerced, schema.sights.whole, None)
        if compiled is None:
            raise TypeError("The contest's operations are compiled.")
        sent.append(compiled.arguments)
    return compiled.statement.sql, sent


async def learn(connection: asyncpg.Connection, schema: GraphSchema, contender: Engine) -> None:
    """Take the cursors, which pages begin behind, from the engine itself."""
    document = to_document(parse(contender.cursors_document or ""))
    variables = get_variable_values(schema.core, (), {})
    if not isinstance(variables, VariableValues) or schema.engine is None:
        raise TypeError("There are no variables, and there is an engine.")
    compiled = schema.engine.compile(document, document.operation(None), variables, schema.sights.whole, None)
    if compiled is None:
        raise TypeError("The cursors are compiled.")
    row = await connection.fetchrow(compiled.statement.sql, *compiled.arguments)
    contender.learn(json.loads(b"".join(_bytes(value) for value in row if value is not None)))


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


async def cost(connection: asyncpg.Connection, asked: Asked, times: int) -> float:
    """Return the CPU of PostgreSQL for one statement, in ms."""
    sql, arguments = asked
    process = await connection.fetchval("SELECT pg_backend_pid()")
    for each in arguments[:20]:
        await connection.fetchrow(sql, *each)
    before = cpu_seconds(process)
    for number in range(times):
        await connection.fetchrow(sql, *arguments[number % len(arguments)])
    return (cpu_seconds(process) - before) / times * 1000


async def explained(connection: asyncpg.Connection, asked: Asked) -> str:
    """Return the statement and PostgreSQL's plan of it."""
    lines = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {asked[0]}", *asked[1][0])
    return f"{asked[0]}\n\n" + "\n".join(line[0] for line in lines)


async def measure(url: str, arguments: argparse.Namespace) -> None:
    """Measure by turns and print what it took."""
    schema, contender = build_graph_schema(), Engine()
    ours = await Connector(to_asyncpg_url(url), Settings(database_url=url), is_read_only=True).open()
    plain = await asyncpg.connect(url)
    await learn(ours, schema, contender)
    sys.stdout.write("| workload | floor, ms | engine, ms | of the floor |\n|---|---|---|---|\n")
    for name in arguments.workloads:
        workload = WORKLOADS[name]
        sides = {"floor": (plain, of_floor(workload)), "engine": (ours, of_engine(schema, contender, workload))}
        if arguments.explain:
            for side, (connection, asked) in sides.items():
                sys.stdout.write(f"\n-- {name}, {side}\n{await explained(connection, asked)}\n")
            continue
        times = max(20, arguments.times // (1 if workload.first <= 20 and name != "W3" else 20))
        least = dict.fromkeys(sides, float("inf"))
        for _ in range(arguments.rounds):
            for side, (connection, asked) in sides.items():
                least[side] = min(least[side], await cost(connection, asked, times))
        ratio = least["engine"] / least["floor"]
        sys.stdout.write(f"| {name} | {least['floor']:.3f} | {least['engine']:.3f} | {ratio:.2f} |\n")
        sys.stdout.flush()
    await ours.close()
    await plain.close()


def main(given: Sequence[str] | None = None) -> int:
    """Measure on a PostgreSQL of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statements", description="What statements cost.")
    parser.add_argument("--times", type=int, default=400, help="statements a round; a twentieth of large ones")
    parser.add_argument("--rounds", type=int, default=9, help="the least of so many counts")
    parser.add_argument("--workloads", type=lambda text: text.split(","), default=READING)
    parser.add_argument("--explain", action="store_true", help="print statements and plans, and measure nothing")
    parser.add_argument("--url", help="a database that is filled already, as `benchmarks.contest` fills it")
    arguments = parser.parse_args(given)
    if arguments.url:
        asyncio.run(measure(arguments.url, arguments))
        return 0
    with tempfile.TemporaryDirectory(prefix="achene-statements-") as name:
        Path(name).chmod(0o755)  # PostgreSQL may run as another user
        with started(Path(name)) as postgres:
            asyncio.run(measure(postgres.url, arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
