"""Routes of saved operations, as ASGI: a request becomes an operation, the graph answers it, and REST is said of it."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from starlette.routing import Route as Path
from starlette.types import Receive, Scope

from api.context import trail_of
from api.graphql.endpoint import GraphQLEndpoint
from api.graphql.operation import Operation
from api.http.answer import UNCACHED, Answer
from api.http.answering import Answering
from api.http.body import read_body
from api.http.errors import MethodNotAllowedError
from api.http.headers import Headers, request_headers
from api.http.json_limits import json_limits
from api.http.negotiation import Media, accepted, coding_of_json
from api.rest.answers import Home, translated
from api.rest.inputs import read_variables
from api.rest.route import Route
from api.settings import Settings
from schema.errors import PublicError

OFFERS: Final = (Media.JSON, Media.PROBLEM)
"""What is answered."""


class RestEndpoint(Answering):
    """The routes of one path."""

    def __init__(
        self, graph: GraphQLEndpoint, settings: Settings, routes: Mapping[str, Route], homes: Mapping[str, Home]
    ) -> None:
        """Take the routes.

        Args:
            graph: What runs operations.
            settings: How large a request may be.
            routes: The routes by method.
            homes: Where rows are found that they create.
        """
        self._graph = graph
        self._routes = routes
        self._homes = homes
        self._largest = settings.largest_body_bytes
        self._json = json_limits(settings)
        self._allowed = ", ".join([*routes, *(["HEAD"] if "GET" in routes else [])])

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = request_headers(scope)
        trail_of(scope).kind = "rest"
        try:
            route = self._route(scope["method"])
            accepted(headers.get(b"accept"), OFFERS)
        except PublicError as error:
            trail_of(scope).codes.append(error.code)
            return Answer.refusal(error, UNCACHED, Media.PROBLEM)
        read = partial(self._read, route, scope, headers, receive)
        answer = await self._graph.answer(scope, receive, headers, Media.JSON, read, is_safe=not route.is_mutation)
        return translated(route, answer, self._homes.get(route.name))

    def _route(self, method: str) -> Route:
        route = self._routes.get("GET" if method == "HEAD" else method)
        if route is None:
            raise MethodNotAllowedError(f"This path takes {self._allowed}.", self._allowed)
        return route

    async def _read(self, route: Route, scope: Scope, headers: Headers, receive: Receive) -> Operation:
        """Read what is asked for."""
        body: bytes | None = None
        if route.has_body:
            body = await self._body(headers, receive)
        variables = read_variables(route, scope["path_params"], scope["query_string"], body)
        size = self._json.check(body or scope["query_string"], "variables", variables)
        return Operation(route.saved.source.text, route.name, variables, None, document=route.document, size=size)

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """Return the body; what is sent without one need not say of what type it is."""
        kind, encoding = headers.get(b"content-type"), headers.get(b"content-encoding")
        coding = coding_of_json(kind, encoding) if kind is not None else b""
        body = await read_body(receive, headers.get(b"content-length"), self._largest, coding)
        if body and kind is None:
            coding_of_json(kind, encoding)  # which refuses it
        return body


def rest_routes(
    graph: GraphQLEndpoint, settings: Settings, routes: Iterable[Route], homes: Mapping[str, Home]
) -> list[Path]:
    """Return what a router is given for the endpoints of saved operations, the most particular paths first.

    A path answers with and without a slash at its end.
    """
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        by_path.setdefault(route.stem, {})[route.method] = route
    found = list[Path]()
    for stem in sorted(by_path, key=lambda stem: [part.startswith("{") for part in stem.split("/")]):
        endpoint = RestEndpoint(graph, settings, by_path[stem], homes)
        found += [Path(path, endpoint, include_in_schema=False) for path in (stem, f"{stem}/")]
    return found
