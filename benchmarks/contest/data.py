"""The rows: 2,000 users, 20 categories, 20,000 posts, 200 tags, 60,000 post_tags and 100,000 comments, by COPY.

The same rows in every run. Texts have quotes, line breaks and letters beyond ASCII, which JSON must escape or carry.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg

USERS: Final = 2_000
CATEGORIES: Final = 20
POSTS: Final = 20_000
TAGS: Final = 200
COMMENTS: Final = 100_000

COLUMNS: Final = {
    "users": ("id", "name", "email", "age", "bio", "created_at"),
    "categories": ("id", "name", "slug", "description"),
    "tags": ("id", "name", "slug"),
    "posts": (
        "id", "title", "slug", "description", "body", "draft", "published_at", "view_count", "author_id", "category_id",
    ),
    "post_tags": ("post_id", "tag_id"),
    "comments": ("id", "body", "created_at", "post_id", "author_id"),
}  # fmt: skip
"""The columns of each table, in the order of loading."""

BEGIN: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""When the first user joined."""

SENTENCES: Final = (
    "A plan that fits on a page is read; one that does not is filed.",
    'She called it "the long way round", and it was the shorter one.',
    "Über Nacht fällt Schnee, und am Morgen ist es still.",
    "Measure first:\nthe slow part is seldom where it was said to be.",
    "Rain came in from the west, and the café filled up to the door.",
    "Every list has an end, but not every list has somebody who reads to it.",
)
"""What texts are made of."""

Row = tuple[Any, ...]


def rows(table: str) -> Iterator[Row]:
    """Make the rows of a table, columns as in `COLUMNS`."""
    draw = random.Random(table)  # noqa: S311 - not for secrets
    match table:
        case "users":
            return (_user(number, draw) for number in range(1, USERS + 1))
        case "categories":
            names = (f"Category {number}" for number in range(1, CATEGORIES + 1))
            return ((n, name, f"category-{n}", f"All about {name}.") for n, name in enumerate(names, start=1))
        case "tags":
            return ((number, f"tag {number}", f"tag-{number}") for number in range(1, TAGS + 1))
        case "posts":
            return (_post(number, draw) for number in range(1, POSTS + 1))
        case "post_tags":  # 1 to 5 a post, 3 on average
            counts = ((post, 1 + post % 5) for post in range(1, POSTS + 1))
            return ((post, tag) for post, count in counts for tag in draw.sample(range(1, TAGS + 1), count))
        case "comments":
            return (_comment(number, draw) for number in range(1, COMMENTS + 1))
    raise LookupError(f"There are no rows for {table}.")


def _text(draw: random.Random, least: int, most: int) -> str:
    return " ".join(draw.choice(SENTENCES) for _ in range(draw.randint(least, most)))


def _user(number: int, draw: random.Random) -> Row:
    age = None if number % 9 == 0 else draw.randint(16, 90)
    bio = None if number % 4 == 0 else _text(draw, 1, 2)
    return number, f"User {number} Ōe", f"user{number}@example.com", age, bio, BEGIN + timedelta(minutes=number * 97)


def _post(number: int, draw: random.Random) -> Row:
    is_draft = number % 10 == 0
    published_at = None if is_draft else BEGIN + timedelta(seconds=number * 7919 % POSTS * 7001)
    description = None if number % 5 == 0 else _text(draw, 1, 1)
    author, category = draw.randint(1, USERS), draw.randint(1, CATEGORIES)
    title = f'Post {number} on "time"'
    body, views = _text(draw, 4, 8), 0 if is_draft else draw.randint(0, 50_000)
    return number, title, f"post-{number}", description, body, is_draft, published_at, views, author, category


def _comment(number: int, draw: random.Random) -> Row:
    written = BEGIN + timedelta(minutes=number)
    return number, _text(draw, 1, 2), written, draw.randint(1, POSTS), draw.randint(1, USERS)


async def load(url: str) -> dict[str, int]:
    """Fill a migrated database, and return how many rows each table has."""
    connection = await asyncpg.connect(url)
    try:
        for table, columns in COLUMNS.items():
            await connection.copy_records_to_table(table, columns=columns, records=rows(table))
        for table in COLUMNS:
            await connection.execute(f"VACUUM (ANALYZE, FREEZE) {table}")
        await connection.execute(f"ALTER TABLE comments ALTER COLUMN id RESTART WITH {COMMENTS + 1}")
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in COLUMNS}  # noqa: S608 - names alone
    finally:
        await connection.close()
