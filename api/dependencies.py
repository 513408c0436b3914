"""What REST routes of the team's own ask FastAPI for: sessions, the principal, the parts.

    @app.get("/posts/count")
    async def count(session: ReadSessionDep, principal: PrincipalDep) -> int: ...

A write session commits before the answer is sent, so that nobody is told of a change that was then lost.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from api.context import Parts, authenticate
from api.data.row_level import CALLER, caller_of
from schema.context import ReadSession, WriteSession
from schema.principal import Principal


def parts_of(request: Request) -> Parts:
    """Return what the server is made of."""
    parts: Parts = request.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(parts_of)]


async def principal(request: Request, parts: PartsDep) -> Principal:
    """Return who asks.

    Raises:
        UnauthenticatedError: The key that was shown does not hold.
    """
    return await authenticate(request.scope, parts)


async def _tell(request: Request, parts: PartsDep) -> None:
    """Let PostgreSQL be told who asks, where it is to be."""
    if parts.settings.row_level_security:
        CALLER.set(caller_of(await authenticate(request.scope, parts)))


async def read_session(request: Request, parts: PartsDep) -> AsyncIterator[ReadSession]:
    """Give a session that reads, for this request alone."""
    await _tell(request, parts)
    async with parts.database.read() as session:
        yield session


async def write_session(request: Request, parts: PartsDep) -> AsyncIterator[WriteSession]:
    """Give a session that commits when the route has returned, and rolls back when it raised."""
    await _tell(request, parts)
    async with parts.database.write() as session:
        yield session


PrincipalDep = Annotated[Principal, Depends(principal)]
"""Who asks; see `Principal.may`."""

ReadSessionDep = Annotated[ReadSession, Depends(read_session, scope="function")]
"""A session on a connection that PostgreSQL keeps read-only."""

WriteSessionDep = Annotated[WriteSession, Depends(write_session, scope="function")]
"""A session whose changes are committed when the route returns."""
