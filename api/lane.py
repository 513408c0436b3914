"""The lane: what answers plain requests to the graph, by ASGI and on the straight way.

The parts that stand around the endpoint are the same in both: the request's line, then the rates.
"""

import asyncio
from typing import Any, Final

from starlette.types import ASGIApp, Scope

from api.context import Parts
from api.graphql.endpoint import GraphQLEndpoint
from api.http.answer import Answer
from api.http.client_address import behind_proxies
from api.http.paths import GRAPHQL_PATH
from api.http.request_line import RequestLine
from api.http.straight import Exchange
from api.rates.gate import RateGate


class Lane:
    """The lane of one server process."""

    path: Final = GRAPHQL_PATH.encode()
    """Where the graph is."""

    def __init__(self, parts: Parts, endpoint: GraphQLEndpoint) -> None:
        """Put the parts together."""
        self.seconds = parts.settings.request_timeout_seconds
        """How long a request may take."""
        self._endpoint = endpoint
        self._gate = RateGate(endpoint, parts)
        lane: ASGIApp = self._gate
        for proxy in behind_proxies(parts.settings.trusted_proxies):
            lane = proxy.cls(lane, *proxy.args, **proxy.kwargs)
        self.line: RequestLine = RequestLine(lane, parts.telemetry, parts.settings.hsts_seconds)
        """The lane as an ASGI application."""

    async def answer(self, scope: dict[str, Any], body: bytes, exchange: Exchange) -> None:
        """Answer a request on the straight way; see `api.http.straight.Lane`."""
        await self.line.answer(scope, self._answered(scope, body, exchange), exchange)

    async def _answered(self, scope: Scope, body: bytes, exchange: Exchange) -> Answer:
        """Return the answer; where a request takes too long, that is the answer."""
        try:
            return await self._gate.admit(scope, GRAPHQL_PATH) or await self._endpoint.straight(scope, body)
        except asyncio.CancelledError:
            if not exchange.is_late:
                raise
            exchange.go_on()
            return self._endpoint.late(scope)
