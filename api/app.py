"""The application: what stands before the routes, the routes, and what starts and stops with them. Read this first.

`create_app` makes every part; nothing is connected by that. The lifespan starts the parts in order and closes
them in reverse. On its way a request passes `api.http.middleware`, then either `api.graphql.endpoint` (the graph) or
a route.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import Route

from api.authentication import load as load_authentication
from api.caching import Caching
from api.caching.headers import Callers
from api.caching.taught import texts_of
from api.console import Console
from api.context import READ, Parts
from api.data.database import Database
from api.garbage import settled
from api.graphql.endpoint import GraphQLEndpoint
from api.graphql.persisted import Persisted
from api.graphql.sdl import Sdl
from api.health.health import Health
from api.http.edge import Edge
from api.http.middleware import Hosts, Shortcut, guard, trusted_hosts
from api.http.paths import GRAPHQL_PATH
from api.keys import Keys
from api.keys.keyless import KeylessAddress, has_key
from api.lane import Lane
from api.metrics import make_router as make_metrics
from api.pages import SUMMARY, TITLE, VERSION, add_docs, add_openapi, make_router
from api.rates.gate import RateGate
from api.rates.rates import Rates
from api.rest.refusals import take_errors
from api.rest.serve import add_rest
from api.settings import Settings
from api.telemetry import configure_logging, flush_lines, logger
from api.telemetry.telemetry import Telemetry
from schema.build import GraphSchema, build_graph_schema
from schema.changes.watched import watched
from schema.documents import DocumentLimits, Documents
from schema.principal import Principal
from schema.query.page import Limits
from schema.saved import load_library


def create_app(settings: Settings, url: str, graph: GraphSchema | None = None) -> Edge:
    """Make the application of one server process.

    Args:
        settings: How it is set up.
        url: PostgreSQL address.
        graph: What it serves; the graph of `schema.models` where None.

    Returns:
        The application; its parts are in `app.state.parts`.

    Raises:
        DefinitionError: The models, or the team's own fields, cannot be served.
    """
    configure_logging(settings.log_format)
    parts = make_parts(settings, url, graph or make_graph(settings))
    app = Edge(
        title=TITLE,
        description=f"{SUMMARY}\n\nThis is the REST part; the graph is at `{GRAPHQL_PATH}`.",
        version=VERSION,
        openapi_url=None,  # `api.pages` serves it, to those who may see it
        telemetry={"tracing": False, "metrics": False, "logs": False},  # asks every request whether it is wanted
        lifespan=_lifespan,
        middleware=guard(settings, parts.telemetry, Middleware(KeylessAddress)),
    )
    app.state.parts = parts
    if parts.authentication is not None:
        parts.authentication.app = app
    add_routes(app, parts)
    return app


def make_parts(settings: Settings, url: str, graph: GraphSchema) -> Parts:
    """Make the parts; nothing is connected yet."""
    database = Database(url, settings)
    anonymous = Principal(scopes=settings.scopes_without_key)
    authentication = load_authentication(settings.authenticate) if settings.authenticate else None
    return Parts(
        settings=settings,
        database=database,
        keys=Keys(database, settings),
        health=Health(database, settings),
        graph=graph,
        telemetry=Telemetry(settings, VERSION, database.levels, database.plan),
        anonymous=anonymous,
        rates=Rates(settings),
        caching=Caching(
            database,
            settings,
            anonymous if anonymous.may(READ) and authentication is None else None,
            watched(graph.graph),
            Callers.by(authentication.reads if authentication else ()),
        ),
        texts=texts_of(settings),
        authentication=authentication,
    )


def make_graph(settings: Settings) -> GraphSchema:
    """Return the graph of `schema.models`, within the limits that are set."""
    return build_graph_schema(
        limits=page_limits(settings),
        largest_cost=settings.largest_cost,
        most_values=settings.most_values,
        largest_answer=settings.largest_answer_bytes,
    )


def page_limits(settings: Settings) -> Limits:
    """Return how many rows may be read as a page, and written at once."""
    return Limits(settings.default_page_size, settings.largest_page_size, settings.most_written)


def document_limits(settings: Settings) -> DocumentLimits:
    """Return how large a GraphQL document may be."""
    return DocumentLimits(
        tokens=settings.largest_document_tokens,
        depth=settings.deepest_document,
        aliases=settings.most_aliases,
        root_fields=settings.most_root_fields,
        directives=settings.most_directives,
        value_depth=settings.deepest_value,
    )


def add_routes(app: Edge, parts: Parts) -> None:
    """Give an application its routes, the one that is asked most first."""
    console = Console(parts.settings) if parts.settings.is_graphiql_served else None
    documents = Documents(parts.graph.core, document_limits(parts.settings))
    library = load_library(
        parts.graph.core, documents, parts.graph.cost, (*parts.graph.operations, *parts.settings.operations)
    )
    persisted = Persisted(documents, library, parts.settings, parts.texts)
    endpoint = GraphQLEndpoint(parts, persisted, console.page if console else None)
    app.user_middleware.insert(-1, Middleware(Shortcut, path=GRAPHQL_PATH, there=endpoint))
    app.open_lane(Hosts(trusted_hosts(parts.settings)), lambda: Lane(parts, endpoint), has_key)
    app.router.routes.insert(0, Route(GRAPHQL_PATH, endpoint, include_in_schema=False))  # below a root path, too
    if console:
        app.router.routes.append(console.route())
    app.include_router(parts.health.router)
    app.include_router(make_metrics(parts))
    app.include_router(make_router(parts.settings))
    app.include_router(Sdl(parts.graph).router)
    add_openapi(app, parts)
    if parts.settings.is_rest_described:
        add_docs(app)
    add_rest(app, parts, endpoint, documents, library)
    app.user_middleware.insert(-2, Middleware(RateGate, parts=parts))
    take_errors(app)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start the parts in order; close them in reverse, also those that a failed start has left."""
    parts: Parts = app.state.parts
    async with AsyncExitStack() as stack:
        stack.callback(flush_lines)
        stack.push_async_callback(parts.database.close)
        parts.database.start()
        stack.push_async_callback(parts.telemetry.close)
        parts.telemetry.start()
        stack.push_async_callback(parts.keys.close)
        await parts.keys.start()
        stack.push_async_callback(parts.caching.close)
        parts.caching.start()
        stack.push_async_callback(parts.texts.close)
        stack.push_async_callback(parts.rates.close)
        await parts.rates.start()
        stack.push_async_callback(parts.health.close)
        await parts.health.start()
        if not trusted_hosts(parts.settings):
            logger().warning("no host is trusted: only health endpoints answer", setting="ACHENE_TRUSTED_HOSTS")
        stack.enter_context(settled())
        yield
