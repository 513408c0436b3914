"""`achene explain`: which way an operation goes, its SQL, PostgreSQL's plan of it, and indexes that it misses."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import orjson
import typer
from graphql import get_variable_values
from graphql.execution.values import VariableValues
from rich.console import Console

from api.data.address import connect_arguments, to_asyncpg_url
from api.embedded.embedded import session_url
from api.settings import Settings
from schema.build import build_graph_schema
from schema.documents import Documents
from schema.engine import Compiled
from schema.engine.advice import Advice, advise
from schema.errors import DocumentError, LimitError, OperationError
from schema.query.page import Limits


def explain(
    file: Annotated[Path, typer.Argument(help="A file with a GraphQL document.", exists=True, dir_okay=False)],
    variables: Annotated[str, typer.Option(help='Variables as JSON: \'{"id": "VXNlcjox"}\'.')] = "{}",
    operation: Annotated[str | None, typer.Option(help="Which operation, where the document has several.")] = None,
    is_analyzed: Annotated[
        bool, typer.Option("--analyze/--no-analyze", help="Run the statement, to count rows and time.")
    ] = True,
) -> None:
    """Show how an operation is run: its SQL, PostgreSQL's plan, and the indexes that it misses."""
    compiled = _compile(file, variables, operation)
    console = Console(soft_wrap=True, highlight=False)
    if compiled is None:
        console.print("This operation goes to the resolvers: it asks for something that SQL cannot answer.")
        return
    console.rule("SQL")
    console.print(compiled.statement.sql, markup=False)
    console.print("Parameters: " + ", ".join(map(repr, compiled.arguments)), markup=False)
    with session_url(Settings()) as url:
        text, advice = asyncio.run(_plan(url, compiled, is_analyzed=is_analyzed))
    console.rule("PostgreSQL's plan")
    console.print(text, markup=False)
    console.rule("Advice")
    for each in advice:
        console.print(each.problem, markup=False)
        console.print(f"  {each.index}", markup=False)
    if not advice:
        console.print("No large table is scanned for nothing." if is_analyzed else "Advice needs --analyze.")


def _compile(file: Path, variables: str, name: str | None) -> Compiled | None:
    settings = Settings()
    limits = Limits(settings.default_page_size, settings.largest_page_size)
    graph = build_graph_schema(limits=limits)
    try:
        given = json.loads(variables)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"--variables is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise typer.BadParameter('--variables takes a JSON object, such as {"id": "VXNlcjox"}.')
    try:
        document = Documents(graph.core).get(file.read_text(encoding="utf-8"))
        operation = document.operation(name)
    except (DocumentError, LimitError, OperationError) as error:
        raise typer.BadParameter(f"{file}: {_messages(error)}") from error
    coerced = get_variable_values(graph.core, operation.variable_definitions or (), given)
    if not isinstance(coerced, VariableValues):
        raise typer.BadParameter("--variables: " + " ".join(error.message for error in coerced))
    if graph.engine is None:
        raise RuntimeError("the graph was built without an engine")
    return graph.engine.compile(document, operation, coerced, graph.sights.whole, {})


def _messages(error: Exception) -> str:
    return " ".join(each.message for each in error.errors) if isinstance(error, DocumentError) else str(error)


async def _plan(url: str, compiled: Compiled, *, is_analyzed: bool) -> tuple[str, list[Advice]]:
    """Return the plan as text, and what could be done about it."""
    connection: Any = await asyncpg.connect(**connect_arguments(to_asyncpg_url(url)))
    try:
        options = "ANALYZE, BUFFERS" if is_analyzed else "VERBOSE"
        sql, arguments = compiled.statement.sql, compiled.arguments
        lines = await connection.fetch(f"EXPLAIN ({options}) {sql}", *arguments)
        if not is_analyzed:
            return "\n".join(line[0] for line in lines), []
        found = await connection.fetchval(f"EXPLAIN ({options}, FORMAT JSON) {sql}", *arguments)
        return "\n".join(line[0] for line in lines), advise(orjson.loads(found)[0]["Plan"])
    finally:
        await connection.close()
