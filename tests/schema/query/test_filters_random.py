"""Random filters over random rows find what the rules in Python find."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.schema.query.conftest import RANDOM, SEED, Place
from tests.schema.query.rules import holds, id_of
from tests.schema.query.strategies import filters
from tests.schema.query.world import make_world

WORLD = make_world(SEED)
LISTS = {"Box": "boxes", "Item": "items", "Mark": "marks"}

Filters = list[dict[str, Any]]


def some(type_: str) -> st.SearchStrategy[Filters]:
    """Return a strategy for several filters of a type."""
    return st.lists(filters(WORLD, type_), min_size=1, max_size=6)


async def check(shop: Place, type_: str, asked: Filters) -> None:
    """Ask each filter in one document, and compare: the rows, and `totalCount`."""
    variables = ", ".join(f"$f{index}: {type_}Filter" for index in range(len(asked)))
    parts = [
        f"q{index}: {LISTS[type_]}(filter: $f{index}, first: 1000) {{ totalCount nodes {{ id }} }}"
        for index in range(len(asked))
    ]
    answer = await shop.ask(
        f"query({variables}) {{ {' '.join(parts)} }}", **{f"f{index}": one for index, one in enumerate(asked)}
    )
    assert answer.errors == []
    for index, one in enumerate(asked):
        found = answer.data[f"q{index}"]
        ids = [node["id"] for node in found["nodes"]]
        wanted = sorted(id_of(type_, row) for row in WORLD.rows[type_] if holds(type_, one, row))
        assert (sorted(ids), found["totalCount"]) == (wanted, len(ids)), one


@RANDOM
@given(asked=some("Box"))
async def test_boxes(shop: Place, asked: Filters) -> None:
    """A list of boxes has exactly the rows that its filter holds for."""
    await check(shop, "Box", asked)


@RANDOM
@given(asked=some("Item"))
async def test_items(shop: Place, asked: Filters) -> None:
    """A list of items has exactly the rows that its filter holds for."""
    await check(shop, "Item", asked)


@RANDOM
@given(asked=some("Mark"))
async def test_marks(shop: Place, asked: Filters) -> None:
    """A list of marks has exactly the rows that its filter holds for."""
    await check(shop, "Mark", asked)
