"""The page that a browser gets at /graphql, and the files it needs.

Which page it is, is looked up again when the build changes: after `achene console build` a reload is enough.
"""

import json
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from api.console.build import DIST, source_digest
from api.console.files import StaticFile, built_files, own_files
from api.console.pages import Page, built_page, cdn_page, plain_page
from api.http.answer import Answer
from api.http.negotiation import Media
from api.settings import Settings
from api.telemetry import logger

PATH: Final = "/graphql/console"
"""Where the files are. Pages name them relative to /graphql, so that a proxy may put a prefix before it."""

FOREVER: Final = "public, max-age=31536000, immutable"
"""How long a file is kept: its name changes with what is in it."""


class Console:
    """The page and the files of one server process."""

    def __init__(self, settings: Settings, dist: Path = DIST) -> None:
        """Make it.

        Args:
            settings: Whether a CDN may be used.
            dist: Folder of the build.
        """
        self._settings = settings
        self._dist = dist
        self._own = own_files()
        self._read_at: int | None = None
        self._page: Page
        self._files: dict[str, StaticFile] = {}

    def page(self) -> Answer:
        """Return the page; browsers ask for it again each time."""
        self._look()
        headers = (
            (b"content-security-policy", self._page.policy.encode()),
            (b"cache-control", b"no-cache"),
            (b"vary", b"Accept"),
        )
        return Answer(200, self._page.html.encode(), Media.HTML.header, headers)

    def route(self) -> Route:
        """Return the route of the files."""
        return Route(f"{PATH}/{{name:path}}", self._file, include_in_schema=False)

    async def _file(self, request: Request) -> Response:
        self._look()
        found = self._files.get(request.path_params["name"])
        if found is None or not found.path.is_file():
            raise HTTPException(404)
        path, encoding = found.encoded(request.headers.get("accept-encoding", ""))
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        if encoding:
            headers["Content-Encoding"] = encoding
        return FileResponse(path, headers=headers, media_type=found.media_type)

    def _look(self) -> None:
        """Find out what there is, where that has changed since the last time."""
        manifest = self._dist / "manifest.json"
        built_at = manifest.stat().st_mtime_ns if manifest.is_file() else 0
        if built_at == self._read_at:
            return
        self._files = {file.name: file for file in self._own}
        if built_at:
            self._take_build(manifest)
        else:
            make = cdn_page if self._settings.graphiql_cdn else plain_page
            self._page = make(self._own)
        self._read_at = built_at

    def _take_build(self, manifest: Path) -> None:
        built: dict[str, str] = json.loads(manifest.read_bytes())
        self._page = built_page(self._own, built["script"], built["style"])
        self._files |= {file.name: file for file in built_files(self._dist)}
        if built["source"] != source_digest():
            logger().warning("GraphiQL was built from other sources; run: achene console build")
