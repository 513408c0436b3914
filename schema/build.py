"""Models in, a graph out: puts description, Strawberry types, own fields and resolvers together, once at start.

`python -m schema.build` prints the SDL, `--write` writes `schema/schema.graphql`, and `--check` fails when that
file is stale.
"""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import strawberry
from graphql import DocumentNode, ExecutionResult, GraphQLSchema
from sqlalchemy.orm import DeclarativeBase
from strawberry.exceptions import DuplicatedTypeName
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig

import schema.fields
import schema.mutations
from schema.context import Context
from schema.documents import Document, to_document
from schema.engine import Create, Engine
from schema.errors import DefinitionError
from schema.execution import Answered, Executor
from schema.fields import discover
from schema.graph import Graph, read_graph
from schema.keeping import TermsReader
from schema.loaders import Loaders, Reader
from schema.models import Base
from schema.one_statement import SingleCreator
from schema.principal import Principal
from schema.query.cost import CostRule
from schema.query.needs import Needs
from schema.query.page import Limits
from schema.record import Record, record_class
from schema.rights import Sights
from schema.saved.directive import route
from schema.types.mutations import atomic, mutations_of, path_scalar
from schema.types.objects import make_roots
from schema.types.own import OwnFields, kept_fields, plain_reads, take_in
from schema.types.resolvers import Wiring, wire
from schema.types.scalars import scalar_map

SDL: Final = Path(__file__).with_name("schema.graphql")
"""The printed schema; a change to it is a change of the API."""

OPERATIONS: Final = Path(__file__).with_name("operations")
"""The saved operations of the project's models, those of REST among them."""


@dataclass(frozen=True, slots=True)
class GraphSchema:
    """A graph that is ready to be asked."""

    graph: Graph
    """What the models say."""

    strawberry: strawberry.Schema
    """The schema as Strawberry sees it."""

    core: GraphQLSchema
    """The schema as graphql-core runs it."""

    records: dict[str, type[Record]]
    """The class of the rows of each type."""

    cost: CostRule
    """What operations may cost."""

    engine: Engine | None
    """What compiles operations; None where all are run by resolvers."""

    executor: Executor
    """What runs operations."""

    sights: Sights
    """What callers see of it."""

    operations: tuple[Path, ...] = ()
    """Folders of saved operations that belong to it."""

    def print(self) -> str:
        """Return the SDL."""
        return print_schema(self.strawberry) + "\n"

    def new_loaders(self, reader: Reader, principal: Principal) -> Loaders:
        """Return the batches of one request: what a caller sees of the graph, read through a connection.

        Raises:
            ForbiddenError: A claim of the caller is something else than the rules take it for.
        """
        return Loaders(self.sights.of(principal), self.sights.identity(principal), self.records, reader)

    async def answer(
        self, document: Document, *, operation_name: str | None, variables: dict[str, Any] | None, context: Context
    ) -> Answered:
        """Run one operation of a valid document; see `schema.execution.Executor.answer`."""
        return await self.executor.answer(document, operation_name=operation_name, variables=variables, context=context)

    async def execute(
        self, document: DocumentNode, *, operation_name: str | None, variables: dict[str, Any] | None, context: Context
    ) -> ExecutionResult:
        """Run one operation of a valid document by resolvers and loaders alone: the reference.

        Args:
            document: The document.
            operation_name: Which operation; may be None where there is one.
            variables: Values of the operation's variables, not yet coerced.
            context: The request.
        """
        executor = Executor(self.core, self.graph, self.cost, None)
        answered = await executor.answer(
            to_document(document), operation_name=operation_name, variables=variables, context=context
        )
        result = answered.result or ExecutionResult(None, [])
        result.extensions = answered.extensions
        return result


def build_graph_schema(
    base: type[DeclarativeBase] = Base,
    own: Iterable[Any] | None = None,
    limits: Limits | None = None,
    largest_cost: int | None = None,
    most_values: int | None = None,
    largest_answer: int | None = None,
    *,
    is_compiled: bool = True,
) -> GraphSchema:
    """Make the graph of all models below a declarative base.

    Args:
        base: The declarative base.
        own: What a team adds, as `schema.fields` and `schema.mutations` mark it; what is in these where None.
        limits: How large a page may be.
        largest_cost: Most rows that an operation may be able to read; any number where None.
        most_values: Most values that it may be able to answer with; any number where None.
        largest_answer: Most bytes of an answer that is one statement; any number where None.
        is_compiled: False runs everything by resolvers and loaders.

    Raises:
        DefinitionError: A model or a field of the team's own says what cannot be served.
    """
    graph = read_graph(base)
    if not graph.types:
        raise DefinitionError(f"There is nothing to show: no model of {base.__name__} says __graph__ = expose(...).")
    found = (*discover(schema.fields), *discover(schema.mutations)) if own is None else own
    fields = take_in(graph, found)
    try:
        built = strawberry.Schema(
            *make_roots(graph, fields),
            directives=[atomic, route],
            config=StrawberryConfig(auto_camel_case=True, scalar_map=scalar_map() | path_scalar()),
        )
    except DuplicatedTypeName as error:
        raise DefinitionError(f"Two types have one name, of the graph or of your own. {error.message}") from error
    core = built._schema
    limits = limits or Limits()
    wire(core, Wiring(graph, Needs(graph.types, fields.reads), limits, fields))
    records = {name: record_class(name) for name in graph.types}
    cost = CostRule(core, graph, limits, largest_cost, most_values)
    creator = SingleCreator(_creates(graph, fields), limits.most_written)
    engine = Engine(core, graph, limits, plain_reads(fields), records, creator) if is_compiled else None
    sights = Sights(graph)
    terms = None if engine is None else TermsReader(core, graph, sights, engine, kept_fields(fields))
    executor = Executor(core, graph, cost, engine, terms, largest_answer)
    operations = (OPERATIONS,) if base is Base and OPERATIONS.is_dir() else ()
    return GraphSchema(graph, built, core, records, cost, engine, executor, sights, operations)


def _creates(graph: Graph, own: OwnFields) -> dict[str, Create]:
    """Return the mutations that create one row, but those that a team has replaced."""
    found = [(type_.name, each) for type_ in graph.types.values() for each in mutations_of(type_)]
    return {
        each.name: Create(name, f"{each.base}Payload")
        for name, each in found
        if each.kind == "create" and (name, each.kind) not in own.replaced and not graph.has_deferred
    }


def main() -> int:
    """Print, write or check the SDL."""
    parser = argparse.ArgumentParser(prog="python -m schema.build", description="Print the SDL of the graph.")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--write", action="store_true", help="write schema/schema.graphql")
    group.add_argument("--check", action="store_true", help="fail when schema/schema.graphql is stale")
    arguments = parser.parse_args()
    sdl = build_graph_schema().print()
    if arguments.write:
        SDL.write_text(sdl, encoding="utf-8")
    elif arguments.check and SDL.read_text(encoding="utf-8") != sdl:
        sys.stderr.write("schema/schema.graphql is stale; run: python -m schema.build --write\n")
        return 1
    elif not arguments.check:
        sys.stdout.write(sdl)
    return 0


if __name__ == "__main__":
    sys.exit(main())
