"""Writes to a database of its own through the whole graph, and looks at the rows from outside."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import Executable

from api.data.database import Database
from api.settings import Settings
from schema.build import GraphSchema, build_graph_schema
from schema.context import Context, Transaction
from schema.documents import Documents
from schema.principal import Principal
from tests.conftest import clone, drop
from tests.schema.mutations.models import Club

WRITER = Principal(scopes=frozenset({"read", "write", "*"}), key_id=1)

REFUSAL = "__typename ... on UserError { message code path } ... on ValidationError { errors { message code path } }"
"""What a test wants to know of a refusal."""


ANN = {"name": "Ann", "email": "ann@example.org"}

TABLES = ("users", "posts", "comments", "tags", "categories", "post_tags")


class Counted:
    """A transaction that counts its statements."""

    def __init__(self, transaction: Transaction, statements: list[Executable]) -> None:
        self._transaction = transaction
        self._statements = statements

    async def run(self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None = None) -> Sequence[Any]:
        self._statements.append(statement)
        return await self._transaction.run(statement, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)


class Counting:
    """A database whose transactions count what they write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.statements: list[Executable] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Counted]:
        async with self._database.transaction() as transaction:
            yield Counted(transaction, self.statements)


class Writes:
    """Runs mutations."""

    def __init__(self, schema: GraphSchema, url: str, principal: Principal = WRITER) -> None:
        self.schema = schema
        self.principal = principal
        self.url = url
        self.database = Counting(Database(url, Settings(database_url=url)))
        self._documents = Documents(schema.core)

    async def answer(self, document: str, **variables: Any) -> dict[str, Any]:
        """Return the whole answer to a document."""
        self.database.statements.clear()
        context = Context(self.principal, self.database, self.schema.new_loaders(self.database, self.principal), "test")
        found = await self.schema.answer(
            self._documents.get(document), operation_name=None, variables=variables, context=context
        )
        if found.data is not None:
            return {"data": orjson.loads(found.data), "errors": []}
        assert found.result is not None
        errors = [error.message for error in found.result.errors or ()]
        answer: dict[str, Any] = orjson.loads(orjson.dumps({"data": found.result.data, "errors": errors}))
        return answer

    async def __call__(self, mutation: str, input_: Any, selection: str) -> Any:
        """Run one mutation, and return what it gave, its payload or its refusal."""
        root = self.schema.core.mutation_type
        assert root is not None
        name = root.fields[mutation].args["input"].type
        result = f"{mutation[0].upper()}{mutation[1:]}Payload"
        body = f"{{ {REFUSAL} ... on {result} {{ {selection} }} }}"
        answer = await self.answer(
            f"mutation ($input: {name}) {{ it: {mutation}(input: $input) {body} }}", input=input_
        )
        assert answer["errors"] == [], answer["errors"]
        return answer["data"]["it"]

    async def rows(self, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Return rows as another client sees them."""
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(sql, *arguments)]
        finally:
            await connection.close()


def post(**more: Any) -> dict[str, Any]:
    """Return the input of a post by Ann."""
    return {"title": "Frost", "slug": "frost", "body": "Cold.", "author": {"connect": {"email": ANN["email"]}}, **more}


async def refused(write: Writes, mutation: str, input_: Any) -> list[tuple[str, str, list[Any]]]:
    """Return kind, code and path of everything that a mutation is refused for, having seen that nothing changed."""
    all_rows = " UNION ALL ".join(f"(SELECT {name}::text FROM {name} ORDER BY 1)" for name in TABLES)
    before = await write.rows(all_rows)
    found = await write(mutation, input_, "__typename")
    assert await write.rows(all_rows) == before
    entries = found.get("errors") or [found]
    return [(found["__typename"], entry["code"], entry["path"]) for entry in entries]


@pytest.fixture(scope="session")
def default_graph() -> GraphSchema:
    """The default graph."""
    return build_graph_schema()


@pytest.fixture
async def write(default_graph: GraphSchema, database_url: str) -> AsyncIterator[Writes]:
    """The default graph over an empty database."""
    writes = Writes(default_graph, database_url)
    yield writes
    await writes.database.close()


@pytest.fixture
async def club(server_url: Callable[[str], str]) -> AsyncIterator[Writes]:
    """The graph of the odd models over an empty database."""
    name = await clone(server_url, "template0")
    writes = Writes(build_graph_schema(Club, own=()), server_url(name))
    async with writes.database.writer.begin() as connection:
        await connection.run_sync(Club.metadata.create_all)
    yield writes
    await writes.database.close()
    await drop(server_url, name)


async def refusals(club: Writes, mutation: str, input_: Any) -> list[tuple[str, str, list[Any]]]:
    """Return kind, code and path of everything that a mutation is refused for."""
    found = await club(mutation, input_, "__typename")
    return [(found["__typename"], entry["code"], entry["path"]) for entry in found.get("errors") or [found]]
