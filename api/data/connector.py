"""Opens connections that are set up for reading or for writing, also where a pooler stands before PostgreSQL.

A pooler that lends a connection of its own for one transaction at a time (PgBouncer with `pool_mode = transaction`)
takes no settings for a session, and what a statement leaves behind is met by another client: a prepared statement is
gone when it is to be run, or is another one of the same name. So behind a pooler every statement is in a transaction,
settings come with its BEGIN in one message, and no statement has a name:

    BEGIN; SET LOCAL jit = off; SET LOCAL statement_timeout = 15000; ...

Source: https://www.pgbouncer.org/features.html
"""

import asyncio
from collections.abc import Awaitable, Callable  # noqa: TC003 - a local annotation
from typing import Any, Final
from weakref import WeakSet

import asyncpg
from sqlalchemy import URL

from api.data.address import Hosts
from api.data.times import set_times
from api.settings import Settings

KEPT_STATEMENTS: Final = 256
"""Prepared statements that a connection keeps."""

LONGEST_KEPT: Final = 256 * 1024
"""Most characters of a statement that is kept prepared."""

MARGIN_SECONDS: Final = 2.0
"""How much longer than PostgreSQL may work on a statement we wait for it: who is silent then, hangs."""


CANCEL_SECONDS: Final = 0.5
"""How long a statement that was cancelled may take to end."""


class Bounded(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection that is dropped where PostgreSQL does not end a statement that was cancelled.

    Whoever uses it next would wait for that, and so would the one who was cancelled, to roll back.
    """

    __slots__ = ()

    async def _cancel(self, waiter: Any, cancel_waiter: Any = None) -> None:
        """Ask PostgreSQL to end the statement, as the driver does, and wait for no longer than is allowed."""
        timer = asyncio.get_running_loop().call_later(CANCEL_SECONDS, self.terminate)
        try:
            await super()._cancel(waiter, cancel_waiter)
        finally:
            timer.cancel()


class Connector:
    """Opens the connections of one pool."""

    def __init__(self, url: URL, settings: Settings, *, is_read_only: bool) -> None:
        """Note where to connect to; nothing is connected yet.

        Args:
            url: PostgreSQL address, for asyncpg.
            settings: Time limits, and whether there is a pooler.
            is_read_only: Whether PostgreSQL is to refuse writes.
        """
        self.is_pooled = settings.pooler is not None
        """Whether a pooler lends the connections, a transaction at a time."""
        self.is_read_only = is_read_only
        """Whether PostgreSQL refuses writes."""
        self.url = url
        """Where to."""
        self._hosts = Hosts(url)
        self._open: WeakSet[Any] = WeakSet()
        self.check: Callable[[Any], Awaitable[None]] | None = None
        """Raises where a new connection is not one that is wanted."""
        self._seconds = settings.connect_timeout_seconds
        self._arguments = {"command_timeout": settings.statement_timeout_seconds + MARGIN_SECONDS}
        self._arguments |= (_pooled if self.is_pooled else _direct)(_set(settings), is_read_only=is_read_only)

    async def open(self, *_: Any, **__: Any) -> Any:
        """Return a new connection. SQLAlchemy calls this with arguments that it made from the address itself.

        Raises:
            OSError: No server could be reached in time.
            PostgresError: One refused us.
        """
        connection = await self._hosts.connect(timeout=self._seconds, **self._arguments)
        self._open.add(connection)
        await set_times(connection)
        if self.check is not None:
            try:
                async with asyncio.timeout(self._seconds):
                    await self.check(connection)
            except BaseException:
                connection.terminate()
                raise
        return connection

    def drop_all(self) -> None:
        """Drop every connection, at once: whoever waits for an answer over one hears that it is lost."""
        for connection in list(self._open):
            connection.terminate()

    @property
    def engine_arguments(self) -> dict[str, Any]:
        """What SQLAlchemy's engine is to know of the connections."""
        arguments: dict[str, Any] = {"async_creator_fn": self.open}
        if self.is_pooled:
            arguments |= {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str}
            return {"connect_args": arguments}
        # Reading needs no transaction around each statement.
        reading = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None} if self.is_read_only else {}
        return {"connect_args": arguments, **reading}


def _set(settings: Settings) -> dict[str, str]:
    """Return what PostgreSQL is set to on each connection."""
    found = {
        "timezone": "UTC",
        "intervalstyle": "iso_8601",
        "datestyle": "ISO",
        "jit": "off",
        "statement_timeout": str(int(settings.statement_timeout_seconds * 1000)),
    }
    if settings.random_page_cost:
        found["random_page_cost"] = f"{settings.random_page_cost:g}"
    return found


def _direct(server_settings: dict[str, str], *, is_read_only: bool) -> dict[str, Any]:
    """Return the driver's arguments for a connection to PostgreSQL itself."""
    server_settings |= {
        "application_name": "achene",
        "default_transaction_read_only": "on" if is_read_only else "off",
    }
    return {
        "connection_class": Bounded,
        "server_settings": server_settings,
        "statement_cache_size": KEPT_STATEMENTS,
        "max_cached_statement_lifetime": 0,
        "max_cacheable_statement_size": LONGEST_KEPT,
    }


def _pooled(server_settings: dict[str, str], *, is_read_only: bool) -> dict[str, Any]:
    """Return its arguments for a connection to a pooler."""
    server_settings |= {"transaction_read_only": "on" if is_read_only else "off"}
    prelude = "".join(f"; SET LOCAL {name} = '{value}'" for name, value in server_settings.items())

    class Pooled(Bounded):
        """A connection whose transactions bring their settings along."""

        __slots__ = ()

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            # The driver would turn off JIT for the session while it learns of types; it is off already.
            capabilities = self._server_caps._replace(jit=False)  # type: ignore[has-type]  # asyncpg has no types
            self._server_caps = capabilities  # type: ignore[misc]  # a slot of the driver's class

        async def execute(self, query: str, *args: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - asyncpg's name
            if not args and query.startswith("BEGIN"):
                query = query.rstrip(";") + prelude
            return await super().execute(query, *args, timeout=timeout)

    return {
        "server_settings": {"application_name": "achene"},
        "statement_cache_size": 0,
        "connection_class": Pooled,
    }
