"""What cannot be meant is refused before anything runs, in words that name the place and what would be accepted."""

from typing import Any

import pytest

from schema.opaque import encode
from tests.schema.conftest import Asker

POST, USER = encode("Post:1"), encode("User:1")


def nested(depth: int) -> dict[str, Any]:
    """Return filters inside each other."""
    return {"not": nested(depth - 1)} if depth else {}


FILTERS: list[tuple[dict[str, Any], str]] = [
    (
        {"title": {"eq": None}},
        "`filter.title.eq` is null, which equals nothing. Leave it out to ask for nothing there.",
    ),
    ({"description": {"ne": None}},
     "`filter.description.ne` is null, which equals nothing. To find nulls, ask `isNull: true`."),
    ({"description": {"isNull": None}},
     "`filter.description.isNull` is null, which equals nothing. To find nulls, ask `isNull: true`."),
    ({"title": None}, "`filter.title` is null. Leave it out to ask for nothing there."),
    ({"and": None}, "`filter.and` is null. Leave it out to ask for nothing there."),
    ({"not": {"or": [{"draft": None}]}}, "`filter.not.or.0.draft` is null. Leave it out to ask for nothing there."),
    ({"author": {"name": {"in": None}}},
     "`filter.author.name.in` is null, which equals nothing. Leave it out to ask for nothing there."),
    ({"comments": {"some": None}}, "`filter.comments.some` is null. Leave it out to ask for nothing there."),
    ({"commentsCount": {"gt": None}},
     "`filter.commentsCount.gt` is null, which equals nothing. Leave it out to ask for nothing there."),
    ({"commentsAggregate": {"count": None}},
     "`filter.commentsAggregate.count` is null. Leave it out to ask for nothing there."),
    ({"commentsAggregate": {"filter": None}},
     "`filter.commentsAggregate.filter` is null. Leave it out to ask for nothing there."),
    ({"commentsAggregate": {"max": {"body": {"eq": None}}}},
     "`filter.commentsAggregate.max.body.eq` is null, which equals nothing. Leave it out to ask for nothing there."),
    ({"search": None}, "`filter.search` is null. Leave it out to ask for nothing there."),
    ({"categoryIsNull": None}, "`filter.categoryIsNull` is null. Leave it out to ask for nothing there."),
    ({"viewCount": {"between": [1, 2, 3]}},
     "`filter.viewCount.between` takes two values, the least and the largest; 3 were given."),
    ({"commentsCount": {"between": [1]}},
     "`filter.commentsCount.between` takes two values, the least and the largest; 1 were given."),
    ({"viewCount": {"in": list(range(1001))}}, "`filter.viewCount.in` takes at most 1000 values; 1001 were given."),
    ({"id": {"in": [POST] * 1001}}, "`filter.id.in` takes at most 1000 values; 1001 were given."),
    ({"id": {"eq": None}}, "`filter.id.eq` is null, which equals nothing. Leave it out to ask for nothing there."),
    ({"id": {"eq": USER}}, "Argument `filter.id.eq` takes the id of a Post; 'VXNlcjox' is the id of a User."),
    ({"author": {"id": {"ne": POST}}},
     "Argument `filter.author.id.ne` takes the id of a User; 'UG9zdDox' is the id of a Post."),
    ({"id": {"in": ["rubbish!"]}},
     "Argument `filter.id.in`: 'rubbish!' is not an id of this API; pass one as a field `id` gave it."),
    ({"title": {"eq": "a\0"}}, "`filter.title.eq`: text must not contain the character U+0000."),
    ({"title": {"contains": "\ud800"}},
     "`filter.title.contains`: text must not contain half of a surrogate pair (U+D800 to U+DFFF)."),
    ({"commentsAggregate": {"min": {"body": {"icontains": "\0"}}}},
     "`filter.commentsAggregate.min.body.icontains`: text must not contain the character U+0000."),
    ({"search": "\0"}, "`filter.search`: text must not contain the character U+0000."),
    ({"title": {"like": "50%\\"}},
     "`filter.title.like` ends with a backslash, which takes the character behind it as it is; write `\\\\` for a "
     "backslash itself."),
    (nested(12), "Argument `filter` has more than 12 filters inside each other."),
    ({"and": [{"draft": {"eq": True}}] * 501}, "Argument `filter` has more than 500 comparisons."),
    ({"or": [{"search": "a"}] * 501}, "Argument `filter` has more than 500 comparisons."),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), FILTERS, ids=[message[:50] for _, message in FILTERS])
async def test_filter(ask: Asker, given: dict[str, Any], message: str) -> None:
    """The filter is refused, and no statement is run."""
    answer = await ask("query($f: PostFilter) { posts(filter: $f) { totalCount nodes { id } } }", f=given)
    assert (set(answer.errors), answer.statements) == ({message}, 0)


ARGUMENTS = [
    ("orderBy: [{title: ASC}" + ", {id: ASC}" * 10 + "]", "Argument `orderBy` takes at most 10 terms; 11 were given."),
    ("first: 1, last: 1", "Arguments `first` and `last` do not go together; pass one of them."),
    ("first: -1", "Argument `first` takes a whole number from 0 to 1000; -1 was given."),
    ("last: 1001", "Argument `last` takes a whole number from 0 to 1000; 1001 was given."),
    ("offset: -1", "Argument `offset` takes a whole number from 0 on; -1 was given."),
    ("last: 1, offset: 1",
     "Arguments `offset` and `last` do not go together; count from the start with `first`."),
    ('after: "rubbish"',
     "Argument `after`: 'rubbish' is not a cursor; pass one as `cursor`, `startCursor` or `endCursor` gave it."),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), ARGUMENTS, ids=[given[:30] for given, _ in ARGUMENTS])
async def test_argument(ask: Asker, given: str, message: str) -> None:
    """The argument is refused, and no statement is run."""
    answer = await ask(f"{{ posts({given}) {{ nodes {{ id }} }} }}")
    assert (answer.errors, answer.statements) == ([message], 0)


ELSEWHERE = (
    "the cursor belongs to another list or order; a cursor is good only for the list and the order that it came from."
)


@pytest.mark.parametrize(
    "other",
    ["posts(ORDER: [{title: DESC}])", "posts(ORDER: [{id: ASC}])", "posts(ORDER: [{title: ASC}, {viewCount: ASC}])",
     "posts(ORDER: [{description: ASC_NULLS_FIRST}])", "tags(ORDER: [{name: ASC}])"],
)  # fmt: skip
async def test_cursor_under_another_order(ask: Asker, other: str) -> None:
    """A cursor is refused under another order, and in another list."""
    first = "{ posts(first: 1, orderBy: [{title: ASC}]) { pageInfo { endCursor } } }"
    cursor = (await ask(first)).data["posts"]["pageInfo"]["endCursor"]
    second = other.replace("ORDER", f'after: "{cursor}", orderBy')
    answer = await ask(f"{{ {second} {{ nodes {{ id }} }} }}")
    assert (answer.errors, answer.statements) == ([f"Argument `after`: {ELSEWHERE}"], 0)


async def test_cursor_survives_another_filter(ask: Asker) -> None:
    """A cursor names a place in the order, whichever rows the filter leaves."""
    page = "{ posts(first: 1, orderBy: [{title: ASC}]) { pageInfo { endCursor } } }"
    cursor = (await ask(page)).data["posts"]["pageInfo"]["endCursor"]
    filtered = f'posts(first: 1, after: "{cursor}", filter: {{draft: {{eq: true}}}}, orderBy: [{{title: ASC}}])'
    answer = await ask(f"{{ {filtered} {{ nodes {{ draft }} }} }}")
    assert answer.data == {"posts": {"nodes": [{"draft": True}]}}


GROUPS = [
    ("by: []", "Argument `by` takes 1 to 5 things to group by; 0 were given."),
    ("by: [TITLE, SLUG, BODY, DRAFT, VIEW_COUNT, AUTHOR]",
     "Argument `by` takes 1 to 5 things to group by; 6 were given."),
    ("by: [DRAFT], orderBy: [{key: {title: ASC}}]",
     "Argument `orderBy` names `title`, which argument `by` does not group by."),
    ("by: [DRAFT], first: 1001", "Argument `first` takes a whole number from 0 to 1000; 1001 was given."),
    ("by: [DRAFT], offset: -1", "Argument `offset` takes a whole number from 0 on; -1 was given."),
    ("by: [DRAFT], having: {count: {gt: null}}",
     "`having.count.gt` is null, which equals nothing. Leave it out to ask for nothing there."),
    ("by: [DRAFT], orderBy: [" + "{aggregate: {count: ASC}}, " * 11 + "]",
     "Argument `orderBy` takes at most 10 terms; 11 were given."),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), GROUPS, ids=[given[:30] for given, _ in GROUPS])
async def test_groups(ask: Asker, given: str, message: str) -> None:
    """Groups that cannot be are refused, and no statement is run."""
    answer = await ask(f"{{ posts {{ groups({given}) {{ aggregate {{ count }} }} }} }}")
    assert (answer.errors, answer.statements) == ([message], 0)


BY_GRAPHQL = [
    ("filter: {title: {isNull: true}}",
     "Expected value of type 'StringFilter' not to include unknown field 'isNull', found: { isNull: true }."),
    ("filter: {draft: {gt: true}}",
     "Expected value of type 'BooleanFilter' not to include unknown field 'gt', found: { gt: true }."),
    ("orderBy: [{rank: ASC}]",
     "Expected value of type 'PostOrder' not to include unknown field 'rank', found: { rank: ASC }."),
    ("orderBy: [{title: ASC, id: ASC}]",
     "Within OneOf Input Object type 'PostOrder', exactly one field must be specified, and the value for that field "
     "must be non-null."),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), BY_GRAPHQL, ids=[given for given, _ in BY_GRAPHQL])
async def test_what_the_schema_forbids(ask: Asker, given: str, message: str) -> None:
    """What a type does not have cannot be written."""
    answer = await ask(f"{{ posts({given}) {{ nodes {{ id }} }} }}")
    assert (answer.errors[0], answer.statements) == (message, 0)


async def test_json_paths_are_never_null(shop: Any) -> None:
    """An operand at a place in JSON is not null, and the place is always given."""
    query = "query($f: BoxFilter) { boxes(filter: $f) { nodes { id } } }"
    answer = await shop.ask(query, f={"document": {"at": {"path": ["a"], "eq": None}}})
    message = "`filter.document.at.eq` is null, which equals nothing. To find nulls, ask `isNull: true`."
    assert (answer.errors, answer.statements) == ([message], 0)
    answer = await shop.ask(query, f={"document": {"at": {"eq": 1}}})
    assert answer.errors == [
        "Variable '$f' has invalid value at .document.at: Expected value of type 'JSONPathFilter' to include required "
        "field 'path', found: {'eq': 1}."
    ]


@pytest.mark.parametrize("value", [1e999, {"a": [float("nan")]}, "\0", {"\0": 1}, "\ud800"])
async def test_json_that_cannot_be_stored(shop: Any, value: Any) -> None:
    """JSON that PostgreSQL does not hold is refused by place."""
    answer = await shop.ask(
        "query($f: BoxFilter) { boxes(filter: $f) { nodes { id } } }", f={"document": {"eq": value}}
    )
    assert answer.statements == 0
    assert [message.partition(" cannot")[0].partition(":")[0] for message in answer.errors] == ["`filter.document.eq`"]


async def test_json_that_only_looks_wrong(shop: Any) -> None:
    """The letters of an escape are text like any other."""
    answer = await shop.ask("query($v: JSON!) { boxes(filter: {document: {eq: $v}}) { totalCount } }", v="\\u0000")
    assert (answer.errors, answer.data) == ([], {"boxes": {"totalCount": 0}})
