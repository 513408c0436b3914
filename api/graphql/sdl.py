"""/schema.graphql: the SDL, for code generators and other tools, where the schema is shown."""

import hashlib
from functools import cached_property

from fastapi import APIRouter, Request, Response

from api.context import READ, require
from api.dependencies import PartsDep, PrincipalDep
from schema.build import GraphSchema
from schema.errors import ForbiddenError
from schema.principal import INTROSPECT


class Sdl:
    """The printed schema of a server."""

    def __init__(self, graph: GraphSchema) -> None:
        """Take the graph; it is printed when it is first asked for."""
        self._graph = graph
        self.router = APIRouter()
        self.router.add_api_route(
            "/schema.graphql",
            self._answer,
            methods=["GET"],
            tags=["about"],
            summary="The schema of the graph",
            response_class=Response,
            operation_id="schema",
            responses={
                200: {"description": "SDL", "content": {"text/plain": {"example": "type Query {\n  ...\n}\n"}}},
                304: {"description": "The schema is what `If-None-Match` names"},
            },
        )

    @cached_property
    def text(self) -> str:
        """The SDL."""
        return self._graph.print()

    @cached_property
    def tag(self) -> str:
        """What the ETag is."""
        return f'"{hashlib.sha256(self.text.encode()).hexdigest()[:32]}"'

    async def _answer(self, request: Request, principal: PrincipalDep, parts: PartsDep) -> Response:
        """Give the SDL to whoever may ask the graph for its schema: in development all, else keys with `introspect`."""
        require(principal, READ)
        if not (parts.settings.is_schema_shown or principal.may(INTROSPECT)):
            raise ForbiddenError(f"The schema is not shown; a key with the scope `{INTROSPECT}` may see it.")
        headers = {"ETag": self.tag, "Cache-Control": "private, no-cache", "Vary": "X-API-Key, Authorization"}
        known = {
            each.strip().removeprefix("W/") for each in ",".join(request.headers.getlist("if-none-match")).split(",")
        }
        if self.tag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(self.text, headers=headers, media_type="text/plain; charset=utf-8")
