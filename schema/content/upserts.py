"""The statements of an import: a batch of pages goes into six tables in six statements, whatever its size.

Rows that are the same as what the table holds never reach an INSERT, so that an import that changes nothing writes
nothing, locks no row and uses up no id. A row that another transaction made in the meantime is
updated (`ON CONFLICT`), not refused.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from schema.content.connection import Connection
from schema.content.page import Author, Page, Term

USERS: Final = """
INSERT INTO users (name, email)
SELECT given.name, given.email
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given (name, email, place)
WHERE NOT EXISTS (SELECT FROM users held WHERE held.email = given.email AND held.name = given.name)
ORDER BY given.place
ON CONFLICT (email) DO UPDATE SET name = excluded.name
RETURNING email, xmax = 0 AS is_new
"""

TAGS: Final = """
INSERT INTO tags (name, slug)
SELECT given.name, given.slug
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given (name, slug, place)
WHERE NOT EXISTS (SELECT FROM tags held WHERE held.slug = given.slug AND held.name = given.name)
ORDER BY given.place
ON CONFLICT (slug) DO UPDATE SET name = excluded.name
RETURNING slug, xmax = 0 AS is_new
"""

CATEGORIES: Final = """
INSERT INTO categories (name, slug, description)
SELECT given.name, given.slug, given.description
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS given (name, slug, description, place)
WHERE NOT EXISTS (
    SELECT FROM categories held
    WHERE held.slug = given.slug AND held.name = given.name
    AND held.description IS NOT DISTINCT FROM coalesce(given.description, held.description)
)
ORDER BY given.place
ON CONFLICT (slug) DO UPDATE
SET name = excluded.name, description = coalesce(excluded.description, categories.description)
RETURNING slug, xmax = 0 AS is_new
"""

POSTS: Final = """
INSERT INTO posts (slug, title, description, body, draft, published_at, author_id, category_id)
SELECT given.slug, given.title, given.description, given.body, given.draft, given.published_at, users.id, categories.id
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::timestamptz[], $7::text[], $8::text[]
) WITH ORDINALITY AS given (slug, title, description, body, draft, published_at, author, category, place)
JOIN users ON users.email = given.author
LEFT JOIN categories ON categories.slug = given.category
WHERE NOT EXISTS (
    SELECT FROM posts held
    WHERE held.slug = given.slug
    AND (held.title, held.description, held.body, held.draft, held.published_at, held.author_id, held.category_id)
    IS NOT DISTINCT FROM (
        given.title, given.description, given.body, given.draft, given.published_at, users.id, categories.id
    )
)
ORDER BY given.place
ON CONFLICT (slug) DO UPDATE SET
    title = excluded.title, description = excluded.description, body = excluded.body, draft = excluded.draft,
    published_at = excluded.published_at, author_id = excluded.author_id, category_id = excluded.category_id
RETURNING slug, xmax = 0 AS is_new
"""

UNTAG: Final = """
DELETE FROM post_tags USING posts, tags
WHERE posts.id = post_tags.post_id AND tags.id = post_tags.tag_id AND posts.slug = ANY ($1::text[])
AND (posts.slug, tags.slug) NOT IN (SELECT post, tag FROM unnest($2::text[], $3::text[]) AS given (post, tag))
RETURNING posts.slug
"""

TAG: Final = """
WITH missing AS (
    INSERT INTO post_tags (post_id, tag_id)
    SELECT posts.id, tags.id
    FROM unnest($1::text[], $2::text[]) AS given (post, tag)
    JOIN posts ON posts.slug = given.post
    JOIN tags ON tags.slug = given.tag
    ON CONFLICT DO NOTHING
    RETURNING post_id
)
SELECT DISTINCT posts.slug FROM missing JOIN posts ON posts.id = missing.post_id
"""

Changes = dict[str, bool]
"""What a statement wrote: slug or e-mail address, and whether the row is new."""


async def put_users(connection: Connection, authors: Iterable[Author]) -> Changes:
    """Write authors, each known by the e-mail address; return which were not there like this."""
    given = list(authors)
    rows = await connection.fetch(USERS, [author.name for author in given], [author.email for author in given])
    return {row["email"]: row["is_new"] for row in rows}


async def put_tags(connection: Connection, tags: Iterable[Term]) -> Changes:
    """Write tags, each known by the slug; return which were not there like this."""
    given = list(tags)
    rows = await connection.fetch(TAGS, [tag.name for tag in given], [tag.slug for tag in given])
    return {row["slug"]: row["is_new"] for row in rows}


async def put_categories(connection: Connection, categories: Iterable[Term]) -> Changes:
    """Write categories, each known by the slug; one without a description keeps what the table has."""
    given = list(categories)
    columns = [[getattr(category, name) for category in given] for name in ("name", "slug", "description")]
    rows = await connection.fetch(CATEGORIES, *columns)
    return {row["slug"]: row["is_new"] for row in rows}


async def put_posts(connection: Connection, pages: Sequence[Page]) -> Changes:
    """Write posts and their tags; authors, categories and tags are there already.

    Returns:
        The posts that were not there like this, also those of which only the tags changed.
    """
    columns = [
        [getattr(page, name) for page in pages]
        for name in ("slug", "title", "description", "body", "draft", "published_at")
    ]
    authors = [page.author.email for page in pages]
    categories = [page.category.slug if page.category else None for page in pages]
    rows = await connection.fetch(POSTS, *columns, authors, categories)
    pairs = [(page.slug, tag.slug) for page in pages for tag in page.tags]
    posts, tags = [post for post, _ in pairs], [tag for _, tag in pairs]
    untagged = await connection.fetch(UNTAG, columns[0], posts, tags)
    tagged = await connection.fetch(TAG, posts, tags)
    return dict.fromkeys((row["slug"] for row in (*untagged, *tagged)), False) | {
        row["slug"]: row["is_new"] for row in rows
    }
