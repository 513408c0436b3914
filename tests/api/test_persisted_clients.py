"""A real Apollo Client, with what its own tools make, against a real server."""

import json
from pathlib import Path
from typing import Any

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
