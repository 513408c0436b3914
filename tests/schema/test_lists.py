"""Pages: every part of a list against the whole list, at the root and nested, by both ways; and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from schema.opaque import decode, encode
from tests.schema.both import both
from tests.schema.conftest import Asker
from tests.schema.examples import examples

INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
PAGE = f"nodes {{ id }} edges {{ cursor node {{ id }} }} totalCount {INFO}"
ARGUMENTS = "first: $first, after: $after, last: $last, before: $before, offset: $offset"
VARIABLES = "$first: Int, $after: String, $last: Int, $before: String, $offset: Int"
# Where a list stands: the query around it, and how its pages are found in the answer.
ROOT = f"query({VARIABLES}) {{ list: tags({ARGUMENTS}) {{ {PAGE} }} }}"
ORDER = "orderBy: [{author: {name: ASC}}, {publishedAt: DESC_NULLS_LAST}]"
ORDERED = f"query({VARIABLES}) {{ list: posts({ORDER}, {ARGUMENTS}) {{ {PAGE} }} }}"
NESTED = f"query({VARIABLES}) {{ categories(first: 4) {{ nodes {{ list: posts({ARGUMENTS}) {{ {PAGE} }} }} }} }}"
THROUGH = f"query({VARIABLES}) {{ tags(first: 4) {{ nodes {{ list: posts({ARGUMENTS}) {{ {PAGE} }} }} }} }}"
OWN = f"query({VARIABLES}) {{ featuredPosts(count: 3) {{ list: comments({ARGUMENTS}) {{ {PAGE} }} }} }}"


def pages(data: Any) -> list[Any]:
    """Return all pages under the name `list`."""
    if isinstance(data, list):
        return [page for item in data for page in pages(item)]
    if not isinstance(data, dict):
        return []
    return [page for key, value in data.items() for page in ([value] if key == "list" else pages(value))]


def part(whole: list[Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the page that arguments ask for of a whole list of edges: the meaning, in Python."""
    cursors = [edge["cursor"] for edge in whole]
    start = cursors.index(arguments["after"]) + 1 if arguments.get("after") else 0
    end = cursors.index(arguments["before"]) if arguments.get("before") else len(whole)
    has_next = end < len(whole)
    end = max(start, end)
    if arguments.get("last") is not None:
        start = max(start, end - arguments["last"])
    else:
        start = min(start + (arguments.get("offset") or 0), end)
        first = arguments.get("first")
        end = min(start + (20 if first is None else first), end)
    found = whole[start:end]
    return {
        "nodes": [edge["node"] for edge in found],
        "edges": found,
        "totalCount": len(whole),
        "pageInfo": {
            "hasNextPage": has_next or end < len(whole),
            "hasPreviousPage": start > 0,
            "startCursor": found[0]["cursor"] if found else None,
            "endCursor": found[-1]["cursor"] if found else None,
        },
    }


async def whole_lists(ask: Asker, query: str) -> list[list[Any]]:
    """Return the edges of all lists of a query, whole."""
    answer = await both(ask, query, first=1000)
    assert answer.errors == []
    lists = pages(answer.data)
    assert all(page["totalCount"] == len(page["edges"]) for page in lists)
    return [page["edges"] for page in lists]


@pytest.mark.parametrize(
    "query", [ROOT, ORDERED, NESTED, THROUGH, OWN], ids=["root", "ordered", "nested", "through", "own"]
)
@pytest.mark.parametrize("size", [1, 7])
async def test_walking_forwards_and_backwards(ask: Asker, query: str, size: int) -> None:
    """All pages together are the whole list, by `first` and `after`, by `last` and `before`, and by `offset`."""
    lists = await whole_lists(ask, query)
    longest = max(range(len(lists)), key=lambda index: len(lists[index]))
    size = max(size, len(lists[longest]) // 15)
    forwards: list[Any] = []
    page: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    while page["pageInfo"]["hasNextPage"]:
        answer = await both(ask, query, first=size, after=page["pageInfo"]["endCursor"])
        page = pages(answer.data)[longest]
        assert page["pageInfo"]["hasPreviousPage"] is bool(forwards)
        forwards += page["edges"]
    backwards: list[Any] = []
    page = {"pageInfo": {"hasPreviousPage": True, "startCursor": None}}
    while page["pageInfo"]["hasPreviousPage"]:
        answer = await both(ask, query, last=size, before=page["pageInfo"]["startCursor"])
        page = pages(answer.data)[longest]
        assert page["pageInfo"]["hasNextPage"] is bool(backwards)
        backwards = page["edges"] + backwards
    by_offset: list[Any] = []
    while len(by_offset) < len(lists[longest]):
        page = pages((await both(ask, query, first=size, offset=len(by_offset))).data)[longest]
        by_offset += page["edges"]
    assert forwards == backwards == by_offset == lists[longest]


def _arguments(whole: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    cursors = st.none() | st.sampled_from([edge["cursor"] for edge in whole])
    size = st.integers(0, 6) | st.integers(0, len(whole) + 2)
    forward = st.fixed_dictionaries({"first": st.none() | size, "offset": st.none() | size})
    backward = st.fixed_dictionaries({"last": size})
    ends = st.fixed_dictionaries({"after": cursors, "before": cursors})
    return st.tuples(forward | backward, ends).map(lambda pair: {**pair[0], **pair[1]})


@pytest.mark.parametrize("query", [ROOT, ORDERED, NESTED, THROUGH], ids=["root", "ordered", "nested", "through"])
async def test_any_part_of_a_list(ask: Asker, query: str) -> None:
    """Every page, its cursors, its count and its two flags are those of the same part of the whole list."""
    lists = await whole_lists(ask, query)
    longest = max(range(len(lists)), key=lambda index: len(lists[index]))

    async def check(arguments: dict[str, Any]) -> None:
        answer = await both(ask, query, **arguments)
        assert answer.errors == []
        assert pages(answer.data)[longest] == part(lists[longest], arguments), arguments

    await examples(check, _arguments(lists[longest]), count=40)


async def test_each_parent_has_its_own_page(ask: Asker) -> None:
    """A size applies to each parent, not to all of them together."""
    lists = await whole_lists(ask, NESTED)
    for arguments in ({"first": 2}, {"last": 2}, {"first": 2, "offset": 3}, {"first": 0}, {}):
        answer = await both(ask, NESTED, **arguments)
        assert answer.statements == 2
        assert pages(answer.data) == [part(whole, arguments) for whole in lists]


async def test_statements_of_one_list(ask: Asker) -> None:
    """A list is one statement, whatever is asked of it; one of which nothing is asked is none."""
    for selection, count in (
        ("nodes { id }", 1), ("edges { cursor }", 1), ("totalCount", 1), (INFO, 1),
        (PAGE, 1), ("__typename", 0), ("pageInfo { __typename }", 1), ("nodes { __typename }", 1),
    ):  # fmt: skip
        answer = await both(ask, f"{{ tags(first: 3, offset: 2) {{ {selection} }} }}")
        assert (answer.errors, answer.statements, selection) == ([], count, selection)


async def test_the_same_list_twice_is_read_once(ask: Asker) -> None:
    """Aliases with equal arguments and equal needs share a statement; others do not."""
    answer = await both(ask, "{ a: tags(first: 2) { nodes { id } } b: tags(first: 2) { nodes { id } } }")
    assert (answer.statements, answer.data["a"]) == (1, answer.data["b"])
    answer = await both(ask, "{ a: tags(first: 2) { nodes { id } } b: tags(first: 3) { nodes { id } } }")
    assert (answer.statements, len(answer.data["a"]["nodes"]), len(answer.data["b"]["nodes"])) == (2, 2, 3)


async def test_empty_lists(ask_zoo: Asker) -> None:
    """A parent without rows has an empty page without cursors, by every way of asking."""
    query = f"query({VARIABLES}) {{ people {{ nodes {{ name list: reports({ARGUMENTS}) {{ {PAGE} }} }} }} }}"
    nothing = {
        "nodes": [], "edges": [], "totalCount": 0,
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }  # fmt: skip
    for arguments in ({}, {"first": 0}, {"last": 1}, {"offset": 1}, {"last": 0}):
        answer = await both(ask_zoo, query, **arguments)
        assert (answer.errors, answer.statements) == ([], 2)
        assert pages(answer.data)[1:] == [nothing, nothing]


PEOPLE = "nodes { name } pageInfo { hasNextPage hasPreviousPage }"


async def test_cursors_of_rows_that_are_gone(ask_zoo: Asker) -> None:
    """A cursor is a place, not a row: it is good before the first row, between rows and behind the last."""
    query = f"query({VARIABLES}) {{ list: people({ARGUMENTS}) {{ {PEOPLE} }} }}"
    first = (await ask_zoo("{ people(first: 1) { edges { cursor } } }")).data["people"]["edges"][0]
    order = json.loads(decode(first["cursor"]))[0]
    ahead, behind = (encode(json.dumps([order, number])) for number in ("0", "99"))
    cases: list[tuple[dict[str, Any], list[str], bool, bool]] = [
        ({"after": ahead}, ["Ada", "Bo", "Cy"], False, False),
        ({"after": behind}, [], False, True),
        ({"before": ahead}, [], True, False),
        ({"before": behind}, ["Ada", "Bo", "Cy"], False, False),
        ({"after": ahead, "first": 1, "offset": 1}, ["Bo"], True, True),
        ({"after": ahead, "offset": 5}, [], False, True),
        ({"after": ahead, "before": ahead, "offset": 1}, [], True, False),
        ({"before": ahead, "first": 1, "offset": 1}, [], True, False),
        ({"last": 1, "after": ahead}, ["Cy"], False, True),
        ({"last": 3, "after": ahead, "before": behind}, ["Ada", "Bo", "Cy"], False, False),
    ]
    for arguments, names, has_next, has_previous in cases:
        page = (await both(ask_zoo, query, **arguments)).data["list"]
        found = [node["name"] for node in page["nodes"]]
        assert (found, page["pageInfo"]) == (names, {"hasNextPage": has_next, "hasPreviousPage": has_previous}), (
            arguments
        )


async def test_counts_are_batched_and_need_no_rows(ask: Asker) -> None:
    """The count of each parent's list comes in one statement, with the rows or without them."""
    answer = await both(ask, "{ users(first: 50) { nodes { posts(first: 1) { totalCount } } } }")
    assert (answer.errors, answer.statements) == ([], 2)
    assert sum(user["posts"]["totalCount"] for user in answer.data["users"]["nodes"]) == 400


SIZES = "takes a whole number from 0 to 1000;"
NO_CURSOR = "is not a cursor; pass one as `cursor`, `startCursor` or `endCursor` gave it."
OTHER = (
    "the cursor belongs to another list or order; a cursor is good only for the list and the order that it came from."
)
NULL = encode('["Tag:+.id", null]')
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"first": -1}, f"Argument `first` {SIZES} -1 was given."),
    ({"first": 1001}, f"Argument `first` {SIZES} 1001 was given."),
    ({"last": -1}, f"Argument `last` {SIZES} -1 was given."),
    ({"last": 100000}, f"Argument `last` {SIZES} 100000 was given."),
    ({"first": 1, "last": 1}, "Arguments `first` and `last` do not go together; pass one of them."),
    ({"offset": -1}, "Argument `offset` takes a whole number from 0 on; -1 was given."),
    ({"offset": 1, "last": 1}, "Arguments `offset` and `last` do not go together; count from the start with `first`."),
    ({"after": "rubbish"}, f"Argument `after`: 'rubbish' {NO_CURSOR}"),
    ({"before": ""}, f"Argument `before`: '' {NO_CURSOR}"),
    ({"after": encode('["Comment:+.id", "1"]')}, f"Argument `after`: {OTHER}"),
    ({"before": NULL}, f"Argument `before`: '{NULL}' is not a cursor of this list."),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=[" ".join(case[0]) for case in REFUSED])
async def test_refusals(ask: Asker, arguments: dict[str, Any], message: str) -> None:
    """A page that cannot be given is refused by the field's own error, without a statement; others are answered."""
    answer = await ask(ROOT, **arguments)
    assert (answer.data, answer.errors, answer.paths, answer.statements) == (None, [message], [["list"]], 0)
    nested = await ask(NESTED, **arguments)
    assert nested.statements == 1
    assert nested.data is None


async def test_cursors_of_another_order(ask: Asker) -> None:
    """A cursor is good for its own list and order alone, also where both order by the same type of value."""
    given = (await ask("{ posts(first: 1, orderBy: [{viewCount: ASC}]) { edges { cursor } } }")).data
    cursor = given["posts"]["edges"][0]["cursor"]
    message = f"Argument `after`: {OTHER}"
    for field in ("posts", "posts(orderBy: [{viewCount: DESC}], ", "posts(orderBy: [{id: ASC}], ", "tags", "comments"):
        asked = field if "(" in field else f"{field}("
        answer = await ask(f'{{ {asked}after: "{cursor}") {{ nodes {{ id }} }} }}')
        assert (answer.errors, answer.statements) == ([message], 0)
