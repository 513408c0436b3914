"""Every way to a row or a value, one by one: under rules each leads as far as in a copy without what is hidden."""

from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse, print_ast

from schema.opaque import encode
from tests.schema.rights.conftest import CALLERS, Houses

NOTES = [encode(f"Note:{key}") for key in range(1, 41)]
REMARKS = [encode(f"Remark:{key}") for key in range(1, 81)]
IDS = ", ".join(f'"{each}"' for each in NOTES)
ONE_BY_ONE = " ".join(f'n{index}: note(id: "{each}") {{ title text }}' for index, each in enumerate(NOTES))
FAVOURITES = " ".join(
    f'm{key}: members(filter: {{favourite: {{id: {{eq: "{encode(f"Note:{key}")}"}}}}}}) {{ totalCount }}'
    for key in range(4, 33, 4)
)
ANSWERED = " ".join(
    f'r{index}: remarks(filter: {{answered: {{id: {{in: ["{each}"]}}}}}}) {{ totalCount }}'
    for index, each in enumerate(REMARKS[:30])
)
MAILS = " ".join(
    f'm{word}{key}: memberByEmail(email: "{word}{key}@example.org") {{ name email }}'
    for word in ("sql", "Garden", "the", "compost", "frost")
    for key in range(1, 9)
)

PATHS = {
    "RowsById": f"{{ {ONE_BY_ONE} }}",
    "RowsByNode": f"{{ nodes(ids: [{IDS}]) {{ id ... on Note {{ title text isLong }} }} }}",
    "RowsByUniqueKey": f"{{ {MAILS} }}",
    "FilterByWhatARowHolds": f"{{ {FAVOURITES} {ANSWERED} }}",
} | {
    str(definition.name.value): print_ast(definition)
    for definition in parse(Path(__file__).with_name("paths.graphql").read_text(encoding="utf-8")).definitions
    if isinstance(definition, OperationDefinitionNode) and definition.name
}
"""Documents by name."""


@pytest.mark.parametrize("by_engine", [True, False], ids=["engine", "loaders"])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("path", PATHS)
async def test_leads_as_far(houses: Houses, path: str, caller: str, by_engine: bool) -> None:
    """Whoever asks."""
    expected = await houses.ask_copy(caller, PATHS[path])
    assert expected[1] == []
    found = await houses.ask(houses.context(caller, is_refused=False), PATHS[path], by_engine=by_engine)
    assert found == expected


@pytest.mark.parametrize("path", PATHS)
async def test_hides_something(houses: Houses, path: str) -> None:
    """Each path leads further without rules: the test above has something to find."""
    whole = houses.context("nobody")
    whole.loaders = type(whole.loaders)(houses.schema.sights.whole, None, houses.schema.records, houses.whole)
    assert await houses.ask(whole, PATHS[path]) != await houses.ask(
        houses.context("nobody", is_refused=False), PATHS[path]
    )
