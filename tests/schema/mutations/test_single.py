"""Creating, changing and deleting one row, and what hangs on it."""

# ruff: noqa: E501 - a case stands on one line, as long as it is

import asyncio
from typing import Any

import pytest
from graphql import parse

from schema.build import GraphSchema
from schema.context import Context
from schema.documents import to_document
from schema.opaque import encode
from schema.principal import Principal
from schema.writing.problems import INPUT, invalid
from schema.writing.violations import Attempt, Entry, Violation, problem_of
from tests.schema.mutations.conftest import ANN, Writes, post, refused


async def test_create_and_read_in_one(write: Writes) -> None:
    """The payload has the row with all that is selected, defaults of the database among it."""
    found = await write("createUser", ANN | {"age": 44}, "user { id name age bio posts { totalCount } }")
    assert found["user"] == {"id": encode("User:1"), "name": "Ann", "age": 44, "bio": None, "posts": {"totalCount": 0}}
    assert await write.rows("SELECT name, email, age FROM users") == [("Ann", "ann@example.org", 44)]


async def test_nested(write: Writes) -> None:
    """A whole tree is written by one input: authors by key, tags by slug and new, comments with answers."""
    await write("createUser", ANN, "__typename")
    await write("createTag", {"name": "Old", "slug": "old"}, "__typename")
    bob = {"create": {"name": "Bob", "email": "bob@example.org"}}
    asked = post(
        category={"create": {"name": "Garden", "slug": "garden"}},
        tags={"connect": [{"slug": "old"}], "create": [{"name": "New", "slug": "new"}]},
        comments={
            "create": [
                {"body": "First", "author": {"connect": {"email": "ann@example.org"}}},
                {"body": "Second", "author": bob, "replies": {"create": [
                    {"body": "Third", "author": {"connect": {"id": encode("User:1")}}, "post": {"connect": {"id": encode("Post:1")}}}
                ]}},
            ]
        },
    )  # fmt: skip
    selection = """post { title draft author { name } category { slug } tags { nodes { slug } }
        comments { nodes { body author { name } replies { nodes { body } } } } }"""
    found = await write("createPost", asked, selection)
    assert found["post"]["author"] == {"name": "Ann"}
    assert found["post"]["draft"] is True
    assert found["post"]["category"] == {"slug": "garden"}
    assert found["post"]["tags"]["nodes"] == [{"slug": "old"}, {"slug": "new"}]
    assert found["post"]["comments"]["nodes"] == [
        {"body": "First", "author": {"name": "Ann"}, "replies": {"nodes": []}},
        {"body": "Second", "author": {"name": "Bob"}, "replies": {"nodes": [{"body": "Third"}]}},
        {"body": "Third", "author": {"name": "Ann"}, "replies": {"nodes": []}},
    ]


async def test_absent_null_and_a_value(write: Writes) -> None:
    """What is left out stays, null clears, a value is written."""
    await write("createUser", ANN | {"age": 44, "bio": "Writes."}, "__typename")
    id_ = encode("User:1")
    assert (await write("updateUser", {"id": id_, "age": 45}, "user { age bio }"))["user"] == {
        "age": 45,
        "bio": "Writes.",
    }
    assert (await write("updateUser", {"id": id_, "bio": None}, "user { age bio }"))["user"] == {"age": 45, "bio": None}
    assert (await write("updateUser", {"id": id_}, "user { age bio }"))["user"] == {"age": 45, "bio": None}
    assert await refused(write, "updateUser", {"id": id_, "name": None}) == [
        ("ValidationError", "REQUIRED", ["input", "name"])
    ]


async def test_links_are_changed(write: Writes) -> None:
    """To-one links are moved and cleared; association tables and children are added to, replaced and let go."""
    await write("createUser", ANN, "__typename")
    for slug in ("a", "b", "c"):
        await write("createTag", {"name": slug, "slug": slug}, "__typename")
    await write("createPost", post(tags={"connect": [{"slug": "a"}, {"slug": "b"}]}), "__typename")
    id_, slugs = encode("Post:1"), "post { tags { nodes { slug } } category { slug } }"

    async def tags(**change: Any) -> list[str]:
        found = await write("updatePost", {"id": id_, "tags": change}, slugs)
        return [node["slug"] for node in found["post"]["tags"]["nodes"]]

    assert await tags(connect=[{"slug": "c"}, {"slug": "a"}]) == ["a", "b", "c"]
    assert await tags(disconnect=[{"slug": "b"}]) == ["a", "c"]
    assert await tags(set=[{"slug": "b"}]) == ["b"]
    assert await tags(set=[]) == []
    made = {"id": id_, "category": {"create": {"name": "Garden", "slug": "garden"}}}
    assert (await write("updatePost", made, slugs))["post"]["category"] == {"slug": "garden"}
    gone = {"id": id_, "category": {"disconnect": True}}
    assert (await write("updatePost", gone, slugs))["post"]["category"] is None
    written = {"create": [{"body": "Hm", "author": {"connect": {"email": ANN["email"]}}}]}
    shown = "post { comments { nodes { id body } } }"
    found = await write("updatePost", {"id": id_, "comments": written}, shown)
    comment = {"id": found["post"]["comments"]["nodes"][0]["id"]}
    found = await write("updatePost", {"id": id_, "comments": {"delete": [comment]}}, shown)
    assert found["post"]["comments"]["nodes"] == []
    path = ["input", "comments", "delete", 0, "id"]
    again = {"id": id_, "comments": {"delete": [comment]}}
    assert await refused(write, "updatePost", again) == [("NotFoundError", "NOT_FOUND", path)]


def test_what_is_given_once_is_not_moved(write: Writes) -> None:
    """A comment leads to its post for good, so a post makes and deletes its comments, and takes in no other's."""
    types = write.schema.core.type_map
    assert list(types["PostCommentsInput"].fields) == ["create"]  # type: ignore[attr-defined]
    assert list(types["PostCommentsChange"].fields) == ["create", "update", "delete"]  # type: ignore[attr-defined]


async def test_delete(write: Writes) -> None:
    """A row goes; not one that others lead to, nor one that is not there."""
    await write("createUser", ANN, "__typename")
    await write("createPost", post(), "__typename")
    assert await refused(write, "deleteUser", {"id": encode("User:1")}) == [
        ("ConflictError", "STILL_REFERENCED", ["input", "id"])
    ]
    assert (await write("deletePost", {"id": encode("Post:1")}, "deletedId"))["deletedId"] == encode("Post:1")
    assert (await write("deleteUser", {"id": encode("User:1")}, "deletedId"))["deletedId"] == encode("User:1")
    assert await refused(write, "deleteUser", {"id": encode("User:1")}) == [
        ("NotFoundError", "NOT_FOUND", ["input", "id"])
    ]


@pytest.mark.parametrize(
    ("mutation", "input_", "expected"),
    [
        ("createUser", {"name": "", "email": "Ann"}, [("ValidationError", "EMPTY", ["name"]), ("ValidationError", "INVALID", ["email"])]),
        ("createUser", ANN | {"email": "Ann@example.org"}, [("ValidationError", "FORM", ["email"])]),
        ("createUser", {"name": "B", "email": "b@example.org", "age": 151}, [("ValidationError", "OUT_OF_RANGE", ["age"])]),
        ("createUser", {"name": "a\0", "email": "b@example.org"}, [("ValidationError", "INVALID", ["name"])]),
        ("createUser", {"name": "B", "email": "ann@example.org"}, [("ConflictError", "NOT_UNIQUE", ["email"])]),
        ("createPost", post(slug="Not a slug"), [("ValidationError", "INVALID", ["slug"])]),
        ("createPost", post(author={"connect": {"email": "no@example.org"}}), [("NotFoundError", "NOT_FOUND", ["author", "connect", "email"])]),
        ("createPost", post(author={"connect": {"id": encode("User:99")}}), [("NotFoundError", "NOT_FOUND", ["author", "connect", "id"])]),
        ("createPost", post(author={"connect": {"id": encode("Tag:1")}}), [("ValidationError", "BAD_ID", ["author", "connect", "id"])]),
        ("createPost", post(author={"create": {"name": "B", "email": "ann@example.org"}}), [("ConflictError", "NOT_UNIQUE", ["author", "create", "email"])]),
        ("createPost", post(tags={"connect": [{"id": encode("Tag:1")}, {"id": encode("Tag:9")}]}), [("NotFoundError", "NOT_FOUND", ["tags", "connect", 1, "id"])]),
        ("createPost", post(tags={"connect": [{"slug": "no"}, {"slug": "x"}]}), [("NotFoundError", "NOT_FOUND", ["tags", "connect", 0, "slug"])]),
        ("createPost", post(tags={"create": [{"name": "x", "slug": "x"}, {"name": "y", "slug": "old"}]}), [("ConflictError", "NOT_UNIQUE", ["tags", "create", 1, "slug"])]),
        ("createPost", post(comments={"create": [{"body": "x", "author": {"connect": {"id": encode("User:1")}}}, {"body": "", "author": {"connect": {"id": encode("User:1")}}}]}), [("ValidationError", "EMPTY", ["comments", "create", 1, "body"])]),
        ("createPost", post(comments={"create": [{"body": "x", "author": {"connect": {"id": encode("User:1")}}}, {"body": "y", "author": {"connect": {"id": encode("User:7")}}}]}), [("NotFoundError", "NOT_FOUND", ["comments", "create", 1, "author", "connect", "id"])]),
        ("updatePost", {"id": encode("Post:1"), "tags": None}, [("ValidationError", "REQUIRED", ["tags"])]),
        ("updatePost", {"id": encode("Post:1"), "category": {"disconnect": False}}, [("ValidationError", "INVALID", ["category", "disconnect"])]),
        ("updatePost", {"id": encode("Post:1"), "title": "x"}, [("NotFoundError", "NOT_FOUND", ["id"])]),
        ("updatePost", {"id": "x", "title": ""}, [("ValidationError", "EMPTY", ["title"]), ("ValidationError", "BAD_ID", ["id"])]),
        ("deletePost", {"id": encode("User:1")}, [("ValidationError", "BAD_ID", ["id"])]),
    ],
)  # fmt: skip
async def test_refusals(write: Writes, mutation: str, input_: Any, expected: list[tuple[str, str, list[Any]]]) -> None:
    """Each says what is wrong and where, and changes nothing."""
    await write("createUser", ANN, "__typename")
    await write("createTag", {"name": "Old", "slug": "old"}, "__typename")
    found = await refused(write, mutation, input_)
    assert found == [(kind, code, ["input", *path]) for kind, code, path in expected]


async def test_several_that_are_missing(write: Writes) -> None:
    """Where one place alone is told, the message is about that one."""
    await write("createUser", ANN, "__typename")
    found = await write("createPost", post(tags={"connect": [{"slug": "no"}, {"slug": "x"}]}), "__typename")
    assert found["message"] == "There is no Tag by what `slug` says."


def test_a_rule_over_a_key(default_graph: GraphSchema) -> None:
    """It is told by the relation whose key it is, and no other that the column has a part in."""
    graph, place = default_graph.graph, ("input", "parent", "connect", "id")
    table = graph.types["Comment"].table
    attempt = Attempt(table, (Entry({}, INPUT, {"parent_id": place}),), INPUT)
    problem = problem_of(graph, attempt, Violation("23514", "ck_comments_parent_not_self", "comments", None, ""))
    assert problem == invalid("CHECK", "`parent` must keep the rule: parent not self.", place)


async def test_two_at_once(write: Writes) -> None:
    """Of two writers of one address, one is told that it is taken."""
    made = await asyncio.gather(*(write("createUser", ANN | {"name": name}, "user { name }") for name in "ABCD"))
    assert sorted(each["__typename"] for each in made) == ["ConflictError"] * 3 + ["CreateUserPayload"]
    assert len(await write.rows("SELECT 1 FROM users")) == 1


async def test_statements_do_not_grow_with_the_rows(write: Writes) -> None:
    """Two comments or two hundred, with their authors, are as many statements."""
    await write("createUser", ANN, "__typename")
    await write("createTag", {"name": "Old", "slug": "old"}, "__typename")
    counts = set()
    for count in (2, 200):
        comments = [
            {"body": f"{number}", "author": {"create": {"name": "x", "email": f"{count}.{number}@example.org"}}}
            for number in range(count)
        ]
        tags = {
            "connect": [{"slug": "old"}],
            "create": [{"name": "x", "slug": f"x{count}-{number}"} for number in range(count)],
        }
        made = post(slug=f"s{count}", comments={"create": comments}, tags=tags)
        found = await write("createPost", made, "post { comments { totalCount } tags { totalCount } }")
        assert found["post"] == {"comments": {"totalCount": count}, "tags": {"totalCount": count + 1}}
        counts.add(len(write.database.statements))
    assert counts == {7}  # author, post, tags, tag look-up, pairs, comments' authors, comments


async def test_fields_run_in_order_each_by_itself(write: Writes) -> None:
    """The second field sees what the first wrote; one that is refused undoes itself alone."""
    answer = await write.answer(
        """mutation ($a: CreateUserInput!, $b: CreateUserInput!) {
            first: createUser(input: $a) { ... on CreateUserPayload { user { id } } }
            twice: createUser(input: $a) { __typename }
            last: createUser(input: $b) { ... on CreateUserPayload { user { name } } }
        }""",
        a=ANN,
        b={"name": "Bob", "email": "bob@example.org"},
    )
    assert answer["errors"] == []
    assert answer["data"]["twice"] == {"__typename": "ConflictError"}
    assert answer["data"]["last"] == {"user": {"name": "Bob"}}
    assert await write.rows("SELECT name FROM users ORDER BY id") == [("Ann",), ("Bob",)]


async def test_scope(write: Writes) -> None:
    """Who may only read is told so by type; who shows no key, that one is needed."""
    write.principal = Principal(scopes=frozenset({"read", "*"}), key_id=1)
    assert await refused(write, "createUser", ANN) == [("ForbiddenError", "FORBIDDEN", [])]
    write.principal = Principal(scopes=frozenset({"read", "*"}))
    answer = await write.answer('mutation { deleteUser(input: {id: "x"}) { __typename } }')
    assert answer["data"] == {"deleteUser": None}
    assert answer["errors"][0].startswith("An API key with the scope `write` is needed")


async def test_an_edge(write: Writes) -> None:
    """The payload has the place of the row in the list of all, which a page may begin behind."""
    cursors = []
    for name in "abc":
        found = await write("createTag", {"name": name, "slug": name}, "tagEdge { cursor node { name } }")
        assert found["tagEdge"]["node"] == {"name": name}
        cursors.append(found["tagEdge"]["cursor"])
    database = write.database
    context = Context(write.principal, database, write.schema.new_loaders(database, write.principal), "test")
    document = to_document(parse("query ($a: String) { tags(after: $a) { nodes { name } } }"))
    found = await write.schema.answer(document, operation_name=None, variables={"a": cursors[0]}, context=context)
    assert found.data == b'{"tags":{"nodes":[{"name":"b"},{"name":"c"}]}}'


async def test_a_filter_that_is_wrong(write: Writes) -> None:
    """It is told as data, too."""
    given = {"filter": {"id": {"eq": "x"}}, "atMost": 1}
    assert await refused(write, "deleteUsers", given) == [("ValidationError", "BAD_ID", ["input", "filter"])]
