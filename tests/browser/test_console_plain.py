"""The form that a checkout without Node.js shows, in a browser."""

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from api.console import Console
from tests.api.served import Served, serving
from tests.browser.conftest import BROWSER, Browsing, Watched

pytestmark = BROWSER


@pytest.fixture(scope="module")
async def unbuilt(content_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server whose console was not built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.app.Console", partial(Console, dist=Path(tmp_path_factory.mktemp("dist"))))
        async with serving(content_url, graphiql=True) as served:
            yield served


async def opened(browsing: Browsing, served: Served) -> Watched:
    """Open the form."""
    watched = await browsing.page(served.base)
    await watched.open("form")
    await watched.page.wait_for_function("() => document.querySelector('textarea').value.includes('__schema')")
    return watched


async def shown(watched: Watched) -> str:
    """Return the answer, once it is there."""
    await watched.page.wait_for_function("() => !['', '…'].includes(document.querySelector('pre').textContent)")
    return await watched.page.locator("pre").inner_text()


async def test_says_how_to_build(browsing: Browsing, unbuilt: Served) -> None:
    """The page names the command, asks nobody else for anything, and the browser has nothing to complain of."""
    watched = await opened(browsing, unbuilt)
    await watched.page.get_by_text("achene console build").wait_for()
    await watched.page.get_by_role("button", name="Run").click()
    answer = json.loads(await shown(watched))
    names = [field["name"] for field in answer["data"]["__schema"]["queryType"]["fields"]]
    assert names == list(unbuilt.app.state.parts.graph.core.query_type.fields)
    assert watched.foreign == []
    assert watched.complaints == []


async def test_runs_with_variables_by_the_keyboard(browsing: Browsing, unbuilt: Served) -> None:
    """Ctrl-Enter in a field sends what stands in all of them; without a key no header is sent."""
    watched = await opened(browsing, unbuilt)
    await watched.page.get_by_label("Query").fill("query ($n: Int!) { featuredPosts(count: $n) { __typename } }")
    await watched.page.get_by_label("Variables").fill('{"n": 2}')
    await watched.page.keyboard.press("Control+Enter")
    assert json.loads(await shown(watched)) == {"data": {"featuredPosts": [{"__typename": "Post"}] * 2}}
    assert watched.keys == [None]


async def test_sends_the_key_and_keeps_it_nowhere(browsing: Browsing, unbuilt: Served) -> None:
    """A key is a header of the request, never part of an address; the answer to a wrong one is shown."""
    watched = await opened(browsing, unbuilt)
    await watched.page.get_by_label("API key").fill("ach_wrong")
    await watched.page.keyboard.press("Enter")
    assert json.loads(await shown(watched))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert watched.keys == ["ach_wrong"]
    assert [url for url in watched.asked if "ach_wrong" in url] == []
    assert await watched.page.evaluate("localStorage.length + sessionStorage.length") == 0


async def test_variables_that_are_no_json(browsing: Browsing, unbuilt: Served) -> None:
    """The form says so and sends nothing."""
    watched = await opened(browsing, unbuilt)
    await watched.page.get_by_label("Variables").fill("{n: 2}")
    await watched.page.get_by_role("button", name="Run").click()
    assert (await shown(watched)).startswith("The variables are no JSON:")
    assert watched.keys == []
