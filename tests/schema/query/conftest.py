"""`shop`: a graph over random rows in a real database, and the same rows in Python."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples

from api.data.database import Database
from api.settings import Settings
from schema.build import build_graph_schema
from tests.conftest import clone, drawn, drop
from tests.schema.conftest import Asker
from tests.schema.query.models import Shop
from tests.schema.query.world import World, load, make_world

SEED = 20261123

RANDOM = examples(
    max_examples=drawn(100),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
"""Each example is a document of several filters: some hundred cases a test, in CI."""

WALKS = examples(RANDOM, max_examples=drawn(40))
"""Each example reads twenty pages or more: about a thousand cases a test, in CI."""


@dataclass(frozen=True)
class Place:
    """Rows, twice."""

    world: World
    """In Python."""

    ask: Asker
    """In PostgreSQL."""


@pytest.fixture(scope="session")
def world() -> World:
    """The rows in Python."""
    return make_world(SEED)


@pytest.fixture(scope="session")
async def shop(server_url: Callable[[str], str], world: World) -> AsyncIterator[Place]:
    """The rows in a database of this worker's own; read it, never write to it."""
    name = await clone(server_url, "template0")
    # Documents of many lists on a busy machine: no test here is about waiting for a connection.
    settings = Settings(database_url=server_url(name), pool_timeout_seconds=60, statement_timeout_seconds=60)
    database = Database(server_url(name), settings)
    async with database.writer.begin() as connection:
        await load(connection, world)
    yield Place(world, Asker(build_graph_schema(Shop, own=()), database))
    await database.close()
    await drop(server_url, name)
