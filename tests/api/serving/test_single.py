"""`achene serve` as one process: what SIGHUP does to it."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api.serving.terminal import Terminal
from tests.api.served import PLAIN
from tests.api.serving.waiting import until
from tests.api.test_serve import serving
from tests.conftest import clone, drop

pytestmark = pytest.mark.xdist_group("faults")


async def test_restart(server_url: Callable[[str], str], template: str, tmp_path: Path) -> None:
    """SIGHUP brings in settings that are new, in the same process and refusing nobody; wrong ones it leaves alone."""
    name = await clone(server_url, template)
    variables = {"DATABASE_URL": server_url(name), "ACHENE_ENVIRONMENT": "development"}
    file = tmp_path / ".env"
    with serving(tmp_path, cwd=tmp_path, **variables) as server:

        async def status() -> int:
            """Ask on a connection of its own, which may have to wait for its turn."""
            async with httpx.AsyncClient(base_url=server.base, timeout=60, verify=PLAIN) as client:
                return (await client.get("/docs")).status_code

        file.write_text("ACHENE_POOL_SIZE=many")
        server.process.send_signal(signal.SIGHUP)
        await until(lambda: "the restart is given up" in server.told())
        assert "ACHENE_POOL_SIZE: Input should be a valid integer" in server.told()
        assert await status() == 200

        file.write_text("ACHENE_OPENAPI=false")
        server.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(60):
            while await status() != 404:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)
        code, errors = server.stop(signal.SIGTERM)
    await drop(server_url, name)
    assert (code, "Traceback" in errors) == (0, False)


def test_terminal_that_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that is closed is gone; what never was a terminal is not."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "__stdin__", terminal)
        started = Terminal()
        assert not started.is_gone
        os.close(ours)
        assert started.is_gone
        assert not Terminal().is_gone
