"""The `achene` command. Each subcommand is a file in `api/commands/`.

What we raise on purpose, and a setting that cannot be used, become one line on standard error and exit
code 1: they are for the operator, who needs no traceback. Anything else is a fault of ours and keeps its own.
"""

import sys

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from api.commands.console import app as console
from api.commands.demo import demo
from api.commands.explain import explain
from api.commands.import_ import import_
from api.commands.keys import app as keys
from api.commands.migrate import migrate
from api.commands.operations import app as operations
from api.commands.psql import psql
from api.commands.schema import app as schema
from api.commands.serve import serve
from api.settings import Settings
from schema.errors import AcheneError

app = typer.Typer(name="achene", no_args_is_help=True, add_completion=False, help="The Achene API server.")
app.command("serve")(serve)
app.command("migrate")(migrate)
app.command("psql")(psql)
app.command("explain")(explain)
app.command("demo")(demo)
app.command("import")(import_)
app.add_typer(keys, name="keys")
app.add_typer(console, name="console")
app.add_typer(operations, name="operations")
app.add_typer(schema, name="schema")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except AcheneError as error:
        _refuse(str(error))
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        _refuse(describe(error))
    except SettingsError as error:
        _refuse(f"A setting cannot be read: {error}")


def describe(error: ValidationError) -> str:
    """Say which variables cannot be used and why, one a line, without what they hold: it may be a secret."""
    return "\n".join(f"{_variable(str(item['loc'][0]))}: {item['msg']}." for item in error.errors())


def _variable(field: str) -> str:
    """Return the environment variable of a setting, as its validation error names it."""
    return field if field.isupper() else f"{Settings.model_config['env_prefix']}{field.upper()}"


def _refuse(message: str) -> None:
    typer.echo(f"achene: {message}", err=True)
    sys.exit(1)
