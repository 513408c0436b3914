"""Several rows by one mutation: all of them, or none."""

# ruff: noqa: E501 - a case stands on one line, as long as it is

import asyncio
from typing import Any

import pytest

from schema.opaque import encode
from schema.writing.rows import TOGETHER
from tests.schema.mutations.conftest import ANN, Writes, post, refused


async def users(write: Writes, *names: str) -> None:
    """Create users by name."""
    made = [{"name": name, "email": f"{name.lower()}@example.org"} for name in names]
    await write("createUsers", {"users": made}, "__typename")


async def test_create(write: Writes) -> None:
    """Rows come back in the order of the input, whatever each of them gives."""
    given = [
        {"name": "B", "email": "b@example.org"},
        {"name": "A", "email": "a@example.org", "age": 3},
        {"name": "C", "email": "c@example.org"},
    ]
    found = await write("createUsers", {"users": given}, "users { name age } affectedCount")
    assert found["users"] == [{"name": "B", "age": None}, {"name": "A", "age": 3}, {"name": "C", "age": None}]
    assert found["affectedCount"] == 3
    assert (await write("createUsers", {"users": []}, "users { name } affectedCount"))["affectedCount"] == 0


async def test_statements_do_not_grow_with_the_rows(write: Writes) -> None:
    """Five hundred rows or pairs take one, and a thousand posts with two tags each so six."""
    await write("createUser", ANN, "__typename")
    await write("createTags", {"tags": [{"name": "a", "slug": "a"}, {"name": "b", "slug": "b"}]}, "__typename")
    tags = {"connect": [{"id": encode("Tag:1")}, {"id": encode("Tag:2")}]}
    author = {"connect": {"id": encode("User:1")}}
    for count in (2, 1000):
        given = [post(slug=f"s-{count}-{number}", tags=tags, author=author) for number in range(count)]
        assert (await write("createPosts", {"posts": given}, "affectedCount"))["affectedCount"] == count
        assert len(write.database.statements) == -(-count // TOGETHER) + -(-2 * count // TOGETHER)
    assert await write.rows("SELECT count(*) FROM post_tags") == [(2 * 1002,)]


async def test_update_and_delete_by_filter(write: Writes) -> None:
    """All rows that the filter finds are written, where they are not more than may be."""
    await users(write, "Ann", "Bob", "Cid")
    some = {"name": {"in": ["Ann", "Bob"]}}
    found = await write(
        "updateUsers", {"filter": some, "atMost": 2, "set": {"age": 7}}, "users { name age } affectedCount"
    )
    assert found["users"] == [{"name": "Ann", "age": 7}, {"name": "Bob", "age": 7}]
    assert await refused(write, "updateUsers", {"filter": some, "atMost": 1, "set": {"age": 8}}) == [
        ("ValidationError", "TOO_MANY", ["input", "atMost"])
    ]
    assert await refused(write, "deleteUsers", {"filter": {}, "atMost": 2}) == [
        ("ValidationError", "TOO_MANY", ["input", "atMost"])
    ]
    assert await refused(write, "deleteUsers", {"filter": {}, "atMost": 0}) == [
        ("ValidationError", "OUT_OF_RANGE", ["input", "atMost"])
    ]
    found = await write("deleteUsers", {"filter": {"age": {"eq": 7}}, "atMost": 10}, "deletedIds affectedCount")
    assert found["deletedIds"] == [encode("User:1"), encode("User:2")]
    assert await write.rows("SELECT name FROM users") == [("Cid",)]


async def test_upsert(write: Writes) -> None:
    """A row that is there under the key is changed in what is given; one that is not is made."""
    await users(write, "Ann")
    ann = {"name": "Anna", "email": "ann@example.org", "bio": "Writes."}
    found = await write("upsertUser", {"by": "EMAIL", "user": ann}, "user { id name bio age }")
    assert found["user"] == {"id": encode("User:1"), "name": "Anna", "bio": "Writes.", "age": None}
    both = [{"name": "Bob", "email": "bob@example.org"}, {"name": "Ann", "email": "ann@example.org"}]
    found = await write("upsertUsers", {"by": "EMAIL", "users": both}, "users { name bio } affectedCount")
    assert found["users"] == [{"name": "Bob", "bio": None}, {"name": "Ann", "bio": "Writes."}]
    twice = {"by": "EMAIL", "users": [both[0], both[0]]}
    assert await refused(write, "upsertUsers", twice) == [("ValidationError", "TWICE", ["input", "users", 1, "email"])]
    again = await asyncio.gather(
        *(
            write("upsertUser", {"by": "EMAIL", "user": {"name": name, "email": "new@example.org"}}, "user { id }")
            for name in "ABCD"
        )
    )
    assert len({each["user"]["id"] for each in again}) == 1


async def test_upsert_with_what_hangs_on_it(write: Writes) -> None:
    """Links are written for rows that are made and for those that are changed."""
    await users(write, "Ann")
    given = {"by": "SLUG", "post": post(tags={"create": [{"name": "x", "slug": "x"}]})}
    selection = "post { id title tags { nodes { slug } } author { name } }"
    first = await write("upsertPost", given, selection)
    given = {"by": "SLUG", "post": post(title="New", tags={"create": [{"name": "y", "slug": "y"}]})}
    second = await write("upsertPost", given, selection)
    assert second["post"] == {**first["post"], "title": "New", "tags": {"nodes": [{"slug": "x"}, {"slug": "y"}]}}


@pytest.mark.parametrize(
    ("mutation", "input_", "expected"),
    [
        ("createUsers", {"users": [{"name": "x", "email": "x@example.org"}, {"name": "", "email": "y"}]}, [("ValidationError", "EMPTY", ["users", 1, "name"]), ("ValidationError", "INVALID", ["users", 1, "email"])]),
        ("createUsers", {"users": [{"name": "x", "email": "x@example.org"}, {"name": "y", "email": "ann@example.org"}]}, [("ConflictError", "NOT_UNIQUE", ["users", 1, "email"])]),
        ("createUsers", {"users": [{"name": "x", "email": "x@example.org"}, {"name": "y", "email": "x@example.org"}]}, [("ConflictError", "NOT_UNIQUE", ["users", 1, "email"])]),
        ("createPosts", {"posts": [post(), post(slug="b", author={"connect": {"id": encode("User:9")}})]}, [("NotFoundError", "NOT_FOUND", ["posts", 1, "author", "connect", "id"])]),
        ("createPosts", {"posts": [post(), post(slug="b", tags={"connect": [{"id": encode("Tag:9")}]})]}, [("NotFoundError", "NOT_FOUND", ["posts", 1, "tags", "connect", 0, "id"])]),
        ("updateUsers", {"filter": {}, "atMost": 9, "set": {"email": "same@example.org"}}, [("ConflictError", "NOT_UNIQUE", ["set", "email"])]),
        ("updateUsers", {"filter": {}, "atMost": 9, "set": {"age": -1}}, [("ValidationError", "OUT_OF_RANGE", ["set", "age"])]),
        ("upsertUsers", {"by": "EMAIL", "users": [{"name": "x", "email": "x@example.org"}, {"name": "", "email": "z@example.org"}]}, [("ValidationError", "EMPTY", ["users", 1, "name"])]),
    ],
)  # fmt: skip
async def test_refusals(write: Writes, mutation: str, input_: Any, expected: list[tuple[str, str, list[Any]]]) -> None:
    """One row that is wrong keeps all from being written, and is told by its index."""
    await users(write, "Ann", "Bob")
    found = await refused(write, mutation, input_)
    assert found == [(kind, code, ["input", *path]) for kind, code, path in expected]


async def test_too_many_rows_to_give_back(write: Writes) -> None:
    """Rows beyond a page are written where only their number is asked for; where they are selected, nothing is."""
    given = [{"name": f"{number}", "slug": f"s{number}"} for number in range(1001)]
    document = "mutation ($input: CreateTagsInput!) { createTags(input: $input) { ... on CreateTagsPayload { %s } } }"
    answer = await write.answer(document % "tags { id }", input={"tags": given})
    assert answer["data"] == {"createTags": None}
    assert answer["errors"] == [
        "`tags` gives at most 1,000 rows, and 1,001 would be written; leave it out and ask for `affectedCount`."
    ]
    assert await write.rows("SELECT count(*) FROM tags") == [(0,)]
    answer = await write.answer(document % "affectedCount", input={"tags": given})
    assert answer["data"] == {"createTags": {"affectedCount": 1001}}


async def test_a_limit_of_rows(write: Writes) -> None:
    """What is too much for one input is refused before anything runs."""
    given = [{"name": f"{number}", "slug": f"s{number}"} for number in range(50_001)]
    assert await refused(write, "createTags", {"tags": given}) == [("ValidationError", "TOO_MANY", ["input"])]


@pytest.mark.parametrize(
    "condition",
    [
        {"commentsCount": {"eq": 0}, "author": {"name": {"eq": "Ann"}}},
        {"search": "frost"},
        {"tags": {"some": {"slug": {"eq": "a"}}}},
        {"or": [{"isPublished": {"eq": True}}, {"commentsAggregate": {"count": {"lt": 1}}}]},
    ],
    ids=str,
)
async def test_any_filter_finds_rows_to_write(write: Writes, condition: dict[str, Any]) -> None:
    """Rows are locked as they are found, whatever else the filter looks at."""
    await users(write, "Ann")
    await write("createPost", post(tags={"create": [{"name": "a", "slug": "a"}]}), "__typename")
    given = {"filter": condition, "atMost": 5, "set": {"title": "New"}}
    assert (await write("updatePosts", given, "affectedCount"))["affectedCount"] == 1
