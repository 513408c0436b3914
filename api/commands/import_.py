"""`achene import FOLDER`: bring in Markdown files as Hugo keeps them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from api.commands.content import bars, refused
from api.data.migrations import migrate
from api.embedded.embedded import session_url
from api.settings import Settings
from schema.content.hugo import import_folder
from schema.content.report import TABLES, Report
from schema.errors import BadInputError


def import_(
    folder: Annotated[Path, typer.Argument(help="A Hugo site, its content folder, or any folder of Markdown.")],
    author: Annotated[str, typer.Option(help="Author of pages that name none.")] = "Anonymous",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
) -> None:
    """Import Markdown files with front matter into posts, users, tags and categories.

    Posts are known by their slugs: run it again and only what changed is written. Files that cannot be
    imported are named with the line and the reason, the rest is imported, and the exit code is 1.
    """
    settings = Settings()

    async def load(url: str, show: Callable[[str, int, int], None]) -> Report:
        if settings.database_url is None:
            await migrate(url)
        return await import_folder(
            url,
            folder,
            default_author=author,
            dry_run=dry_run,
            progress=lambda done, found: show("files", done, found),
        )

    with refused():
        if not folder.is_dir():
            raise BadInputError(f"{folder} is not a folder.")  # before anything is started
        with session_url(settings) as url, bars() as show:
            report = asyncio.run(load(url, show))
    _tell(report, dry_run=dry_run)
    if report.failures:
        raise typer.Exit(1)


def _tell(report: Report, *, dry_run: bool) -> None:
    for note in report.notes:
        typer.echo(f"note: {note}", err=True)
    for failure in report.failures:
        typer.echo(f"error: {failure}", err=True)
    if dry_run:
        typer.echo("Dry run, nothing was changed. It would be:")
    for table in TABLES:
        counts = report.counts(table)
        failed = f", {len(report.failures):,} failed" if table == "posts" else ""
        typer.echo(
            f"{table:<12}{counts.created:,} created, {counts.updated:,} updated, {counts.unchanged:,} unchanged{failed}"
        )
