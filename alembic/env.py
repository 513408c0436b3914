"""How Alembic reaches the database, and the limits under which a revision runs.

A revision waits at most five seconds for a lock and at most ten minutes for a statement, so that a
migration fails and can be tried again rather than holding up every query behind it.
"""

import asyncio

from sqlalchemy import Connection, Engine, NullPool, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from alembic import context
from api.data.address import to_asyncpg_url
from api.embedded.embedded import database_url
from api.settings import Settings
from schema.changes import migrations  # noqa: F401 - tells Alembic of watched tables
from schema.changes.versions import TOUCH
from schema.errors import StartError
from schema.models import Base

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"
MIGRATION_LOCK = 0x41434845  # an arbitrary number, the same in every process: "ACHE"


def run(connection: Connection) -> None:
    """Run the revisions in one transaction, one process at a time."""
    context.configure(
        connection=connection, target_metadata=Base.metadata, compare_type=True, compare_server_default=True
    )
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
        before = context.get_context().get_current_heads()
        context.run_migrations()
        if context.get_context().get_current_heads() != before and inspect(connection).has_table("table_changes"):
            connection.execute(text(TOUCH))  # no trigger fires on ALTER TABLE


async def run_on(engine: AsyncEngine) -> None:
    """Run the revisions over a connection of an engine, and commit."""
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()


def run_online() -> None:
    """Run over the connection or engine that the caller gave, else over DATABASE_URL or the embedded database."""
    given = context.config.attributes.get("connection")
    match given:
        case Connection():
            run(given)
        case Engine():
            with given.begin() as connection:
                run(connection)
        case AsyncEngine():
            asyncio.run(run_on(given))
        case _:
            try:
                with database_url(Settings()) as url:
                    asyncio.run(run_on(create_async_engine(to_asyncpg_url(url), poolclass=NullPool)))
            except StartError as error:
                raise SystemExit(str(error)) from error


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run_online()
