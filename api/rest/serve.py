"""Gives an application the endpoints of saved operations, and its OpenAPI their description."""

from fastapi import FastAPI
from starlette.routing import Route as Path

from api.context import Parts
from api.endpoint import GraphQLEndpoint
from api.rest.answers import homes
from api.rest.endpoint import rest_routes
from api.rest.openapi import extend_openapi
from api.rest.route import read_routes
from schema.documents import Documents
from schema.saved import Library


def add_rest(
    app: FastAPI, parts: Parts, endpoint: GraphQLEndpoint, documents: Documents, library: Library
) -> list[Path]:
    """Serve the saved operations that have a route.

    Args:
        app: The application.
        parts: What the server is made of.
        endpoint: Runs operations.
        documents: Parses what is run.
        library: The saved operations.

    Returns:
        What the router was given for them.

    Raises:
        DefinitionError: A route cannot be served.
    """
    graph, core = parts.graph.graph, parts.graph.core
    routes = read_routes(parts.graph, documents, library)
    found = homes(routes, core)
    paths = rest_routes(endpoint, parts.settings, routes, found)
    app.router.routes.extend(paths)
    extend_openapi(app, core, graph, routes, found, parts.settings.scopes_without_key)
    return paths
