"""Documents on which the two ways once differed, or failed, and those that random ones do not reach."""

# ruff: noqa: E501 - a document stands on one line, as long as it is

import asyncio
from typing import Any

import pytest
from graphql import get_variable_values, parse
from graphql.execution.values import VariableValues

from api.data.database import Database
from api.settings import Settings
from schema.documents import to_document
from schema.engine.engine import Engine
from schema.errors import LimitError, StatementFailedError, UnavailableError
from tests.schema.conftest import Asker
from tests.schema.engine.ground import both_ways, ground_of

AUTHORS = (
    "posts(first: 4) { nodes { author { posts(first: 2) { nodes { title comments(first: 1) { nodes { id } } } } } } }"
)
COMPARED = [
    (f"{{ {AUTHORS} }}", {}, "engine"),
    ("{ tags(first: 3) { nodes { posts(first: 2) { nodes { tags(first: 2) { totalCount nodes { name } } } } } } }", {}, "engine"),
    ('{ post(id: "UG9zdDox") { author { posts(last: 2) { pageInfo { hasNextPage hasPreviousPage } nodes { id } } } } }', {}, "engine"),
    ("{ posts(first: 3) { groups(by: [AUTHOR], first: 2) { keys { author { name posts(first: 1) { nodes { id } } } } } } }", {}, "engine"),
    (f"{{ {AUTHORS.replace('nodes { author', 'groups(by: [DRAFT]) { aggregate { count } } nodes { author', 1)} }}", {}, "uncompiled"),
    ('{ nodes(ids: ["UG9zdDox", "VXNlcjox", "UG9zdDox"]) { ... on Post { tags(first: 1) { nodes { name } } } ... on User { name } } }', {}, "engine"),
    ("{ nodes(ids: []) { id } }", {}, "engine"),
    ("{ posts(first: 2) { nodes { a: excerpt(length: 20) b: excerpt readingMinutes author { name } } } }", {}, "engine"),
    ("query ($n: Int = 30) { posts(first: 2) { nodes { excerpt(length: $n) } } }", {}, "engine"),
    ("{ posts(first: 2) { nodes { excerpt(length: 0) } } }", {}, "refused"),
    ('query ($id: ID = "abc") { user(id: $id) { name } }', {"id": None}, "refused"),
    ("query ($f: Boolean = true) { posts(first: 1) { nodes { id title @include(if: $f) } } }", {"f": None}, "refused"),
    ('{ posts(first: 2, filter: {category: {id: {in: ["Q2F0ZWdvcnk6MQ", "Q2F0ZWdvcnk6Mg"]}}}) { totalCount nodes { id } } }', {}, "engine"),
    ('{ posts(first: 2, filter: {not: {category: {id: {eq: "Q2F0ZWdvcnk6MQ"}}}}) { totalCount nodes { id } } }', {}, "engine"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "variables", "way"), COMPARED, ids=[text for text, _, _ in COMPARED])
async def test_both_ways(ask: Asker, text: str, variables: dict[str, Any], way: str) -> None:
    """The two ways give the same answer, and the engine is used where it can be."""
    assert await both_ways(ground_of(ask), text, variables) == way


@pytest.mark.parametrize("field", ["isPublished", "publishedAt", "viewCount"])
@pytest.mark.parametrize("direction", ["ASC", "DESC_NULLS_LAST"])
async def test_pages_behind_a_cursor(ask: Asker, field: str, direction: str) -> None:
    """Behind a cursor of an order by a column with an index, one without, and one that is computed in SQL."""
    page = f"posts(first: 5, orderBy: [{{{field}: {direction}}}]%s) {{ edges {{ cursor }} }}"
    first = await ask("{ %s }" % (page % ""))
    cursor = first.data["posts"]["edges"][-1]["cursor"]
    assert await both_ways(ground_of(ask), "{ %s }" % (page % f', after: "{cursor}"'), {}) == "engine"


@pytest.mark.parametrize("offset", [0, 1])
async def test_an_offset_that_is_a_variable_may_be_none(ask: Asker, offset: int) -> None:
    """Rows are ahead of a page where any were passed over; one statement says so for every offset."""
    text = "query ($n: Int) { posts(first: 2, offset: $n) { pageInfo { hasPreviousPage startCursor } nodes { id } } }"
    assert await both_ways(ground_of(ask), text, {"n": offset}) == "engine"
    assert (
        await both_ways(
            ground_of(ask), text.replace("first: 2", 'first: 2, before: "WyJQb3N0OisuaWQiLCAiOSJd"'), {"n": offset}
        )
        == "engine"
    )


@pytest.mark.parametrize(
    "page", ["", "first: 2", "first: 0", "last: 2", "first: 2, offset: 1", "first: 2, filter: {id: {in: []}}"]
)
@pytest.mark.parametrize("shown", ["hasPreviousPage", "hasNextPage", "__typename"])
async def test_a_page_of_which_no_row_is_shown(ask: Asker, page: str, shown: str) -> None:
    """What says of a page where it stands is said once, however many rows are on it."""
    arguments = f"({page})" if page else ""
    info = f"{arguments} {{ pageInfo {{ {shown} }} }}"
    for text in (
        f"{{ posts{info} }}",
        f"{{ users(first: 2) {{ nodes {{ name posts{info} }} }} }}",
        f'{{ user(id: "VXNlcjox") {{ name posts{info} }} }}',
        f"{{ comments(first: 4) {{ nodes {{ post {{ comments{info} }} }} }} }}",
    ):
        assert await both_ways(ground_of(ask), text, {}) == "engine"


async def test_operations_of_a_document_have_their_own_variables(ask: Asker) -> None:
    """What a name stands for in one operation says nothing of the other, whatever fragments they spread."""
    document = to_document(
        parse(
            "query Few($v: Boolean!) { posts(first: 1) { nodes { ...Flagged } } } "
            "query Ordered($v: [PostOrder!]!) { posts(first: 1, orderBy: $v) { nodes { id ...Plain } } } "
            "fragment Flagged on Post { id title @include(if: $v) ...Plain } fragment Plain on Post { slug }"
        )
    )
    ground = ground_of(ask)
    assert not ground.conflicts(document)
    for flag in (True, False):
        assert await ground.both(document, "Few", {"v": flag}, ground.callers[0]) == "engine"
    for direction in ("ASC", "DESC"):
        assert await ground.both(document, "Ordered", {"v": [{"title": direction}]}, ground.callers[0]) == "engine"


async def test_comparisons_of_all_filters_are_counted(ask: Asker) -> None:
    """Each filter is small enough, but all of them together would take long to write as SQL."""
    text = " ".join(f"a{number}: posts(first: 1, filter: $f) {{ nodes {{ id }} }}" for number in range(5))
    node, given = parse(f"query ($f: PostFilter) {{ {text} }}"), {"f": {"or": [{"title": {"eq": "x"}}] * 450}}
    document = to_document(node)
    operation = document.operation(None)
    coerced = get_variable_values(ask.schema.core, operation.variable_definitions or (), given)
    assert isinstance(coerced, VariableValues)
    assert ask.schema.engine is not None
    with pytest.raises(LimitError, match=r"filters have more than 2,000 comparisons"):
        ask.schema.engine.compile(document, operation, coerced, ask.schema.sights.whole, {})
    answer = await ask(f"query ($f: PostFilter) {{ {text} }}", **given)
    assert answer.errors == ["The operation's filters have more than 2,000 comparisons, taken together."]


async def test_variety_is_forgotten_with_its_document(ask: Asker) -> None:
    """What is known of an operation lives in its document; 10,000 values make one statement."""
    document = to_document(parse("query ($id: ID!, $n: Int) { user(id: $id) { posts(first: $n) { nodes { id } } } }"))
    operation, engine = document.operation(None), ask.schema.engine
    assert engine is not None
    statements = set()
    for number in range(10_000):
        variables = get_variable_values(
            ask.schema.core, operation.variable_definitions or (), {"id": "VXNlcjox", "n": number % 1000}
        )
        assert isinstance(variables, VariableValues)
        compiled = engine.compile(document, operation, variables, ask.schema.sights.whole, {})
        assert compiled is not None
        statements.add(id(compiled.statement))
    assert len(statements) == 1
    assert len(document.memo) == 1
    assert "VXNlcjox" not in compiled.statement.sql


async def test_an_operation_is_prepared_once(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where variables are values alone, later requests only read these; one that is null or wrong is looked at anew."""
    document = to_document(parse("query ($id: ID!, $n: Int) { user(id: $id) { posts(first: $n) { nodes { id } } } }"))
    operation, engine = document.operation(None), ask.schema.engine
    assert engine is not None
    worked_out, compiled = [], Engine._compiled
    monkeypatch.setattr(Engine, "_compiled", lambda *given: worked_out.append(given[3].coerced) or compiled(*given))

    def bound(**given: Any) -> list[Any] | None:
        variables = get_variable_values(ask.schema.core, operation.variable_definitions or (), given)
        assert isinstance(variables, VariableValues)
        found = engine.compile(document, operation, variables, ask.schema.sights.whole, {})
        return None if found is None else found.arguments

    one, other = bound(id="VXNlcjox", n=3), bound(id="VXNlcjoy", n=4)
    assert one is not None
    assert sorted(one) == [1, 3]
    assert other == [{1: 2, 3: 4}[value] for value in one]
    assert len(worked_out) == 1
    assert bound(id="VXNlcjox", n=None) == bound(id="VXNlcjox", n=20)
    assert [each["n"] for each in worked_out] == [3, None]
    assert (bound(id="VXNlcjox", n=-1), bound(id="no id", n=1)) == (None, None)
    assert len(worked_out) == 2


async def test_a_value_that_the_driver_refuses_costs_no_connection(content_url: str) -> None:
    """The statement fails, its connection is closed, and all others stay."""
    database = Database(content_url, Settings(database_url=content_url, pool_size=3))
    sleep = "SELECT convert_to('x', 'UTF8') FROM pg_sleep(0.05)"
    await asyncio.gather(*(database.fetch_bytes(sleep, []) for _ in range(3)))
    with pytest.raises(StatementFailedError):
        await database.fetch_bytes("SELECT convert_to($1::int8::text, 'UTF8')", ["no number"])
    assert (database.direct._count, database.direct.in_use) == (2, 0)
    assert await database.fetch_bytes("SELECT convert_to('y', 'UTF8')", []) == b"y"
    await database.close()


@pytest.mark.parametrize(
    ("given", "cost"), [({}, "1.1"), ({"random_page_cost": 2.5}, "2.5"), ({"random_page_cost": 0}, "4")]
)
async def test_what_statements_are_planned_with(content_url: str, given: dict[str, float], cost: str) -> None:
    """Reading a page out of turn is as dear as is set; 0 leaves it to the server."""
    database = Database(content_url, Settings(database_url=content_url, **given))
    shown = await database.fetch_bytes("SELECT CAST(current_setting('random_page_cost') AS BPCHAR)", [])
    await database.close()
    assert shown == cost.encode()


async def test_a_value_in_pieces(content_url: str) -> None:
    """Columns of the type BPCHAR are put together as the bytes that they are; one that is null is nothing."""
    database = Database(content_url, Settings(database_url=content_url))
    pieces = "SELECT CAST('a \u00e9 ' AS BPCHAR), CAST(NULL AS BPCHAR), CAST('' AS BPCHAR), CAST($1::TEXT AS BPCHAR)"
    found = await database.fetch_bytes(pieces, ["\u4e16  "])
    same = await database.fetch_bytes("SELECT CAST('x' AS BPCHAR) WHERE $1::CHAR(3) = 'ab'", ["ab"])
    await database.close()
    assert (found, same) == ("a \u00e9 \u4e16  ".encode(), b"x")


async def test_those_who_wait_get_what_is_given_back(content_url: str) -> None:
    """Twenty statements over two connections all run; one that waits too long says so, and loses nobody's turn."""
    patient = Database(content_url, Settings(database_url=content_url, pool_size=2))
    database = Database(content_url, Settings(database_url=content_url, pool_size=2, pool_timeout_seconds=0.2))
    quick, slow = (
        "SELECT convert_to('x', 'UTF8') FROM pg_sleep(0.01)",
        "SELECT convert_to('x', 'UTF8') FROM pg_sleep(1)",
    )
    assert await asyncio.gather(*(patient.fetch_bytes(quick, []) for _ in range(20))) == [b"x"] * 20
    await patient.close()
    busy = [asyncio.create_task(database.fetch_bytes(slow, [])) for _ in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(UnavailableError, match="no database connection became free in time"):
        await database.fetch_bytes(quick, [])
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    assert await asyncio.gather(*(database.fetch_bytes(quick, []) for _ in range(2))) == [b"x"] * 2
    await database.close()
