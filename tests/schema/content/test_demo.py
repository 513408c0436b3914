import asyncio
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from schema.content.demo import demo_sizes, load_demo
from schema.content.rows import COLUMNS, Rows, Sizes
from schema.errors import BadInputError, ContentError, UnavailableError


def digest(rows: Rows) -> str:
    """Return a checksum over every row of every table."""
    checksum = sha256()
    for table in COLUMNS:
        for row in rows.of(table):
            checksum.update(repr((table, *map(str, row))).encode())
    return checksum.hexdigest()


async def contents(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, in order."""
    return {
        table: [tuple(row) for row in await connection.fetch(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2")]
        for table, columns in COLUMNS.items()
    }


async def counts(connection: Any) -> dict[str, int]:
    """Return how many rows each table has."""
    return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in COLUMNS}


async def test_content_is_there(content_url: str) -> None:
    """The shared content has the size that its fixture names."""
    connection = await asyncpg.connect(content_url)
    held = await counts(connection)
    await connection.close()
    assert held == {
        "categories": 12, "tags": 40, "users": 40, "posts": 400, "post_tags": 1200, "comments": 2000
    }  # fmt: skip


def test_rows_are_the_same_for_ever() -> None:
    """The same size and seed give the same rows, byte for byte, on any machine and Python."""
    assert digest(Rows(demo_sizes(400), seed=1)) == "b33effbe16e20bbd73756d30523de7b317e5982f68cbf6f62e64a8c41d5881ee"


def test_another_seed_gives_other_rows() -> None:
    """Seeds tell contents apart."""
    assert digest(Rows(demo_sizes(40), seed=2)) != digest(Rows(demo_sizes(40), seed=1))


async def test_the_database_holds_what_was_made(database_url: str, connection: Any) -> None:
    """Nothing is lost or bent on the way into the tables."""
    await load_demo(database_url, posts=120, seed=5)
    rows = Rows(demo_sizes(120), seed=5)
    assert await contents(connection) == {table: sorted(rows.of(table), key=lambda row: row[:2]) for table in COLUMNS}


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        (Sizes(posts=0, users=0, tags=0, comments=0), (0, 0, 0, 0)),
        (Sizes(posts=1, users=1, tags=40, comments=5), (1, 1, 40, 5)),
        (Sizes(posts=7, users=1, tags=40, comments=35), (7, 1, 40, 35)),
        (Sizes(posts=0, users=9, tags=3, comments=0), (0, 9, 3, 0)),
        (Sizes(posts=33, users=400, tags=0, comments=2), (33, 400, 0, 2)),
        (Sizes(posts=20, users=3, tags=5, comments=1000), (20, 3, 5, 1000)),
        (Sizes(posts=300, users=2, tags=1104, comments=0), (300, 2, 1104, 0)),
    ],
)
async def test_any_size_fits_the_tables(
    database_url: str, connection: Any, sizes: Sizes, expected: tuple[int, ...]
) -> None:
    """Whatever the numbers, every constraint holds and the next ids are free."""
    numbers = {name: getattr(sizes, name) for name in ("posts", "users", "tags", "comments")}
    loaded = await load_demo(database_url, **numbers)
    held = await counts(connection)
    assert held == loaded.rows
    assert (held["posts"], held["users"], held["tags"], held["comments"]) == expected
    tag_id = await connection.fetchval("INSERT INTO tags (name, slug) VALUES ('New', 'new') RETURNING id")
    user_id = await connection.fetchval("INSERT INTO users (name, email) VALUES ('N', 'n@x.org') RETURNING id")
    assert (tag_id, user_id) == (expected[2] + 1, expected[1] + 1)


@pytest.mark.parametrize(
    ("posts", "expected"),
    [
        (0, Sizes(posts=0, users=0, tags=0, comments=0)),
        (1, Sizes(posts=1, users=1, tags=40, comments=5)),
        (7, Sizes(posts=7, users=1, tags=40, comments=35)),
        (20_000, Sizes(posts=20_000, users=2000, tags=200, comments=100_000)),
        (2_000_000, Sizes(posts=2_000_000, users=200_000, tags=1000, comments=10_000_000)),
    ],
)
def test_other_numbers_follow_from_the_posts(posts: int, expected: Sizes) -> None:
    """A number of posts is enough; the others are in proportion."""
    assert demo_sizes(posts) == expected


async def test_content_is_worth_reading(content_url: str) -> None:
    """Drafts, nulls, ties, several scripts, threads and uneven shares are all there."""
    connection = await asyncpg.connect(content_url)
    row = await connection.fetchrow("""
        SELECT
            (SELECT count(*) FROM posts WHERE draft) AS drafts,
            (SELECT count(*) FROM posts WHERE draft AND published_at IS NOT NULL) > 0 AS planned,
            (SELECT count(*) FROM posts WHERE NOT draft AND published_at IS NULL) AS unplanned,
            (SELECT count(*) FROM posts WHERE category_id IS NULL) BETWEEN 20 AND 40 AS loose,
            (SELECT count(*) FROM posts WHERE description IS NULL) > 0 AS terse,
            (SELECT count(DISTINCT published_at) FROM posts) < 350 AS ties,
            (SELECT count(*) FROM users WHERE age IS NULL) > 0 AND (SELECT count(*) FROM users WHERE bio IS NULL) > 0
                AS private,
            (SELECT count(*) FROM users WHERE name ~ '[^ -~]') > 0 AS accents,
            (SELECT count(*) FROM comments WHERE body ~ '[ぁ-ん]') > 0 AS other_scripts,
            (SELECT count(*) FROM comments WHERE parent_id IS NOT NULL) BETWEEN 400 AND 1000 AS replies,
            (SELECT count(*) FROM comments AS reply JOIN comments AS parent ON parent.id = reply.parent_id
                WHERE parent.post_id <> reply.post_id OR parent.created_at > reply.created_at) AS lost,
            (SELECT count(*) FROM comments JOIN posts ON posts.id = post_id WHERE draft) AS on_drafts,
            (SELECT array_agg(DISTINCT posts ORDER BY posts) FROM (
                SELECT count(posts.id) AS posts FROM users LEFT JOIN posts ON author_id = users.id GROUP BY users.id
            ) AS shares) AS shares,
            (SELECT count(*) FROM posts WHERE body LIKE '%## %' AND body LIKE '%' || E'\\n- ' || '%') AS markdown
    """)
    await connection.close()
    assert dict(row) == {
        "drafts": 40, "planned": True, "unplanned": 0, "loose": True, "terse": True, "ties": True, "private": True,
        "accents": True, "other_scripts": True, "replies": True, "lost": 0, "on_drafts": 0, "shares": [0, 10, 20],
        "markdown": 400,
    }  # fmt: skip


async def test_tables_with_rows_are_left_alone(database_url: str, connection: Any) -> None:
    """Without `replace`, one row anywhere stops the load, and the message counts what is there."""
    await connection.execute("INSERT INTO tags (name, slug) VALUES ('Mine', 'mine')")
    with pytest.raises(ContentError) as caught:
        await load_demo(database_url, posts=10)
    assert str(caught.value) == "The tables hold 1 tags. Nothing was changed; --replace would remove them."
    assert await counts(connection) == {**dict.fromkeys(COLUMNS, 0), "tags": 1}


async def test_replace_removes_and_loads_at_once(database_url: str, connection: Any) -> None:
    """With `replace` the rows are those of a fresh load, and what was removed is told."""
    await load_demo(database_url, posts=30)
    loaded = await load_demo(database_url, posts=10, replace=True)
    assert loaded.removed == {
        "categories": 12, "tags": 40, "users": 3, "posts": 30, "post_tags": 90, "comments": 150
    }  # fmt: skip
    rows = Rows(demo_sizes(10), seed=1)
    assert await contents(connection) == {table: sorted(rows.of(table), key=lambda row: row[:2]) for table in COLUMNS}


async def test_api_keys_and_their_owners_stay(database_url: str, connection: Any) -> None:
    """Replacing content takes no key away: a user who owns one stays, and demo users come after."""
    await load_demo(database_url, posts=30)
    await connection.execute(
        "INSERT INTO api_keys (name, prefix, secret_hash, user_id) "
        "VALUES ('a', 'a', sha256('a'), 2), ('b', 'b', sha256('b'), NULL)"
    )
    keys = await connection.fetch("SELECT * FROM api_keys ORDER BY id")
    loaded = await load_demo(database_url, posts=20, replace=True)
    assert await connection.fetch("SELECT * FROM api_keys ORDER BY id") == keys
    assert loaded.removed["users"] == 2
    assert [row["id"] for row in await connection.fetch("SELECT id FROM users ORDER BY id")] == [2, 3, 4]
    assert await connection.fetchval("SELECT count(*) FROM posts WHERE author_id = 2") == 0


async def test_a_cancelled_load_leaves_nothing(database_url: str, connection: Any) -> None:
    """Cancelled in the middle of the comments, the tables are as they were, and the next load works."""
    reached = asyncio.Event()

    def progress(table: str, done: int, expected: int) -> None:
        if table == "comments":
            reached.set()

    task = asyncio.create_task(load_demo(database_url, posts=4000, progress=progress))
    await asyncio.wait_for(reached.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    assert await counts(connection) == dict.fromkeys(COLUMNS, 0)
    assert (await load_demo(database_url, posts=1)).rows["posts"] == 1


async def test_a_failed_replace_brings_everything_back(database_url: str, connection: Any) -> None:
    """Where the load fails after the old rows are gone, they are back, and so are the next ids."""
    await load_demo(database_url, posts=20)
    before = await contents(connection)

    def progress(table: str, done: int, expected: int) -> None:
        if table == "comments":
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await load_demo(database_url, posts=3, replace=True, progress=progress)
    assert await contents(connection) == before
    assert await connection.fetchval("INSERT INTO tags (name, slug) VALUES ('x', 'x') RETURNING id") == 41


async def test_two_loads_at_once_do_not_mix(database_url: str, connection: Any) -> None:
    """The second waits for the first and then finds rows."""
    results = await asyncio.gather(
        load_demo(database_url, posts=50), load_demo(database_url, posts=50), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["ContentError", "Loaded"]
    assert (await counts(connection))["posts"] == 50


async def test_progress_reaches_the_end_of_every_table(database_url: str) -> None:
    """The last report of a table says that it is complete."""
    last: dict[str, tuple[int, int]] = {}
    loaded = await load_demo(
        database_url, posts=300, progress=lambda table, done, expected: last.update({table: (done, expected)})
    )
    assert last == {table: (count, count) for table, count in loaded.rows.items()}


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"posts": -1}, "posts must be between 0 and 20,000,000, not -1."),
        ({"posts": 20_000_001}, "posts must be between 0 and 20,000,000, not 20,000,001."),
        ({"posts": 1, "tags": 1105}, "tags must be between 0 and 1,104, not 1,105."),
        ({"posts": 1, "users": 0}, "users must be 1 or more where there are posts: somebody wrote them."),
        ({"posts": 0, "comments": 1}, "comments must be 0 where there are no posts to comment on."),
    ],
)
def test_numbers_that_cannot_be_are_refused(numbers: dict[str, int], message: str) -> None:
    """The message names the number and what would be accepted."""
    with pytest.raises(BadInputError) as caught:
        demo_sizes(**numbers)
    assert str(caught.value) == message


async def test_a_database_without_tables_is_named(server_url: Any) -> None:
    """A database that was never migrated is told from one that cannot be reached."""
    with pytest.raises(ContentError, match="Run `achene migrate` first"):
        await load_demo(server_url("postgres"), posts=1)
    with pytest.raises(ContentError, match="no database of that name"):
        await load_demo(server_url("nowhere"), posts=1)
    with pytest.raises(UnavailableError, match="cannot be reached"):
        await load_demo("postgresql://nobody@127.0.0.1:1/nothing", posts=1)
    with pytest.raises(BadInputError, match="must look like"):
        await load_demo("nonsense", posts=1)
