"""The data as one request sees it: read from one standby, or from the primary, and written to the primary.

A request stays with the server that it read from first, so that its statements do not see different times. Where a
standby fails, the statement is run once more on the primary, and so is all that follows. What writes reads from the
primary alone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError

from api.data.consistency import Point
from api.data.database import Database
from api.data.node import Node, translated
from api.data.replicas import Replicas
from schema.context import ReadSession, Transaction, WriteSession
from schema.errors import StatementFailedError, UnreachableError

Found = TypeVar("Found")

TRIED_AGAIN = (UnreachableError, StatementFailedError, DBAPIError)
"""What a statement may fail by on a standby alone: it is gone, replays what the statement reads, or lags."""


class Reads:
    """The data of one request; see `schema.context.Database`."""

    def __init__(self, primary: Database, replicas: Replicas, after: Point | None) -> None:
        """Note where it may be read.

        Args:
            primary: Where it is written.
            replicas: Where it may be read, too.
            after: A moment that has to be seen; None where any time will do.
        """
        self._primary = primary
        self._replicas = replicas
        self._after = after
        self._node: Node | None = None
        self._turn = asyncio.Lock()

    def stay(self) -> None:
        """Read from the primary alone from now on: this request writes."""
        self._node = self._primary

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run one reading statement on a connection of its own and return all its rows."""
        return await self._ask(lambda node: node.fetch(statement))

    async def fetch_bytes(self, sql: str, arguments: list[Any]) -> bytes:
        """Run a statement of the engine and return its one value."""
        return await self._ask(lambda node: node.fetch_bytes(sql, arguments))

    async def explain(self, sql: str, arguments: list[Any]) -> Any:
        """Run a statement of the engine and return its plan."""
        return await self._ask(lambda node: node.explain(sql, arguments))

    async def write_bytes(self, sql: str, arguments: list[Any], table: str) -> bytes:
        """Run a statement that writes to a table and returns one value of bytes, by itself and once."""
        self.stay()
        return await self._primary.write_bytes(sql, arguments, table)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """Open a session that reads."""
        async with AsyncExitStack() as stack:
            session = await self._ask(lambda node: _opened(stack, node))
            yield session

    def write(self) -> AbstractAsyncContextManager[WriteSession]:
        """Open a session that commits when its block ends, and rolls back when it raises."""
        self.stay()
        return self._primary.write()

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that commits when its block ends, and rolls back when it raises."""
        self.stay()
        return self._primary.transaction()

    async def _ask(self, ask: Callable[[Node], Awaitable[Found]]) -> Found:
        """Ask the server that was chosen, and the primary where that is another one and fails."""
        if (node := self._node) is None:
            node = await self._choose()
        try:
            return await ask(node)
        except TRIED_AGAIN:
            if node is self._primary:
                raise
        self.stay()
        return await ask(self._primary)

    async def _choose(self) -> Node:
        """Choose a server, once for all statements that come at the same time."""
        async with self._turn:
            if self._node is None:
                self._node = await self._replicas.choose(self._after) or self._primary
            return self._node


async def _opened(stack: AsyncExitStack, node: Node) -> ReadSession:
    """Open a session that has a connection, so that a server which is gone is noticed before anything is read."""
    with translated(is_reading=True):
        session = await stack.enter_async_context(node.read())
        await session.connection()
    return session
