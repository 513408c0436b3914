"""Asks the database whether it answers and which revision it is at, over a connection of its own.

Of its own, so that a request pool without a free connection cannot hold up a health check. The whole
question has one time limit; a connection that stays silent is dropped on the spot, because saying goodbye
to a server that hangs would hang as well.
"""

import asyncio
from contextlib import nullcontext
from typing import Any, Final

import asyncpg
from sqlalchemy import URL

from api.data.address import Hosts
from schema.errors import AcheneError

QUERY: Final = "SELECT version_num FROM alembic_version"
"""One round trip tells both: the database works, and how far it is migrated."""

DROPPED: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server said goodbye to an idle connection, and nobody had read it yet
)
"""What the driver raises when a connection is gone."""


class ProbeError(AcheneError):
    """The database did not answer; the message is fit for anybody's eyes."""


class Probe:
    """One connection, opened when first asked, kept between questions, replaced when it is dead."""

    def __init__(self, url: URL, limit_seconds: float, *, is_pooled: bool = False) -> None:
        """Prepare; nothing is connected yet.

        Args:
            url: Address, as SQLAlchemy has it for asyncpg.
            limit_seconds: How long one question may take, with connecting.
            is_pooled: Whether a pooler lends the connection, a transaction at a time.
        """
        self._limit = limit_seconds
        self._hosts = Hosts(url)
        self._is_pooled = is_pooled
        self._arguments = _pooled_arguments() if is_pooled else _arguments(limit_seconds)
        self._connection: Any = None

    async def revisions(self) -> frozenset[str]:
        """Return the revisions that the database is at: one, or none where it was never migrated.

        Raises:
            ProbeError: It did not answer, or not in time.
        """
        question = asyncio.ensure_future(self._ask())
        question.add_done_callback(_retrieve)
        try:
            done, _ = await asyncio.wait({question}, timeout=self._limit)
        finally:
            if not question.done():
                question.cancel()
                self.drop()
        if not done:
            raise ProbeError(f"The database did not answer within {self._limit:.1f} s.")
        try:
            return question.result()
        except (*DROPPED, asyncpg.PostgresError) as error:
            self.drop()
            raise ProbeError(reason(error)) from error

    def drop(self) -> None:
        """Drop the connection without waiting for the other side."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _ask(self) -> frozenset[str]:
        """Ask over the kept connection, and once more over a new one where that has died meanwhile."""
        if self._connection is not None:
            try:
                return await self._fetch()
            except DROPPED:
                self.drop()
            except asyncpg.PostgresError as error:
                if not (error.sqlstate or "").startswith("57P"):  # ended by the server's shutdown
                    raise
                self.drop()
        self._connection = await self._hosts.connect(timeout=self._limit, **self._arguments)
        return await self._fetch()

    async def _fetch(self) -> frozenset[str]:
        try:
            async with self._connection.transaction(readonly=True) if self._is_pooled else nullcontext():
                return frozenset(row[0] for row in await self._connection.fetch(QUERY))
        except asyncpg.UndefinedTableError:
            return frozenset()


def _pooled_arguments() -> dict[str, Any]:
    """Return what the driver is to know of a connection to a pooler, which takes no settings."""
    return {"statement_cache_size": 0, "server_settings": {"application_name": "achene health"}}


def _arguments(limit_seconds: float) -> dict[str, Any]:
    """Return what the driver is to know of a connection to PostgreSQL itself."""
    return {
        "statement_cache_size": 0,
        "server_settings": {
            "application_name": "achene health",
            "statement_timeout": str(max(1, int(limit_seconds * 1000))),
            "default_transaction_read_only": "on",
        },
    }


def reason(error: Exception) -> str:
    """Say in our own words what is wrong; the driver's text can name hosts and users."""
    match error:
        case asyncpg.InvalidAuthorizationSpecificationError():
            return "The database refuses the login."
        case asyncpg.InvalidCatalogNameError():
            return "The database server has no such database."
        case asyncpg.ProtocolViolationError():
            return "A pooler refuses the connection: set ACHENE_POOLER to `transaction` where it is in that mode."
        case asyncpg.CannotConnectNowError():
            return "The database is starting up or shutting down."
        case asyncpg.TooManyConnectionsError():
            return "The database has no connection left."
        case asyncpg.InsufficientPrivilegeError():
            return "The database login may not read the migration table."
        case asyncpg.PostgresError():
            return "The database answered with an error."
        case TimeoutError():
            return "The database did not answer in time."
        case _:
            return "The database cannot be reached."


def _retrieve(question: "asyncio.Future[frozenset[str]]") -> None:
    """Look at the outcome of a question that nobody waits for any more, so that asyncio stays quiet."""
    if not question.cancelled():
        question.exception()
