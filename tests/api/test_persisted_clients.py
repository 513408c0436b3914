"""Real clients, Apollo's and Relay's, with what their own tools make, against a real server."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from api.cli import app
from schema.build import SDL
from tests.api.node import NODE, SOURCE, run
from tests.api.served import Served, serving

pytestmark = list(NODE)


async def ask(folder: Path, web: Served) -> Any:
    """Let the client ask a server, and return what it sent and what it was answered."""
    return json.loads(await run(folder, "node", "persisted.mjs", f"{web.base}/graphql", seconds=60))


async def test_apollo_client(node_folder: Path, web: Served) -> None:
    """It teaches a document once, calls it by GET then; what is in its manifest it teaches as well."""
    found = await ask(node_folder, web)
    assert found["answers"] == [40, 40, 40]
    taught = [["POST", "hash", 400], ["POST", "query", 200]]
    assert found["sent"] == [*taught, ["GET", "hash", 200], *taught]


async def test_apollo_client_of_a_server_that_has_its_manifest(node_folder: Path, content_url: str) -> None:
    """What is in the manifest is answered at once."""
    async with serving(content_url, operations=(SOURCE / "manifest.json",)) as web:
        found = await ask(node_folder, web)
    assert found["answers"] == [40, 40, 40]
    assert found["sent"][3:] == [["POST", "hash", 200]]


async def test_relay(node_folder: Path, content_url: str) -> None:
    """What relay-compiler makes of an application is valid, and all that a server runs; Relay's store pages by it."""
    folder = node_folder / "relay"
    shutil.copy(SDL, folder)
    await run(folder, "node", "../node_modules/relay-compiler/cli.js", seconds=60)
    manifest = folder / "persisted.json"
    checked = await asyncio.to_thread(CliRunner().invoke, app, ["operations", "check", str(manifest)])
    assert (checked.exit_code, checked.output) == (0, "3 saved operations are valid.\n")

    async with serving(content_url, operations=(manifest,), only_saved_operations=True) as web:
        found = json.loads(await run(folder, "node", "ask.mjs", f"{web.base}/graphql", seconds=60))
        other = await web.ask("{ posts { totalCount } }")
        everything = "{ posts(first: 5, orderBy: [{id: ASC}]) { nodes { title author { name } } } }"
        (text,) = [text for text in json.loads(manifest.read_text()).values() if text.startswith("query PostsQuery")]
        whole = await web.client.post("/graphql", json={"query": text})
    async with serving(content_url) as web:
        expected = (await web.ask(everything)).json()["data"]["posts"]["nodes"]
    assert found["sent"] == [["PostsQuery", None], ["PostsPageQuery", None], ["PostsAuthorQuery", None]]
    assert found["first"] == [each["title"] for each in expected[:2]]
    assert found["both"] == [each["title"] for each in expected]
    assert found["author"] == expected[0]["author"]["name"]
    assert other.json()["errors"][0]["extensions"] == {"code": "OPERATION_NOT_SAVED"}
    assert len(whole.json()["data"]["posts"]["edges"]) == 2
