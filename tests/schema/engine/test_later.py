"""Arguments whose variables stand for values alone are read once, and answer as if they were read each time."""

# ruff: noqa: E501 - a document stands on one line, as long as it is

from typing import Any

import pytest
from graphql import parse

from schema.context import Context
from schema.documents import to_document
from schema.engine.arguments import ArgumentReader
from schema.opaque import encode
from tests.schema.conftest import READER, Asker
from tests.schema.engine.ground import both_ways, ground_of

FIRST, SECOND = encode("Category:1"), encode("Category:2")
NO_CURSOR = "eyJ"

ONCE = [
    ("query ($id: ID!) { user(id: $id) { name } }", [{"id": encode("User:1")}, {"id": encode("User:2")}, {"id": "x"}]),
    ("query ($slug: String!) { tagBySlug(slug: $slug) { name } }", [{"slug": "sql"}, {"slug": "-"}, {"slug": "a\0"}]),
    ("query ($n: Int) { posts(first: $n) { nodes { id } } }", [{"n": 1}, {"n": 3}, {"n": -1}, {"n": 100_000}]),
    ("query ($n: Int = 2, $o: Int) { posts(first: $n, offset: $o) { nodes { id } } }", [{"o": 0}, {"o": 5}, {"n": 1, "o": -1}]),
    ("query ($a: String) { posts(first: 2, after: $a) { nodes { id } } }", [{"a": NO_CURSOR}]),
    ("query ($c: ID!) { posts(first: 2, filter: {category: {id: {eq: $c}}, draft: {eq: false}}) { totalCount nodes { id } } }", [{"c": FIRST}, {"c": SECOND}, {"c": "no"}]),
    ("query ($c: ID!) { posts(first: 2, filter: {category: {id: {ne: $c}}}) { totalCount } }", [{"c": FIRST}]),
    ("query ($v: [Int!]) { posts(first: 2, filter: {viewCount: {in: $v}}) { totalCount } }", [{"v": [1, 2, 3]}, {"v": []}, {"v": 7}]),
    ("query ($t: String, $s: String) { posts(first: 2, filter: {or: [{title: {icontains: $t}}, {search: $s}]}) { totalCount nodes { title } } }", [{"t": "a%", "s": "how"}, {"t": "", "s": "x" * 1001}]),
    ("query ($n: Int) { posts(first: 2, filter: {commentsCount: {gt: $n}, tags: {some: {postsAggregate: {max: {viewCount: {gt: $n}}}}}}) { totalCount } }", [{"n": 1}, {"n": 1_000_000}]),
    ("query ($n: Int) { users(first: 3) { nodes { posts(first: $n) { nodes { id } } } } }", [{"n": 1}, {"n": 2}]),
]  # fmt: skip
"""Documents, and values under which they are read once."""

EACH = [
    ("query ($n: Int) { posts(first: $n) { nodes { id } } }", [{}, {"n": None}]),
    ("query ($f: PostFilter) { posts(first: 2, filter: $f) { totalCount } }", [{"f": {"draft": {"eq": True}}}, {"f": {}}]),
    ("query ($e: Boolean) { posts(first: 2, filter: {category: {slug: {eq: \"x\"}}, description: {isNull: $e}}) { totalCount } }", [{"e": True}, {"e": False}]),
    ("query ($e: Boolean) { posts(first: 2, filter: {categoryIsNull: $e}) { totalCount } }", [{"e": True}, {"e": False}]),
    ("query ($b: [Int!]) { posts(first: 2, filter: {viewCount: {between: $b}}) { totalCount } }", [{"b": [1, 90]}, {"b": [1]}]),
    ("query ($i: [ID!]) { posts(first: 2, filter: {id: {in: $i}}) { totalCount } }", [{"i": [encode("Post:1")]}, {"i": [encode("Post:1"), encode("Post:2")]}]),
    ("query ($i: ID!) { posts(first: 2, filter: {category: {id: {in: [$i]}}}) { totalCount } }", [{"i": FIRST}]),
    ("query ($d: OrderDirection!) { posts(first: 2, orderBy: [{title: $d}]) { nodes { id } } }", [{"d": "ASC"}, {"d": "DESC"}]),
    ("query ($n: Int) { posts { groups(by: [DRAFT], first: $n) { aggregate { count } } } }", [{"n": 1}]),
    ("query ($id: ID!) { node(id: $id) { id } }", [{"id": encode("User:1")}, {"id": encode("Post:1")}]),
]  # fmt: skip
"""Documents, and values under which they are read in each request."""


async def reads(ask: Asker, text: str, tried: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how often arguments are read after a first request, having seen that both ways answer alike."""
    document, count = to_document(parse(text)), 0
    read = ArgumentReader.read

    def counted(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        return read(*arguments)

    for given in tried:
        assert await both_ways(ground_of(ask), text, given) in ("engine", "refused")
    for number, given in enumerate([tried[0], *tried]):
        context = Context(READER, ask.database, ask.schema.new_loaders(ask, READER), "test")
        await ask.schema.answer(document, operation_name=None, variables=given, context=context)
        if number == 0:
            monkeypatch.setattr(ArgumentReader, "read", counted)
    return count


@pytest.mark.parametrize(("text", "tried"), ONCE, ids=[text for text, _ in ONCE])
async def test_read_once(ask: Asker, text: str, tried: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Values change what is bound, or are refused, and nothing else."""
    assert await reads(ask, text, tried, monkeypatch) == 0


@pytest.mark.parametrize(("text", "tried"), EACH, ids=[text for text, _ in EACH])
async def test_read_each_time(
    ask: Asker, text: str, tried: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is null, left out, or decides the statement is read in each request."""
    assert await reads(ask, text, tried, monkeypatch) == len(tried)


async def test_a_cursor(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cursor is a value where the order has no nulls; where it has, it decides the statement."""
    for order, count in (
        ("", 0),
        (", orderBy: [{title: ASC}, {viewCount: DESC}]", 0),
        (", orderBy: [{publishedAt: ASC}]", 2),
    ):
        page = await ask(f"{{ posts(first: 4{order}) {{ edges {{ cursor }} }} }}")
        cursors = [edge["cursor"] for edge in page.data["posts"]["edges"]]
        text = f"query ($a: String) {{ posts(first: 2, after: $a{order}) {{ nodes {{ id }} }} }}"
        with monkeypatch.context() as patch:
            assert await reads(ask, text, [{"a": cursors[0]}, {"a": cursors[3]}], patch) == count
