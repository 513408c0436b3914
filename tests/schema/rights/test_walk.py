"""Every way to a row or a value, one by one: under rules each leads as far as in a copy without what is hidden.

The ways are written by `walk` from the schema itself, so a new field is a new way.
"""

from random import Random
from typing import Any

import pytest

from schema.build import GraphSchema
from schema.opaque import encode
from tests.conftest import drawn
from tests.schema.rights.conftest import CALLERS, Houses, rows
from tests.schema.rights.walk import Walk

CASES = 33
"""Documents for each caller; all callers together come by all of them."""

ROWS = {model: found for model, found in rows(Random(5)).items() if isinstance(model, type)}  # noqa: S311 - the same in each run
IDS = [encode(f"{model.__name__}:{row['id']}") for model, found in ROWS.items() for row in found]
VALUES: dict[tuple[str, str], list[Any]] = {
    (model.__name__, attribute): [row[attribute] for row in found]
    for model, found in ROWS.items()
    for attribute in found[0]
}


@pytest.fixture(scope="session")
def paths(house_graph: GraphSchema) -> dict[str, str]:
    """Documents by name."""
    walk = Walk(house_graph.core, house_graph.graph, IDS)
    return dict(walk.documents()) | {"by_unique": walk.by_unique(VALUES)}


@pytest.mark.parametrize("caller", CALLERS)
async def test_leads_as_far(houses: Houses, paths: dict[str, str], caller: str) -> None:
    """Whoever asks, by the engine and by the loaders in turn; of so many ways, each caller goes some."""
    turn = list(CALLERS).index(caller)
    mixed = Random(1).sample(sorted(paths), len(paths))  # noqa: S311 - the same in each run
    chosen = mixed[turn :: len(CALLERS)][: drawn(CASES)]
    for number, path in enumerate(chosen):
        expected = await houses.ask(houses.context_of_copy(caller), paths[path])
        assert expected[1] == [], path
        found = await houses.ask(houses.context(caller, is_refused=False), paths[path], by_engine=bool(number % 2))
        assert found == expected, path


def test_all_are_gone_by(paths: dict[str, str]) -> None:
    """Where all cases are drawn, no document is left out."""
    assert len(paths) <= CASES * len(CALLERS)


def test_every_place_is_walked(house_graph: GraphSchema, paths: dict[str, str]) -> None:
    """Each field of the house, and each member of its filters, orders and groups, stands in some document."""
    whole = " ".join(paths.values())
    for type_ in house_graph.graph.types.values():
        missed = [name for name in (*type_.order, type_.singular, type_.plural) if f"{name} " not in whole + " "]
        assert [name for name in missed if f"{name}(" not in whole and f"{name}:" not in whole] == []
