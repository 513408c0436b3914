"""The directive `@atomic`: all root fields of a mutation are written, or none is."""

import asyncio

import asyncpg
import pytest

from schema.principal import Principal
from tests.schema.mutations.conftest import ANN, Writes, post
from tests.schema.mutations.test_faults import LOCKED, waiting

TWO = """mutation ($user: CreateUserInput!, $post: CreatePostInput!) @atomic {
    __typename type: __typename
    user: createUser(input: $user) { __typename ... on UserError { code } }
    post: createPost(input: $post) {
        __typename ... on UserError { code } ... on CreatePostPayload { post { author { name } } } }
    tag: createTag(input: {slug: "a", name: "A"}) { __typename }
}"""

NAMES = {"__typename": "Mutation", "type": "Mutation"}


def undone(by: str) -> str:
    return f"Nothing was written: `{by}` was refused or failed, and the operation is @atomic."


async def test_all(write: Writes) -> None:
    """Each field sees what those before it wrote, and all is kept."""
    answer = await write.answer(TWO, user=ANN, post=post())
    assert answer["errors"] == []
    assert answer["data"] == {
        **NAMES,
        "user": {"__typename": "CreateUserPayload"},
        "post": {"__typename": "CreatePostPayload", "post": {"author": {"name": "Ann"}}},
        "tag": {"__typename": "CreateTagPayload"},
    }
    assert await write.rows("SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM posts)") == [(2,)]


@pytest.mark.parametrize(
    ("user", "given", "refused"),
    [
        (ANN, post(slug="No"), {"post": {"__typename": "ValidationError", "code": "INVALID"}}),
        (ANN, post(author={"connect": {"email": "x"}}), {"post": {"__typename": "NotFoundError", "code": "NOT_FOUND"}}),
        (ANN | {"name": ""}, post(), {"user": {"__typename": "ValidationError", "code": "EMPTY"}}),
    ],
)
async def test_none(write: Writes, user: dict, given: dict, refused: dict) -> None:
    """Where one is refused, it says why, and the others are null and say that they were undone."""
    answer = await write.answer(TWO, user=user, post=given)
    (by,) = refused
    assert answer["data"] == {**NAMES, "user": None, "post": None, "tag": None} | refused
    assert answer["errors"] == [undone(by)] * 2
    assert await write.rows("SELECT 1 FROM users UNION ALL SELECT 1 FROM posts UNION ALL SELECT 1 FROM tags") == []


async def test_without_it(write: Writes) -> None:
    """Without the directive each field stands alone."""
    answer = await write.answer(TWO.replace("@atomic", ""), user=ANN, post=post(slug="No"))
    assert answer["errors"] == []
    assert [answer["data"][name]["__typename"] for name in ("user", "post", "tag")] == [
        "CreateUserPayload",
        "ValidationError",
        "CreateTagPayload",
    ]


async def test_who_may_not_write(write: Writes) -> None:
    """A key that may not write is told so once."""
    write.principal = Principal(scopes=frozenset({"read", "*"}), key_id=2)
    answer = await write.answer(TWO, user=ANN, post=post())
    assert answer["data"]["user"] == {"__typename": "ForbiddenError", "code": "FORBIDDEN"}
    assert answer["errors"] == [undone("user")] * 2


async def test_a_connection_that_is_killed(write: Writes) -> None:
    """A field that fails undoes those before it."""
    blocker = await asyncpg.connect(write.url)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE posts")
        task = asyncio.create_task(write.answer(TWO, user=ANN, post=post()))
        await waiting(write)
        await write.rows(f"SELECT pg_terminate_backend(pid) {LOCKED}")
        answer = await task
    await blocker.close()
    assert not any(isinstance(value, dict) for value in (answer["data"] or {}).values())
    assert "The database cannot be reached." in answer["errors"]
    assert await write.rows("SELECT 1 FROM users UNION ALL SELECT 1 FROM tags") == []
    assert (await write.answer(TWO, user=ANN, post=post()))["errors"] == []
