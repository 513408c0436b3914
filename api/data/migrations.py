"""Migrations, as the server and the commands use them: run them, and tell whether the database is behind."""

from functools import cache

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from alembic import command
from api.data.address import to_asyncpg_url
from api.settings import PROJECT


def config() -> Config:
    """Return Alembic's configuration, wherever the process was started."""
    return Config(toml_file=PROJECT / "pyproject.toml")


@cache
def head() -> str | None:
    """Return the revision that the code wants; None where there are no revisions."""
    return ScriptDirectory.from_config(config()).get_current_head()


@cache
def known() -> frozenset[str]:
    """Return every revision that this code has."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(config()).walk_revisions())


def current(connection: Connection) -> str | None:
    """Return the revision that a database is at; None where it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def print_sql() -> None:
    """Print the SQL of every revision, from an empty database to the newest, and run nothing."""
    command.upgrade(config(), "head", sql=True)


async def migrate(url: str) -> None:
    """Bring a database to the newest revision. Safe to run from several processes at once."""
    engine = create_async_engine(to_asyncpg_url(url), poolclass=NullPool)
    try:
        await migrate_on(engine)
    finally:
        await engine.dispose()


async def migrate_on(engine: AsyncEngine) -> None:
    """Bring the database of an engine to the newest revision."""

    def upgrade(connection: Connection) -> None:
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")

    async with engine.connect() as connection:
        await connection.run_sync(upgrade)
        await connection.commit()
