"""Every audit of the npm package `graphql-http`, by Node.js against a real server."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from tests.api.served import Served

FOLDER = Path(__file__).parent.parent / "node"
"""Holds `package.json`, `package-lock.json` and the script; npm puts packages beside them, where git does not look."""

pytestmark = pytest.mark.node


async def run(*command: str, seconds: float) -> str:
    """Run a command in the folder and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=FOLDER, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, err.decode()
    return out.decode()


@pytest.fixture
async def node(run_folder: Path) -> str:
    """The command `node`, with the packages installed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node.js with npm is not installed; the audits of graphql-http run in it")
    with FileLock(run_folder / "npm.lock"):
        installed, wanted = FOLDER / "node_modules" / ".package-lock.json", FOLDER / "package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            try:
                await run(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", seconds=120)
            except (AssertionError, TimeoutError) as error:
                pytest.skip(f"npm could not install graphql-http, in which the audits are: {error}")
    return node


async def test_every_audit_passes(node: str, web: Served) -> None:
    """None fails and none warns."""
    results = json.loads(await run(node, "audit.mjs", f"{web.base}/graphql", seconds=60))
    assert len(results) >= 60
    assert [result for result in results if result["status"] != "ok"] == []
