"""What the commands that write content share: a progress bar, and how they refuse."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from schema.errors import AcheneError, BadInputError


@contextmanager
def refused() -> Iterator[None]:
    """Turn what we raise into one line on standard error: exit code 2 for bad arguments, else 1."""
    try:
        yield
    except AcheneError as error:
        typer.echo(f"achene: {error}", err=True)
        raise typer.Exit(2 if isinstance(error, BadInputError) else 1) from error


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that shows (what, done, expected) as a bar for each thing.

    The bars are on standard error, and only where that is a terminal.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks = {}

        def show(what: str, done: int, expected: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what)
            progress.update(tasks[what], completed=done, total=expected)

        yield show
