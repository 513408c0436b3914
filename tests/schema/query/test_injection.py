"""Hostile text, wherever a text can stand, does nothing but match text."""

import json
from typing import Any

import pytest

from schema.opaque import decode, encode
from tests.schema.conftest import Asker
from tests.schema.query.conftest import Place

HOSTILE = [
    "'; DROP TABLE posts; --",
    "' OR '1'='1",
    "\\'; SELECT pg_sleep(10); --",
    "$1",
    "%(title)s",
    ":title",
    "{0}",
    '"; --',
    "$$; DELETE FROM posts; $$",
    "a' UNION SELECT secret_hash FROM api_keys --",
    "\\",
    "%",
    "_",
    "E'\\x27'",
    "\u2028\u202e",
    "null",
    "posts.title",
    "'::regclass",
    ")) OR ((1=1",
]

QUERY = "query($f: PostFilter) { posts(filter: $f, first: 1000) { totalCount nodes { title } } }"


async def titles(ask: Asker) -> list[str]:
    """Return the titles of all posts."""
    answer = await ask(QUERY, f=None)
    return [node["title"] for node in answer.data["posts"]["nodes"]]


@pytest.mark.parametrize("text", HOSTILE)
async def test_filter_values(ask: Asker, text: str) -> None:
    """In every operator of text it is compared as it is."""
    known = await titles(ask)
    wanted = {
        "eq": [title for title in known if title == text],
        "in": [title for title in known if title == text],
        "contains": [title for title in known if text in title],
        "icontains": [title for title in known if text.lower() in title.lower()],
        "startsWith": [title for title in known if title.startswith(text)],
        "iendsWith": [title for title in known if title.lower().endswith(text.lower())],
    }
    for op, found in wanted.items():
        answer = await ask(QUERY, f={"title": {op: [text] if op == "in" else text}})
        assert (answer.errors, answer.statements) == ([], 1)
        assert sorted(node["title"] for node in answer.data["posts"]["nodes"]) == sorted(found), op


@pytest.mark.parametrize("text", HOSTILE)
async def test_search(ask: Asker, text: str) -> None:
    """A search takes any text, and finds no more than there is."""
    answer = await ask(QUERY, f={"search": text})
    assert (answer.errors, answer.statements) == ([], 1)
    assert answer.data["posts"]["totalCount"] <= 400


@pytest.mark.parametrize("text", HOSTILE)
async def test_json_paths_keys_and_values(shop: Place, text: str) -> None:
    """In JSON it is a key, a step of a path, or a text."""
    query = "query($f: BoxFilter) { boxes(filter: $f) { totalCount } }"
    for given in (
        {"hasKey": text},
        {"at": {"path": [text, text], "eq": text}},
        {"at": {"path": ["a", text], "gt": text}},
        {"contains": {text: text}},
        {"eq": [text]},
    ):
        answer = await shop.ask(query, f={"document": given})
        assert (answer.errors, answer.data) == ([], {"boxes": {"totalCount": 0}}), given
        assert answer.statements == 1


@pytest.mark.parametrize("text", HOSTILE)
async def test_arrays_and_own_filters(shop: Place, text: str) -> None:
    """In arrays, and in filters of a model's own, it is a value."""
    query = "query($f: BoxFilter) { boxes(filter: $f) { totalCount } }"
    wanted = sum(text in row["words"] for row in shop.world.rows["Box"])
    answer = await shop.ask(query, f={"words": {"hasAny": [text]}})
    assert (answer.errors, answer.data) == ([], {"boxes": {"totalCount": wanted}})
    wanted = sum(text in row["text"] for row in shop.world.rows["Box"])
    answer = await shop.ask(query, f={"hasLetter": text})
    assert (answer.errors, answer.data) == ([], {"boxes": {"totalCount": wanted}})


@pytest.mark.parametrize("text", HOSTILE)
async def test_aggregates(ask: Asker, text: str) -> None:
    """In a comparison with an aggregate it is a value."""
    given = {"commentsAggregate": {"max": {"body": {"eq": text}}, "filter": {"body": {"contains": text}}}}
    answer = await ask(QUERY, f=given)
    assert (answer.errors, answer.data["posts"]["totalCount"]) == ([], 0)


@pytest.mark.parametrize("text", HOSTILE)
async def test_cursors(ask: Asker, text: str) -> None:
    """A value in a cursor is a value; its order, and ids, are compared and not run."""
    query = "query($c: String) { posts(first: 1000, orderBy: [{title: ASC}], after: $c) { nodes { title } } }"
    one = await ask("{ posts(first: 1, orderBy: [{title: ASC}]) { pageInfo { endCursor } } }")
    order, *_ = json.loads(decode(one.data["posts"]["pageInfo"]["endCursor"]))
    answer = await ask(query, c=encode(json.dumps([order, text, "0"])))
    assert answer.errors == []
    assert {node["title"] for node in answer.data["posts"]["nodes"]} <= set(await titles(ask))
    for forged in (
        [order, "A", text],
        [text, "A", "0"],
        [f"{order}{text}", "A", "0"],
        [order, text],
        [order, [text], "0"],
    ):
        answer = await ask(query, c=encode(json.dumps(forged)))
        assert (len(answer.errors), answer.statements) == (1, 0), forged
        assert answer.errors[0].startswith("Argument `after`: "), forged


@pytest.mark.parametrize("text", HOSTILE)
async def test_ids(ask: Asker, shop: Place, text: str) -> None:
    """An id of hostile text is no id of a number; of a key that is text, it is one that nothing has."""
    answer = await ask(QUERY, f={"id": {"eq": encode(f"Post:{text}")}})
    assert (len(answer.errors), answer.statements) == (1, 0)
    answer = await ask(QUERY, f={"id": {"eq": encode(f"{text}:1")}})
    assert (len(answer.errors), answer.statements) == (1, 0)
    query = "query($i: ID!) { marks(filter: {id: {in: [$i]}}) { totalCount } mark(id: $i) { rank } }"
    answer = await shop.ask(query, i=encode(f"Mark:{text}"))
    assert (answer.errors, answer.data) == ([], {"marks": {"totalCount": 0}, "mark": None})


@pytest.mark.parametrize("text", HOSTILE)
async def test_words_of_the_language(ask: Asker, text: str) -> None:
    """Where a word of the schema is wanted, no other text passes."""
    posts = "{ posts(%s) { nodes { id } groups(by: $b) { aggregate { count } } } }"
    given: list[tuple[str, Any]] = [
        ("query($o: OrderDirection!, $b: [PostGroupBy!]!) " + posts % "orderBy: [{title: $o}]", {"o": text, "b": []}),
        ("query($o: [PostOrder!], $b: [PostGroupBy!]!) " + posts % "orderBy: $o", {"o": [{text: "ASC"}], "b": []}),
        ("query($f: PostFilter, $b: [PostGroupBy!]!) " + posts % "filter: $f", {"f": {text: {"eq": 1}}, "b": []}),
        ("query($f: PostFilter, $b: [PostGroupBy!]!) " + posts % "filter: $f", {"b": [text]}),
    ]
    for query, variables in given:
        answer = await ask(query, **variables)
        assert (answer.data, answer.statements) == (None, 0)
        assert len(answer.errors) >= 1
