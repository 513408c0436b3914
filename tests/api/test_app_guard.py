"""What stands before all routes: hosts, CORS, request ids, security headers, log lines."""

import io
import re
from hashlib import sha256
from typing import Any

import httpx
import pytest

from api.http.headers import ONCE
from api.telemetry import configure_logging, escaped, logger
from tests.api.served import Served, make_app

PRODUCTION = {"environment": "production"}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key,content-type"}


async def get(
    path: str, headers: dict[str, str] | list[tuple[str, str]], method: str = "GET", **settings: Any
) -> httpx.Response:
    """Ask an application that has no database."""
    app = make_app("postgresql://127.0.0.1:1/none", io.StringIO(), **settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return await client.request(method, path, headers=headers)


@pytest.mark.parametrize(
    ("settings", "host", "status"),
    [
        ({}, "localhost", 200),
        ({}, "LOCALHOST:8000", 200),
        ({}, "127.0.0.1:8000", 200),
        ({}, "[::1]:8000", 200),
        ({}, "evil.example", 400),
        ({}, "localhost.evil.example", 400),
        ({}, "", 400),
        ({"host": "192.168.1.7"}, "192.168.1.7:8000", 200),
        (PRODUCTION, "localhost", 200),
        (PRODUCTION, "evil.example", 400),
        (PRODUCTION | {"host": "0.0.0.0"}, "localhost", 400),  # noqa: S104 - only looked at
        (PRODUCTION | {"trusted_hosts": ("api.example.com",)}, "api.example.com", 200),
        (PRODUCTION | {"trusted_hosts": ("api.example.com",)}, "api.example.com:443", 200),
        (PRODUCTION | {"trusted_hosts": ("api.example.com",)}, "example.com", 400),
        (PRODUCTION | {"trusted_hosts": ("*.example.com",)}, "api.example.com", 200),
        (PRODUCTION | {"trusted_hosts": ("*.example.com",)}, "example.com", 400),
        (PRODUCTION | {"trusted_hosts": ("*",)}, "anything", 200),
    ],
)
async def test_hosts(settings: dict[str, Any], host: str, status: int) -> None:
    """Only hosts that are named are answered: localhost in development, in production where only this machine comes."""
    response = await get("/", {"Host": host}, **settings)
    assert response.status_code == status
    if status == 400:
        (problem,) = response.json()["errors"]
        assert problem == {
            "message": "This server does not answer to the host that the request names (ACHENE_TRUSTED_HOSTS).",
            "code": "UNKNOWN_HOST",
        }


@pytest.mark.parametrize("path", ["/graphql", "/users/"])
@pytest.mark.parametrize("name", sorted(ONCE.values()))
async def test_headers_that_may_be_given_once(name: str, path: str) -> None:
    """A header of which one counts is refused twice, also where both say the same, before anything else."""
    given = "0" if name == "Content-Length" else "http://localhost"
    response = await get(path, [(name, given), (name, given)], "POST")
    (error,) = response.json()["errors"]
    assert (response.status_code, error["message"]) == (
        400,
        f"The header {name} is given more than once. Send it once.",
    )
    is_graph = path == "/graphql"
    assert response.headers["content-type"].partition(";")[0] == f"application/{'json' if is_graph else 'problem+json'}"
    assert (error["extensions"] if is_graph else error)["code"] == "BAD_REQUEST"


async def test_headers_that_are_lists() -> None:
    """Several headers that make a list are read as one."""
    accepts = [("Accept", "text/html;q=0.1"), ("Accept", "application/graphql-response+json")]
    reports = [("X-Achene-Report", "nothing"), ("X-Achene-Report", "cost")]
    response = await get("/graphql?query={__typename}", [*reports, *accepts])
    assert response.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert "cost" in response.json()["extensions"]


@pytest.mark.parametrize("path", ["/health/live", "/health/startup"])
async def test_probes_come_by_address(path: str) -> None:
    """Health endpoints answer whatever the host is."""
    assert (await get(path, {"Host": "10.0.3.7:8000"}, **PRODUCTION)).status_code in (200, 503)


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://localhost", "http://127.0.0.1:5173", "http://[::1]"]
)
async def test_cors_in_development(origin: str) -> None:
    """Pages of this machine may ask, on any port, with keys but without cookies."""
    response = await get("/graphql", {"Origin": origin, **PREFLIGHT}, "OPTIONS")
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, origin)
    assert "access-control-allow-credentials" not in response.headers
    asked = await get("/graphql?query={", {"Origin": origin})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, origin)
    assert "X-Request-Id" in asked.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost.evil.example", "null", "http://localhost:1x"]
)
async def test_cors_is_closed_to_others(origin: str) -> None:
    """A page from elsewhere is refused, in JSON, and gets no leave to read an answer."""
    response = await get("/graphql", {"Origin": origin, **PREFLIGHT}, "OPTIONS")
    assert (response.status_code, response.headers["content-type"]) == (400, "application/json")
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
    assert "access-control-allow-origin" not in response.headers
    assert "access-control-allow-origin" not in (await get("/", {"Origin": origin})).headers


async def test_cors_in_production() -> None:
    """Nobody may ask but the origins of the setting; `*` is for all, never with credentials."""
    hosts = PRODUCTION | {"trusted_hosts": ("*",)}
    shop = {"Origin": "https://shop.example"}
    closed = await get("/", shop, **hosts)
    named = await get("/", shop, **hosts, cors_origins=("https://shop.example",))
    other = await get("/", {"Origin": "https://other.example"}, **hosts, cors_origins=("https://shop.example",))
    everyone = await get("/", shop, **hosts, cors_origins=("*",))
    found = [response.headers.get("access-control-allow-origin") for response in (closed, named, other, everyone)]
    assert found == [None, "https://shop.example", None, "*"]
    assert "access-control-allow-credentials" not in everyone.headers


async def test_request_id_is_made(web: Served) -> None:
    """Each request gets an id of its own, in its answer and its log line."""
    first, second = await web.client.get("/"), await web.client.get("/")
    ids = [response.headers["x-request-id"] for response in (first, second)]
    assert all(re.fullmatch(r"[0-9a-f]{24}", id_) for id_ in ids)
    assert [line["request_id"] for line in await web.logged(2)] == ids
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("trace-7.a:b=c", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("two words", False),
        ("<script>", False),
    ],
)
async def test_request_id_of_others(web: Served, given: str, is_taken: bool) -> None:
    """A sane id that the client sends is kept; any other is replaced."""
    response = await web.client.get("/", headers={"X-Request-Id": given})
    assert (response.headers["x-request-id"] == given) is is_taken


@pytest.mark.parametrize("path", ["/", "/nope", "/graphql", "/health/live", "/docs", "/openapi.json"])
async def test_security_headers(web: Served, path: str) -> None:
    """Every response forbids guessing its type, framing it, and loading what it does not name."""
    headers = (await web.client.get(path)).headers
    assert (headers["x-content-type-options"], headers["x-frame-options"], headers["referrer-policy"]) == (
        "nosniff",
        "DENY",
        "no-referrer",
    )
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_log_line(web: Served) -> None:
    """A request is one line: what was asked, what came of it, how long it took; not the query, not the variables."""
    await web.client.get("/graphql?query={__typename}&variables={}", headers={"X-Request-Id": "id-6"})
    (line,) = await web.logged()
    assert line.pop("ms") > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "path": "/graphql",
        "status": 200,
        "request_id": "id-6",
        "document": sha256(b"{__typename}").hexdigest()[:16],
        "way": "loaders",
        "statements": 0,
        "rows": 0,
    }


async def test_no_forged_lines(web: Served) -> None:
    """Line breaks and terminal codes in a path are escaped."""
    await web.client.get("/a%0a2026 [error] forged%1b[31m%e2%80%a8b")
    (line,) = await web.logged()
    assert line["path"] == "/a\\n2026 [error] forged\\x1b[31m\\u2028b"


def test_text_lines_are_escaped_too() -> None:
    """The same holds for lines made for people, and for the lines of a traceback."""
    stream = io.StringIO()
    configure_logging("text", stream)
    try:
        raise RuntimeError("first\n2026-01-01 [error] forged \x1b[31m")
    except RuntimeError as error:
        logger().error("unexpected\nerror", path="/a\nb", exc_info=error)
    first, *rest = stream.getvalue().splitlines()
    assert "unexpected\\nerror" in first
    assert "path=/a\\nb" in first
    assert rest
    assert all(line.startswith("  | ") for line in rest)
    assert "\x1b[31m" not in stream.getvalue()


def test_escaped() -> None:
    """Text that prints stays as it is, in any language."""
    assert escaped("Grüße, 世界 \N{GRINNING FACE}") == "Grüße, 世界 \N{GRINNING FACE}"
    assert escaped("a\tb\x00\x7f\u202e") == "a\\tb\\x00\\x7f\\u202e"
