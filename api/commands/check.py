"""`achene check`: whether a server as it is set up is fit for production, and what to do where it is not."""

import asyncio
import sys
from dataclasses import asdict
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from api.inspection import inspect
from api.inspection.finding import Finding, Status
from api.settings import Settings

MARKS: Final[dict[Status, tuple[str, str]]] = {
    "ok": ("ok", "green"),
    "warn": ("warn", "yellow"),
    "fail": ("FAIL", "bold red"),
}
"""How each status is shown."""


def check(
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as failures.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Tell whether settings, database, migrations, Redis and saved operations are fit for production."""
    found = asyncio.run(inspect(Settings()))
    bad = {"fail", "warn"} if strict else {"fail"}
    is_fit = not any(finding.status in bad for finding in found)
    if json:
        typer.echo(
            orjson.dumps({"is_fit": is_fit, "findings": [asdict(each) for each in found]}, option=orjson.OPT_INDENT_2)
        )
    else:
        _print(found, is_fit=is_fit)
    raise typer.Exit(0 if is_fit else 1)


def _print(found: list[Finding], *, is_fit: bool) -> None:
    """Print a line for each finding, and what to do beneath it."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    width = max(len(finding.part) for finding in found)
    for finding in found:
        mark, style = MARKS[finding.status]
        console.print(Text.assemble((f"{mark:>4}  ", style), (f"{finding.part:<{width}}  ", "bold"), finding.says))
        if finding.remedy:
            console.print(Padding(Text(finding.remedy, "dim"), (0, 0, 0, width + 8), expand=False))
    counts = [f"{sum(each.status == status for each in found)} {status}" for status in MARKS]
    verdict = ("Fit for production", "bold green") if is_fit else ("Not fit for production", "bold red")
    console.print(Text.assemble("\n", verdict, f": {', '.join(counts)}."))
