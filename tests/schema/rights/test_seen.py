"""Under rules, a caller is answered as if what it may not see had never been there.

The proof is a copy of the database from which all that is gone: whatever is asked of the whole database under rules
must have the answer that the copy gives without any. Documents are random, so that they come by every path.
"""

from random import Random
from typing import Any

import pytest
from graphql import parse, validate

from schema.build import GraphSchema
from schema.opaque import encode
from tests.conftest import drawn
from tests.schema.engine.documents import Writer
from tests.schema.rights.conftest import CALLERS, Houses

CASES = drawn(75)
"""Documents for each caller."""

IDS = [
    encode(f"{name}:{key}")
    for name, keys in {
        "Member": range(1, 5),
        "Note": range(1, 12),
        "Remark": range(1, 12),
        "Label": (1, 3),
        "Vault": (1,),
    }.items()
    for key in keys
]


@pytest.fixture(scope="session")
def asked(house_graph: GraphSchema) -> list[tuple[str, dict[str, Any]]]:
    """Random documents that are valid, and their variables."""
    writers = [Writer(house_graph.core, house_graph.graph, Random(seed), IDS, frozenset()) for seed in range(CASES)]  # noqa: S311 - the same in each run
    written = [(writer.document(), writer.variables) for writer in writers]
    return [(text, variables) for text, variables in written if not validate(house_graph.core, parse(text))]


@pytest.mark.parametrize("caller", CALLERS)
async def test_as_if_it_had_never_been_there(
    houses: Houses, asked: list[tuple[str, dict[str, Any]]], caller: str
) -> None:
    """By the engine and by the loaders, of every list, row, filter, order, aggregate and group."""
    same = 0
    for text, variables in asked:
        expected = await houses.ask(houses.context_of_copy(caller), text, **variables)
        for by_engine in (True, False):
            context = houses.context(caller, is_refused=False)
            assert await houses.ask(context, text, by_engine=by_engine, **variables) == expected, (
                caller,
                text,
                variables,
                by_engine,
            )
        same += not expected[1]
    assert same > CASES / 2
