"""Two graphs over real databases to ask: `ask` (the default graph, demo content) and `ask_zoo` (every odd model)."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from graphql import GraphQLError, parse, validate
from sqlalchemy import Executable, Row

from api.data.database import Database
from api.settings import Settings
from schema.build import GraphSchema, build_graph_schema
from schema.context import Context
from schema.principal import EVERY, Principal
from tests.conftest import clone, drop
from tests.schema.zoo import Zoo, order_labels
from tests.schema.zoo_rows import EXTREMES, FIRST_ORDER, rows

READER = Principal(frozenset({EVERY}))
"""A caller who sees everything."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave."""

    data: Any
    """As JSON has it."""

    errors: list[str]
    """Messages."""

    paths: list[Any]
    """Where each error happened."""

    statements: int
    """How many statements were run."""


class Asker:
    """Runs queries by resolvers and loaders, and counts statements."""

    def __init__(self, schema: GraphSchema, database: Database) -> None:
        self.schema = schema
        self.database = database
        self.statements: list[Executable] = []

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        self.statements.append(statement)
        return await self.database.fetch(statement)

    async def __call__(self, query: str, **variables: Any) -> Answer:
        document = parse(query)
        errors = validate(self.schema.core, document)
        if errors:
            return Answer(None, [error.message for error in errors], [], 0)
        self.statements.clear()
        context = Context(READER, self.database, self.schema.new_loaders(self, READER), "test")
        result = await self.schema.execute(document, operation_name=None, variables=variables, context=context)
        found: list[GraphQLError] = result.errors or []
        data = orjson.loads(orjson.dumps(result.data))
        return Answer(data, [error.message for error in found], [error.path for error in found], len(self.statements))


@pytest.fixture(scope="session")
async def ask(content_url: str) -> AsyncIterator[Asker]:
    """The default graph over demo content."""
    database = Database(content_url, Settings(database_url=content_url))
    yield Asker(build_graph_schema(), database)
    await database.close()


async def _new_zoo(server_url: Callable[[str], str]) -> str:
    """Make a database with the rows of the odd models and return its name."""
    name = await clone(server_url, "template0")
    database = Database(server_url(name), Settings(database_url=server_url(name)))
    async with database.writer.begin() as connection:
        await connection.run_sync(Zoo.metadata.create_all)
    async with database.write() as session:
        session.add_all(rows())
        await session.flush()
        await session.execute(order_labels.insert().values(order_id=FIRST_ORDER, label_code="a:b/c"))
    await database.close()
    return name


@pytest.fixture(scope="session")
async def zoo_url(server_url: Callable[[str], str]) -> AsyncIterator[str]:
    """Address of a database with the rows of the odd models; read it, never write to it."""
    name = await _new_zoo(server_url)
    yield server_url(name)
    await drop(server_url, name)


@pytest.fixture(scope="session")
async def ask_zoo(zoo_url: str) -> AsyncIterator[Asker]:
    """The graph of the odd models."""
    database = Database(zoo_url, Settings(database_url=zoo_url))
    yield Asker(build_graph_schema(Zoo, own=()), database)
    await database.close()


@pytest.fixture(scope="session")
async def ask_extreme_zoo(server_url: Callable[[str], str]) -> AsyncIterator[Asker]:
    """The graph of the odd models, over more rows: the first and the last values of each type."""
    name = await _new_zoo(server_url)
    database = Database(server_url(name), Settings(database_url=server_url(name)))
    async with database.writer.begin() as connection:
        for statement in EXTREMES:
            await connection.exec_driver_sql(statement)
    yield Asker(build_graph_schema(Zoo, own=()), database)
    await database.close()
    await drop(server_url, name)
