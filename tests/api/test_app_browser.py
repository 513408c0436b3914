"""The pages in a real browser: they load, ask no other host for anything, and break no policy of their own."""

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Error, Page, async_playwright

from tests.api.served import Served

pytestmark = pytest.mark.browser


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page of headless Chromium: the system's, or the one that `playwright install chromium` brings."""
    system = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=system, args=["--no-sandbox"])
        except Error as error:
            pytest.skip(f"Chromium does not start; `playwright install chromium` brings it: {error.message[:200]}")
        yield await browser.new_page()
        await browser.close()


@pytest.mark.parametrize(("path", "shown"), [("/", "nav a"), ("/docs", ".opblock"), ("/health", "table")])
async def test_pages_load_by_themselves(page: Page, web: Served, path: str, shown: str) -> None:
    """Each page shows what it has, all of it from here, and the browser has nothing to complain of."""
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(web.base + path)
    await page.wait_for_selector(shown, timeout=20_000)
    assert [url for url in asked if not url.startswith((web.base, "data:"))] == []
    assert [text for text in complaints if "favicon" not in text] == []
