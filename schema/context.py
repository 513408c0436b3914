"""What every resolver is given: who asks, how to reach the data, and the batches of this request.

The web fills it in for each request; see `api.context`. Nothing here knows HTTP.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, NewType, Protocol

from sqlalchemy import Executable, Row
from sqlalchemy.ext.asyncio import AsyncSession

from schema.audit import Audit
from schema.keeping import Keeper
from schema.loaders import Loaders
from schema.principal import Principal
from schema.query.rows import entity_of

ReadSession = NewType("ReadSession", AsyncSession)
"""A session on a connection that PostgreSQL keeps read-only."""

WriteSession = NewType("WriteSession", AsyncSession)
"""A session that commits when its block ends without an error."""


class Database(Protocol):
    """The data, as the graph reaches it. `api.data.database.Database` is the real one."""

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run one reading statement on a connection of its own and return all its rows."""

    async def fetch_bytes(self, sql: str, arguments: list[Any]) -> bytes:
        """Run a statement that returns one value of bytes, or one in pieces.

        Pieces are the columns of a row, of the type BPCHAR; one that is null is nothing.

        Raises:
            StatementFailedError: PostgreSQL refused the statement.
        """

    async def write_bytes(self, sql: str, arguments: list[Any], table: str) -> bytes:
        """Run a statement that writes to a table and returns one value of bytes, by itself and once.

        Raises:
            StatementFailedError: PostgreSQL refused the statement, or cannot tell in it what is written.
            UnavailableError: No connection could be had, or the statement took too long.
        """

    async def explain(self, sql: str, arguments: list[Any]) -> Any:
        """Run a reading statement and return PostgreSQL's plan of it, as EXPLAIN (ANALYZE, FORMAT JSON) gives it."""

    def read(self) -> AbstractAsyncContextManager[ReadSession]:
        """Open a session that reads. Never share it between resolvers that run at once."""

    def write(self) -> AbstractAsyncContextManager[WriteSession]:
        """Open a session that commits when its block ends, and rolls back when it raises."""

    def transaction(self) -> "AbstractAsyncContextManager[Transaction]":
        """Open a transaction that commits when its block ends, and rolls back when it raises."""


class Transaction(Protocol):
    """One connection, on which a mutation writes and its selection is read."""

    async def run(self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None = None) -> Sequence[Any]:
        """Run a statement, with the values of each row where it writes several, and return its rows.

        Raises:
            Violated: PostgreSQL refused it.
            ConflictingWrites: Another transaction stood in its way.
        """

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run one reading statement and return all its rows."""

    def savepoint(self) -> AbstractAsyncContextManager[Any]:
        """Open a part of the transaction that is undone by itself where its block raises."""

    def nested(self) -> "AbstractAsyncContextManager[Transaction]":
        """Open a part of the transaction that can be rolled back by itself."""

    async def settle(self) -> None:
        """Check the constraints that were put off to the end.

        Raises:
            Violated: One does not hold.
        """

    async def roll_back(self) -> None:
        """Undo everything; what is run from now on is a new transaction."""

    def session(self) -> AbstractAsyncContextManager[WriteSession]:
        """Open a session in the transaction, whose changes are written at the end of its block.

        Raises:
            Violated: PostgreSQL refused one.
            ConflictingWrites: Another transaction stood in its way.
        """


UNWATCHED: Final = nullcontext()


def unwatched(_name: str) -> AbstractContextManager[Any]:
    """Return the block of a step that nobody watches."""
    return UNWATCHED


@dataclass(slots=True)
class Context:
    """One request, as resolvers see it (`info.context`)."""

    principal: Principal
    """Who asks."""

    database: Database
    """How to reach the data."""

    loaders: Loaders
    """The batches of this request."""

    request_id: str
    """Names the request in answers and logs."""

    reports: frozenset[str] = frozenset()
    """What the caller wants to be told beside the data, in `extensions`: `cost`, `way`, `explain`."""

    shows_schema: bool = True
    """Whether the caller may ask for the schema itself, and be told of names that look like those that it got wrong."""

    step: Callable[[str], AbstractContextManager[Any]] = unwatched
    """Returns the block of a step of the work, for who watches how long it takes."""

    is_large: bool = False
    """True where so much is given that reading it would keep others waiting; see `schema.beside`."""

    charge: Callable[[int], Awaitable[None] | None] | None = None
    """Counts the rows that an operation could read, before it runs, and raises where they are too many for now.

    It returns what has to be waited for; None where nothing has.
    """

    keeper: Keeper | None = None
    """What keeps answers and knows those that were kept; None where each is read anew."""

    audit: Audit | None = None
    """What takes note of who writes what; None where nobody does."""

    whole: Transaction | None = None
    """A transaction around the whole operation, where there is one; each root field is then a part of it."""

    transaction: Transaction | None = None
    """What a mutation writes through; there while one runs."""

    is_refused: bool = False
    """True once a mutation was refused."""

    is_atomic: bool = False
    """True while a mutation is run whose root fields are undone together."""

    undone_by: str | None = None
    """The root field, by its name in the answer, that was refused or failed and so undoes all others."""

    write_session: WriteSession | None = None
    """The session of a mutation of a team's own; there while one runs."""

    def seen(self, model: type[Any]) -> Any:
        """Return a model, as the caller sees it, for statements of a team's own; run them by `fetch`.

        Rows and values that the caller may not see are not in it.
        """
        return entity_of(self.loaders.graph.by_model[model])

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run a reading statement of a team's own, over what `seen` gives, and return all its rows."""
        return await self.database.fetch(self.loaders.sight.bound(statement, self.loaders.identity))

    @property
    def session(self) -> WriteSession:
        """What a mutation of a team's own writes through, in the transaction of its root field.

        Raises:
            TypeError: None runs.
        """
        if self.write_session is None:
            raise TypeError("there is a session to write through in mutations alone; read through context.database")
        return self.write_session
