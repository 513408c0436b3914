"""`achene console build`: GraphiQL from npm packages, for a checkout that was installed with pip alone."""

import time
from typing import Annotated, Final

import typer

from api.console.build import DIST, build

app: Final = typer.Typer(no_args_is_help=True, help="GraphiQL, the page at /graphql.")


@app.callback()
def console() -> None:
    """Keep `build` a subcommand, though it is the only one."""


@app.command("build")
def build_console(
    force: Annotated[
        bool, typer.Option("--force", help="Also where nothing has changed since the last build.")
    ] = False,
) -> None:
    """Build GraphiQL with Node.js 20 or newer; a running server shows it at the next load of the page."""
    began = time.perf_counter()
    if not build(is_forced=force):
        typer.echo("GraphiQL is built already, from these sources; --force builds it again.")
        return
    names = [path for path in DIST.iterdir() if path.suffix != ".br"]
    kilobytes = sum(path.stat().st_size for path in names if path.suffix == ".gz") / 1000
    seconds = time.perf_counter() - began
    typer.echo(f"GraphiQL is built in {seconds:.0f} s: {kilobytes:,.0f} kB compressed. Load /graphql again to see it.")
