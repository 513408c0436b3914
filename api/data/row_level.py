"""Tells PostgreSQL who asks, where a team has row level security beside, or instead of, the rules of models.

    CREATE POLICY own ON notes USING (owner_id = nullif(current_setting('app.user_id', true), '')::bigint)

What is told are settings of one transaction, so the next request on the same connection knows nothing of them. They
come with BEGIN in one message. A statement that runs for nobody, such as the look-up of a key, tells nothing.

Whom a statement runs for is known by the context of the task: no way to the database can forget it.

Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html,
https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SET
"""

from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from schema.principal import Principal

READ_COMMITTED: Final = "READ COMMITTED"

MOST_CALLERS: Final = 1_000
"""Callers whose words for PostgreSQL are kept."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom statements run for, in PostgreSQL's terms."""

    prelude: str
    """What follows BEGIN."""

    statement: Any
    """The same as a statement, for transactions that SQLAlchemy begins."""


CALLER: Final[ContextVar[Caller | None]] = ContextVar("caller", default=None)
"""Whom the statements of this task run for; None where nothing is told."""


@lru_cache(MOST_CALLERS)
def caller_of(principal: Principal) -> Caller:
    """Return what is told of a principal: empty texts where it has no such thing, scopes in order and by commas.

    Claims are one JSON object, so that none can be named as another setting is.
    """
    told = {
        "app.user_id": _text(principal.user_id),
        "app.key_id": _text(principal.key_id),
        "app.scopes": ",".join(sorted(principal.scopes)),
        "app.subject": principal.subject or "",
        "app.claims": principal.claims_json.decode(),
    }
    calls = ", ".join(f"set_config('{name}', {_quoted(value)}, true)" for name, value in told.items())
    given = [func.set_config(literal(name), literal(value), literal(True)) for name, value in told.items()]
    return Caller(f"; SELECT {calls}", select(*given))


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _quoted(value: str) -> str:
    """Return a text in SQL. Written in hexadecimal digits it cannot be anything else, whatever a token has in it."""
    return f"convert_from(decode('{value.encode().hex()}', 'hex'), 'UTF8')"


async def tell(to: AsyncConnection | AsyncSession) -> None:
    """Tell whom a transaction runs for that has just begun, or begins now."""
    if (caller := CALLER.get()) is not None:
        await to.execute(caller.statement)


async def tell_reader(connection: AsyncConnection) -> None:
    """Tell it on a connection that runs each statement by itself, and so needs a transaction for it."""
    if CALLER.get() is not None:
        await connection.execution_options(isolation_level=READ_COMMITTED)
        await tell(connection)
