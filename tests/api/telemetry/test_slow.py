"""Slow operations: told of once, with a plan, and without a value of the client's."""

from collections.abc import AsyncIterator

import pytest

from tests.api.served import Served, serving

QUERY = "query Search($text: String!) { posts(filter: {title: {icontains: $text}}) { nodes { title } } }"


@pytest.fixture(scope="module")
async def slow(content_url: str) -> AsyncIterator[Served]:
    """A server to which every operation is slow."""
    async with serving(content_url, slow_seconds=0.000001) as served:
        yield served


async def test_told_with_its_plan(slow: Served) -> None:
    """The line names the operation, its slowest statement, and PostgreSQL's plan; the client's value is nowhere."""
    slow.take_log()
    for text in ("rose-4711", "frost-4712"):
        await slow.ask(QUERY, variables={"text": text})
    lines = await slow.logged(3)
    (told,) = [line for line in lines if line["event"] == "slow operation"]
    assert (told["operation"], told["way"], told["statements"], told["level"]) == ("Search", "engine", 1, "warning")
    assert told["sql"].startswith("SELECT ")
    assert '"Node Type"' in told["plan"]
    assert not any(word in slow.stream.getvalue() for word in ("rose", "frost"))


async def test_of_the_loaders(slow: Served) -> None:
    """A statement that SQLAlchemy ran is told of in the same way."""
    slow.take_log()
    await slow.ask("query Counts { siteStatistics { users drafts } }")
    (told,) = [line for line in await slow.logged(2) if line["event"] == "slow operation"]
    assert told["way"] == "loaders"
    assert told["sql"].startswith("SELECT")
    assert '"Node Type"' in told["plan"]


async def test_what_is_fast_is_not_told_of(web: Served) -> None:
    """By default an operation has a second."""
    await web.ask(QUERY, variables={"text": "rose"})
    assert [line["event"] for line in await web.logged()] == ["request"]
