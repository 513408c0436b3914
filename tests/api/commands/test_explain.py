"""`achene explain` shows SQL and plan, and names the index that a large scan misses."""

from asyncio import to_thread
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from api.cli import app

FILL = """
INSERT INTO users (name, email) VALUES ('Ann', 'ann@example.org');
INSERT INTO posts (title, slug, body, author_id, view_count)
SELECT 'Title', 'slug-' || n, 'Body', (SELECT id FROM users), n FROM generate_series(1, 20000) AS n;
ANALYZE;
"""
"""20,000 posts: more than a scan may read without a word."""


def run(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, query: str, *options: str) -> tuple[int, str]:
    """Explain a query on a database; return the exit code and all that was printed."""
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "400")
    file = folder / "query.graphql"
    file.write_text(query, encoding="utf-8")
    result = CliRunner().invoke(app, ["explain", str(file), *options])
    return result.exit_code, result.output


async def fill(url: str) -> None:
    """Put the posts in."""
    connection = await asyncpg.connect(url)
    await connection.execute(FILL)
    await connection.close()


async def test_a_missing_index_is_named(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter on a column without an index scans all rows; an index would begin with it and serve the order."""
    await fill(database_url)
    query = "query($n: Int!) { posts(first: 1, filter: {viewCount: {eq: $n}}) { nodes { title } } }"
    code, printed = await to_thread(run, database_url, tmp_path, monkeypatch, query, "--variables", '{"n": 7}')
    assert code == 0
    assert "FROM posts" in printed
    assert "Sequential scan of posts: 20,000 rows read, 19,999 of them for nothing." in printed
    assert "CREATE INDEX CONCURRENTLY ON posts (view_count, id);" in printed


async def test_a_look_up_by_key_needs_no_advice(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row by its slug reads one index."""
    await fill(database_url)
    query = '{ postBySlug(slug: "slug-5") { title } }'
    code, printed = await to_thread(run, database_url, tmp_path, monkeypatch, query)
    assert code == 0
    assert "Index Scan using uq_posts_slug" in printed
    assert "No large table is scanned for nothing." in printed


@pytest.mark.parametrize(
    ("query", "options", "message"),
    [
        ("{ nothing }", (), "Cannot query field 'nothing' on type 'Query'."),
        ("{ node(id: 1) { id } }", ("--variables", "[]"), "--variables takes a JSON object"),
        (
            "query($n: Int!) { posts(first: $n) { totalCount } }",
            (),
            "Variable '$n' has invalid value: Expected a value",
        ),
    ],
)
async def test_what_cannot_be_explained_is_refused(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    options: tuple[str, ...],
    message: str,
) -> None:
    """A wrong document or wrong variables are told in a line, with exit code 2."""
    code, printed = await to_thread(run, database_url, tmp_path, monkeypatch, query, *options)
    assert code == 2
    assert message in " ".join(printed.replace("│", " ").split())
