"""Nobody is told what was read for another who sees more, or less: answers with a cache are those without."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from random import Random

import asyncpg
import orjson
import pytest
from graphql import parse, validate
from sqlalchemy import Table

from api.caching import Caching
from api.data.database import Database
from api.graphql.operation import Operation
from api.http.negotiation import Media
from api.settings import PROJECT, Settings
from api.telemetry import Trail
from schema.build import GraphSchema
from schema.changes.triggers import watch
from schema.changes.watched import watched
from schema.context import Context
from schema.documents import Document, DocumentLimits, Documents
from schema.models.table_change import TableChange
from schema.principal import Principal
from tests.conftest import clone, drawn, drop
from tests.schema.engine.documents import Writer
from tests.schema.rights.conftest import CALLERS, filled, house_graph
from tests.schema.rights.test_seen import IDS

__all__ = ["house_graph"]

DOCUMENTS = drawn(60)
"""Documents that are asked."""

ASKED = 8
"""How often each is, by callers that are drawn."""

WRITES = (
    "UPDATE notes SET secret = NOT secret WHERE id = (SELECT min(id) FROM notes)",
    "UPDATE members SET wages = 7 - coalesce(wages, 0) WHERE id = 2",
    "DELETE FROM note_labels WHERE ctid = (SELECT min(ctid) FROM note_labels)",
    "UPDATE remarks SET likes = 1 - least(likes, 1) WHERE id % 3 = 0",
    "UPDATE labels SET hidden = NOT hidden WHERE id = 3",
)
"""What others write meanwhile."""


@dataclass
class House:
    """The house with a cache before it."""

    schema: GraphSchema
    database: Database
    caching: Caching
    documents: Documents
    psql: asyncpg.Connection

    async def ask(
        self, document: Document, variables: dict[str, object], caller: Principal, *, is_kept: bool
    ) -> object:
        """Return an answer, by the cache or without one."""
        context = Context(caller, self.database, self.schema.new_loaders(self.database, caller), "test")
        if is_kept:
            keeper = self.caching.keeper(self.database, Media.JSON, Trail("test"), None, is_tagged=False)
            assert keeper is not None
            context.keeper = keeper
            operation = Operation("", None, variables, None)
            question = keeper.recall(document, operation, context.loaders.sight, context.loaders.identity)
            if question is not None:
                again = await self.schema.executor.again(question, context)
                if again is not None:
                    return orjson.loads(again.data or b"null")
        answered = await self.schema.answer(document, operation_name=None, variables=variables, context=context)
        if answered.data is not None:
            return orjson.loads(answered.data)
        assert answered.result is not None
        return orjson.loads(orjson.dumps(answered.result.data)), [each.message for each in answered.result.errors or ()]


@pytest.fixture(scope="module")
async def house(server_url: Callable[[str], str], house_graph: GraphSchema) -> AsyncIterator[House]:
    """The house, its tables watched."""
    name = await clone(server_url, "template0")
    database = await filled(server_url(name), [])
    psql = await asyncpg.connect(server_url(name))
    table = TableChange.__table__
    assert isinstance(table, Table)
    async with database.writer.begin() as connection:
        await connection.run_sync(table.create)
    (path,) = (PROJECT / "alembic" / "versions").glob("*_table_changes.py")
    spec = spec_from_file_location("table_changes", path)
    assert spec is not None
    assert spec.loader is not None
    revision = module_from_spec(spec)
    spec.loader.exec_module(revision)
    await psql.execute(revision.FUNCTION)
    for each in watched(house_graph.graph):
        for statement in watch(each):
            await psql.execute(statement)
    caching = Caching(database, Settings(response_cache_bytes=50_000_000), CALLERS["nobody"])
    await caching.watch.known()
    yield House(house_graph, database, caching, Documents(house_graph.core, DocumentLimits()), psql)
    await caching.close()
    await psql.close()
    await database.close()
    await drop(server_url, name)


async def test_answers_with_a_cache_are_those_without(house: House) -> None:
    """Callers are drawn, users of their own and scopes among them, and rows change meanwhile."""
    draw, asked = Random(11), 0  # noqa: S311 - the same in each run
    callers = [*CALLERS.values(), *(Principal(key_id=10 + user, user_id=user) for user in range(1, 6))]
    for seed in range(DOCUMENTS):
        writer = Writer(house.schema.core, house.schema.graph, Random(seed), IDS, frozenset())  # noqa: S311 - repeatable
        text, variables = writer.document(), writer.variables
        if validate(house.schema.core, parse(text)):
            continue
        document = house.documents.get(text)
        for _ in range(ASKED):
            caller = draw.choice(callers)
            if draw.random() < 0.15:
                await house.psql.execute(draw.choice(WRITES))
            kept = await house.ask(document, variables, caller, is_kept=True)
            assert kept == await house.ask(document, variables, caller, is_kept=False), (caller, text, variables)
            asked += 1
    assert house.caching.answers is not None
    counts = house.caching.answers.counts
    assert counts.hits > asked / 20
    assert counts.stale > 0
    assert counts.misses > asked / 10
