"""The `achene` command. Each subcommand is a file in `api/commands/`."""

import typer

app = typer.Typer(name="achene", no_args_is_help=True, add_completion=False, help=__doc__)


def main() -> None:
    """Run the command line."""
    app()
