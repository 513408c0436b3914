"""Counts each request before anything else is done for it, and says in every answer how much is left.

Health endpoints are never counted: who asks them is not to be told that the server is too busy. Nor are the preflights
of browsers, which `api.http.middleware.Cors` answers further out.
"""

from functools import partial

from starlette.types import ASGIApp, Receive, Scope, Send

from api.context import Parts, authenticate, known_caller, trail_of
from api.http.answer import UNCACHED, Answer
from api.http.client_address import client_address, client_host
from api.http.errors import NotAcceptableError
from api.http.headers import LATE, request_headers
from api.http.negotiation import OFFERS, Media, accepted
from api.http.paths import GRAPHQL_PATH, is_probe
from api.rates.charging import STANDINGS
from api.rates.rates import FREE
from api.rates.standing import rate_headers
from api.telemetry import logger
from schema.errors import PublicError
from schema.principal import Principal


class RateGate:
    """The ASGI middleware."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts
        self._has_hinted = bool(parts.settings.trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or is_probe(path := _path(scope)):
            await self._app(scope, receive, send)
            return
        refusal = await self.admit(scope, path)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal.send(send, is_head=scope["method"] == "HEAD")

    async def admit(self, scope: Scope, path: str) -> Answer | None:
        """Count a request; the scope then knows where its caller stands, and what is said of that.

        Returns:
            The refusal; None where it may go on.
        """
        principal, rates = known_caller(scope, self._parts) or await self._caller(scope), self._parts.rates
        account = rates.account(principal, client_host(scope))
        if (decision := rates.admit_now(account, scope["method"], path)) is None:
            decision = await rates.admit(account, scope["method"], path)
        if decision is FREE and not rates.is_limiting(account):
            return None
        standings = scope[STANDINGS] = list(decision.standings)
        scope[LATE] = partial(rate_headers, standings)
        if decision.refusal is None:
            return None
        if principal.is_anonymous:
            self._hint(scope)
        trail_of(scope).codes.append(decision.refusal.code)
        return _refused(scope, path, decision.refusal)

    async def _caller(self, scope: Scope) -> Principal:
        """Return who asks; where the key does not hold nobody, and whoever answers the request says so."""
        try:
            return await authenticate(scope, self._parts)
        except PublicError:
            return self._parts.anonymous

    def _hint(self, scope: Scope) -> None:
        """Say once that all visitors may be counted as one, behind a proxy that nobody has named."""
        if not self._has_hinted and b"x-forwarded-for" in request_headers(scope):
            self._has_hinted = True
            logger().warning(
                "a caller was refused by its address, and names another in X-Forwarded-For: if it is a proxy, name it",
                address=str(client_address(scope)),
                setting="ACHENE_TRUSTED_PROXIES",
            )


def _refused(scope: Scope, path: str, error: PublicError) -> Answer:
    """Return a refusal in the form that the path has for all its errors."""
    return Answer.refusal(error, UNCACHED, _wanted(scope) if path == GRAPHQL_PATH else Media.PROBLEM)


def _path(scope: Scope) -> str:
    """Return the path of a request, without that of an application which this one is mounted in."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _wanted(scope: Scope) -> Media:
    """Return the media type that a client of the graph wants most."""
    try:
        return accepted(request_headers(scope).get(b"accept"), OFFERS)
    except NotAcceptableError:
        return Media.JSON
