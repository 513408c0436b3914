"""The console without a browser: its page and its files."""

import gzip
import io
import json
import re
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Route

from api.console import Console
from api.console.build import source_digest
from api.console.files import StaticFile, built_files, own_files
from api.settings import Settings
from api.telemetry import configure_logging
from tests.api.served import Served, serving

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = b"console.log(1);" * 100


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A build as `build.mjs` leaves it, small."""
    files = {
        "console-AAAA.js": SCRIPT,
        "console-AAAA.js.gz": gzip.compress(SCRIPT),
        "console-AAAA.js.br": b"not looked into",
        "console-BBBB.css": b"body{}",
        "codicon-CCCC.ttf": b"\0\1\0\0",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    write_manifest(tmp_path, source_digest())
    return tmp_path


def write_manifest(dist: Path, source: str) -> None:
    """Write what names a build's files."""
    manifest = {"source": source, "script": "console-AAAA.js", "style": "console-BBBB.css"}
    (dist / "manifest.json").write_text(json.dumps(manifest))


def client_of(console: Console) -> httpx.AsyncClient:
    """Return a client of the console's files alone."""
    app = FastAPI(routes=[console.route()])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost/graphql/console/")


def console_of(dist: Path, **settings: object) -> Console:
    """Return a console over a build."""
    return Console(Settings(_env_file=None, **settings), dist)


def policy(console: Console) -> str:
    """Return the page's policy."""
    return dict(console.page().headers)[b"content-security-policy"].decode()


@pytest.mark.parametrize("is_built", [True, False])
@pytest.mark.parametrize("is_cdn_allowed", [True, False])
def test_page_allows_no_script_of_its_own(dist: Path, is_built: bool, is_cdn_allowed: bool) -> None:
    """No page has a script in it, and no policy lets one in, nor eval; a built page names no other host."""
    console = console_of(dist if is_built else dist / "nothing", graphiql_cdn=is_cdn_allowed)
    html = console.page().body.decode()
    assert re.findall(r"<script[^>]*>([^<]+)", html) == []
    scripts = re.search(r"script-src ([^;]*)", policy(console))
    assert scripts is not None
    assert "unsafe" not in scripts[1]
    assert ("https://" in html + policy(console)) == (is_cdn_allowed and not is_built)


def test_page_is_asked_for_each_time(dist: Path) -> None:
    """Browsers keep the files, whose names change, and not the page that names them."""
    assert dict(console_of(dist).page().headers)[b"cache-control"] == b"no-cache"


def test_page_names_files_that_are_there(dist: Path) -> None:
    """Every address in each page, seen from /graphql, is that of a file."""
    for folder, cdn in ((dist, False), (dist / "nothing", False), (dist / "nothing", True)):
        console = console_of(folder, graphiql_cdn=cdn)
        named = re.findall(r'(?:href|src)="(graphql/console/[^"]+)"', console.page().body.decode())
        assert len(named) >= 3
        for address in named:
            assert address.removeprefix("graphql/console/") in console._files


def test_new_build_is_seen_at_once(tmp_path: Path, dist: Path) -> None:
    """A server that began without a build shows it when it is there, and the form when it is gone again."""
    console = console_of(dist)
    manifest = (dist / "manifest.json").read_text()
    (dist / "manifest.json").unlink()
    assert b"achene console build" in console.page().body
    (dist / "manifest.json").write_text(manifest)
    assert b"console-AAAA.js" in console.page().body


def test_stale_build_is_told_in_the_log(dist: Path) -> None:
    """A build from other sources is served, and the log says once how to make a new one."""
    stream = io.StringIO()
    configure_logging("json", stream)
    write_manifest(dist, "0" * 64)
    console = console_of(dist)
    assert b"console-AAAA.js" in console.page().body
    console.page()
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (line["level"], line["event"]) == (
        "warning",
        "GraphiQL was built from other sources; run: achene console build",
    )


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip"), ("identity", None), ("", None)],
)
async def test_files_come_compressed_and_are_kept(dist: Path, accepted: str, encoding: str | None) -> None:
    """A file comes in the smallest form that the client takes, with its type, to be kept for a year."""
    async with (
        client_of(console_of(dist)) as client,
        client.stream("GET", "console-AAAA.js", headers={"Accept-Encoding": accepted}) as response,
    ):
        raw = b"".join([part async for part in response.aiter_raw()])
    assert response.status_code == 200
    assert response.headers.get("content-encoding") == encoding
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["vary"] == "Accept-Encoding"
    ending = {"br": ".br", "gzip": ".gz", None: ""}[encoding]
    assert raw == (dist / f"console-AAAA.js{ending}").read_bytes()


async def test_files_have_their_types(dist: Path) -> None:
    """Stylesheets, fonts and pictures say what they are: browsers are told not to guess."""
    logo = next(file.name for file in own_files() if file.path.name == "logo.svg")
    async with client_of(console_of(dist)) as client:
        types = [
            (await client.get(name)).headers["content-type"] for name in ("console-BBBB.css", "codicon-CCCC.ttf", logo)
        ]
    assert types == ["text/css; charset=utf-8", "font/ttf", "image/svg+xml"]


@pytest.mark.parametrize(
    "name",
    ["", "nothing.js", "manifest.json", "console-AAAA.js.gz", "..%2fmanifest.json", "%2fetc%2fpasswd", "own-1/x.js"],
)
async def test_only_files_of_the_page_are_served(dist: Path, name: str) -> None:
    """What the page does not need is not there, whatever path is tried."""
    async with client_of(console_of(dist)) as client:
        assert (await client.get(name)).status_code == 404


async def test_file_that_is_gone(dist: Path) -> None:
    """A file that vanished since it was listed is not found, which is no fault of the server."""
    console = console_of(dist)
    console.page()
    (dist / "console-BBBB.css").unlink()
    async with client_of(console) as client:
        assert (await client.get("console-BBBB.css")).status_code == 404


def test_own_files_change_their_address_with_what_is_in_them(tmp_path: Path) -> None:
    """Files that name each other share one folder, called after them all."""
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "b.js").write_text("2")
    before = own_files(tmp_path)
    (tmp_path / "b.js").write_text("3")
    after = own_files(tmp_path)
    assert [file.path for file in before] == [file.path for file in after]
    assert {file.name.split("/")[0] for file in before} != {file.name.split("/")[0] for file in after}
    assert built_files(tmp_path) == [StaticFile("a.js", tmp_path / "a.js"), StaticFile("b.js", tmp_path / "b.js")]


async def test_served_to_browsers_alone(content_url: str, dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that opens /graphql gets the page; a client with a query, or without Accept, gets GraphQL."""
    monkeypatch.setattr("api.app.Console", partial(Console, dist=dist))
    async with serving(content_url, graphiql=True) as web:
        page = await web.client.get("/graphql", headers=BROWSER)
        head = await web.client.head("/graphql", headers=BROWSER)
        query = await web.client.get("/graphql", params={"query": "{ __typename }"}, headers=BROWSER)
        file = await web.client.get("/graphql/console/console-AAAA.js")
        other = await web.client.post("/graphql/console/console-AAAA.js")
        missing = await web.client.get("/graphql/console/nothing.js")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; ")
    assert page.headers["x-frame-options"] == "DENY"
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(page.content)))
    assert query.json() == {"data": {"__typename": "Query"}}
    assert file.headers["x-content-type-options"] == "nosniff"
    assert other.json()["code"] == "METHOD_NOT_ALLOWED"
    assert missing.json()["code"] == "NOT_FOUND"


async def test_not_served_where_it_is_off(web: Served) -> None:
    """Without the setting there is neither a page nor a file."""
    page = await web.client.get("/graphql", headers=BROWSER)
    file = await web.client.get(f"/graphql/console/{own_files()[0].name}")
    assert page.headers["content-type"].partition(";")[0] == "application/json"
    assert (page.status_code, file.status_code) == (400, 404)
    assert not any(isinstance(route, Route) and "console" in route.path for route in web.app.routes)
