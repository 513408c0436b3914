"""The engine and the loaders give the same answer, byte for byte, whatever is asked."""

from random import Random
from typing import Any

import orjson
import pytest
from graphql import get_variable_values, parse, validate
from graphql.execution.values import VariableValues

from schema.context import Context
from schema.documents import to_document
from schema.engine import Engine
from schema.errors import StatementFailedError
from schema.opaque import encode
from tests.conftest import drawn
from tests.schema.conftest import READER, Asker
from tests.schema.engine.documents import Writer

CASES = drawn(360)
"""Documents a run and graph, each with up to three root fields."""

DEFAULT_IDS = [
    encode(f"{name}:{key}") for name in ("User", "Post", "Tag", "Category", "Comment") for key in (1, 7, 9999)
]
ZOO_IDS = [
    encode(text)
    for text in (
        "Specimen:1", "Specimen:2", "Order:6fa459ea-ee8a-4ca4-894e-db77e160355e", "Label:a:b/c", "Person:1", "Team:2",
        "Match:1",
        'Line:["6fa459ea-ee8a-4ca4-894e-db77e160355e", "2"]', 'Membership:["1", "2"]', "Passport:2", "Note:4",
    )
]  # fmt: skip
ELSEWHERE = frozenset({"Query.siteStatistics", "Query.featuredPosts"})
"""What goes to the resolvers, whoever asks."""


async def both_ways(asker: Asker, engine: Engine, text: str, variables: dict[str, Any]) -> str:
    """Run a document by loaders and by the engine and compare; return which ways there were."""
    node = parse(text)
    if errors := validate(asker.schema.core, node):
        assert all("conflict" in error.message for error in errors), (text, errors)
        return "conflicting"  # fragments on two types of an interface have the same alias for different fields
    document = to_document(node)
    operation = document.operation(None)
    coerced = get_variable_values(asker.schema.core, operation.variable_definitions or (), variables)
    assert isinstance(coerced, VariableValues), (text, variables, coerced)
    context = Context(READER, asker.database, asker.schema.new_loaders(asker.database, READER), "test")
    result = await asker.schema.execute(node, operation_name=None, variables=variables, context=context)
    compiled = engine.compile(document, operation, coerced, asker.schema.sights.whole, {})
    if compiled is None:
        return "refused" if result.errors else "uncompiled"
    try:
        data = await asker.database.fetch_bytes(compiled.statement.sql, compiled.arguments)
    except StatementFailedError:  # both ways meet the same fault, such as an overflow, and the loaders tell of it
        assert result.errors, (text, variables)
        return "failed"
    if compiled.own:
        filled = await engine.fill(data, compiled, coerced)
        assert (filled is None) == bool(result.errors), (text, variables, result.errors)
        if filled is None:
            return "failed"
        data = filled
    assert result.errors is None, (text, variables, result.errors)
    expected = orjson.dumps(result.data)
    assert data == expected, (text, variables)
    return "same"


async def run(asker: Asker, ids: list[str], seeds: range) -> dict[str, int]:
    """Compare as many documents as there are seeds; return how many went which way."""
    engine = asker.schema.engine
    assert engine is not None
    counts: dict[str, int] = {}
    for seed in seeds:
        writer = Writer(asker.schema.core, asker.schema.graph, Random(seed), ids, ELSEWHERE)  # noqa: S311 - the same in each run
        way = await both_ways(asker, engine, writer.document(), writer.variables)
        counts[way] = counts.get(way, 0) + 1
    return counts


@pytest.mark.parametrize("part", range(4))
async def test_the_default_graph(ask: Asker, part: int) -> None:
    """Random documents over demo content; nearly all are compiled."""
    counts = await run(ask, DEFAULT_IDS, range(part * CASES // 4, (part + 1) * CASES // 4))
    assert counts["same"] > 0.7 * sum(counts.values()), counts


@pytest.mark.parametrize("part", range(4))
async def test_the_zoo(ask_zoo: Asker, part: int) -> None:
    """Random documents over every type of column, key and relation."""
    counts = await run(ask_zoo, ZOO_IDS, range(10_000 + part * CASES // 4, 10_000 + (part + 1) * CASES // 4))
    assert counts["same"] > 0.6 * sum(counts.values()), counts
