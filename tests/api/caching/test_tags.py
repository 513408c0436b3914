"""Tags of answers: a client that has an answer is told so without a query over data, and never wrongly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from json import dumps
from typing import Any

import asyncpg
import pytest

from api.keys import create
from schema.changes.triggers import unwatch, watch
from schema.changes.versions import FOLD, TOUCH
from schema.models.user import User
from tests.api.caching.conftest import Kept
from tests.api.served import serving

USERS = "{ users(first: 2, orderBy: [{name: ASC}]) { nodes { name } } }"
COMMENTS = "{ comments(first: 1) { totalCount } }"
TAGGED = "{ posts(first: 3) { nodes { title tags { nodes { name } } } } }"


async def tag_of(plain: Kept, query: str) -> str:
    """Return the tag of an answer."""
    answer = await plain.get(query)
    assert answer.status_code == 200
    return str(answer.headers["etag"])


async def is_unchanged(plain: Kept, query: str, tag: str) -> bool:
    """Return whether a client with a tag is told that it has the answer."""
    return (await plain.get(query, **{"If-None-Match": tag})).status_code == 304


async def test_a_query_by_get_has_a_tag(plain: Kept) -> None:
    """An answer to GET says what it is, whose it is, and on what it depends; it takes one statement."""
    answer = await plain.get(USERS)
    assert answer.headers["etag"].startswith('W/"')
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.headers["vary"] == "Accept, Authorization, Origin, X-API-Key"
    assert plain.statements == 1


async def test_who_has_the_answer_is_told_so(plain: Kept) -> None:
    """304 says what 200 said, has no body, and takes one statement, over versions alone."""
    first = await plain.get(USERS)
    again = await plain.get(USERS, **{"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content, plain.statements) == (304, b"", 1)
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    assert "content-length" not in again.headers
    assert "content-type" not in again.headers


async def test_head_is_told_the_same(plain: Kept) -> None:
    """HEAD has the head of GET."""
    first = await plain.get(USERS)
    head = await plain.served.client.head(first.request.url)
    again = await plain.served.client.head(first.request.url, headers={"If-None-Match": first.headers["etag"]})
    assert (head.status_code, head.headers["etag"]) == (200, first.headers["etag"])
    assert (again.status_code, again.headers["etag"]) == (304, first.headers["etag"])


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("{ site { name } }", {}),  # a resolver in Python
        ("{ users(first: 0, last: 1) { totalCount } }", {}),  # an error
        ("{ nothing }", {}),
        (USERS, {"X-Achene-Report": "cost"}),
        (USERS, {"X-API-Key": "wrong"}),
    ],
)
async def test_what_may_not_be_kept_says_so(plain: Kept, query: str, headers: dict[str, str]) -> None:
    """Errors, resolvers in Python and reports have no tag, and are not stored."""
    answer = await plain.get(query, **headers)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


async def test_an_answer_to_post_is_not_stored(plain: Kept) -> None:
    """Caches know no POST."""
    answer = await plain.post(USERS)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    assert plain.statements == 1


async def test_media_and_values_have_tags_of_their_own(plain: Kept) -> None:
    """Another form of the answer, or another value in the question, is another answer."""
    tags = {
        (await plain.get(query, Accept=accept)).headers["etag"]
        for query in (USERS, USERS.replace("2", "3"))
        for accept in ("application/json", "application/graphql-response+json")
    }
    assert len(tags) == 4


async def test_a_write_by_others_is_seen_by_the_next_request(plain: Kept) -> None:
    """What psql has committed is in the next answer, under another tag."""
    first = await plain.get(USERS)
    await plain.psql.execute("UPDATE users SET name = name || '!'")
    second = await plain.get(USERS, **{"If-None-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert second.json() != first.json()
    assert second.headers["etag"] != first.headers["etag"]


async def test_a_write_elsewhere_changes_nothing(plain: Kept) -> None:
    """Tables that an answer was not read from do not count."""
    tag = await tag_of(plain, USERS)
    await plain.psql.execute("UPDATE tags SET name = name || '!'")
    assert await is_unchanged(plain, USERS, tag)


async def test_what_is_not_committed_does_not_count(plain: Kept) -> None:
    """Nor does what is rolled back, as a whole or to a savepoint."""
    tag = await tag_of(plain, USERS)
    transaction = plain.psql.transaction()
    await transaction.start()
    await plain.psql.execute("UPDATE users SET name = 'x'")
    assert await is_unchanged(plain, USERS, tag)
    await transaction.rollback()
    assert await is_unchanged(plain, USERS, tag)
    async with plain.psql.transaction():
        part = plain.psql.transaction()
        await part.start()
        await plain.psql.execute("UPDATE users SET name = 'x'")
        await part.rollback()
    assert await is_unchanged(plain, USERS, tag)


async def test_a_write_after_a_savepoint_that_was_rolled_back_counts(plain: Kept) -> None:
    """What a transaction noted in a part that it undid is noted again."""
    tag = await tag_of(plain, USERS)
    async with plain.psql.transaction():
        part = plain.psql.transaction()
        await part.start()
        await plain.psql.execute("UPDATE users SET age = 1 WHERE id = 1")
        await part.rollback()
        await plain.psql.execute("UPDATE users SET age = 1 WHERE id = 1")
    assert not await is_unchanged(plain, USERS, tag)


@asynccontextmanager
async def other(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read", "serializable"])
async def test_two_writers_neither_wait_nor_hide_each_other(plain: Kept, written_url: str, isolation: Any) -> None:
    """The one that began first and commits last changes the tag as well; neither fails for the other."""
    query, insert = "{ tags { totalCount } }", "INSERT INTO tags (name, slug) VALUES ($1, $1)"
    async with other(written_url) as second:
        tags = [await tag_of(plain, query)]
        first = plain.psql.transaction(isolation=isolation)
        await first.start()
        await plain.psql.execute(insert, f"first-{isolation.replace('_', '-')}")
        async with asyncio.timeout(10), second.transaction(isolation=isolation):
            await second.execute(insert, f"second-{isolation.replace('_', '-')}")
        tags.append(await tag_of(plain, query))
        await first.commit()
        tags.append(await tag_of(plain, query))
    assert len(set(tags)) == 3


async def test_cascades_and_truncate_count(plain: Kept) -> None:
    """A row that goes with another one, and all that go at once, are writes of their table."""
    tag = await tag_of(plain, COMMENTS)
    await plain.psql.execute("DELETE FROM posts WHERE id = 1")
    assert not await is_unchanged(plain, COMMENTS, tag)
    tag = await tag_of(plain, TAGGED)
    await plain.psql.execute("TRUNCATE post_tags")
    answer = await plain.get(TAGGED, **{"If-None-Match": tag})
    assert [post["tags"]["nodes"] for post in answer.json()["data"]["posts"]["nodes"]] == [[], [], []]


async def test_copy_and_bulk_loads_count(plain: Kept) -> None:
    """COPY does, and what is written while triggers are to be silent."""
    tag = await tag_of(plain, "{ categories { totalCount } }")
    columns = ["name", "slug"]
    await plain.psql.copy_records_to_table("categories", records=[("Copied", "copied")], columns=columns)
    assert not await is_unchanged(plain, "{ categories { totalCount } }", tag)
    tag = await tag_of(plain, USERS)
    async with plain.psql.transaction():
        await plain.psql.execute("SET LOCAL session_replication_role = replica")
        await plain.psql.execute("UPDATE users SET age = 3 WHERE id = 1")
    assert not await is_unchanged(plain, USERS, tag)


async def test_who_may_write_a_table_need_not_know_of_versions(plain: Kept) -> None:
    """A role with rights on one table writes to it, and the write counts, whatever its search_path."""
    tag = await tag_of(plain, "{ tags { totalCount } }")
    async with plain.psql.transaction():
        await plain.psql.execute("CREATE ROLE achene_clerk; GRANT SELECT, UPDATE ON tags TO achene_clerk")
        await plain.psql.execute("CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.table_changes (table_name text)")
        await plain.psql.execute("SET LOCAL ROLE achene_clerk; SET LOCAL search_path = elsewhere, public")
        await plain.psql.execute("UPDATE tags SET name = name")
        await plain.psql.execute("RESET ROLE; DROP OWNED BY achene_clerk; DROP ROLE achene_clerk")
        await plain.psql.execute("DROP SCHEMA elsewhere CASCADE")
    assert not await is_unchanged(plain, "{ tags { totalCount } }", tag)


async def test_folding_leaves_versions_as_they_are(plain: Kept) -> None:
    """Many rows of `table_changes` become one a table, and every tag stays what it was."""
    for age in range(5):
        await plain.psql.execute("UPDATE users SET age = $1 WHERE id = 1", age)
    tag = await tag_of(plain, USERS)
    await plain.psql.execute(FOLD)
    assert (
        await plain.psql.fetchval("SELECT max(count) FROM (SELECT count(*) FROM table_changes GROUP BY table_name)")
        == 1
    )
    assert await is_unchanged(plain, USERS, tag)


async def test_a_server_folds_what_has_become_many(plain: Kept) -> None:
    """It is done beside the requests."""
    await plain.psql.execute(
        "INSERT INTO table_changes SELECT 'users', -number, 1 FROM generate_series(1, 500) AS number"
    )
    tag = await tag_of(plain, USERS)
    async with asyncio.timeout(10):
        while await plain.psql.fetchval("SELECT count(*) FROM table_changes") > 100:
            assert await is_unchanged(plain, USERS, tag)


async def test_a_migration_changes_every_version(plain: Kept) -> None:
    """No trigger fires on what a revision does to a table, so that the end of a migration counts for all."""
    tag = await tag_of(plain, USERS)
    await plain.psql.execute(TOUCH)
    assert not await is_unchanged(plain, USERS, tag)


async def test_a_table_that_is_not_watched_is_never_kept(plain: Kept) -> None:
    """Without its trigger a table makes answers that cannot be kept, until it is there again under a new version."""
    watch, tag = plain.parts.caching.watch, await tag_of(plain, USERS)
    await plain.psql.execute("ALTER TABLE users DISABLE TRIGGER note_table_change")
    await watch.look()
    answer = await plain.get(USERS, **{"If-None-Match": tag})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert await tag_of(plain, "{ tags { totalCount } }")
    await plain.psql.execute("ALTER TABLE users ENABLE ALWAYS TRIGGER note_table_change")
    await watch.look()
    assert await tag_of(plain, USERS)


async def test_own_authentication_may_look_at_more_than_keys(written_url: str) -> None:
    """No answer is public then, and each may be another where a header that it reads is."""
    async with serving(written_url, authenticate="tests.api.tokens:principal", anonymous_scopes=("read",)) as web:
        await web.app.state.parts.caching.watch.known()
        answer = await web.client.get("/graphql", params={"query": USERS})
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["vary"] == "Accept, Authorization, Origin, X-API-Key, X-Tenant"


async def test_a_key_that_sees_more_has_an_answer_of_its_own(plain: Kept) -> None:
    """What its user alone sees is private; what everybody sees is public, whoever asked."""
    async with plain.parts.database.write() as session:
        _, key = await create(session, "of a user", ("read",), user=await session.get(User, 1))
    drafts = "{ posts(filter: {draft: {eq: true}}) { totalCount } }"
    nobody, user = await plain.get(drafts), await plain.get(drafts, **{"X-API-Key": key})
    assert (nobody.headers["cache-control"], user.headers["cache-control"]) == ("public, no-cache", "private, no-cache")
    assert nobody.headers["etag"] != user.headers["etag"]
    assert not await is_unchanged(plain, drafts, user.headers["etag"])
    tags = "{ tags { totalCount } }"
    nobody, user = await plain.get(tags), await plain.get(tags, **{"X-API-Key": key})
    assert nobody.headers["etag"] == user.headers["etag"]
    assert user.headers["cache-control"] == "public, no-cache"
    assert user.headers["vary"] == "Accept, Origin"


async def test_routes_and_saved_operations_have_tags(plain: Kept) -> None:
    """What a route answers, and a document that is called by its hash."""
    first = await plain.served.client.get("/posts", params={"limit": 2})
    assert (first.status_code, first.headers["cache-control"]) == (200, "public, no-cache")
    tag = {"If-None-Match": first.headers["etag"]}
    again = await plain.served.client.get("/posts", params={"limit": 2}, headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    await plain.psql.execute("UPDATE posts SET title = title || '!'")
    after = await plain.served.client.get("/posts", params={"limit": 2}, headers=tag)
    assert (after.status_code, after.json() == first.json()) == (200, False)
    digest = sha256(USERS.encode()).hexdigest()
    extensions = dumps({"persistedQuery": {"version": 1, "sha256Hash": digest}})
    taught = await plain.served.client.get("/graphql", params={"query": USERS, "extensions": extensions})
    called = {"params": {"extensions": extensions}, "headers": {"If-None-Match": taught.headers["etag"]}}
    assert (await plain.served.client.get("/graphql", **called)).status_code == 304


async def test_a_table_that_is_watched_again_has_another_version(plain: Kept) -> None:
    """What was written meanwhile was noted by nobody."""
    tag = await tag_of(plain, "{ categories { totalCount } }")
    async with plain.psql.transaction():
        await plain.psql.execute(unwatch("categories"))
        for statement in watch("categories"):
            await plain.psql.execute(statement)
    assert not await is_unchanged(plain, "{ categories { totalCount } }", tag)
