"""A transaction that a mutation writes in, and what PostgreSQL's refusals mean to who knows the input."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Executable, Row, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, AsyncTransaction

from api.data.direct import READ_ONLY
from api.data.node import rows_of, sqlstate, translated
from api.data.row_level import CALLER, tell
from api.telemetry.statements import Stated
from schema.context import WriteSession
from schema.writing.violations import ConflictingWrites, Unwritten, Violated, Violation

REFUSALS: Final = ("21000", "22", "23", "54000")
"""Beginnings of PostgreSQL's codes for: a row that an upsert meets twice, a value that does not fit, a constraint that
does not hold, a value that is too long for an index."""

MISCOUNTED: Final = "Sentinel-keyed result set did not produce correct number of rows"
"""What SQLAlchemy says of new rows that were to be put in order and of which some are not there."""

NOT_ALLOWED: Final = "42501"
"""Its code for a row that a policy of row level security does not let be written."""

CONFLICTS: Final = ("40001", "40P01")
"""Its codes for a transaction that was ended because of another one."""

SWALLOWED: Final = (
    "A mutation caught what the database refused and went on; it has to call session.rollback(), or to try within "
    "`async with session.begin_nested()`."
)
"""Said to who wrote such a mutation; a client is told of a failure."""


class WriteTransaction:
    """One connection of the writing pool; see `schema.context.Transaction`."""

    def __init__(self, connection: AsyncConnection, turn: asyncio.Lock | None = None) -> None:
        """Note the connection, and the turn of those who use it, where others do."""
        self._connection = connection
        self._turn = turn or asyncio.Lock()  # batches of a selection come side by side, and a connection runs one

    async def run(self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None = None) -> Sequence[Any]:
        """Run a statement, with the values of each row where it writes several, and return its rows.

        Raises:
            Violated: PostgreSQL refused it.
            Unwritten: It gave back fewer rows than it was given, as far as that shows here.
            ConflictingWrites: Another transaction stood in its way.
            UnavailableError: The database went away, or the statement took too long.
        """
        with translated():
            try:
                async with self._turn:
                    await self._begin()
                    with Stated(statement) as stated:
                        result = await self._connection.execute(statement, parameters)
                        rows = result.all() if result.returns_rows else ()
                        stated.rows = len(rows)
            except InvalidRequestError as error:
                if type(error) is InvalidRequestError and MISCOUNTED in str(error):
                    raise Unwritten from error
                raise
            except DBAPIError as error:
                if sqlstate(error) == READ_ONLY:
                    await self._connection.invalidate()  # another server may be the one that takes writes
                raise _refusal(error) from error
            except TimeoutError:
                await self._connection.invalidate()  # longer than PostgreSQL lets a statement run: it hangs
                raise
            return rows

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run one reading statement and return all its rows."""
        with translated():
            async with self._turn:
                await self._begin()
                return await rows_of(self._connection, statement)

    async def _begin(self) -> None:
        """Begin the transaction where that is not done yet, and tell whom it runs for."""
        if not self._connection.in_transaction():
            await self._connection.begin()
            await tell(self._connection)

    async def give_up(self) -> None:
        """Wait until nothing runs on the connection; what was cancelled has closed it then."""
        async with self._turn:
            pass

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Open a part of the transaction that is undone by itself where its block raises."""
        await self._begin()
        async with self._connection.begin_nested():
            yield

    @asynccontextmanager
    async def nested(self) -> AsyncIterator["WriteTransaction"]:
        """Open a part of the transaction that can be rolled back by itself."""
        part = _Part(self._connection, self._turn)
        await self._begin()
        await part.begin()
        yield part
        await part.end()

    async def settle(self) -> None:
        """Check the constraints that were put off to the end."""
        await self.run(text("SET CONSTRAINTS ALL IMMEDIATE"))

    async def roll_back(self) -> None:
        """Undo everything; what is run from now on is a new transaction."""
        with translated():
            async with self._turn:
                await self._connection.rollback()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[WriteSession]:
        """Open a session in the transaction, whose changes are written at the end of its block.

        Raises:
            Violated: PostgreSQL refused one.
            ConflictingWrites: Another transaction stood in its way.
            UnavailableError: The database went away, or a statement took too long.
        """
        with translated():
            await self._begin()  # or the session would begin it, and could commit it
            # What it rolls back is what it has written: within a larger transaction it has a savepoint of its own.
            session = AsyncSession(self._connection, expire_on_commit=False)
            try:
                async with session:
                    await session.connection()  # now, so that it rolls back all that is written while it is open
                    yield WriteSession(session)
                    if not session.is_active:
                        raise RuntimeError(SWALLOWED)  # or what was written before it would be lost in silence
                    await session.commit()  # writes what is left, and ends the savepoint; the transaction goes on
            except DBAPIError as error:
                raise _refusal(error) from error


class _Part(WriteTransaction):
    """A part of a transaction, behind a savepoint."""

    _savepoint: AsyncTransaction

    async def begin(self) -> None:
        """Set the savepoint."""
        self._savepoint = await self._connection.begin_nested()

    async def roll_back(self) -> None:
        """Undo the part; what is run from now on is a new one."""
        with translated():
            async with self._turn:
                await self._savepoint.rollback()
                await self.begin()

    async def end(self) -> None:
        """Keep the part."""
        with translated():
            await self._savepoint.commit()


def _refusal(error: DBAPIError) -> Exception:
    """Return what a failed write is to those who know the input."""
    state, cause = sqlstate(error) or "", getattr(error.orig, "__cause__", None)
    if state in CONFLICTS:
        return ConflictingWrites()
    is_policy = state == NOT_ALLOWED and CALLER.get() is not None
    if not (is_policy or state.startswith(REFUSALS)):
        return error
    told = {name: getattr(cause, f"{name}_name", None) for name in ("constraint", "table", "column")}
    return Violated(Violation(state, detail=getattr(cause, "detail", None) or "", **told))
