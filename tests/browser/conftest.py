"""A headless Chromium, pages that remember what they asked for and complained of, and the console as built."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from filelock import FileLock
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright

from api.console.build import DIST, BuildError, build, check_node, is_current
from tests.api.served import Served, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

BROWSER = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
"""Marks of a module whose tests need a browser."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]

WAIT_MS = 30_000
"""Longest that a page is waited for; machines may be busy."""


@dataclass
class Watched:
    """A page of a server, and what it did."""

    page: Page
    base: str
    asked: list[str] = field(default_factory=list)
    """Addresses that it asked for, those of its workers too."""
    keys: list[str | None] = field(default_factory=list)
    """The header X-API-Key of each operation that it sent."""
    complaints: list[str] = field(default_factory=list)
    """What the browser wrote to its console, and errors that nobody caught."""

    def __post_init__(self) -> None:
        """Begin to watch."""
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note)

    def _note(self, request: Any) -> None:
        self.asked.append(request.url)
        if request.method == "POST":
            self.keys.append(request.headers.get("x-api-key"))

    @property
    def foreign(self) -> list[str]:
        """Addresses that it asked for elsewhere."""
        return [url for url in self.asked if not url.startswith((self.base + "/", "data:"))]

    async def open(self, ready: str) -> None:
        """Load the page and wait until a selector is there."""
        await self.page.goto(f"{self.base}/graphql")
        await self.page.wait_for_selector(ready)


class Browsing:
    """Opens pages of a browser, each in a profile of its own, for one test."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    async def page(self, base: str, scheme: Literal["light", "dark"] = "light") -> Watched:
        """Return an empty page for a server."""
        context = await self._browser.new_context(viewport={"width": 1360, "height": 850}, color_scheme=scheme)
        self._contexts.append(context)
        return Watched(await context.new_page(), base)

    async def close(self) -> None:
        """Close them all."""
        for context in self._contexts:
            await context.close()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Headless Chromium: the system's, or the one that `playwright install chromium` brings."""
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        except Error as error:
            pytest.skip(f"Chromium does not start; `playwright install chromium` brings it: {error.message[:200]}")
        yield browser
        await browser.close()


@pytest.fixture
async def browsing(chromium: Browser) -> AsyncIterator[Browsing]:
    """What opens pages for one test."""
    opened = Browsing(chromium)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def console_build() -> Path:
    """The console, built once from these sources; runs at the same time wait for each other."""
    with FileLock(Path(tempfile.gettempdir()) / f"achene-console-{os.getuid()}.lock", timeout=600):
        if not is_current():
            try:
                check_node()
            except BuildError as error:
                pytest.skip(str(error))
            await asyncio.to_thread(build)
    assert is_current(), "build.mjs and build.py make different digests of the same sources"
    return DIST


@pytest.fixture(scope="session")
async def console_server(content_url: str, console_build: Path) -> AsyncIterator[Served]:
    """A server of demo content that shows the console as built."""
    async with serving(content_url, graphiql=True) as served:
        yield served
