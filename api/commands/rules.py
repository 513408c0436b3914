"""`achene rules`: who may do what with every type and column, as a table that a reviewer reads."""

import sys
from dataclasses import asdict, astuple
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schema.graph import read_graph
from schema.models import Base
from schema.rights.table import Line, claims, lines

HEAD: Final = ("type", "column", "read", "create", "update", "delete")

PRINTED: Final = 160
"""Columns of the table in a file or a pipe, where every scope fits in whole."""

NOTE: Final = "Reading needs the scope `read` beside, and writing the scope `write`. `*` has every scope named here."


def rules(
    json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown table, to keep beside the code.")] = False,
) -> None:
    """Show who may do what with every type and column. No database is asked."""
    graph = read_graph(Base)
    found = list(lines(graph))
    if json:
        typer.echo(orjson.dumps([asdict(line) for line in found], option=orjson.OPT_INDENT_2))
    elif markdown:
        typer.echo("\n".join([*_markdown(found), *claims(graph)]))
    else:
        console = Console(width=None if sys.stdout.isatty() else PRINTED)
        console.print(_table(found))
        console.print(Text("\n".join([NOTE, *claims(graph)])))


def _table(found: list[Line]) -> Table:
    table = Table()
    for name in HEAD:
        table.add_column(name, overflow="fold")
    for line in found:
        if not line.column and table.row_count:
            table.add_section()
        cells = ("" if line.column else line.type, *astuple(line)[1:])
        table.add_row(*(Text(cell, style="" if line.column else "bold") for cell in cells))
    return table


def _markdown(found: list[Line]) -> list[str]:
    rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in astuple(line)) + " |" for line in found]
    return ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD), *rows, "", NOTE]
