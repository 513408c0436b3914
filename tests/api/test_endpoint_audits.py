"""Every audit of the npm package `graphql-http`, by Node.js against a real server."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.api.served import Served

SOURCE = Path(__file__).parent.parent / "node"
"""Holds `package.json`, `package-lock.json` and the script. Packages are installed in the run's own folder."""

pytestmark = pytest.mark.node


async def run(folder: Path, *command: str, seconds: float) -> str:
    """Run a command in a folder and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
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
async def folder(tmp_path: Path) -> Path:
    """A folder with the script and the packages that it needs."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("Node.js with npm is not installed; the audits of graphql-http run in it")
    for name in ("package.json", "package-lock.json", "audit.mjs"):
        shutil.copy(SOURCE / name, tmp_path)
    try:
        await run(tmp_path, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", seconds=120)
    except (AssertionError, TimeoutError) as error:
        pytest.skip(f"npm could not install graphql-http, in which the audits are: {error}")
    return tmp_path


async def test_every_audit_passes(folder: Path, web: Served) -> None:
    """None fails and none warns."""
    results = json.loads(await run(folder, "node", "audit.mjs", f"{web.base}/graphql", seconds=60))
    assert len(results) == 61
    assert [result for result in results if result["status"] != "ok"] == []
