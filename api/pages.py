"""Pages for people: what this server is, at `/`, and the documentation of its REST part, at `/docs`.

The documentation is made from `/openapi.json`, which is here as well: both are closed where settings do not open them,
as GraphiQL and the graph's schema are.

Nothing is loaded from another host. Each page has a policy that lets in only what it needs: its own inline style by its
hash, and for `/docs` the files of Swagger UI, which come with a Python package.
"""

import base64
import hashlib
from html import escape
from importlib.metadata import metadata
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

from api.context import Parts, authenticate, require
from api.http.negotiation import Media, accepted
from api.settings import Settings
from schema.principal import INTROSPECT

TITLE: Final = "Achene"
"""What the server is called."""

_METADATA: Final = metadata("achene")
VERSION: Final = _METADATA["Version"]
SUMMARY: Final = _METADATA["Summary"]

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d1f24; --soft: #5c626e; --paper: #fff; --line: #dfe2e8; --seed: #b3203c }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9ebf0; --soft: #a3aab8; --paper: #16181d; --line: #2f343e; --seed: #ff8095 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif }
main { max-width: 42rem; margin: 0 auto; padding: 12vh 1.5rem 3rem }
h1 { margin: 0; font-size: 2.5rem; line-height: 1.2; letter-spacing: -.02em }
p { margin: .5rem 0 2rem; color: var(--soft) }
ul { margin: 0; padding: 0; list-style: none; border-top: 1px solid var(--line) }
li { border-bottom: 1px solid var(--line) }
a { display: grid; grid-template-columns: 11rem 1fr; gap: 1rem; padding: .8rem .25rem; color: inherit }
a { text-decoration: none }
a strong { color: var(--seed) }
a:hover strong { text-decoration: underline }
a:focus-visible { outline: 2px solid var(--seed); outline-offset: 2px }
a span { color: var(--soft) }
@media (max-width: 32rem) { a { grid-template-columns: 1fr; gap: 0 } }
footer { margin-top: 2rem; color: var(--soft); font-size: .875rem }
"""

SWAGGER_START: Final = """
window.addEventListener("load", () => SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null, tryItOutEnabled: true,
}));
"""


class Link(BaseModel):
    """Where something is."""

    path: str = Field(description="Path on this server.")
    description: str = Field(description="What is there.")


class RootAnswer(BaseModel):
    """What this server is."""

    name: str
    version: str
    description: str
    links: dict[str, Link] = Field(description="What is served, by name.")


def root_answer(settings: Settings) -> RootAnswer:
    """Return what this server is and what it serves."""
    graphql = "GraphiQL: ask the graph" if settings.is_graphiql_served else "The graph, by GET and POST"
    paths = {
        "graphql": ("/graphql", graphql),
        "docs": ("/docs", "The REST part, with examples"),
        "openapi": ("/openapi.json", "The REST part, for programs"),
        "schema": ("/schema.graphql", "The schema of the graph, for programs"),
        "health": ("/health", "How every part is"),
        "ready": ("/health/ready", "Whether requests can be served"),
        "live": ("/health/live", "Whether the process answers"),
    }
    if not settings.is_rest_described:
        del paths["docs"]
    links = {name: Link(path=path, description=description) for name, (path, description) in paths.items()}
    return RootAnswer(name=TITLE, version=VERSION, description=SUMMARY, links=links)


def make_router(settings: Settings) -> APIRouter:
    """Return the route `/`."""
    found = root_answer(settings)
    html, json = root_html(found), found.model_dump_json()
    policy = (
        f"default-src 'none'; style-src {_hash(STYLE)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    example = {"application/json": {"example": found.model_dump()}, "text/html": {}}
    router = APIRouter()

    @router.get(
        "/",
        tags=["about"],
        response_model=RootAnswer,
        responses={200: {"description": "What this server is", "content": example}},
    )
    async def root(request: Request) -> Response:
        """Tell what this server is and where to go on: a page for browsers, JSON for others."""
        accept = ",".join(request.headers.getlist("accept"))
        chosen = accepted(accept.encode("latin-1"), (Media.HTML, Media.JSON))
        headers = {"Vary": "Accept"}
        if chosen == Media.HTML:
            return Response(html, headers=headers | {"Content-Security-Policy": policy}, media_type=Media.HTML)
        return Response(json, headers=headers, media_type=Media.JSON)

    return router


def add_openapi(app: FastAPI, parts: Parts) -> None:
    """Serve the description of the REST part: to everybody where that is set, else to keys with `introspect`."""

    async def openapi(request: Request) -> Response:
        if not parts.settings.is_rest_described:
            require(await authenticate(request.scope, parts), INTROSPECT)
        root = request.scope.get("root_path", "").rstrip("/")
        document = app.openapi() | ({"servers": [{"url": root}]} if root else {})
        return JSONResponse(document, headers={"Cache-Control": "private, no-cache"})

    app.router.add_route("/openapi.json", openapi, include_in_schema=False)


def add_docs(app: FastAPI) -> None:
    """Serve Swagger UI at `/docs`, its files from here."""
    html = docs_html(app.title)
    policy = (
        f"default-src 'none'; script-src 'self' {_hash(SWAGGER_START)}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    async def docs(_request: Request) -> Response:
        return Response(html, headers={"Content-Security-Policy": policy}, media_type=Media.HTML)

    app.router.add_route("/docs", docs, include_in_schema=False)
    app.mount("/docs/files", StaticFiles(packages=[("fastapi_swagger", "resources")]), name="docs-files")


def root_html(answer: RootAnswer) -> str:
    """Return the page of `/`."""
    links = "\n".join(
        f'<li><a href="{escape(link.path)}"><strong>{escape(link.path)}</strong>'
        f"<span>{escape(link.description)}</span></a></li>"
        for link in answer.links.values()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(answer.name)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(answer.name)}</h1>
<p>{escape(answer.description)}</p>
<nav aria-label="What is served">
<ul>
{links}
</ul>
</nav>
<footer>Version {escape(answer.version)}</footer>
</main>
</body>
</html>
"""


def docs_html(title: str) -> str:
    """Return the page of `/docs`."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}: REST</title>
<link rel="stylesheet" href="/docs/files/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/files/favicon-32x32.png">
</head>
<body>
<main id="swagger-ui"><noscript>The documentation needs JavaScript; /openapi.json does not.</noscript></main>
<script src="/docs/files/swagger-ui-bundle.js"></script>
<script>{SWAGGER_START}</script>
</body>
</html>
"""


def _hash(text: str) -> str:
    """Return an inline text as a policy names it. Source: https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
