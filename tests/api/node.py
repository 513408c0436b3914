"""Scripts of `tests/node`, run by Node.js against a real server; their packages are installed once a run."""

import asyncio
import shutil
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "node"
"""Holds `package.json`, `package-lock.json` and the scripts. Packages are installed in the run's own folder."""

NODE = (pytest.mark.node, pytest.mark.xdist_group("node"))
"""Marks of tests that need it: one worker runs all of them, and installs the packages."""


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


async def installed(folder: Path) -> Path:
    """Return a folder with the scripts and the packages that they need."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("Node.js with npm is not installed; the audits of graphql-http, Apollo Client and Relay run in it")
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    try:
        await run(folder, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", seconds=120)
    except (AssertionError, TimeoutError) as error:
        pytest.skip(f"npm could not install the packages that the scripts need: {error}")
    return folder
