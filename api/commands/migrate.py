"""`achene migrate`: bring the database to the newest revision, or tell whether it is there, or print the SQL."""

import asyncio
from typing import Annotated

import typer
from sqlalchemy import NullPool
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from api.data.address import to_asyncpg_url
from api.data.migrations import current, head, known, print_sql
from api.data.migrations import migrate as bring_to_head
from api.data.node import translated
from api.embedded.embedded import session_url
from api.health.checks import judge
from api.settings import Settings
from schema.errors import StartError


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only tell; exit code 1 when behind.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL of all revisions, run nothing.")] = False,
) -> None:
    """Bring the database to the newest revision. Safe to run from several places at once."""
    if check and sql:
        raise typer.BadParameter("Give --check or --sql, not both.")
    if sql:
        print_sql()
        return
    with session_url(Settings()) as url:
        before = run(url, is_only_check=True)
        if check:
            part = judge(frozenset([before] if before else []), head(), known())
            typer.echo(part.detail)
            raise typer.Exit(0 if part.is_ok else 1)
        after = run(url)
    was = "was there already" if before == after else f"came from {before or 'an empty database'}"
    typer.echo(f"The database is at revision {after}; it {was}.")


def run(url: str, *, is_only_check: bool = False) -> str | None:
    """Migrate, or only look, and return the revision that the database is at.

    Raises:
        StartError: A revision failed, or waited too long for a lock; the database is as it was before.
        UnavailableError: The database cannot be reached.
    """

    async def look() -> str | None:
        if not is_only_check:
            await bring_to_head(url)
        engine = create_async_engine(to_asyncpg_url(url), poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(current)
        finally:
            await engine.dispose()

    try:
        with translated():
            return asyncio.run(look())
    except SQLAlchemyError as error:
        raise StartError(f"The database could not be migrated: {getattr(error, 'orig', None) or error}") from error
