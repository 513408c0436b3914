"""Gives an application the endpoints of saved operations, and its OpenAPI their description."""

from fastapi import FastAPI

from api.context import Parts
from api.graphql.endpoint import GraphQLEndpoint
from api.rest.answers import homes
from api.rest.endpoint import rest_routes
from api.rest.openapi import extend_openapi
from api.rest.route import read_routes
from schema.documents import Documents
from schema.saved import Library


def add_rest(app: FastAPI, parts: Parts, endpoint: GraphQLEndpoint, documents: Documents, library: Library) -> None:
    """Serve the saved operations that have a route.

    Args:
        app: The application.
        parts: What the server is made of.
        endpoint: Runs operations.
        documents: Parses what is run.
        library: The saved operations.

    Raises:
        DefinitionError: A route cannot be served.
    """
    graph, core = parts.graph.graph, parts.graph.core
    routes = read_routes(parts.graph, documents, library)
    found = homes(routes, core)
    app.router.routes.extend(rest_routes(endpoint, parts.settings, routes, found))
    extend_openapi(app, core, graph, routes, found, parts.settings.scopes_without_key)
