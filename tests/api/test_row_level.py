"""Row level security: PostgreSQL is told in each transaction who asks, and no connection remembers it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from api.data.database import Database
from api.data.row_level import CALLER, caller_of
from api.keys import create
from api.settings import Settings
from schema.models.user import User
from schema.opaque import encode
from schema.principal import Principal
from tests.api.served import Served, serving
from tests.conftest import clone, drop

ROLE = "app_role_{}"
SET_UP = """
CREATE ROLE {role} LOGIN NOBYPASSRLS;
GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role};
INSERT INTO users (id, name, email) OVERRIDING SYSTEM VALUE
    SELECT n, 'u' || n, n || '@example.org' FROM generate_series(1, 4) AS n;
INSERT INTO posts (title, slug, body, draft, published_at, author_id)
    SELECT 'p', 'p-' || n, 'x', false, now(), n % 4 + 1
    FROM generate_series(1, 40) AS n;
ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON posts USING (
    author_id = nullif(current_setting('app.user_id', true), '')::bigint
    OR 'posts:all' = ANY (string_to_array(current_setting('app.scopes', true), ','))
);
"""
OWN = "{ posts(first: 100) { totalCount nodes { author { id } } } }"
"""By the engine."""
LOADED = "{ featuredPosts(count: 50) { author { id } } siteStatistics { publishedPosts } }"
"""By resolvers, a session of the field's own, and loaders."""


async def script(url: str, statements: str) -> None:
    """Run statements as who owns the database."""
    connection = await asyncpg.connect(url)
    await connection.execute(statements)
    await connection.close()


@pytest.fixture(scope="module")
async def guarded(server_url: Callable[[str], str], template: str) -> AsyncIterator[Served]:
    """A server that connects as a role which policies hold for, over one connection of each kind."""
    name = await clone(server_url, template)
    role = ROLE.format(name)
    await script(server_url(name), SET_UP.format(role=role))
    url = make_url(server_url(name)).set(username=role).render_as_string(hide_password=False)
    sizes = {"pool_size": 1, "write_pool_size": 1}
    async with serving(url, anonymous_scopes=("read", "write"), row_level_security=True, **sizes) as web:
        yield web
    await script(server_url(name), f"DROP OWNED BY {role}; DROP ROLE {role}")
    await drop(server_url, name)


@pytest.fixture(scope="module")
async def keys(guarded: Served) -> dict[int, str]:
    """A key of each user."""
    made = {}
    async with guarded.app.state.parts.database.write() as session:
        for number in range(1, 5):
            user = await session.get_one(User, number)
            made[number] = (await create(session, "test", ["read", "write"], user=user))[1]
    return made


async def ask(web: Served, query: str, key: str | None = None, **more: Any) -> Any:
    """Return the data of an answer."""
    answer = (await web.ask(query, headers={"X-API-Key": key} if key else {}, **more)).json()
    assert "errors" not in answer, answer
    return answer["data"]


async def test_everybody_sees_its_own(guarded: Served, keys: dict[int, str]) -> None:
    """Whoever asks, one after another and all at once, by either way, over the same connections."""
    asked = [(number, query) for query in (OWN, LOADED) for number in (2, 3, 4, 3, 2, 4)]
    found = await asyncio.gather(*(ask(guarded, query, keys[number]) for number, query in asked))
    found += [await ask(guarded, query, keys[number]) for number, query in asked]
    for (number, query), data in zip(asked * 2, found, strict=True):
        rows = data["posts"]["nodes"] if query is OWN else data["featuredPosts"]
        assert [row["author"]["id"] for row in rows] == [encode(f"User:{number}")] * 10
        assert (data["posts"]["totalCount"] if query is OWN else data["siteStatistics"]["publishedPosts"]) == 10


async def test_who_is_nobody_sees_nothing(guarded: Served, keys: dict[int, str]) -> None:
    """Also right behind somebody on the same connection."""
    await ask(guarded, OWN, keys[1])
    assert (await ask(guarded, OWN))["posts"]["totalCount"] == 0
    assert (await ask(guarded, LOADED))["featuredPosts"] == []


async def test_scopes(guarded: Served) -> None:
    """Policies may look at scopes as well."""
    async with guarded.app.state.parts.database.write() as session:
        _, shown = await create(session, "test", ["read", "posts:all"])
    assert (await ask(guarded, OWN, shown))["posts"]["totalCount"] >= 40


@pytest.mark.parametrize("together", ["", ', category: {create: {name: "c", slug: "c#"}}'])
async def test_writes(guarded: Served, keys: dict[int, str], together: str) -> None:
    """What a policy does not let be written is refused and not there, by one statement and in a transaction."""
    text = f"""mutation ($author: ID!, $slug: String!) {{ createPost(input: {{title: "n", slug: $slug, body: "b",
        author: {{connect: {{id: $author}}}}{together}}}) {{ __typename ... on UserError {{ code }} }} }}"""
    counts = []
    for author in (1, 2):
        variables = {"author": encode(f"User:{author}"), "slug": f"new-{author}{len(together)}"}
        found = await ask(guarded, text.replace("#", str(author)), keys[1], variables=variables)
        count = (await ask(guarded, OWN, keys[author]))["posts"]["totalCount"]
        counts.append((found["createPost"]["__typename"], count))
    assert [kind for kind, _ in counts] == ["CreatePostPayload", "ForbiddenError"]
    assert counts[1][1] == 10


async def test_rows_of_others(guarded: Served, keys: dict[int, str]) -> None:
    """They are not there to change, also in one transaction with an Idempotency-Key."""
    text = """mutation { updatePost(input: {id: "%s", title: "mine"}) { __typename } }"""
    headers = {"X-API-Key": keys[2], "Idempotency-Key": "one"}
    kinds = [
        (await guarded.ask(text % encode(f"Post:{key}"), headers=headers | {"Idempotency-Key": str(key)})).json()
        for key in (1, 2)
    ]
    assert [answer["data"]["updatePost"]["__typename"] for answer in kinds] == ["UpdatePostPayload", "NotFoundError"]


async def test_no_connection_remembers(guarded: Served, keys: dict[int, str]) -> None:
    """What runs for nobody is told of nobody, right behind a request of somebody on each kind of connection."""
    database: Database = guarded.app.state.parts.database
    await ask(guarded, OWN, keys[3])
    await ask(guarded, LOADED, keys[3])
    await ask(
        guarded, f'mutation {{ updatePost(input: {{id: "{encode("Post:2")}", title: "x"}}) {{ __typename }} }}', keys[3]
    )
    told = "SELECT convert_to(coalesce(current_setting('app.user_id', true), ''), 'UTF8')"
    assert await database.fetch_bytes(told, []) == b""
    async with database.read() as reading, database.write() as writing:
        for session in (reading, writing):
            assert (await (await session.connection()).exec_driver_sql(told)).scalar_one() == b""


def test_claims_that_python_holds_the_same() -> None:
    """What is kept of callers tells 1, 1.0 and true apart, which are one to Python."""
    told = [caller_of(Principal(claims={"tenant": value})).prelude for value in (1, True, 1.0, "1")]
    assert len(set(told)) == 4


async def test_words_of_a_token(database_url: str) -> None:
    """Whatever a subject has in it is told as it is."""
    subject = 'it\'s \\ "quoted"; DROP TABLE users; -- ü\n'
    database = Database(database_url, Settings(database_url=database_url, pool_size=1))
    principal = Principal(frozenset({"b", "a"}), subject=subject, claims={"tenant": 7, "said": subject})
    token = CALLER.set(caller_of(principal))
    try:
        told = """SELECT convert_to(current_setting('app.subject') || current_setting('app.scopes')
            || (current_setting('app.claims')::jsonb ->> 'tenant')
            || (current_setting('app.claims')::jsonb ->> 'said'), 'UTF8')"""
        assert (await database.fetch_bytes(told, [])).decode() == f"{subject}a,b7{subject}"
        async with database.read() as session:
            found = (await (await session.connection()).exec_driver_sql(told)).scalar_one()
            assert found.decode() == f"{subject}a,b7{subject}"
    finally:
        CALLER.reset(token)
        await database.close()
