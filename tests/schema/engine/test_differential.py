"""The engine and the loaders give the same answer, byte for byte, whatever is asked, and whoever asks.

A case is one document with one set of values for its variables, for one caller, answered both ways. Each document is
asked several times, as clients do: the first time it is planned, later it is prepared and only its values are new.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from random import Random, SystemRandom

import pytest
from graphql import parse

from schema.build import build_graph_schema
from schema.documents import to_document
from schema.opaque import encode
from schema.principal import Principal
from tests.conftest import IS_EXPLORING, clone, drawn, drop
from tests.schema.conftest import READER, Asker
from tests.schema.engine.documents import Writer
from tests.schema.engine.ground import Caller, Ground, explored
from tests.schema.query.conftest import Place, shop, world
from tests.schema.rights.conftest import CALLERS, filled
from tests.schema.rights.models import House
from tests.schema.rights.test_seen import IDS as HOUSE_IDS

__all__ = ["shop", "world"]

PARTS = 2
"""Tests a graph, for several workers."""

DOCUMENTS = drawn(290) // PARTS
"""Documents a test."""

ASKED = 3
"""How often each is asked."""

FIRST_SEED = SystemRandom().randrange(10**9) if IS_EXPLORING else 0
"""Where seeds begin."""

VALIDATED = 4
"""One of so many documents is validated, which takes as long as reading its answers; and each that fails is."""

ELSEWHERE = frozenset({"Query.siteStatistics", "Query.featuredPosts"})
"""What goes to the resolvers, whoever asks."""

AMBIGUOUS = frozenset(
    f"Box{kind}.{name}"
    for kind, names in {
        "Values": ("span", "maybeSpan"),  # P30D and P29DT24H are equal, and either is the smallest
        "GroupKeys": ("span", "maybeSpan"),
        "Average": ("double", "maybeDouble"),  # whose last digit depends on the order in which rows are read
    }.items()
    for name in names
)
"""What PostgreSQL itself answers in more than one way."""

DEFAULT_IDS = [
    encode(f"{name}:{key}") for name in ("User", "Post", "Tag", "Category", "Comment") for key in (1, 7, 9999)
]
ZOO_IDS = [
    encode(text)
    for text in (
        "Specimen:1", "Specimen:2", "Specimen:99", "Order:6fa459ea-ee8a-4ca4-894e-db77e160355e", "Label:a:b/c",
        "Label:none", 'Line:["6fa459ea-ee8a-4ca4-894e-db77e160355e", "2"]', 'Membership:["1", "2"]', "Passport:2",
    )
]  # fmt: skip
SHOP_IDS = [encode(text) for text in ("Box:1", "Box:999", "Item:2", "Mark:a", "Mark:nothing", "Label:3")]

pytestmark = [
    # graphql-core leaves what it cancelled before it began.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:.*coroutine object:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="session")
async def default_ground(ask: Asker) -> Ground:
    """The default graph: for who sees everything, for an author, for a stranger."""
    authors = (READER, Principal(key_id=1, user_id=3), Principal())
    callers = [Caller(each, replace(ask.schema.sights.of(each), forbidden={})) for each in authors]
    return await explored(ask.schema, ask.database, callers, DEFAULT_IDS)


@pytest.fixture(scope="session")
async def zoo_ground(ask_extreme_zoo: Asker) -> Ground:
    """Every type of column, key and relation, with the first and the last values of each type."""
    schema = ask_extreme_zoo.schema
    return await explored(schema, ask_extreme_zoo.database, [Caller(READER, schema.sights.whole)], ZOO_IDS)


@pytest.fixture(scope="session")
async def shop_ground(shop: Place) -> Ground:
    """Random rows with many nulls and ties."""
    schema = shop.ask.schema
    return await explored(schema, shop.ask.database, [Caller(READER, schema.sights.whole)], SHOP_IDS)


@pytest.fixture(scope="session")
async def house_ground(server_url: Callable[[str], str]) -> AsyncIterator[Ground]:
    """Every kind of rule, for callers with other scopes."""
    name, schema = await clone(server_url, "template0"), build_graph_schema(House, own=())
    database = await filled(server_url(name), [])
    sights = {caller: replace(schema.sights.of(principal), forbidden={}) for caller, principal in CALLERS.items()}
    callers = [Caller(principal, sights[caller]) for caller, principal in CALLERS.items()]
    yield await explored(schema, database, callers, HOUSE_IDS)
    await database.close()
    await drop(server_url, name)


async def run(ground: Ground, part: int) -> Counter[str]:
    """Ask documents; return how many cases there were of each kind."""
    counts = Counter[str]()
    for seed in range(FIRST_SEED + part * DOCUMENTS, FIRST_SEED + (part + 1) * DOCUMENTS):
        random = Random(seed)  # noqa: S311 - the same in each run
        writer = Writer(
            ground.schema.core,
            ground.schema.graph,
            random,
            ground.ids,
            ELSEWHERE | AMBIGUOUS,
            ground.known,
            most_operations=2,
        )
        text = writer.document()
        document = to_document(parse(text))
        assert seed % VALIDATED or not ground.conflicts(document), (seed, text)
        caller = random.choice(ground.callers)
        for turn in range(ASKED):
            name = list(writer.operations)[turn % len(writer.operations)]
            given = writer.operations[name].values()
            caller = random.choice((caller, caller, *ground.callers[:1], *ground.callers[-1:]))
            try:
                counts[await ground.both(document, name, given, caller)] += 1
            except Exception as error:
                error.add_note(f"seed {seed}, {caller.principal}, operation {name}\n{text}\n{given}")
                error.add_note(f"conflicting: {ground.conflicts(document)}")
                raise
    return counts


@pytest.mark.parametrize("part", range(PARTS))
async def test_the_default_graph(default_ground: Ground, part: int) -> None:
    """Random documents over demo content, with its rules."""
    counts = await run(default_ground, part)
    assert counts["engine"] + counts["ready"] > 0.7 * counts.total(), counts


@pytest.mark.parametrize("part", range(PARTS))
async def test_the_zoo(zoo_ground: Ground, part: int) -> None:
    """Random documents over every type of column, key and relation."""
    counts = await run(zoo_ground, part)
    assert counts["engine"] + counts["ready"] > 0.7 * counts.total(), counts


@pytest.mark.parametrize("part", range(PARTS))
async def test_the_shop(shop_ground: Ground, part: int) -> None:
    """Random documents over random rows."""
    counts = await run(shop_ground, part)
    assert counts["engine"] + counts["ready"] > 0.7 * counts.total(), counts


@pytest.mark.parametrize("part", range(PARTS))
async def test_the_house(house_ground: Ground, part: int) -> None:
    """Random documents under rules, of which each hides something from somebody."""
    counts = await run(house_ground, part)
    assert counts["engine"] + counts["ready"] > 0.7 * counts.total(), counts
