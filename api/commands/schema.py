"""`achene schema`: the schema as an artefact: its SDL, what a change of it breaks, a diagram of the models."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from graphql import build_schema

from api.settings import Settings
from schema.build import build_graph_schema
from schema.diagram import diagram
from schema.errors import StartError
from schema.saved import read_all
from schema.saved.differences import Change, Differences, differences, read_sdl

app: Final = typer.Typer(no_args_is_help=True, help="The schema: its SDL, its changes, a diagram.")


class Failing(StrEnum):
    """From what on a comparison fails."""

    DANGEROUS = "dangerous"
    BREAKING = "breaking"
    OPERATIONS = "operations"
    NEVER = "never"


@app.command("print")
def print_sdl() -> None:
    """Print the SDL of the models as they are."""
    typer.echo(build_graph_schema().print(), nl=False)


@app.command("diagram")
def print_diagram() -> None:
    """Print a Mermaid diagram of the models that the graph shows."""
    typer.echo(diagram(build_graph_schema().graph), nl=False)


@app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(help="SDL of the schema as it was; - reads standard input.", allow_dash=True)],
    new: Annotated[
        Path | None, typer.Argument(help="SDL of the schema as it is; that of the models if left out.")
    ] = None,
    failing: Annotated[
        Failing,
        typer.Option(
            "--fail-on",
            help="What makes the exit code 1: dangerous changes, breaking ones, saved operations that break, nothing.",
        ),
    ] = Failing.BREAKING,
    is_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what changed from an older schema: what is breaking, dangerous, safe, and which saved operations break."""
    graph = build_graph_schema()
    before = read_sdl(sys.stdin.read() if str(old) == "-" else _read(old), str(old))
    after = build_schema(graph.print()) if new is None else read_sdl(_read(new), str(new))
    found = differences(before, after, read_all((*graph.operations, *Settings().operations)))
    typer.echo(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2).decode() if is_json else _told(found))
    if _fails(found, failing):
        raise typer.Exit(1)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise StartError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise StartError(f"{path} cannot be read: it is no text in UTF-8.") from error


def _fails(found: Differences, failing: Failing) -> bool:
    match failing:
        case Failing.DANGEROUS:
            return bool(found.dangerous or found.breaking or found.broken)
        case Failing.BREAKING:
            return bool(found.breaking or found.broken)
        case Failing.OPERATIONS:
            return bool(found.broken)
        case Failing.NEVER:
            return False


def _told(found: Differences) -> str:
    parts = [
        *_listed("Breaking", found.breaking),
        *_listed("Dangerous", found.dangerous),
        *_listed("Safe", found.safe),
        *(["Saved operations that break:", *(f"  {each}" for each in found.broken)] if found.broken else []),
    ]
    return "\n".join(parts) or "The two are the same to every client."


def _listed(title: str, changes: tuple[Change, ...]) -> list[str]:
    return [f"{title}:", *(f"  {each.kind}: {each.text}" for each in changes)] if changes else []
