"""A connection for bulk work, outside the server's pools and their time limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from schema.errors import BadInputError, ContentError, UnavailableError

LOCK_TIMEOUT_SECONDS: Final = 10
"""How long to wait for someone else who holds the tables."""

Connection = Any
"""An `asyncpg.Connection`; the library ships no types."""


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Connection]:
    """Open a connection and close it at the end, however the block is left.

    Args:
        url: PostgreSQL address, with or without SQLAlchemy's `+asyncpg`.

    Raises:
        BadInputError: The address is none.
        UnavailableError: The database cannot be reached.
        ContentError: The database lets us not in, was not migrated, or somebody else holds its tables.
    """
    try:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    except ArgumentError as error:
        raise BadInputError("The database address must look like postgresql://user@host/name.") from error
    settings = {
        "application_name": "achene content",
        "timezone": "UTC",
        "statement_timeout": "0",
        "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
    }
    try:
        connection = await asyncpg.connect(address, timeout=10, server_settings=settings)
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise ContentError("The database refuses the user or the password.") from error
    except asyncpg.InvalidCatalogNameError as error:
        raise ContentError("The server has no database of that name.") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UnavailableError("The database cannot be reached.") from error
    try:
        yield connection
    except asyncpg.UndefinedTableError as error:
        raise ContentError("The database has no tables for content. Run `achene migrate` first.") from error
    except asyncpg.LockNotAvailableError as error:
        raise ContentError("Somebody else is writing to the tables. Try again when they are done.") from error
    except asyncpg.PostgresConnectionError as error:
        raise UnavailableError("The database went away.") from error
    finally:
        connection.terminate() if connection.is_in_transaction() else await connection.close(timeout=10)
