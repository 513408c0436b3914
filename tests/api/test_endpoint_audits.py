"""Every audit of the npm package `graphql-http`, by Node.js against a real server."""

import json
from pathlib import Path

from tests.api.node import NODE, run
from tests.api.served import Served

pytestmark = list(NODE)


async def test_every_audit_passes(node_folder: Path, web: Served) -> None:
    """None fails and none warns."""
    results = json.loads(await run(node_folder, "node", "audit.mjs", f"{web.base}/graphql", seconds=60))
    assert len(results) == 61
    assert [result for result in results if result["status"] != "ok"] == []
