"""The `achene` command. Each subcommand is a file in `api/commands/`; `api.startup` tells why one cannot start."""

import typer

from api.commands.check import check
from api.commands.console import app as console
from api.commands.demo import demo
from api.commands.explain import explain
from api.commands.import_ import import_
from api.commands.keys import app as keys
from api.commands.migrate import migrate
from api.commands.operations import app as operations
from api.commands.psql import psql
from api.commands.rules import rules
from api.commands.schema import app as schema
from api.commands.serve import serve
from api.startup import refusing, warnings

app = typer.Typer(name="achene", no_args_is_help=True, add_completion=False, help="The Achene API server.")
app.command("serve")(serve)
app.command("check")(check)
app.command("migrate")(migrate)
app.command("psql", context_settings={"ignore_unknown_options": True})(psql)  # they are psql's
app.command("explain")(explain)
app.command("rules")(rules)
app.command("demo")(demo)
app.command("import")(import_)
app.add_typer(keys, name="keys")
app.add_typer(console, name="console")
app.add_typer(operations, name="operations")
app.add_typer(schema, name="schema")


def main() -> None:
    """Run the command line."""
    for line in warnings():
        typer.echo(f"achene: {line}", err=True)
    with refusing():
        app()
