"""OpenAPI tells the truth: schemathesis makes requests from it, right and wrong, and every answer is as described."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from tests.api.served import serving
from tests.api.test_endpoint_auth import new_key
from tests.conftest import clone, drawn, drop

SECONDS = 120
"""How long it may take; it takes a tenth of that where nothing else runs."""


async def test_no_failure(server_url: Callable[[str], str], content_template: str, tmp_path: Path) -> None:
    """All of its checks hold for all endpoints, with a key and without, for single requests and for chains of them."""
    name = await clone(server_url, content_template)
    async with serving(server_url(name), environment="production", trusted_hosts=("127.0.0.1",)) as web:
        _, key = await new_key(web, "read", "write", "introspect", "*")
        told = await run(
            tmp_path,
            *("run", f"{web.base}/openapi.json", "--header", f"X-API-Key: {key}", "--seed", "1"),
            *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(drawn(24))),
            *("--no-color", "--suppress-health-check", "all", "--generation-deterministic"),
        )
    await drop(server_url, name)
    assert "Tested: 14" in told


async def run(folder: Path, *arguments: str) -> str:
    """Run schemathesis in a folder, where it leaves what it likes, and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    told = out.decode()
    assert process.returncode == 0, told
    return told
