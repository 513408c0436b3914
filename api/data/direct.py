"""The pool that the engine's statements run over: asyncpg as it is, each statement prepared once a connection.

SQLAlchemy's connections cost several times the CPU for one statement, and both pools would reset a connection
after each use by a round trip of its own. Nothing that runs here leaves anything behind: every statement is a
single SELECT on a connection that PostgreSQL keeps read-only, or one statement that writes by itself.
"""

import asyncio
import time
from collections import deque
from typing import Any, Final

from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresConnectionError, PostgresError

from api.data.connector import Connector
from api.data.row_level import CALLER
from schema.errors import LimitError, StatementFailedError, UnavailableError, UnreachableError

QUERY_CANCELED: Final = "57014"
"""PostgreSQL's code for a statement that ran into `statement_timeout`."""

TOO_LARGE_CLASS: Final = "54"
"""Beginning of its codes for limits of its own, such as the depth of an expression."""

UNAVAILABLE_CLASSES: Final = ("08", "53", "57P")
"""Beginnings of PostgreSQL's codes for: no connection, out of resources, shutting down or starting up."""

READ_ONLY: Final = "25006"
"""Its code for a write where nothing can be written: the server has become a standby, or its disk is nearly full."""

CONFLICT: Final = "40001"
"""Its code for a statement that was ended because of others; on a standby, because of what it replays."""

SETTLE_SECONDS: Final = 5.0
"""How long the end of a transaction may take that nobody waits for."""


class DirectPool:
    """A pool of asyncpg connections, each opened when it is first needed.

    The driver's own pool wraps each acquisition and each release into a task, which costs more than a small statement
    does. Here a free connection is taken off a list and put back; only who has to wait, waits.
    """

    def __init__(self, connector: Connector, size: int, patience_seconds: float) -> None:
        """Note where connections come from.

        Args:
            connector: Opens them.
            size: Most connections.
            patience_seconds: How long a statement waits for one that is free.
        """
        self._connector = connector
        self._patience = patience_seconds
        self._idle: list[Any] = []
        self._all: set[Any] = set()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._count = 0
        self._settling: set[asyncio.Task[None]] = set()
        self.size = size
        """Most connections."""
        self.moved_at = time.monotonic()
        """When a connection was last taken or given back, by `time.monotonic`."""

    @property
    def in_use(self) -> int:
        """Connections that run a statement at the moment, or are being opened."""
        return self._count - len(self._idle)

    async def fetch_bytes(self, sql: str, arguments: list[Any], *, is_repeatable: bool = True) -> bytes:
        """Run a statement that returns one value of bytes, or one in pieces: columns of the type BPCHAR.

        A dead connection is replaced, and the statement run once more where it only reads: of one that writes nobody
        knows whether it did.

        Raises:
            UnavailableError: No connection could be had, or the statement took too long.
            StatementFailedError: PostgreSQL or the driver refused the statement.
            LimitError: It is too large for PostgreSQL.
        """
        try:
            return await self._fetch(sql, arguments)
        except (_LostError, ConnectionError, PostgresConnectionError) as error:
            if not is_repeatable:
                raise UnreachableError from error
            return await self._again(sql, arguments)
        except OSError as error:  # TimeoutError among them
            raise UnreachableError from error
        except PostgresError as error:
            raise self._translated(error) from error

    async def _again(self, sql: str, arguments: list[Any]) -> bytes:
        """Run a statement once more, on a new connection: what happened to one has happened to all that rest."""
        for connection in self._idle:
            connection.terminate()
            self._all.discard(connection)
        self._count -= len(self._idle)
        self._idle.clear()
        try:
            return await self._fetch(sql, arguments)
        except (_LostError, PostgresConnectionError, OSError) as error:
            raise UnreachableError from error
        except PostgresError as error:
            raise self._translated(error) from error

    async def _fetch(self, sql: str, arguments: list[Any]) -> bytes:
        connection = self._rested() or await self._another()
        self.moved_at = time.monotonic()
        give_back = self._give_back_last
        try:
            data = await self._run(connection, sql, arguments)
            give_back = self._give_back
            return data
        except PostgresError as error:
            if getattr(error, "severity", None) is None:  # the driver's own, of a value, in the midst of its protocol
                give_back = self._drop
            if error.sqlstate == READ_ONLY and not self._connector.is_read_only:
                give_back = self._drop  # another server may be the one that takes writes
            raise
        except TimeoutError:
            give_back = self._drop  # longer than PostgreSQL itself lets a statement run: it hangs, or the network does
            raise
        except (InterfaceError, InternalClientError) as error:
            give_back = self._drop  # where the driver gave up half-way, nobody knows what state it is in
            if connection.is_closed() or isinstance(error, InternalClientError):
                raise _LostError from error
            raise StatementFailedError(str(error)) from error
        finally:
            self.moved_at = time.monotonic()
            give_back(connection)

    async def _run(self, connection: Any, sql: str, arguments: list[Any]) -> bytes:
        """Run a statement; behind a pooler, or for a caller of whom is told, in a transaction.

        It is ended here where it has written.
        """
        caller = CALLER.get()
        if caller is None and not self._connector.is_pooled:
            return _joined(await connection.fetchrow(sql, *arguments))
        await connection.execute("BEGIN" if caller is None else f"BEGIN{caller.prelude}")
        row = await connection.fetchrow(sql, *arguments)
        if not self._connector.is_read_only:
            await connection.execute("COMMIT")
        return _joined(row)

    def _rested(self) -> Any:
        """Return a connection that is free, None where there is none; drop those that were closed as they rested."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._drop(connection)
        return None

    async def _another(self) -> Any:
        """Return a new connection, or the next that becomes free.

        Raises:
            UnavailableError: None did in time.
        """
        try:
            async with asyncio.timeout(self._patience):
                while self._count >= self.size:
                    if (connection := await self._next()) is not None:
                        return connection
        except TimeoutError as error:
            raise UnavailableError("The server is busy: no database connection became free in time.") from error
        self._count += 1
        try:
            connection = await self._opened()
        except BaseException:
            self._lose()
            raise
        self._all.add(connection)
        return connection

    async def _opened(self) -> Any:
        """Return a new connection, on which values of the type BPCHAR are bytes as PostgreSQL sends them."""
        connection = await self._connector.open()
        try:
            if self._connector.is_pooled:
                await connection.execute("BEGIN")  # what the driver asks of a type is to reach one server
            await connection.set_type_codec(
                "bpchar", schema="pg_catalog", format="binary", encoder=str.encode, decoder=bytes
            )
            if self._connector.is_pooled:
                await connection.execute("COMMIT")
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _next(self) -> Any:
        """Wait for a connection that is given back; None where there is room for another."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # it came at the moment when we gave up
                if waiter.result() is not None:
                    self._give_back(waiter.result())
                elif (other := self._next_waiter()) is not None:
                    other.set_result(None)
            raise

    def _give_back(self, connection: Any) -> None:
        """Let the next one have a connection."""
        if not self._pass_on(connection):
            self._idle.append(connection)

    def _give_back_last(self, connection: Any) -> None:
        """Give one back to be taken last: its statement was cancelled, and the next one would wait for that."""
        if not self._pass_on(connection):
            self._idle.insert(0, connection)

    def _pass_on(self, connection: Any) -> bool:
        """Hand a connection to one who waits, or drop it where it is closed; False where it is to rest."""
        if connection.is_closed():
            self._drop(connection)
        elif connection.is_in_transaction():
            task = asyncio.create_task(self._settle(connection))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)
        elif (waiter := self._next_waiter()) is not None:
            waiter.set_result(connection)
        else:
            return False
        return True

    async def _settle(self, connection: Any) -> None:
        """End a transaction that nobody waits for, and let the next one have its connection."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await connection.execute("ROLLBACK")
        except (OSError, PostgresError, InterfaceError, InternalClientError):
            self._drop(connection)
        else:
            self._give_back(connection)

    def _drop(self, connection: Any) -> None:
        """Close a connection for good."""
        connection.terminate()
        self._all.discard(connection)
        self._lose()

    def _lose(self) -> None:
        """Count a connection less, and let the next one open another."""
        self._count -= 1
        if (waiter := self._next_waiter()) is not None:
            waiter.set_result(None)

    def _next_waiter(self) -> "asyncio.Future[Any] | None":
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    async def close(self) -> None:
        """Close every connection, without waiting for one that does not answer."""
        for connection in self._all:
            connection.terminate()

    def _translated(self, error: PostgresError) -> Exception:
        """Return what an error of PostgreSQL means to who asked."""
        state = error.sqlstate or ""
        if state == QUERY_CANCELED:
            return UnavailableError("The database took too long to answer.")
        moved = CONFLICT if self._connector.is_read_only else READ_ONLY
        if state.startswith((*UNAVAILABLE_CLASSES, moved)):
            return UnreachableError()
        if state.startswith(TOO_LARGE_CLASS) and self._connector.is_read_only:  # of a write, resolvers say which value
            return LimitError("The operation is too large for the database.")
        return StatementFailedError(str(error))


def _joined(row: Any) -> bytes:
    """Return the one value of a row, or its pieces put together; nothing where a piece, or the row, is none."""
    if row is None:
        return b""
    data: bytes = row[0] if len(row) == 1 else b"".join([piece for piece in row if piece])
    return data


class _LostError(Exception):
    """The connection was gone, or its server said goodbye while it rested and nobody had read it yet."""
