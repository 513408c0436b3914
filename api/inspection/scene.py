"""What all looks share: the settings, and one connection to the database, as the server itself would have it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from api.data.address import Hosts, to_asyncpg_url
from api.health.probe import reason
from api.settings import Settings

LOST: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises where a connection is refused, or gone."""

NAME: Final = "achene check"
"""What PostgreSQL calls our connections."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is looked at."""

    settings: Settings
    """Of the server."""
    connection: Any = None
    """To DATABASE_URL, or past the pooler where DATABASE_DIRECT_URL is set; None where there is none."""
    refusal: str = ""
    """Why there is none, in our own words; empty where no database is set."""


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Scene]:
    """Connect to the database where one is set, and disconnect at the end."""
    if settings.database_url is None:
        yield Scene(settings)
        return
    try:
        connection = await connect(settings.database_direct_url or settings.database_url, settings)
    except LOST as error:
        yield Scene(settings, refusal=reason(error))
        return
    try:
        yield Scene(settings, connection)
    finally:
        connection.terminate()


async def connect(address: str, settings: Settings) -> Any:
    """Return a connection that a look may use as it likes.

    Raises:
        OSError: There is none to be had in time.
        PostgresError: It is refused.
    """
    hosts = Hosts(to_asyncpg_url(address))
    limit = settings.connect_timeout_seconds
    async with asyncio.timeout(limit + 1):
        return await hosts.connect(
            timeout=limit, statement_cache_size=0, command_timeout=limit, server_settings={"application_name": NAME}
        )
