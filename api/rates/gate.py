"""Counts each request before anything else is done for it, and says in every answer how much is left.

Health endpoints are never counted: who asks them is not to be told that the server is too busy. Nor are the preflights
of browsers, which `api.middleware.Cors` answers further out.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answer import UNCACHED, Answer
from api.client_address import client_address
from api.context import Parts, authenticate, trail_of
from api.errors import NotAcceptableError
from api.middleware import GRAPHQL_PATH, is_probe
from api.negotiation import OFFERS, Media, accepted
from api.rates.standing import Standing, rate_headers
from schema.errors import PublicError
from schema.principal import Principal

STANDINGS: Final = "achene.standings"
"""Where the scope has what is left for the caller, under each policy that has counted so far."""


class RateGate:
    """The ASGI middleware."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or is_probe(scope["path"]):
            await self._app(scope, receive, send)
            return
        principal, rates = await self._caller(scope), self._parts.rates
        if not rates.is_limiting(principal):
            await self._app(scope, receive, send)
            return
        decision = await rates.admit(principal, client_address(scope), scope["method"], scope["path"])
        scope[STANDINGS] = list(decision.standings)
        send = partial(_send, scope[STANDINGS], send)
        if decision.refusal is None:
            await self._app(scope, receive, send)
            return
        trail_of(scope).codes.append(decision.refusal.code)
        await Answer.refusal(decision.refusal, UNCACHED, _media(scope)).send(send, is_head=scope["method"] == "HEAD")

    async def _caller(self, scope: Scope) -> Principal:
        """Return who asks; where the key does not hold nobody, and whoever answers the request says so."""
        try:
            return await authenticate(scope, self._parts)
        except PublicError:
            return self._parts.anonymous


def charging(scope: Scope, principal: Principal, parts: Parts) -> Callable[[int], Awaitable[None]]:
    """Return what counts the cost of an operation before it runs, in rows, for `schema.context.Context`."""

    async def charge(rows: int) -> None:
        decision = await parts.rates.charge(principal, client_address(scope), rows)
        standings: list[Standing] = scope.get(STANDINGS, [])
        standings.extend(decision.standings)
        if decision.refusal is not None:
            raise decision.refusal

    return charge


async def _send(standings: list[Standing], send: Send, message: Message) -> None:
    if message["type"] == "http.response.start" and standings:
        message = {**message, "headers": [*message.get("headers", ()), *rate_headers(standings)]}
    await send(message)


def _media(scope: Scope) -> Media:
    """Return the media type of a refusal: for the graph, the one that the client wants most."""
    if scope["path"] != GRAPHQL_PATH:
        return Media.JSON
    try:
        return accepted(",".join(Headers(scope=scope).getlist("accept")).encode("latin-1"), OFFERS)
    except NotAcceptableError:
        return Media.JSON
