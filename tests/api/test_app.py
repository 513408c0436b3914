"""The application around the graph: pages, REST errors, start and stop."""

import asyncio
import gc
import io
import re
from html.parser import HTMLParser

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import text

from api.app import create_app
from api.garbage import THRESHOLDS
from api.settings import Settings
from schema.errors import ForbiddenError
from tests.api.served import Served, make_app, serving
from tests.api.test_endpoint_auth import new_key

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


class Addresses(HTMLParser):
    """Collects every address that a page names, and the tags that are open at its end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of a tag."""
        self.found += [value for name, value in attrs if name in ("href", "src", "action") and value]


async def test_root_for_programs(web: Served) -> None:
    """Who does not ask for HTML gets JSON, and each of its links answers."""
    response = await web.client.get("/")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    found = response.json()
    links = found.pop("links")
    assert found == {
        "name": "Achene",
        "version": "0.1.0",
        "description": "SQLAlchemy models in, a complete, fast and safe GraphQL API out.",
    }
    assert sorted(links) == ["docs", "graphql", "health", "live", "openapi", "ready", "schema"]
    for link in links.values():
        answer = await web.client.get(link["path"], params={"query": "{ __typename }"})
        assert answer.status_code == 200, link


async def test_root_for_browsers(web: Served) -> None:
    """A browser gets a page that names no other host, with a policy that lets in its own style alone."""
    response = await web.client.get("/", headers={"Accept": BROWSER})
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Accept" in response.headers["vary"]
    policy = response.headers["content-security-policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]+='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        policy,
    )
    addresses = Addresses(response.text).found
    assert "/graphql" in addresses
    assert [address for address in addresses if not re.match(r"/(?!/)", address)] == []


async def test_docs_need_no_other_host(web: Served) -> None:
    """`/docs` and all that it loads come from here."""
    response = await web.client.get("/docs", headers={"Accept": BROWSER})
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'self' 'sha256-" in response.headers["content-security-policy"]
    addresses = Addresses(response.text).found
    assert len(addresses) == 3
    for address in addresses:
        loaded = await web.client.get(address)
        assert loaded.status_code == 200, address
        assert len(loaded.content) > 500
    assert "http://" not in response.text
    assert "https://" not in response.text


async def test_openapi_has_the_rest_part_with_examples(web: Served) -> None:
    """Every REST route is described, each of its JSON answers with an example."""
    found = (await web.client.get("/openapi.json")).json()
    assert (found["info"]["title"], found["info"]["version"]) == ("Achene", "0.1.0")
    own = ["/", "/health", "/health/live", "/health/ready", "/health/startup"]
    assert sorted(found["paths"]) == [*own, "/posts", "/posts/{slug}", "/schema.graphql", "/users/", "/users/{id}"]
    answers = [
        (path, method, status, *content.values())
        for path, operations in found["paths"].items()
        for method, operation in operations.items()
        for status, response in operation["responses"].items()
        if (content := response.get("content")) is not None
    ]
    assert len(answers) > 90
    assert [each for each in answers if "example" not in each[3]] == []


async def test_openapi_in_production(content_url: str) -> None:
    """Where nothing opens it `/docs` is not there, and `/openapi.json` is for keys that may see the schema."""
    async with serving(content_url, environment="production", trusted_hosts=("*",), anonymous_scopes=("read",)) as web:
        links = (await web.client.get("/")).json()["links"]
        pages = [await web.client.get(path) for path in ("/docs", "/docs/files/swagger-ui.css", "/redoc")]
        keys = [None, (await new_key(web, "read", "*"))[1], (await new_key(web, "introspect"))[1]]
        answers = [await web.client.get("/openapi.json", headers={"X-API-Key": key} if key else {}) for key in keys]
    assert "docs" not in links
    assert [page.status_code for page in pages] == [404, 404, 404]
    assert [answer.status_code for answer in answers] == [401, 403, 200]
    assert [answer.json().get("code") for answer in answers] == ["UNAUTHENTICATED", "FORBIDDEN", None]
    assert "paths" not in answers[0].text + answers[1].text
    assert (answers[2].headers["cache-control"], "/users/" in answers[2].json()["paths"]) == ("private, no-cache", True)


@pytest.mark.parametrize(
    ("environment", "openapi", "status"),
    [("production", True, 200), ("development", False, 404), ("development", None, 200), ("production", None, 404)],
)
async def test_openapi_has_a_setting(environment: str, openapi: bool | None, status: int) -> None:
    """The setting has the last word, in production and in development."""
    app = make_app("postgresql://127.0.0.1:1/none", io.StringIO(), environment=environment, openapi=openapi)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        page, document = await client.get("/docs"), await client.get("/openapi.json")
    assert (page.status_code, document.status_code) == (status, 200 if status == 200 else 401)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, "NOT_FOUND"),
        ("GET", "/docs/files/nope.js", 404, "NOT_FOUND"),
        ("GET", "/docs/files/..%2f..%2fpyproject.toml", 404, "NOT_FOUND"),
        ("POST", "/", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/health/live", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_rest_errors_are_json(web: Served, method: str, path: str, status: int, code: str) -> None:
    """What is not served is said in JSON, with one log line."""
    response = await web.client.request(method, path, headers={"Accept": BROWSER})
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert [error["code"] for error in response.json()["errors"]] == [code]
    (line,) = await web.logged()
    assert (line["status"], line["errors"]) == (status, [code])


class Item(BaseModel):
    """A body."""

    count: int


def with_routes(app: FastAPI) -> None:
    """Add REST routes as a team would."""

    @app.post("/items")
    async def items(item: Item, page: int) -> Item:
        return item

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("a secret")

    @app.get("/forbidden")
    async def forbidden() -> None:
        raise ForbiddenError("The API key lacks the scope `items`.")


async def test_rest_routes_of_the_team(content_url: str) -> None:
    """Bad parameters are 422, our errors have their status, a crash is 500 and hidden, a large body is 413."""
    async with serving(content_url) as web:
        with_routes(web.app)
        bad = await web.client.post("/items?page=x", json={"count": "many"})
        crashed = await web.client.get("/crash", headers={"X-Request-Id": "id-5"})
        forbidden = await web.client.get("/forbidden")
        large = await web.client.post("/items?page=1", content=b" " * 1_000_001)
        unread = await web.client.post("/items?page=1", content=b"{", headers={"Content-Type": "application/json"})
    places = [(error["code"], error.get("parameter"), error.get("pointer")) for error in bad.json()["errors"]]
    assert (bad.status_code, places) == (
        422,
        [("BAD_INPUT", "page", None), ("BAD_INPUT", None, "#/count")],
    )
    assert (crashed.status_code, crashed.json()["errors"]) == (
        500,
        [{"message": "Internal error", "code": "INTERNAL", "requestId": "id-5"}],
    )
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "FORBIDDEN")
    assert (large.status_code, large.headers["content-type"]) == (413, "application/problem+json")
    assert unread.status_code == 422


async def test_start_and_stop(content_url: str) -> None:
    """Parts start in order and are closed; the garbage collector is set up in between, and put back."""
    before = (700, 10, 10)
    app = make_app(content_url, io.StringIO())
    parts = app.state.parts
    gc.set_threshold(*before)
    async with app.router.lifespan_context(app):
        assert parts.health.is_started
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > 10_000
        await parts.database.fetch(text("SELECT 1"))
    assert not parts.health.is_started
    assert parts.database.reader.sync_engine.pool.checkedin() == 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
    gc.set_threshold(*THRESHOLDS)  # as the tests have it


async def test_serves_the_project_by_itself(content_url: str) -> None:
    """`create_app` makes the graph of the models, with the page sizes of the settings."""
    app = create_app(Settings(_env_file=None, environment="development", largest_page_size=5), content_url)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
    ):
        fits, exceeds = await asyncio.gather(
            *(
                client.post("/graphql", json={"query": f"{{ posts(first: {count}) {{ nodes {{ id }} }} }}"})
                for count in (5, 6)
            )
        )
    assert len(fits.json()["data"]["posts"]["nodes"]) == 5
    assert exceeds.json()["errors"][0]["extensions"] == {"code": "BAD_INPUT"}
