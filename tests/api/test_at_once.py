"""What is asked again with other values is answered at once, as a client and the log see it."""

from pathlib import Path
from typing import Any

import pytest

from api.graphql.at_once import AtOnce
from schema.documents import hash_of
from schema.errors import StatementFailedError
from tests.api.served import Served, serving

QUERY = "query Q($n: Int!) { posts(first: $n) { nodes { title } } }"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request that might be was answered at once."""
    found: list[bool] = []
    answer = AtOnce.answer

    async def noted(self: AtOnce, *arguments: Any) -> Any:
        given = await answer(self, *arguments)
        found.append(given is not None)
        return given

    monkeypatch.setattr(AtOnce, "answer", noted)
    return found


async def test_both_answer_alike(web: Served, at_once: list[bool]) -> None:
    """Status, headers, bytes and log line are those of an answer that was worked out step by step."""
    web.take_log()
    text = QUERY.replace("Q(", "Alike(")
    answers = [await web.ask(text, variables={"n": 3}) for _ in range(3)]
    assert at_once == [False, True, True]
    changing = ("date", "x-request-id")
    said = [[item for item in each.headers.items() if item[0] not in changing] for each in answers]
    assert said[0] == said[1] == said[2]
    assert len({each.content for each in answers}) == 1
    lines = [{**line, "ms": 0, "timestamp": 0, "request_id": 0} for line in await web.logged(3)]
    assert lines[0] == lines[1] == lines[2]
    assert (lines[1]["operation"], lines[1]["way"], lines[1]["statements"]) == ("Alike", "engine", 1)


@pytest.mark.parametrize(
    "more",
    [
        {"headers": {"X-Achene-Report": "cost"}},
        {"headers": {"Idempotency-Key": "once"}},
        {"variables": {"n": "three"}},
        {"variables": {}},
        {"variables": None},
        {"operationName": "Other"},
        {"variables": {"n": 10_000}},
    ],
)
async def test_what_is_not(web: Served, at_once: list[bool], more: dict[str, Any]) -> None:
    """What asks for more than data, or is wrong, is answered as if nothing was ready."""
    text = QUERY.replace("Q(", f"Not{abs(hash(str(more)))}(")
    first = await web.ask(text, **({"variables": {"n": 3}} | more))
    await web.ask(text, variables={"n": 3})
    await web.ask(text, variables={"n": 3})
    assert at_once[-1]
    at_once.clear()
    second = await web.ask(text, **({"variables": {"n": 3}} | more))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert True not in at_once


async def test_a_batch(content_url: str, at_once: list[bool]) -> None:
    """Operations of a batch are answered one after the other, and none of them so."""
    async with serving(content_url, most_batched=3) as web:
        batch = [{"query": QUERY, "variables": {"n": 3}}] * 2
        first, second = [await web.client.post("/graphql", json=batch) for _ in range(2)]
    assert (first.status_code, first.json()) == (200, second.json())
    assert not at_once


@pytest.mark.parametrize("settings", [{"response_cache_bytes": 1_000_000}, {"row_level_security": True}])
async def test_where_more_decides(content_url: str, at_once: list[bool], settings: dict[str, Any]) -> None:
    """Where answers are kept, or the database has rules of its own, nothing is answered at once."""
    async with serving(content_url, **settings) as web:
        answers = [await web.ask(QUERY, variables={"n": 3}) for _ in range(3)]
    assert {each.status_code for each in answers} == {200}
    assert at_once == [False] * 3


async def test_saved_operations_only(content_url: str, at_once: list[bool]) -> None:
    """A text that is not saved is refused as often as it comes."""
    async with serving(content_url, only_saved_operations=True, anonymous_scopes=("read",)) as web:
        answers = [await web.ask(QUERY, variables={"n": 3}) for _ in range(2)]
    assert {each.json()["errors"][0]["extensions"]["code"] for each in answers} == {"OPERATION_NOT_SAVED"}
    assert at_once == [False] * 2


async def test_saved_operations_by_their_id(content_url: str, at_once: list[bool], tmp_path: Path) -> None:
    """A client that calls a saved operation by its id is answered at once, where nothing else is run as well."""
    (tmp_path / "q.graphql").write_text(QUERY)
    settings = {"only_saved_operations": True, "operations": (str(tmp_path),)}
    async with serving(content_url, **settings) as web:
        id_ = hash_of(QUERY)
        asked = [
            {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": id_}}},
            {"documentId": id_},
            {"id": "Q"},
        ]
        answers = [await web.client.post("/graphql", json=each | {"variables": {"n": 3}}) for each in asked * 2]
    assert {each.status_code for each in answers} == {200}
    assert at_once[3:] == [True] * 3


async def test_a_failure_is_counted_once(content_url: str, at_once: list[bool], monkeypatch: Any) -> None:
    """Where the statement fails the resolvers answer, and the cost is not counted again."""
    async with serving(content_url, rate_cost="100/minute") as web:
        for _ in range(2):
            answer = await web.ask(QUERY, variables={"n": 3})

        async def fail(*_: Any, **__: Any) -> bytes:
            raise StatementFailedError("no")

        monkeypatch.setattr(web.app.state.parts.database, "fetch_bytes", fail)
        last = await web.ask(QUERY, variables={"n": 3})
    assert last.json() == answer.json()
    left = [int(each.headers["ratelimit"].partition(";r=")[2].partition(";")[0]) for each in (answer, last)]
    assert left[0] - left[1] == 3
