"""A mutation that is broken off, by the client, by PostgreSQL or by another one, has changed nothing."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from schema.opaque import encode
from tests.schema.mutations.conftest import ANN, Writes, post

LOCKED = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

UPDATE = "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { __typename } }"


async def waiting(write: Writes) -> None:
    """Return once a statement waits for a lock."""
    async with asyncio.timeout(10):
        while not await write.rows(f"SELECT 1 {LOCKED}"):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.02)


async def test_cancelled(write: Writes) -> None:
    """Whoever stops waiting leaves no row, no lock and no connection behind."""
    await write("createUser", ANN, "__typename")
    blocker = await asyncpg.connect(write.url)
    for _ in range(8):  # more than the pool has connections
        transaction = blocker.transaction()
        await transaction.start()
        await blocker.execute("SELECT 1 FROM users WHERE id = 1 FOR UPDATE")
        task = asyncio.create_task(write.answer(UPDATE, input={"id": encode("User:1"), "name": "New"}))
        await waiting(write)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await transaction.rollback()
    await blocker.close()
    assert await write.rows("SELECT name FROM users") == [("Ann",)]
    assert (await write("updateUser", {"id": encode("User:1"), "name": "New"}, "user { name }"))["user"] == {
        "name": "New"
    }


async def test_cancelled_while_the_answer_is_read(write: Writes) -> None:
    """Nothing is written, and no connection goes back to the pool with half a statement on it."""
    await write("createUser", ANN, "__typename")
    selection = "... on CreatePostPayload { post { tags { nodes { id } } comments { nodes { id } } } }"
    document = f"mutation ($input: CreatePostInput!) {{ createPost(input: $input) {{ {selection} }} }}"
    blocker = await asyncpg.connect(write.url)
    for number in range(8):  # more than the pool has connections
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE tags")
            task = asyncio.create_task(write.answer(document, input=post()))
            await waiting(write)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert await write.rows("SELECT 1 FROM posts") == [], number
    await blocker.close()
    for number in range(8):
        found = await write("createPost", post(slug=f"s{number}"), "post { tags { totalCount } }")
        assert found["post"] == {"tags": {"totalCount": 0}}


async def test_a_connection_that_is_killed(write: Writes) -> None:
    """The field says that the database is away, and the next mutation has another connection."""
    await write("createUser", ANN, "__typename")
    blocker = await asyncpg.connect(write.url)
    async with blocker.transaction():
        await blocker.execute("SELECT 1 FROM users WHERE id = 1 FOR UPDATE")
        task = asyncio.create_task(write.answer(UPDATE, input={"id": encode("User:1"), "name": "New"}))
        await waiting(write)
        await write.rows(f"SELECT pg_terminate_backend(pid) {LOCKED}")
        assert (await task) == {"data": {"updateUser": None}, "errors": ["The database cannot be reached."]}
    await blocker.close()
    assert await write.rows("SELECT name FROM users") == [("Ann",)]
    assert (await write("updateUser", {"id": encode("User:1"), "name": "New"}, "user { name }"))["user"] == {
        "name": "New"
    }


async def test_a_deadlock_is_tried_again(write: Writes) -> None:
    """Of two that wait for each other, PostgreSQL ends one; it is run again and succeeds."""
    await write("createUsers", {"users": [ANN, {"name": "Bob", "email": "bob@example.org"}]}, "__typename")
    other = await asyncpg.connect(write.url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SET LOCAL deadlock_timeout = '10s'")  # so that it is ours that is ended
    await other.execute("UPDATE users SET bio = 'x' WHERE id = 2")
    ours = asyncio.create_task(
        write.answer(
            """mutation ($input: UpdateUsersInput!) { updateUsers(input: $input) {
                ... on UpdateUsersPayload { affectedCount } } }""",
            input={"filter": {}, "atMost": 2, "set": {"age": 3}},
        )
    )
    await waiting(write)  # we have the first row and wait for the second
    theirs = asyncio.create_task(other.execute("UPDATE users SET bio = 'x' WHERE id = 1"))
    await theirs
    await transaction.commit()
    assert (await ours) == {"data": {"updateUsers": {"affectedCount": 2}}, "errors": []}
    await other.close()
    assert await write.rows("SELECT age, bio FROM users ORDER BY id") == [(3, "x"), (3, "x")]


@pytest.mark.parametrize("place", ["comments", "tags"])
async def test_a_late_part_undoes_the_first(write: Writes, place: str) -> None:
    """Where the last of many rows is refused, the first ones are not there."""
    await write("createUser", ANN, "__typename")
    parts = {
        "comments": {"create": [{"body": "x", "author": {"connect": {"id": encode("User:9")}}}]},
        "tags": {"create": [{"name": "x", "slug": "x"}, {"name": "y", "slug": "x"}]},
    }
    found = await write("createPost", post(**{place: parts[place]}), "__typename")
    assert found["__typename"] in ("NotFoundError", "ConflictError")
    assert await write.rows("SELECT 1 FROM posts UNION ALL SELECT 1 FROM tags UNION ALL SELECT 1 FROM comments") == []
