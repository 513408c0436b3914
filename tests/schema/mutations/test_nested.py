"""What hangs on a row: connectOrCreate, update, delete, keys of several columns, the far side of one-to-one links."""

import asyncio
from typing import Any

import asyncpg
import pytest

from schema.opaque import encode
from tests.schema.mutations.conftest import ANN, Writes, post, refusals, refused
from tests.schema.mutations.test_faults import waiting

POST = encode("Post:1")
COMMENT = {"body": "Brr.", "author": {"connect": {"email": ANN["email"]}}}


def or_create(**row: Any) -> dict[str, Any]:
    return {"by": "SLUG", "create": {"name": row["slug"].upper(), **row}}


async def test_a_to_one_link_takes_or_makes(write: Writes) -> None:
    """The row with the key is taken as it is; where there is none, it is made."""
    for name, slug in (("Ann", "a"), ("Another", "b")):
        author = {"connectOrCreate": {"by": "EMAIL", "create": ANN | {"name": name}}}
        found = await write("createPost", post(slug=slug, author=author), "post { author { name } }")
        assert found["post"] == {"author": {"name": "Ann"}}
    assert await write.rows("SELECT name FROM users") == [("Ann",)]
    change = {"id": POST, "author": {"connectOrCreate": {"by": "EMAIL", "create": {"name": "Bo", "email": "b@x.org"}}}}
    assert (await write("updatePost", change, "post { author { name } }"))["post"] == {"author": {"name": "Bo"}}


async def test_a_to_many_link_takes_or_makes(write: Writes) -> None:
    """Also where two of them are the same, and where other posts of the request ask for it too: each is made once."""
    await write("createUser", ANN, "__typename")
    await write("createTag", {"slug": "a", "name": "First"}, "__typename")
    tags = {"connectOrCreate": [or_create(slug="a"), or_create(slug="b"), or_create(slug="b")]}
    posts = [post(slug=f"p{number}", tags=tags) for number in range(3)]
    found = await write("createPosts", {"posts": posts}, "posts { tags { nodes { name } } }")
    assert [[tag["name"] for tag in each["tags"]["nodes"]] for each in found["posts"]] == [["First", "B"]] * 3
    assert len(write.database.statements) == 5  # who the author is, the posts, which tags there are, a tag, the pairs
    change = {"id": POST, "tags": {"connectOrCreate": [or_create(slug="c")], "disconnect": [{"slug": "a"}]}}
    found = await write("updatePost", change, "post { tags { nodes { slug } } }")
    assert found["post"]["tags"]["nodes"] == [{"slug": "b"}, {"slug": "c"}]


async def test_two_that_make_the_same(write: Writes) -> None:
    """Of two who make a row at once, one makes it and the other takes it."""
    await write("createUser", ANN, "__typename")
    other = await asyncpg.connect(write.url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("INSERT INTO tags (slug, name) VALUES ('a', 'Theirs')")
    tags = {"connectOrCreate": [or_create(slug="a")]}
    task = asyncio.create_task(write("createPost", post(tags=tags), "post { tags { nodes { name } } }"))
    await waiting(write)
    await transaction.commit()
    await other.close()
    assert (await task)["post"]["tags"]["nodes"] == [{"name": "Theirs"}]
    assert await write.rows("SELECT count(*) FROM tags") == [(1,)]


async def test_many_at_once(write: Writes) -> None:
    """However many make it, there is one, and none of them is refused."""
    await write("createUser", ANN, "__typename")
    posts = [post(slug=f"p{number}", tags={"connectOrCreate": [or_create(slug="a")]}) for number in range(6)]
    found = await asyncio.gather(*(write("createPost", each, "post { tags { nodes { slug } } }") for each in posts))
    assert [each["post"]["tags"]["nodes"] for each in found] == [[{"slug": "a"}]] * 6
    assert await write.rows("SELECT count(*) FROM tags") == [(1,)]


async def test_what_cannot_be_taken_or_made(write: Writes) -> None:
    """The row is checked as any new row; one that the same input makes elsewhere stands in its way."""
    await write("createUser", ANN, "__typename")
    at = ["input", "tags", "connectOrCreate", 0]
    wrong = post(tags={"connectOrCreate": [or_create(slug="No")]})
    assert await refused(write, "createPost", wrong) == [("ValidationError", "INVALID", [*at, "create", "slug"])]
    twice = post(tags={"create": [{"slug": "a", "name": "A"}], "connectOrCreate": [or_create(slug="a")]})
    assert await refused(write, "createPost", twice) == [("ConflictError", "NOT_UNIQUE", [*at, "create", "slug"])]


async def test_rows_that_change_with_another(write: Writes) -> None:
    """A nested update changes the row that is there, and only what is given."""
    await write("createUser", ANN | {"age": 30}, "__typename")
    tags = {"create": [{"slug": "a", "name": "A"}, {"slug": "b", "name": "B"}]}
    await write("createPost", post(tags=tags, comments={"create": [COMMENT, COMMENT]}), "__typename")
    change = {
        "id": POST,
        "title": "New",
        "author": {"update": {"age": 31}},
        "tags": {"update": [{"id": encode("Tag:2"), "name": "Bee"}]},
        "comments": {"update": [{"id": encode("Comment:1"), "body": "Mm."}], "delete": [{"id": encode("Comment:2")}]},
    }
    fields = "title author { name age } tags { nodes { name } } comments { nodes { body } }"
    found = await write("updatePost", change, f"post {{ {fields} }}")
    assert found["post"] == {
        "title": "New",
        "author": {"name": "Ann", "age": 31},
        "tags": {"nodes": [{"name": "A"}, {"name": "Bee"}]},
        "comments": {"nodes": [{"body": "Mm."}]},
    }


async def test_nested_changes_that_are_refused(write: Writes) -> None:
    """A row that is not connected is not there; what is wrong with a change is told at its place."""
    await write("createUser", ANN, "__typename")
    await write("createPost", post(comments={"create": [COMMENT]}), "__typename")
    await write("createPost", post(slug="other", tags={"create": [{"slug": "a", "name": "A"}]}), "__typename")

    async def refusal(**change: Any) -> tuple[str, str, list[Any]]:
        (found,) = await refused(write, "updatePost", {"id": POST, **change})
        return found

    tag, at = {"id": encode("Tag:1"), "name": "X"}, ["input", "tags", "update", 0]
    assert await refusal(tags={"update": [tag]}) == ("NotFoundError", "NOT_FOUND", [*at, "id"])
    assert await refusal(tags={"update": [tag | {"id": "x"}]}) == ("ValidationError", "BAD_ID", [*at, "id"])
    assert await refusal(tags={"update": [tag | {"name": ""}]}) == ("ValidationError", "EMPTY", [*at, "name"])
    at = ["input", "author", "update"]
    assert await refusal(author={"update": {"age": 200}}) == ("ValidationError", "OUT_OF_RANGE", [*at, "age"])
    assert await refusal(author={"update": {"name": None}}) == ("ValidationError", "REQUIRED", [*at, "name"])
    at = ["input", "category"]
    assert await refusal(category={"update": {"name": "X"}}) == ("NotFoundError", "NOT_FOUND", [*at, "update"])
    assert await refusal(category={"delete": True}) == ("NotFoundError", "NOT_FOUND", [*at, "delete"])
    assert await refusal(category={"delete": False}) == ("ValidationError", "INVALID", [*at, "delete"])


async def test_the_row_above_is_deleted(write: Writes) -> None:
    """The link leads nowhere then."""
    await write("createUser", ANN, "__typename")
    category = {"create": {"name": "C", "slug": "c"}}
    await write("createPost", post(category=category), "__typename")
    found = await write("updatePost", {"id": POST, "category": {"delete": True}}, "post { category { name } }")
    assert found["post"] == {"category": None}
    assert await write.rows("SELECT 1 FROM categories") == []


PASSPORT = "person { name passport { number country } }"


@pytest.fixture
async def owner(club: Writes) -> Writes:
    """A person with a passport, and one without."""
    given = {"name": "Ann", "passport": {"create": {"number": "1"}}}
    found = await club("createPerson", given, PASSPORT)
    assert found["person"]["passport"] == {"number": "1", "country": "CH"}
    await club("createPerson", {"name": "Bob"}, PASSPORT)
    return club


ANN_ID, BOB_ID = encode("Person:1"), encode("Person:2")


async def test_the_only_row_is_replaced(owner: Writes) -> None:
    """A new one takes the place of the one that is there, which is let go."""
    change = {"id": ANN_ID, "passport": {"create": {"number": "2"}}}
    found = await owner("updatePerson", change, PASSPORT)
    assert found["person"]["passport"] == {"number": "2", "country": "CH"}
    assert await owner.rows("SELECT number, person_id FROM passports ORDER BY 1") == [("1", None), ("2", 1)]


async def test_the_only_row_is_named_by_a_key_of_several_columns(owner: Writes) -> None:
    """It is moved from the one to the other."""
    key = {"numberAndCountry": {"number": "1", "country": "CH"}}
    found = await owner("updatePerson", {"id": BOB_ID, "passport": {"connect": key}}, PASSPORT)
    assert found["person"]["passport"] == {"number": "1", "country": "CH"}
    assert await owner.rows("SELECT person_id FROM passports") == [(2,)]
    no = {"numberAndCountry": {"number": "1", "country": "AT"}}
    assert await refusals(owner, "updatePerson", {"id": BOB_ID, "passport": {"connect": no}}) == [
        ("NotFoundError", "NOT_FOUND", ["input", "passport", "connect", "numberAndCountry"])
    ]


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"update": {"number": "3"}}, [("3", 1)]),
        ({"disconnect": True}, [("1", None)]),
        ({"delete": True}, []),
        ({"connectOrCreate": {"by": "NUMBER_AND_COUNTRY", "create": {"number": "1", "country": "CH"}}}, [("1", 1)]),
        (
            {"connectOrCreate": {"by": "NUMBER_AND_COUNTRY", "create": {"number": "1", "country": "AT"}}},
            [("1", None), ("1", 1)],
        ),
    ],
)
async def test_the_only_row_changes(owner: Writes, change: dict[str, Any], left: list[tuple[str, int | None]]) -> None:
    """Every word does what it says."""
    found = await owner("updatePerson", {"id": ANN_ID, "passport": change}, "person { id }")
    assert found["__typename"] == "UpdatePersonPayload"
    assert await owner.rows("SELECT number, person_id FROM passports ORDER BY 1, 2 NULLS FIRST") == left


async def test_the_only_row_is_not_there(owner: Writes) -> None:
    """What is not there is neither changed nor deleted, and letting it go is no fault."""
    for word, value in (("update", {"number": "3"}), ("delete", True)):
        assert await refusals(owner, "updatePerson", {"id": BOB_ID, "passport": {word: value}}) == [
            ("NotFoundError", "NOT_FOUND", ["input", "passport", word])
        ]
    found = await owner("updatePerson", {"id": BOB_ID, "passport": {"disconnect": True}}, PASSPORT)
    assert found["person"]["passport"] is None


async def test_the_only_row_that_must_lead_somewhere(club: Writes) -> None:
    """It is not let go: it is deleted, or stays."""
    given = {"text": "a", "code": "x", "key": {"create": {"word": "one"}}}
    found = await club("createPage", given, "page { key { word } }")
    assert found["page"] == {"key": {"word": "one"}}
    page = {"id": encode("Page:1"), "version": 1}
    assert await refusals(club, "updatePage", page | {"key": {"create": {"word": "two"}}}) == [
        ("ValidationError", "REQUIRED", ["input", "key"])
    ]
    found = await club("updatePage", page | {"key": {"update": {"word": "three"}}}, "page { version key { word } }")
    assert found["page"] == {"version": 2, "key": {"word": "three"}}


async def test_a_version_below(club: Writes) -> None:
    """A nested change tells the version that it has read, as any change of such a row."""
    page = {"create": {"text": "a", "code": "x"}}
    await club("createKey", {"word": "one", "page": page}, "__typename")
    change = {"id": encode("Key:1"), "page": {"update": {"version": 1, "text": "b"}}}
    found = await club("updateKey", change, "key { page { text version } }")
    assert found["key"] == {"page": {"text": "b", "version": 2}}
    assert await refusals(club, "updateKey", change) == [
        ("ConflictError", "STALE_VERSION", ["input", "page", "update"])
    ]
