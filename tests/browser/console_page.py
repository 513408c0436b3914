"""The console's page as a user has it: what stands in its editors, and how to work with it."""

import asyncio
import json
from typing import Any

from tests.browser.conftest import WAIT_MS, Browsing, Watched

READY = ".achene-examples-group"
"""What is there when the schema is."""

MODEL = (
    """name => globalThis.__MONACO?.editor.getModels().find(each => each.uri.path.endsWith(name))?.getValue() ?? ''"""
)

EDITORS = {
    "query": "operation.graphql",
    "variables": "variables.json",
    "headers": "request-headers.json",
    "response": "response.json",
}


class ConsolePage:
    """A page with GraphiQL in it."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.page = watched.page

    async def text(self, editor: str) -> str:
        """Return what stands in an editor."""
        return str(await self.page.evaluate(MODEL, EDITORS[editor]))

    async def write(self, editor: str, text: str) -> None:
        """Replace what stands in an editor, as typing does."""
        await self.page.locator(f".monaco-editor[data-uri$='{EDITORS[editor]}']").click()
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.press("Delete")
        await self.page.keyboard.insert_text(text)

    async def run(self) -> dict[str, Any]:
        """Run what stands in the query editor, by the keyboard, and return the answer."""
        await self.page.locator(f".monaco-editor[data-uri$='{EDITORS['query']}']").click()
        await self.page.keyboard.press("Control+Enter")
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        """Return the answer, once it is there."""
        async with asyncio.timeout(WAIT_MS / 1000):
            while not (text := await self.text("response")):  # noqa: ASYNC110 - a page tells nobody
                await asyncio.sleep(0.05)
        answer: dict[str, Any] = json.loads(text)
        return answer

    async def open_example(self, name: str) -> dict[str, Any]:
        """Press an example's button, and return its answer."""
        await self.page.locator(".achene-examples button", has=self.page.locator(f"code:text-is('{name}')")).click()
        await self.page.wait_for_function(
            f"([editor, name]) => new RegExp(`^  ${{name}}[ ({{]`, 'm').test(({MODEL})(editor))",
            arg=[EDITORS["query"], name],
        )
        return await self.answer()

    async def until(self, editor: str, wanted: str) -> None:
        """Wait until an editor has a text in it."""
        await self.page.wait_for_function(
            f"([name, wanted]) => ({MODEL})(name).includes(wanted)", arg=[EDITORS[editor], wanted]
        )


async def open_console(browsing: Browsing, base: str, ready: str = READY) -> ConsolePage:
    """Open the console of a server, and wait until it can be used."""
    watched = await browsing.page(base)
    await watched.open(ready)
    console = ConsolePage(watched)
    await console.until("query", "query " if ready == READY else "# Ctrl-Enter")
    return console
