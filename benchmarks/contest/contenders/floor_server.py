"""The server of the floor: `python -m benchmarks.contest.contenders.floor_server PORT`."""

import os
import sys
from typing import Any, Final

import asyncpg
import orjson
import uvicorn

from benchmarks.contest.contender import POOL

STATEMENTS: Final = {
    "/W1": (
        ("id",),
        """
        SELECT json_build_object('user', (
          SELECT json_build_object('id', u.id, 'name', u.name, 'email', u.email, 'age', u.age, 'bio', u.bio)
          FROM users AS u WHERE u.id = $1))::text
        """,
    ),
    "/W2": (
        ("first", "after"),
        """
        SELECT json_build_object('users', coalesce(json_agg(
          json_build_object('id', u.id, 'name', u.name, 'email', u.email, 'age', u.age, 'bio', u.bio)), '[]'))::text
        FROM (SELECT * FROM users WHERE id > $2 ORDER BY id LIMIT $1) AS u
        """,
    ),
    "/W3": (
        ("first", "after"),
        """
        SELECT json_build_object('users', coalesce(json_agg(json_build_object('id', u.id, 'name', u.name, 'posts', (
          SELECT coalesce(json_agg(json_build_object(
            'id', p.id, 'title', p.title, 'publishedAt', p.published_at,
            'tags', (
              SELECT coalesce(json_agg(json_build_object('name', t.name)), '[]')
              FROM (SELECT tags.name FROM post_tags JOIN tags ON tags.id = tag_id
                    WHERE post_id = p.id ORDER BY tags.id) AS t),
            'comments', (
              SELECT coalesce(json_agg(json_build_object('id', c.id, 'body', c.body, 'author', (
                SELECT json_build_object('name', a.name) FROM users AS a WHERE a.id = c.author_id))), '[]')
              FROM (SELECT id, body, author_id FROM comments WHERE post_id = p.id ORDER BY id LIMIT 5) AS c)
          )), '[]')
          FROM (SELECT id, title, published_at FROM posts WHERE author_id = u.id ORDER BY id LIMIT 10) AS p
        ))), '[]'))::text
        FROM (SELECT id, name FROM users WHERE id > $2 ORDER BY id LIMIT $1) AS u
        """,
    ),
    "/W4": (
        ("category", "first"),
        """
        SELECT json_build_object('posts', json_build_object(
          'totalCount', (SELECT count(*) FROM posts WHERE category_id = $1 AND NOT draft),
          'nodes', (
            SELECT coalesce(json_agg(json_build_object(
              'id', p.id, 'title', p.title, 'publishedAt', p.published_at, 'author', (
                SELECT json_build_object('id', a.id, 'name', a.name) FROM users AS a WHERE a.id = p.author_id))), '[]')
            FROM (SELECT id, title, published_at, author_id FROM posts WHERE category_id = $1 AND NOT draft
                  ORDER BY published_at DESC, id DESC LIMIT $2) AS p)))::text
        """,
    ),
    "/W5": (
        ("first", "after"),
        """
        SELECT json_build_object('posts', coalesce(json_agg(json_build_object(
          'id', p.id, 'title', p.title, 'slug', p.slug, 'description', p.description, 'body', p.body, 'draft', p.draft,
          'publishedAt', p.published_at, 'viewCount', p.view_count)), '[]'))::text
        FROM (SELECT * FROM posts WHERE id > $2 ORDER BY id LIMIT $1) AS p
        """,
    ),
    "/W6": (
        ("post", "author", "body"),
        """
        WITH new AS (INSERT INTO comments (post_id, author_id, body) VALUES ($1, $2, $3) RETURNING author_id, body)
        SELECT json_build_object('createComment', json_build_object('comment', json_build_object(
          'body', new.body,
          'author', (SELECT json_build_object('id', a.id, 'name', a.name) FROM users AS a WHERE a.id = new.author_id)
        )))::text FROM new
        """,
    ),
}
"""The variables that a statement takes, in order, and the statement, by path."""


class Kept(asyncpg.Connection):  # type: ignore[misc]  # asyncpg ships no types
    """A connection that is handed on as it is: what runs here leaves nothing behind."""

    def get_reset_query(self) -> str:
        """Return nothing to run between two uses."""
        return ""


class App:
    """The ASGI application."""

    pool: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or start and stop."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        names, statement = STATEMENTS[scope["path"]]
        variables = orjson.loads(body)["variables"]
        async with self.pool.acquire() as connection:
            text = await connection.fetchval(statement, *(variables[name] for name in names))
        answer = b'{"data":' + text.encode() + b"}"
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self.pool = await asyncpg.create_pool(
            os.environ["DATABASE_URL"], min_size=POOL, max_size=POOL, connection_class=Kept
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.pool.terminate()
        await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    uvicorn.run(App(), port=int(sys.argv[1]), http="httptools", loop="uvloop", access_log=False, log_level="warning")
