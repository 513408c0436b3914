"""Loads demo content of any size: the same rows for the same size and seed, by COPY, all or nothing.

What stands in the rows is made in `schema.content.rows`. Everything happens in one transaction: others see
the site as it was until all of it is there, and a failure or a cancellation leaves nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from schema.content.connection import Connection, connect
from schema.content.rows import COLUMNS, LARGEST_TAGS, Row, Rows, Sizes
from schema.errors import BadInputError, ContentError

Progress = Callable[[str, int, int], None]
"""Called with table, rows sent so far, and rows expected."""

STEP: Final = 1000
"""Rows between two reports of progress."""

LARGEST_POSTS: Final = 20_000_000
"""Most posts; their comments still fit every column."""

COUNT: Final = "SELECT count(*) FROM {}"
FOLLOWING_ID: Final = "SELECT coalesce(max(id), 0) + 1 FROM {}"
DELETE_USERS: Final = "DELETE FROM users WHERE id NOT IN (SELECT user_id FROM api_keys WHERE user_id IS NOT NULL)"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load_demo` did."""

    rows: dict[str, int]
    """Rows written, by table, in the order of loading."""

    removed: dict[str, int]
    """Rows removed before, by table; tables that lost none are left out."""


def demo_sizes(posts: int, *, users: int | None = None, tags: int | None = None, comments: int | None = None) -> Sizes:
    """Return how many rows of each table go with a number of posts.

    Args:
        posts: How many posts.
        users: How many users; a tenth of the posts where None.
        tags: How many tags; a hundredth of the posts, between 40 and 1,000, where None.
        comments: How many comments; five a post where None.

    Raises:
        BadInputError: A number is negative or too large, or rows would have nothing to refer to.
    """
    sizes = Sizes(
        posts=posts,
        users=max(posts // 10, min(posts, 1)) if users is None else users,
        tags=(min(max(posts // 100, 40), 1000) if posts else 0) if tags is None else tags,
        comments=posts * 5 if comments is None else comments,
    )
    limits = {
        "posts": LARGEST_POSTS,
        "users": LARGEST_POSTS,
        "tags": LARGEST_TAGS,
        "comments": 5 * LARGEST_POSTS,
    }
    for name, largest in limits.items():
        if not 0 <= getattr(sizes, name) <= largest:
            raise BadInputError(f"{name} must be between 0 and {largest:,}, not {getattr(sizes, name):,}.")
    if sizes.posts and not sizes.users:
        raise BadInputError("users must be 1 or more where there are posts: somebody wrote them.")
    if sizes.comments and not sizes.posts:
        raise BadInputError("comments must be 0 where there are no posts to comment on.")
    return sizes


async def load_demo(
    url: str,
    *,
    posts: int = 1000,
    users: int | None = None,
    tags: int | None = None,
    comments: int | None = None,
    seed: int = 1,
    replace: bool = False,
    progress: Progress | None = None,
) -> Loaded:
    """Fill a migrated database with demo content.

    The same numbers and seed give the same rows, byte for byte, on any machine. Memory does not grow with
    the size. API keys are never touched: with `replace`, users who own one stay, and the ids of the demo
    users begin after theirs.

    Args:
        url: PostgreSQL address.
        posts: How many posts; `demo_sizes` says what the other numbers are where they are None.
        users: How many users.
        tags: How many tags.
        comments: How many comments.
        seed: Another one gives other content of the same shape.
        replace: Remove what the tables hold, in the same transaction.
        progress: Called now and then with table, rows sent and rows expected.

    Raises:
        BadInputError: A number cannot be used.
        ContentError: The tables hold rows and `replace` is False, or the database was not migrated.
        UnavailableError: The database cannot be reached.
    """
    sizes = demo_sizes(posts, users=users, tags=tags, comments=comments)
    async with connect(url) as connection, connection.transaction():
        removed = await _make_room(connection, replace=replace)
        first_user = 1 + (await connection.fetchval("SELECT max(id) FROM users") or 0)
        rows = Rows(sizes, seed, first_user)
        written = {table: await _copy(connection, rows, table, progress) for table in COLUMNS}
        await _set_identities(connection)
        await connection.execute("ANALYZE " + ", ".join(COLUMNS))
    return Loaded(written, removed)


async def _make_room(connection: Connection, *, replace: bool) -> dict[str, int]:
    """Lock the tables and empty them; return what was removed."""
    await connection.execute(f"LOCK TABLE {', '.join(COLUMNS)} IN SHARE ROW EXCLUSIVE MODE")
    counts = {table: await connection.fetchval(COUNT.format(table)) for table in COLUMNS}
    held = {table: count for table, count in counts.items() if count}
    if held and not replace:
        listed = ", ".join(f"{count:,} {table}" for table, count in held.items())
        raise ContentError(f"The tables hold {listed}. Nothing was changed; --replace would remove them.")
    if held:
        # `api_keys` refers to users, so users cannot be truncated without it; owners of keys stay.
        await connection.execute("TRUNCATE categories, tags, posts, post_tags, comments")
        await connection.execute(DELETE_USERS)
        held["users"] = held.get("users", 0) - await connection.fetchval(COUNT.format("users"))
    return {table: count for table, count in held.items() if count}


async def _copy(connection: Connection, rows: Rows, table: str, progress: Progress | None) -> int:
    """Send the rows of a table; return how many there were."""
    sent = 0

    async def stream() -> AsyncIterator[Row]:
        nonlocal sent
        for row in rows.of(table):
            yield row
            sent += 1
            if sent % STEP == 0:
                if progress:
                    progress(table, sent, max(sent, rows.expected(table)))
                await asyncio.sleep(0)  # so that a cancellation is heard

    await connection.copy_records_to_table(table, columns=COLUMNS[table], records=stream())
    if progress:
        progress(table, sent, sent)
    return sent


async def _set_identities(connection: Connection) -> None:
    """Let the next ids follow the largest; unlike `setval`, this is undone with the transaction."""
    for table, columns in COLUMNS.items():
        if "id" in columns:
            following = await connection.fetchval(FOLLOWING_ID.format(table))
            await connection.execute(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {following}")
