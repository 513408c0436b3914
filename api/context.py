"""Fills in who asks and what a request is given: the principal, and the graph's `Context`."""

from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from api.auth import presented_key
from api.authentication import Authentication
from api.caching import Caching
from api.caching.taught import Texts
from api.data.consistency import read_token
from api.data.database import Database
from api.data.reads import Reads
from api.health.health import Health
from api.http.client_address import client_host
from api.http.headers import Headers, request_headers
from api.keys import Keys
from api.rates.rates import Rates
from api.settings import Settings
from api.telemetry import TRAIL, Trail
from api.telemetry.telemetry import Telemetry
from schema.build import GraphSchema
from schema.context import Context
from schema.errors import ForbiddenError, PublicError, UnauthenticatedError
from schema.principal import INTROSPECT, Principal

READ: Final = "read"
"""The scope without which nothing of the graph is answered."""

CALLER: Final = "achene.caller"
"""Where the scope has who sends the request, or why that is not known."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a server process is made of, in the order in which it starts."""

    settings: Settings
    """How it is set up."""

    database: Database
    """Its connections."""

    keys: Keys
    """Who it knows."""

    health: Health
    """How it is."""

    graph: GraphSchema
    """What it serves."""

    telemetry: Telemetry
    """What watches it."""

    anonymous: Principal
    """Who asks without a key."""

    rates: Rates
    """How much callers may ask."""

    caching: Caching
    """What is kept of answers."""

    texts: Texts
    """Documents that clients have taught."""

    authentication: Authentication | None = None
    """A team's own way to say who asks, before keys are looked at."""


def caller_now(headers: Headers, host: str | None, parts: Parts) -> Principal | None:
    """Return who sends a request, where that is known at once; None where `authenticate` has to find out.

    Args:
        headers: Its headers, each of which it has but once.
        host: The address that it comes from, as text; None where that is not known.
        parts: The server.
    """
    if parts.authentication is not None:
        return None
    if b"x-api-key" not in headers and b"authorization" not in headers:
        return parts.anonymous
    return parts.keys.recognize(headers, host)


def known_caller(scope: Scope, parts: Parts) -> Principal | None:
    """Return who sends a request as `authenticate` does, where that is known at once."""
    found = scope.get(CALLER)
    if found is None:
        headers = request_headers(scope)
        if len(headers) != len(scope["headers"]):
            return None
        found = caller_now(headers, client_host(scope), parts)
        if found is not None:
            scope[CALLER] = found
            trail_of(scope).key = found.key_prefix
    return found if isinstance(found, Principal) else None


async def authenticate(scope: Scope, parts: Parts) -> Principal:
    """Return who sends a request; the request's log line gets the visible part of the key.

    Whoever asks again for the same request is told the same.

    Raises:
        BadInputError: The headers hold what is no key, or two that differ.
        UnauthenticatedError: The key does not hold.
        UnavailableError: It has to be looked up, and the database did not answer.
    """
    found: Principal | PublicError | None = known_caller(scope, parts)
    if found is None:
        found = scope.get(CALLER)
    if found is None:
        try:
            found = await _identify(scope, parts)
        except PublicError as error:
            found = error
        scope[CALLER] = found
    if isinstance(found, PublicError):
        raise found
    return found


async def _identify(scope: Scope, parts: Parts) -> Principal:
    trail = trail_of(scope)
    if parts.authentication is not None and (own := await parts.authentication.identify(scope)) is not None:
        trail.key = own.key_prefix
        return own
    presented = presented_key(scope["headers"])
    if presented is None:
        return parts.anonymous
    principal = await parts.keys.resolve(presented, scope)
    trail.key = principal.key_prefix
    return principal


def require(principal: Principal, scope: str) -> None:
    """Refuse a caller that lacks a scope.

    Raises:
        UnauthenticatedError: It showed no key; one may help.
        ForbiddenError: Its key does not give the scope.
    """
    if principal.may(scope):
        return
    if principal.is_anonymous:
        raise UnauthenticatedError(
            f"An API key with the scope `{scope}` is needed: send it in the header X-API-Key, or as "
            "Authorization: Bearer."
        )
    raise ForbiddenError(f"The API key lacks the scope `{scope}`.")


def new_context(
    principal: Principal, parts: Parts, trail: Trail, reports: frozenset[str], token: bytes | None
) -> Context:
    """Return what the resolvers of one request are given.

    Args:
        principal: Who asks.
        parts: The server.
        trail: What becomes known of the request.
        reports: What the caller wants to be told beside the data.
        token: The moment that it has to see, where it names one; looked at only where there are standbys.

    Raises:
        BadRequestError: The token is none.
    """
    database: Database | Reads = parts.database
    if parts.database.replicas is not None:
        database = Reads(parts.database, parts.database.replicas, None if token is None else read_token(token))
    loaders = parts.graph.new_loaders(database, principal)
    shows_schema = parts.settings.is_schema_shown or principal.may(INTROSPECT)
    return Context(principal, database, loaders, trail.request_id, reports, shows_schema, trail.step)


def trail_of(scope: Scope) -> Trail:
    """Return what becomes known of a request for its log line."""
    trail: Trail = scope[TRAIL]
    return trail
