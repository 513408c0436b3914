"""A graph over a database in which documents are asked by both ways, and what these gave."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    parse,
    validate,
)
from sqlalchemy.exc import DBAPIError

from schema.build import GraphSchema
from schema.context import Context, Database
from schema.documents import Document, to_document
from schema.errors import PublicError, StatementFailedError
from schema.execution import Executor
from schema.graph import ObjectType
from schema.loaders import Loaders
from schema.principal import Principal
from schema.ready import ready_for
from schema.rights import Sight
from tests.schema.conftest import READER, Asker
from tests.schema.engine.inputs import Inputs, Known, literal

ORDERS = 4
"""Random orders of each type whose cursors are known."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    principal: Principal
    sight: Sight
    """What is there for it; nothing of it is refused by name."""

    def context(self, schema: GraphSchema, database: Database) -> Context:
        """Return a request."""
        loaders = Loaders(self.sight, schema.sights.identity(self.principal), schema.records, database)
        return Context(self.principal, database, loaders, "test")


@dataclass(frozen=True, slots=True)
class Ground:
    """A graph over a database."""

    schema: GraphSchema
    database: Database
    callers: Sequence[Caller]
    ids: Sequence[str]
    """Ids of rows, some of which are not there."""

    known: Known = field(default_factory=Known)
    """What is in the database."""

    @property
    def loaders(self) -> Executor:
        """What runs operations by resolvers and loaders alone."""
        return Executor(self.schema.core, self.schema.graph, self.schema.cost, None)

    async def both(self, document: Document, operation_name: str | None, given: dict[str, Any], caller: Caller) -> str:
        """Ask an operation by loaders and as the server does, and compare what they give.

        Returns:
            `engine` or `ready`, where the engine answered: step by step, or by what it kept of an earlier request;
            `refused` or `uncompiled`, where the resolvers did, and there is nothing to compare.
        """
        way, data = await self._served(document, operation_name, given, caller)
        context = caller.context(self.schema, self.database)
        answered = await self.loaders.answer(document, operation_name=operation_name, variables=given, context=context)
        result = answered.result
        assert result is not None
        assert not unexpected(result), unexpected(result)
        if data is None:
            return "refused" if result.errors else "uncompiled"
        assert result.errors is None, result.errors
        expected = orjson.dumps(result.data)
        assert data == expected, apart(data, expected)
        return way

    async def _served(
        self, document: Document, operation_name: str | None, given: dict[str, Any], caller: Caller
    ) -> tuple[str, bytes | None]:
        """Return which way the server goes, and what the engine gives it; None where that is the resolvers'."""
        context, executor = caller.context(self.schema, self.database), self.schema.executor
        ready = ready_for(document, operation_name, caller.sight)
        if ready is not None:
            with suppress(StatementFailedError):
                data = await executor.at_once(ready, given, context.loaders.identity, self.database, None)
                if data is not None:
                    return "ready", data
        answered = await executor.answer(document, operation_name=operation_name, variables=given, context=context)
        return "engine", answered.data

    def conflicts(self, document: Document) -> bool:
        """Return whether fields of a document cannot be merged; it has no other fault."""
        errors = validate(self.schema.core, document.node)
        assert all("conflict" in error.message for error in errors), errors
        return bool(errors)


def apart(found: bytes, expected: bytes) -> str:
    """Return where two answers part."""
    begin = next((index for index, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]), 0)
    shown = slice(max(0, begin - 60), begin + 60)
    return f"at {begin}: {found[shown]!r} by the engine, {expected[shown]!r} by the loaders"


def unexpected(result: ExecutionResult) -> list[str]:
    """Return the errors that are no answer to a wrong operation."""
    errors = [error.original_error for error in result.errors or ()]
    return [repr(error) for error in errors if not (error is None or is_told(error))]


def is_told(error: Exception) -> bool:
    """Return whether an error is one of an operation, or of PostgreSQL about a value, such as a sum out of range."""
    if isinstance(error, DBAPIError):
        return str(getattr(error.orig, "sqlstate", "")).startswith("22")
    return isinstance(error, PublicError | GraphQLError)


async def explored(schema: GraphSchema, database: Database, callers: Sequence[Caller], ids: Sequence[str]) -> Ground:
    """Return a ground of which some values and cursors are known."""
    ground = Ground(schema, database, callers, ids)
    whole = Caller(Principal(), schema.sights.whole)
    found, values, cursors = list[str](), dict[tuple[str, str], list[Any]](), dict[str, list[tuple[Any, list[str]]]]()
    for type_ in schema.graph.types.values():
        names, orders = _leaves(ground, type_), _orders(ground, type_)
        lists = " ".join(
            f"o{index}: {type_.plural}(first: 30, orderBy: {order[0]}) {{ edges {{ cursor }} }}"
            for index, order in enumerate(orders)
        )
        text = f"{{ all: {type_.plural}(first: 30) {{ nodes {{ id {' '.join(names)} }} }} {lists} }}"
        result = await schema.execute(
            parse(text), operation_name=None, variables=None, context=whole.context(schema, database)
        )
        assert result.errors is None, result.errors
        data: Mapping[str, Any] = json.loads(orjson.dumps(result.data))
        rows = data["all"]["nodes"]
        found += [row["id"] for row in rows[:12]]
        values |= {
            (type_.name, name): [row[name] for row in rows if isinstance(row[name], str | int | float)]
            for name in names
        }
        cursors[type_.name] = [
            (order, [edge["cursor"] for edge in data[f"o{index}"]["edges"]]) for index, (_, order) in enumerate(orders)
        ]
    return Ground(schema, database, callers, [*ids, *found], Known(values, cursors))


def _leaves(ground: Ground, type_: ObjectType) -> list[str]:
    """Return the names of the fields of a type that are values of its rows."""
    shown = ground.schema.core.type_map[type_.name]
    assert isinstance(shown, GraphQLObjectType)
    return [each.name for each in type_.fields if is_leaf_type(get_named_type(shown.fields[each.name].type))]


def _orders(ground: Ground, type_: ObjectType) -> list[tuple[str, Any]]:
    """Return orders of a type's lists as GraphQL writes them and as JSON has them: none, and random ones."""
    query = ground.schema.core.query_type
    assert query is not None
    given = query.fields[type_.plural].args["orderBy"].type
    inputs = Inputs(ground.schema.graph, Random(type_.name), ground.ids, ground.known)  # noqa: S311 - the same in each run
    drawn = [inputs.fixed(lambda: [inputs.value(given.of_type, 2)]) for _ in range(ORDERS)]
    return [("null", None), *((literal(given, order), order) for order in drawn)]


def ground_of(ask: Asker) -> Ground:
    """Return a graph in which documents are asked both ways, for who sees everything."""
    return Ground(ask.schema, ask.database, [Caller(READER, ask.schema.sights.whole)], ())


async def both_ways(ground: Ground, text: str, given: dict[str, Any]) -> str:
    """Ask a document of one operation for its first caller, having seen that it is valid."""
    document = to_document(parse(text))
    assert not ground.conflicts(document)
    return await ground.both(document, None, given, ground.callers[0])
