"""PostgreSQL is stopped, killed, frozen, or has no room left, under a light load: no answer given is lost.

Each request is answered as it should be or with 503 and when to come again, within its limits; the process lives, and
all works again by itself.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.embedded.account import Account, open_way
from api.embedded.postgres import Cluster
from tests.api.served import Served, serving
from tests.faults.frozen import frozen
from tests.faults.load import READ, check_written, load_on

pytestmark = pytest.mark.xdist_group("faults")

LIMITS: dict[str, Any] = {
    "anonymous_scopes": ("read", "write", "*"),
    "request_timeout_seconds": 1.5,
    "statement_timeout_seconds": 1.0,
    "pool_timeout_seconds": 0.5,
    "connect_timeout_seconds": 0.5,
}
"""Limits that a test can wait for."""


@asynccontextmanager
async def served(url: str, **settings: Any) -> AsyncIterator[Served]:
    """Serve a database to writers, and see that the process lives on."""
    async with serving(url, **LIMITS | settings) as web:
        yield web
        assert (await web.client.get("/health/live")).status_code == 200


def pid_of(cluster: Cluster) -> int:
    """Return the process id of a server that runs."""
    found = cluster.postmaster()
    assert found is not None
    return found.pid


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
async def test_stopped_and_started(filled: tuple[Cluster, str], number: signal.Signals) -> None:
    """PostgreSQL ends in good order, or at once."""
    cluster, url = filled
    async with served(url) as web, load_on(web, f"stopped{number}") as load:
        os.kill(pid_of(cluster), number)
        await load.until("refused")
        await asyncio.to_thread(cluster.stop)
        await asyncio.to_thread(cluster.start)
    await check_written(load, url)


async def test_hung(filled: tuple[Cluster, str]) -> None:
    """PostgreSQL answers nothing for a while, and goes on with what it had."""
    cluster, url = filled
    async with served(url) as web, load_on(web, "hung") as load:
        with frozen(pid_of(cluster)):
            await load.until("refused", 15)
            assert (await web.client.get("/health/ready")).status_code == 503
    await check_written(load, url)


@contextmanager
def small_disk(folder: Path, account: Account | None) -> Iterator[Path]:
    """Mount a disk of 4 MB that PostgreSQL may write to."""
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if account is None or mount is None or unmount is None:
        pytest.skip("only root can mount a small disk")
    folder.mkdir()
    open_way(folder, account)
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False)  # noqa: S603 - what is tested
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        os.chown(folder, account.uid, account.gid)
        yield folder
    finally:
        subprocess.run([unmount, "--lazy", folder], check=True)  # noqa: S603 - what is tested


@asynccontextmanager
async def comments_on(disk: Path, url: str) -> AsyncIterator[None]:
    """Keep comments on a disk of their own."""
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
    await connection.execute("ALTER TABLE comments SET TABLESPACE small")
    try:
        yield
    finally:
        await connection.execute("ALTER TABLE comments SET TABLESPACE pg_default")
        await connection.execute("DROP TABLESPACE small")
        await connection.close()


async def test_disk_full(filled: tuple[Cluster, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """What needs room is refused, reads go on, and writes do when there is room again."""
    cluster, url = filled
    with small_disk(tmp_path_factory.mktemp("full") / "disk", cluster.account) as disk:
        async with comments_on(disk, url):
            async with served(url) as web, load_on(web, "full") as load:
                ballast = disk / "ballast"
                with pytest.raises(OSError, match="No space left"):
                    ballast.write_bytes(b"0" * 8_000_000)
                await load.until("refused", 5)
                assert (await web.ask(READ)).status_code == 200
                ballast.unlink()
            await check_written(load, url)
