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
from playwright.async_api import Browser, Error, Page, async_playwright

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
        for event, listener in self._listeners().items():
            self.page.on(event, listener)

    def stop(self) -> None:
        """Watch no more."""
        for event, listener in self._listeners().items():
            self.page.remove_listener(event, listener)

    def _listeners(self) -> dict[Any, Any]:
        return {"console": self._note_message, "pageerror": self._note_error, "request": self._note}

    def _note_message(self, message: Any) -> None:
        self.complaints.append(f"{message.type}: {message.text}")

    def _note_error(self, error: Any) -> None:
        self.complaints.append(str(error))

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


Scheme = Literal["light", "dark"]


class Browsing:
    """Opens pages of a browser, as a user does who was never there.

    A page is kept for the next test that opens the same server: it is emptied of all that the browser stores, and what
    was compiled of the scripts stays.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._kept: dict[tuple[str, Scheme], Page] = {}
        self._used: dict[tuple[str, Scheme], Watched] = {}

    async def page(self, base: str, scheme: Scheme = "light") -> Watched:
        """Return an empty page for a server; one for each server and scheme at a time."""
        assert (base, scheme) not in self._used
        page = self._kept.pop((base, scheme), None)
        if page is None:
            context = await self._browser.new_context(viewport={"width": 1360, "height": 850}, color_scheme=scheme)
            page = await context.new_page()
        watched = self._used[base, scheme] = Watched(page, base)
        return watched

    async def put_back(self) -> None:
        """Keep the page that was used last, as if it had never been, and close all others."""
        *others, last = [None, *self._used]
        for page in [*self._kept.values(), *(self._used[place].page for place in others[1:])]:
            await page.context.close()
        self._kept.clear()
        if last is not None:
            watched = self._used[last]
            watched.stop()
            page = watched.page
            await page.goto("about:blank")
            await page.context.clear_cookies()
            session = await page.context.new_cdp_session(page)
            stored = {"origin": last[0], "storageTypes": "local_storage,session_storage,indexeddb"}
            await session.send("Storage.clearDataForOrigin", stored)
            await session.detach()
            self._kept[last] = page
        self._used.clear()

    async def close(self) -> None:
        """Close them all."""
        for page in self._kept.values():
            await page.context.close()


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


@pytest.fixture(scope="session")
async def browser_pages(chromium: Browser) -> AsyncIterator[Browsing]:
    """What opens pages for all tests."""
    opened = Browsing(chromium)
    yield opened
    await opened.close()


@pytest.fixture
async def browsing(browser_pages: Browsing) -> AsyncIterator[Browsing]:
    """What opens pages for one test."""
    yield browser_pages
    await browser_pages.put_back()


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
