"""Answers of many values are measured in PostgreSQL, and those that are too large do not leave it."""

import orjson
import pytest
from graphql import parse

from schema.build import build_graph_schema
from schema.context import Context
from schema.documents import to_document
from schema.errors import LimitError
from schema.execution import FEW_VALUES
from tests.schema.conftest import READER, Asker

MANY = "{ " + " ".join(f"a{n}: posts(first: 400) {{ nodes {{ id title body }} }}" for n in range(10)) + " }"


async def answer(ask: Asker, query: str, largest: int | None) -> bytes:
    """Return what the engine answers with."""
    schema = build_graph_schema(largest_answer=largest)
    context = Context(READER, ask.database, schema.new_loaders(ask, READER), "test")
    answered = await schema.answer(to_document(parse(query)), operation_name=None, variables=None, context=context)
    assert answered.data is not None
    return answered.data


async def test_measured_or_not_it_is_the_same(ask: Asker) -> None:
    """An answer that is measured is the same, byte for byte."""
    plain = await answer(ask, MANY, None)
    assert len(orjson.loads(plain)["a9"]["nodes"]) == 400
    assert await answer(ask, MANY, 50_000_000) == plain


async def test_too_large(ask: Asker) -> None:
    """One that is too large is refused with advice; one of few values is not even measured."""
    with pytest.raises(LimitError, match=r"^The answer has more than 100,000 bytes\. Ask for fewer fields"):
        await answer(ask, MANY, 100_000)
    assert len(await answer(ask, "{ posts(first: 400) { nodes { id title body } } }", 1_000)) > 1_000
    assert FEW_VALUES >= 400 * 3
