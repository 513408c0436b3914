"""Operations that are ready: what is asked again with other values is answered at once, and as it was step by step."""

from typing import Any

import orjson
import pytest

from schema.build import GraphSchema, build_graph_schema
from schema.context import Context
from schema.documents import Document, Documents
from schema.errors import StatementFailedError, UnavailableError
from schema.opaque import encode
from schema.principal import Principal
from schema.ready import Prices, ready_for
from tests.schema.conftest import READER, Asker

USER = "query U($id: ID!) { user(id: $id) { id name } }"
PAGE = "query P($first: Int!) { posts(first: $first) { nodes { title } } }"


class Asked:
    """A document that is asked step by step, or at once."""

    def __init__(self, asker: Asker, text: str, schema: GraphSchema | None = None) -> None:
        self.asker, self.schema = asker, schema or asker.schema
        self.document: Document = Documents(self.schema.core).get(text)
        self.name = next(iter(self.document.operations)) or None
        self.charged: list[int] = []

    def charge(self, rows: int) -> None:
        """Note what is counted."""
        self.charged.append(rows)

    async def step_by_step(self, principal: Principal = READER, **variables: Any) -> Any:
        """Return what is answered when everything is worked out."""
        context = Context(principal, self.asker.database, self.schema.new_loaders(self.asker, principal), "test")
        context.charge = self.charge
        return await self.schema.answer(self.document, operation_name=self.name, variables=variables, context=context)

    async def at_once(self, principal: Principal = READER, **variables: Any) -> bytes | None:
        """Return what is answered where nothing but values is left to find."""
        ready = ready_for(self.document, self.name, self.schema.sights.of(principal))
        if ready is None:
            return None
        identity = self.schema.sights.identity(principal)
        return await self.schema.executor.at_once(ready, variables, identity, self.asker.database, self.charge)


def user(key: int) -> str:
    """Return the id of a user."""
    return encode(f"User:{key}")


async def test_other_values(ask: Asker) -> None:
    """The first request makes it ready; others get the same bytes at once, and what they cost is counted."""
    asked = Asked(ask, USER)
    assert await asked.at_once(id=user(1)) is None
    await asked.step_by_step(id=user(1))
    for key in (1, 2, 3, 999_999):
        expected = (await asked.step_by_step(id=user(key))).data
        assert await asked.at_once(id=user(key)) == expected
    assert asked.charged == [1] * 9


@pytest.mark.parametrize("wrong", [{}, {"id": None}, {"id": 5}, {"id": ["x"]}, {"id": "nonsense"}, {"id": "VGFnOjE="}])
async def test_what_is_not_plain(ask: Asker, wrong: dict[str, Any]) -> None:
    """A value that is missing, of another type or wrong is left to who can say what is wrong; nothing is counted."""
    asked = Asked(ask, USER)
    await asked.step_by_step(id=user(1))
    asked.charged.clear()
    assert await asked.at_once(**wrong) is None
    assert not asked.charged


async def test_each_size_has_its_price(ask: Asker) -> None:
    """A page of another size is worked out once, as its cost may be too high; the next one is counted by its size."""
    asked = Asked(ask, PAGE, build_graph_schema(largest_cost=20))
    await asked.step_by_step(first=5)
    assert await asked.at_once(first=6) is None
    assert "accepted" in (await asked.step_by_step(first=21)).result.errors[0].message
    assert await asked.at_once(first=21) is None
    await asked.step_by_step(first=6)
    asked.charged.clear()
    data = await asked.at_once(first=6)
    assert data is not None
    assert (len(orjson.loads(data)["posts"]["nodes"]), asked.charged) == (6, [6])


async def test_prices_of_all_operations_are_bounded(ask: Asker) -> None:
    """Whoever asks for pages of ever other sizes fills no memory: the first prices go, and are found out again."""
    asked = [Asked(ask, PAGE), Asked(ask, PAGE.replace("P(", "Other("))]
    executor = asked[0].schema.executor
    before, executor._prices = executor._prices, Prices(3)
    try:
        for size in (1, 2):
            for each in asked:
                await each.step_by_step(first=size)
        assert [await each.at_once(first=1) is None for each in asked] == [True, False]
        await asked[0].step_by_step(first=1)
        assert [await each.at_once(first=1) is None for each in asked] == [False, True]
        assert [await each.at_once(first=2) is None for each in asked] == [False, False]
        await asked[0].step_by_step(first=1)
        assert len(executor._prices._kept_in) == 3
    finally:
        executor._prices = before


async def test_who_sees_something_else(ask: Asker) -> None:
    """What is ready for one caller is not for another who sees something else, and drafts stay where they are."""
    asked = Asked(ask, "query P($n: Int!) { posts(last: $n) { totalCount } }")
    stranger = Principal(scopes=frozenset({"read"}))
    await asked.step_by_step(n=1)
    assert await asked.at_once(stranger, n=1) is None
    await asked.step_by_step(stranger, n=1)
    mine, theirs = await asked.at_once(n=1), await asked.at_once(stranger, n=1)
    assert mine == (await asked.step_by_step(n=1)).data
    assert theirs == (await asked.step_by_step(stranger, n=1)).data
    assert mine != theirs


async def test_a_rule_that_looks_at_who_asks(ask: Asker) -> None:
    """Two callers of the same scopes share what is ready, and each sees its own."""
    asked = Asked(ask, "query D($n: Int!) { posts(first: $n, filter: {draft: {eq: true}}) { totalCount } }")
    found = set()
    for user_id in range(1, 6):
        caller = Principal(user_id=user_id, scopes=frozenset({"read"}))
        expected = (await asked.step_by_step(caller, n=1)).data
        assert await asked.at_once(caller, n=1) == expected
        found.add(expected)
    assert len(found) > 1


@pytest.mark.parametrize(
    "text",
    [
        "query ($id: ID!, $more: Boolean!) { user(id: $id) { id name @include(if: $more) } }",
        "query ($id: ID!) { user(id: $id) { posts(first: 2) { nodes { readingMinutes } } } }",
        "query ($id: ID!) { siteStatistics { users } user(id: $id) { id } }",
        "query ($id: ID!, $by: [PostOrder!]) { user(id: $id) { posts(orderBy: $by) { nodes { id } } } }",
    ],
)
async def test_what_is_never_ready(ask: Asker, text: str) -> None:
    """Where a variable decides what is selected, or Python has a part in the answer, it is worked out each time."""
    asked = Asked(ask, text)
    for _ in range(2):
        await asked.step_by_step(id=user(1), more=True)
        assert await asked.at_once(id=user(1), more=True) is None


async def test_nothing_counts_for_more_than_can_be_had(ask: Asker) -> None:
    """Who may never have so much is told so step by step; who may later is told at once."""
    asked = Asked(ask, USER)
    await asked.step_by_step(id=user(1))

    def refuse(_rows: int) -> None:
        raise UnavailableError("later")

    asked.charge = refuse  # type: ignore[method-assign]  # as a budget that is used up
    with pytest.raises(UnavailableError):
        await asked.at_once(id=user(1))


async def test_a_statement_that_fails(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said that it failed, so that what it costs is not counted again."""
    asked = Asked(ask, USER)
    await asked.step_by_step(id=user(1))

    async def fail(*_: Any) -> bytes:
        raise StatementFailedError("no")

    monkeypatch.setattr(ask.database, "fetch_bytes", fail)
    with pytest.raises(StatementFailedError):
        await asked.at_once(id=user(1))
    assert asked.charged == [1, 1]
