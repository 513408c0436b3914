"""The `achene` command. Each subcommand is a file in `api/commands/`."""

import typer

from api.commands.demo import demo
from api.commands.import_ import import_

app = typer.Typer(name="achene", no_args_is_help=True, add_completion=False, help=__doc__)
app.command("demo")(demo)
app.command("import")(import_)


def main() -> None:
    """Run the command line."""
    app()
