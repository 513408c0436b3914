"""Mutations of a team's own, in plain Python: found, run in a transaction, refused as the generated ones are."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
import strawberry
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from strawberry.types import Info

from schema.build import build_graph_schema
from schema.context import Context, WriteSession
from schema.errors import DefinitionError
from schema.models.category import Category
from schema.models.comment import Comment
from schema.models.post import Post
from schema.models.tag import Tag
from schema.models.user import User
from schema.mutations import (
    REPEATABLE,
    Carry,
    conflict,
    extends_mutation,
    find,
    forbid,
    missing,
    refuse,
    replaces,
)
from schema.opaque import encode
from schema.principal import Principal
from schema.writing.violations import ConflictingWrites
from tests.schema.mutations.conftest import ANN, Writes, post, refused

POST = encode("Post:1")


@strawberry.input
class RenameTagInput:
    """Which tag, and how it is called then."""

    id: strawberry.ID
    slug: str
    name: str = "A tag"


@strawberry.type
class Renaming:
    """A type between the payload and the rows."""

    tags: list[Tag]


@strawberry.type
class RenameTagPayload:
    """Rows alone, in a list, deeper down, and by a field that waits."""

    tag: Tag | None
    all: Renaming
    tries: int

    @strawberry.field
    async def same(self) -> Tag | None:
        """Return the tag again."""
        await asyncio.sleep(0)
        return self.tag


TRIES: list[int] = []


@extends_mutation
class Own:
    """One mutation."""

    @strawberry.mutation(metadata=REPEATABLE)
    async def rename_tag(self, info: Info[Context, None], input: RenameTagInput) -> RenameTagPayload:
        """Rename a tag, as its name says."""
        session = info.context.session
        TRIES.append(1)
        tag = await find(info.context, Tag, input.id, "input", "id")
        tag.slug, tag.name = input.slug, input.name
        match input.name:
            case "refused":
                await session.flush()
                raise refuse("BAD_NAME", "That is no name.", "input", "name")
            case "conflict":
                raise conflict("TAKEN", "No.", "input")
            case "missing":
                raise missing("Tag", "input", "name")
            case "forbidden":
                raise forbid("NOT_YOURS", "Ask somebody else.")
            case "fault":
                raise ValueError("secret")
            case "away" if len(TRIES) < 3:
                raise ConflictingWrites
            case "commit":
                await session.commit()
                raise refuse("LATE", "It is not kept.", "input")
            case "again" | "swallow":
                await _try_in_vain(session, is_undone=input.name == "again")
        new = Tag(slug=f"{input.slug}-2", name="Second")
        session.add(new)
        tags = list(await session.scalars(select(Tag).order_by(Tag.id)))
        return RenameTagPayload(tag=tag, all=Renaming(tags=tags), tries=len(TRIES))


async def _try_in_vain(session: WriteSession, *, is_undone: bool) -> None:
    """Write what PostgreSQL refuses, and go on."""
    session.add(Tag(slug="Not a slug", name="x"))
    with suppress(IntegrityError):
        await session.flush()
    if is_undone:
        await session.rollback()


@replaces(Comment, "create")
async def create_comment(context: Context, given: Mapping[str, Any], carry: Carry) -> Any:
    """Write a comment in lower case, at most one a post, and count it."""
    if given["body"] == "rude":
        raise refuse("RUDE", "Be kind.", "input", "body")
    keys = await carry({**given, "body": given["body"].lower()})
    comment = await context.session.get_one(Comment, keys[0])
    if await context.session.scalar(select(func.count()).where(Comment.post_id == comment.post_id)) != 1:
        raise conflict("ONCE", "There is a comment already.", "input", "post")
    await context.session.execute(update(Post).where(Post.id == comment.post_id).values(view_count=Post.view_count + 1))
    return comment


@pytest.fixture
async def own(database_url: str) -> AsyncIterator[Writes]:
    """The default graph with the mutations above, over an empty database."""
    writes = Writes(build_graph_schema(own=[Own, create_comment]), database_url)
    TRIES.clear()
    yield writes
    await writes.database.close()


async def test_publish(write: Writes) -> None:
    """The default graph has one, and its payload is read like any other row, in its transaction."""
    await write("createUser", ANN, "__typename")
    await write("createPost", post(body="Two words."), "__typename")
    fields = "title draft publishedAt isPublished readingMinutes viewCount author { name } tags { totalCount }"
    found = await write("publishPost", {"id": POST, "at": "2026-03-01T12:00:00Z"}, f"post {{ {fields} }}")
    assert found["post"] == {
        "title": "Frost",
        "draft": False,
        "publishedAt": "2026-03-01T12:00:00Z",
        "isPublished": True,
        "readingMinutes": 1,
        "viewCount": 0,
        "author": {"name": "Ann"},
        "tags": {"totalCount": 0},
    }
    assert await write.rows("SELECT draft, published_at FROM posts") == [(False, datetime(2026, 3, 1, 12, tzinfo=UTC))]


async def test_publish_is_refused(write: Writes) -> None:
    """What cannot be published stays as it is."""
    await write("createUser", ANN, "__typename")
    await write("createPost", post(body=" "), "__typename")
    at = ["input", "id"]
    assert await refused(write, "publishPost", {"id": POST}) == [("ValidationError", "EMPTY", at)]
    assert await refused(write, "publishPost", {"id": "x"}) == [("ValidationError", "BAD_ID", at)]
    assert await refused(write, "publishPost", {"id": encode("User:1")}) == [("ValidationError", "BAD_ID", at)]
    assert await refused(write, "publishPost", {"id": encode("Post:9")}) == [("NotFoundError", "NOT_FOUND", at)]
    await write("updatePost", {"id": POST, "draft": False}, "__typename")
    assert await refused(write, "publishPost", {"id": POST}) == [("ConflictError", "ALREADY_PUBLISHED", at)]
    write.principal = Principal(scopes=frozenset({"read", "*"}), key_id=2)
    assert await refused(write, "publishPost", {"id": POST}) == [("ForbiddenError", "FORBIDDEN", [])]


async def test_publish_at_once(write: Writes) -> None:
    """Of several who publish a post at once, one does."""
    await write("createUser", ANN, "__typename")
    await write("createPost", post(), "__typename")
    found = await asyncio.gather(*(write("publishPost", {"id": POST}, "post { id }") for _ in range(4)))
    assert sorted(each["__typename"] for each in found) == [*3 * ["ConflictError"], "PublishPostPayload"]


async def test_rows_of_a_payload(own: Writes) -> None:
    """They are read from the database wherever they stand, with what it has filled in."""
    await own("createTag", {"slug": "a", "name": "A"}, "__typename")
    tag = "{ id slug name posts { totalCount } }"
    found = await own(
        "renameTag", {"id": encode("Tag:1"), "slug": "b"}, f"tag {tag} same {tag} all {{ tags {tag} }} tries"
    )
    first = {"id": encode("Tag:1"), "slug": "b", "name": "A tag", "posts": {"totalCount": 0}}
    second = {"id": encode("Tag:2"), "slug": "b-2", "name": "Second", "posts": {"totalCount": 0}}
    assert found["tag"] == found["same"] == first
    assert found["all"] == {"tags": [first, second]}
    assert await own.rows("SELECT slug, name FROM tags ORDER BY id") == [("b", "A tag"), ("b-2", "Second")]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("refused", ("ValidationError", "BAD_NAME", ["input", "name"])),
        ("conflict", ("ConflictError", "TAKEN", ["input"])),
        ("missing", ("NotFoundError", "NOT_FOUND", ["input", "name"])),
        ("forbidden", ("ForbiddenError", "NOT_YOURS", [])),
        ("commit", ("ValidationError", "LATE", ["input"])),
        ("", ("ValidationError", "EMPTY", ["input", "name"])),
    ],
)
async def test_refusals(own: Writes, name: str, told: tuple[str, str, list[str]]) -> None:
    """What it refuses, and what PostgreSQL refuses, is told in the union, and nothing is kept."""
    await own("createTag", {"slug": "a", "name": "A"}, "__typename")
    assert await refused(own, "renameTag", {"id": encode("Tag:1"), "slug": "c", "name": name}) == [told]


async def test_a_constraint(own: Writes) -> None:
    """It is told at the field of the input that is called like its column."""
    await own("createTags", {"tags": [{"slug": "a", "name": "A"}, {"slug": "b", "name": "B"}]}, "__typename")
    assert await refused(own, "renameTag", {"id": encode("Tag:1"), "slug": "b"}) == [
        ("ConflictError", "NOT_UNIQUE", ["input", "slug"])
    ]
    assert await refused(own, "renameTag", {"id": encode("Tag:1"), "slug": "B!"}) == [
        ("ValidationError", "PATTERN", ["input", "slug"])
    ]


async def test_a_fault(own: Writes) -> None:
    """An error that is none of ours leaves nothing behind, and the field is null."""
    await own("createTag", {"slug": "a", "name": "A"}, "__typename")
    mutation = "mutation ($input: RenameTagInput!) { renameTag(input: $input) { __typename } }"
    answer = await own.answer(mutation, input={"id": encode("Tag:1"), "slug": "c", "name": "fault"})
    assert answer["data"] == {"renameTag": None}
    assert await own.rows("SELECT slug FROM tags") == [("a",)]


RENAME = """mutation ($name: String!) @atomic {
    before: createTag(input: {slug: "b", name: "B"}) { __typename }
    renameTag(input: {id: "%s", slug: "c", name: $name}) { __typename } }"""


async def test_a_rollback_of_its_own(own: Writes) -> None:
    """It undoes what the mutation has written, and nothing that the operation wrote before."""
    await own("createTag", {"slug": "a", "name": "A"}, "__typename")
    answer = await own.answer(RENAME % encode("Tag:1"), name="again")
    assert answer["errors"] == []
    assert await own.rows("SELECT slug FROM tags ORDER BY slug") == [("a",), ("b",), ("c-2",)]


async def test_what_is_refused_and_swallowed(own: Writes) -> None:
    """A mutation that goes on as if nothing were fails, rather than losing what it wrote before."""
    await own("createTag", {"slug": "a", "name": "A"}, "__typename")
    answer = await own.answer(RENAME % encode("Tag:1"), name="swallow")
    assert answer["data"] == {"before": None, "renameTag": None}
    assert await own.rows("SELECT slug FROM tags") == [("a",)]


async def test_repeated(own: Writes) -> None:
    """One that says that it may be is run again where another transaction stood in the way."""
    await own("createTag", {"slug": "a", "name": "A"}, "__typename")
    found = await own("renameTag", {"id": encode("Tag:1"), "slug": "c", "name": "away"}, "tries")
    assert found["tries"] == 3
    assert await own.rows("SELECT count(*) FROM tags") == [(2,)]


async def test_a_replaced_mutation(own: Writes) -> None:
    """It has the input and the payload of the generated one, and does what the function does, or nothing."""
    await own("createUser", ANN, "__typename")
    await own("createPost", post(), "__typename")
    given = {"post": {"connect": {"id": POST}}, "author": {"connect": {"email": ANN["email"]}}}
    found = await own("createComment", given | {"body": "HELLO"}, "comment { body post { viewCount } }")
    assert found["comment"] == {"body": "hello", "post": {"viewCount": 1}}
    assert await refused(own, "createComment", given | {"body": "rude"}) == [
        ("ValidationError", "RUDE", ["input", "body"])
    ]
    assert await refused(own, "createComment", given | {"body": "More"}) == [
        ("ConflictError", "ONCE", ["input", "post"])
    ]
    wrong = given | {"body": "x", "author": {"connect": {"id": encode("User:9")}}}
    assert await refused(own, "createComment", wrong) == [
        ("NotFoundError", "NOT_FOUND", ["input", "author", "connect", "id"])
    ]
    assert await own.rows("SELECT view_count FROM posts") == [(1,)]


def _no_payload() -> Any:
    @extends_mutation
    class Wrong:
        @strawberry.mutation
        async def do_it(self) -> bool:
            return True

    return [Wrong]


def _another_name() -> Any:
    @extends_mutation
    class Wrong:
        @strawberry.mutation
        async def do_it(self) -> RenameTagPayload:
            raise NotImplementedError

    return [Wrong]


def _generated() -> Any:
    @extends_mutation
    class Wrong:
        @strawberry.mutation
        async def create_post(self) -> RenameTagPayload:
            raise NotImplementedError

    return [Wrong]


def _unknown_kind() -> Any:
    return [replaces(User, "destroy")(create_comment)]


def _not_there() -> Any:
    @replaces(Category, "upsertMany")
    async def one(context: Context, given: Mapping[str, Any], carry: Carry) -> Any:
        return await carry(given)

    @replaces(Category, "upsertMany")
    async def other(context: Context, given: Mapping[str, Any], carry: Carry) -> Any:
        return await carry(given)

    return [one, other]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (_no_payload, "'doIt': do_it must return a type of its own that is called DoItPayload"),
        (_another_name, "'doIt': do_it must return a type of its own that is called DoItPayload"),
        (_generated, "there is a field 'createPost' already"),
        (_unknown_kind, "takes one of create, createMany, update"),
        (_not_there, "other replaces what one replaces"),
    ],
)
def test_definitions(made: Any, told: str) -> None:
    """What cannot be served is said at start."""
    with pytest.raises(DefinitionError, match=told):
        build_graph_schema(own=made())
