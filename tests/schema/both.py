"""Asks a graph by both ways: resolvers and loaders, which are the reference, and the engine."""

from functools import cache
from typing import Any

import orjson
from graphql import parse

from schema.context import Context
from schema.documents import Document, to_document
from tests.schema.conftest import READER, Answer, Asker


@cache
def _document(query: str) -> Document:
    return to_document(parse(query))


async def both(ask: Asker, query: str, **variables: Any) -> Answer:
    """Return what resolvers and loaders answer, having seen that the engine answers the same, where it answers."""
    answer = await ask(query, **variables)
    if not answer.errors:
        context = Context(READER, ask.database, ask.schema.new_loaders(ask, READER), "test")
        found = await ask.schema.answer(_document(query), operation_name=None, variables=variables, context=context)
        if found.data is not None:
            assert orjson.dumps(orjson.loads(found.data)) == orjson.dumps(answer.data), (query, variables)
    return answer
