"""The API key in the console: where it goes, and where it stays."""

import json
from collections.abc import AsyncIterator, Callable

import pytest

from api.data.database import Database
from api.keys import create
from api.settings import Settings
from tests.api.served import Served, serving
from tests.browser.conftest import BROWSER, Browsing
from tests.browser.console_page import READY, ConsolePage, open_console
from tests.conftest import clone, drop

pytestmark = BROWSER

NO_KEY = '{\n  "X-API-Key": ""\n}'


@pytest.fixture(scope="module")
async def address(server_url: Callable[[str], str], content_template: str) -> AsyncIterator[str]:
    """Address of demo content to which keys can be written."""
    name = await clone(server_url, content_template)
    yield server_url(name)
    await drop(server_url, name)


@pytest.fixture(scope="module")
async def key(address: str) -> str:
    """A key that may read."""
    database = Database(address, Settings(_env_file=None))
    async with database.write() as session:
        _, shown = await create(session, "console", ("read",))
    await database.close()
    return shown


@pytest.fixture(scope="module")
async def closed(address: str, console_build: object) -> AsyncIterator[Served]:
    """A server that answers nobody without a key."""
    async with serving(address, graphiql=True, anonymous_scopes=()) as served:
        yield served


async def with_key(browsing: Browsing, served: Served, key: str) -> ConsolePage:
    """Open the console and put a key into its header editor."""
    console = await open_console(browsing, served.base, ".achene-examples p:has-text('could not be read')")
    await console.write("headers", json.dumps({"X-API-Key": key}))
    await console.page.wait_for_selector(READY)
    return console


async def stored(console: ConsolePage) -> str:
    """Return all that the browser keeps for the page, once GraphiQL had time to write it."""
    await console.page.wait_for_timeout(1500)
    return str(await console.page.evaluate("JSON.stringify(Object.entries(localStorage)) + document.cookie + location"))


async def test_header_is_there_to_be_filled_in(browsing: Browsing, console_server: Served) -> None:
    """The header editor is open and names the header; while that is empty it is not sent."""
    console = await open_console(browsing, console_server.base)
    assert await console.text("headers") == NO_KEY
    await console.run()
    assert set(console.watched.keys) == {None}


async def test_key_opens_a_closed_server(browsing: Browsing, closed: Served, key: str) -> None:
    """Without a key the panel says what to do; with one the schema comes by itself, and examples run."""
    console = await with_key(browsing, closed, key)
    answer = await console.open_example("post")
    assert list(answer) == ["data"]
    assert answer["data"]["post"]["id"]
    assert console.watched.keys[0] is None
    assert console.watched.keys[-1] == key


async def test_key_goes_along_to_other_tabs(browsing: Browsing, closed: Served, key: str) -> None:
    """What was typed holds for a new tab too."""
    console = await with_key(browsing, closed, key)
    await console.page.get_by_role("button", name="New tab").click()
    await console.until("headers", key)
    await console.write("query", "{ siteStatistics { users } }")
    assert await console.run() == {"data": {"siteStatistics": {"users": 40}}}


async def test_key_is_kept_nowhere(browsing: Browsing, closed: Served, key: str) -> None:
    """After queries, with their history, neither storage, cookies nor the address hold the key; a reload loses it."""
    console = await with_key(browsing, closed, key)
    await console.open_example("users")
    kept = await stored(console)
    assert "query Users" in kept
    assert key not in kept
    assert [url for url in console.watched.asked if key in url] == []
    await console.page.reload()
    await console.until("headers", "X-API-Key")
    assert await console.text("headers") == NO_KEY


async def test_key_is_kept_where_the_user_asks(browsing: Browsing, closed: Served, key: str) -> None:
    """The settings keep headers over a reload, and forget them again."""
    console = await with_key(browsing, closed, key)
    await console.page.get_by_role("button", name="Open settings dialog").click()
    await console.page.locator("#enable-persist-headers").click()
    await console.page.keyboard.press("Escape")
    assert key in await stored(console)
    await console.page.reload()
    await console.until("headers", key)
    await console.page.wait_for_selector(READY)
    await console.page.get_by_role("button", name="Open settings dialog").click()
    await console.page.locator("#disable-persist-headers").click()
    assert key not in await stored(console)
