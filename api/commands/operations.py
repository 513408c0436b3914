"""`achene operations`: saved operations are checked, as a server checks them at its start, and listed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from api.app import document_limits, make_graph
from api.rest.route import Route, read_routes
from api.settings import Settings
from schema.documents import Documents
from schema.saved import Library, Saved, check_saved, deprecations, read_all

app: Final = typer.Typer(no_args_is_help=True, help="Saved operations: checked, and listed.")

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Folders and manifests; where left out, those that the server loads.", exists=True),
]


@app.command("check")
def check(paths: Paths = None) -> None:
    """Check that saved operations are valid, within the limits, and that their routes do not clash. For CI."""
    found = _load(paths)
    _fail(found)
    count = len(found.saved)
    typer.echo(f"{count} saved operation{' is' if count == 1 else 's are'} valid.")


@app.command("list")
def list_(paths: Paths = None) -> None:
    """List saved operations with what they are called by, and their routes."""
    found = _load(paths)
    routes = {route.name: f"{route.method} {route.path}" for route in found.routes}
    table = Table("operation", "kind", "id", "route", box=None)
    for each in found.saved:
        name = each.source.name
        table.add_row(name, each.operation.operation.value, each.source.ids[-1], routes.get(name, ""))
    Console(width=200).print(table)
    _fail(found)


def _fail(found: "_Found") -> None:
    """Tell what is wrong, and end with exit code 1 where something is."""
    for each in found.warnings:
        typer.echo(f"warning: {each}", err=True)
    for each in found.problems:
        typer.echo(f"error: {each}", err=True)
    if found.problems:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was saved."""

    saved: list[Saved]
    """The operations that are valid."""

    routes: list[Route]
    """Their routes; none where something is wrong."""

    warnings: list[str]
    """What is deprecated in them."""

    problems: list[str]
    """What is wrong with others."""


def _load(paths: list[Path] | None) -> _Found:
    settings = Settings()
    graph = make_graph(settings)
    documents = Documents(graph.core, document_limits(settings))
    texts = read_all(paths or (*graph.operations, *settings.operations))
    saved, problems = check_saved(graph.core, documents, graph.cost, texts)
    routes = [] if problems else read_routes(graph, documents, Library(saved))
    return _Found(saved, routes, deprecations(graph.core, texts), problems)
