"""`achene serve` as a process of its own: start, answers, signals, second start, and refusals."""

import asyncio
import os
import queue
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import asyncpg
import httpx
import pytest

from api.cli import main
from api.embedded.embedded import address, binaries
from api.embedded.postgres import Cluster, prepare
from tests.api.served import PLAIN
from tests.conftest import clone, drop

pytestmark = pytest.mark.xdist_group("faults")

Achene = Callable[..., tuple[int, str, str]]
"""Runs a command with a data folder, arguments and variables."""

COMMAND = [sys.executable, "-m", "api"]

QUERY = "{ posts(first: 1) { totalCount nodes { title author { name } } } }"


@dataclass
class Running:
    """A server process and what it has printed so far."""

    process: subprocess.Popen[str]
    errors: IO[str]
    """What it writes to standard error; a file, for a pipe that nobody reads would hold it up."""
    lines: list[str] = field(default_factory=list)
    base: str = ""

    @property
    def key(self) -> str:
        """The key that was printed."""
        return next(line.split()[-1] for line in self.lines if line.strip().startswith("Demo key"))

    def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        return httpx.get(self.base + path, timeout=20, verify=PLAIN)

    def query(self, text: str, **headers: str) -> dict[str, object]:
        """Send a GraphQL query and return the answer."""
        response = httpx.post(f"{self.base}/graphql", json={"query": text}, headers=headers, timeout=20, verify=PLAIN)
        found: dict[str, object] = response.json()
        return found

    def stop(self, number: int) -> tuple[int, str]:
        """Send a signal; return exit code and what was written to standard error."""
        self.process.send_signal(number)
        self.process.communicate(timeout=20)
        return self.process.returncode, self.told()

    def told(self) -> str:
        """Return what was written to standard error."""
        self.errors.seek(0)
        return self.errors.read()


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """The environment of a server that keeps its data in a folder of the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACHENE_")}
    kept.pop("DATABASE_URL", None)
    return kept | {"ACHENE_DATA_DIR": str(folder)} | variables


@contextmanager
def serving(folder: Path, *arguments: str, cwd: Path | None = None, **variables: str) -> Iterator[Running]:
    """Run `achene serve` on a free port until it has printed its addresses."""
    with started(folder, *arguments, cwd=cwd, **variables) as running:
        read: queue.Queue[str] = queue.Queue()
        output = running.process.stdout
        assert output is not None
        threading.Thread(target=lambda: [read.put(line) for line in output] + [read.put("")], daemon=True).start()
        while not running.base:
            line = read.get(timeout=60)
            assert line, running.told()
            running.lines.append(line.rstrip())
            if found := re.search(r"(http://\S+)/graphql$", line.rstrip()):
                running.base = found[1]
        while (line := read.get(timeout=10)).strip():
            running.lines.append(line.rstrip())
        yield running


@contextmanager
def started(folder: Path, *arguments: str, cwd: Path | None = None, **variables: str) -> Iterator[Running]:
    """Start `achene serve` on a free port; kill it at the end where the test did not stop it."""
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed below
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [*COMMAND, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=cwd,
        env=environment(folder, **variables),
    )
    try:
        yield Running(process, errors)
    finally:
        process.kill()
        process.communicate(timeout=10)
        errors.close()


@pytest.fixture
def achene(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Achene:
    """Runs `achene` in this process until it ends; returns exit code, output and errors."""

    def call(folder: Path, *arguments: str, **variables: str) -> tuple[int, str, str]:
        for name in os.environ.keys() - environment(folder).keys():
            monkeypatch.delenv(name)
        for name, value in environment(folder, **variables).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["achene", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        output, errors = capfd.readouterr()
        return int(ended.value.code or 0), output, errors

    return call


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """The embedded cluster that the command makes in the test's folder; stopped where the test left it."""
    cluster = prepare(tmp_path / "data", binaries())
    yield cluster
    cluster.stop()


def run(url: str, statement: str) -> object:
    """Run one statement and return its first value."""

    async def fetch() -> object:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def test_from_nothing_to_an_answer_and_again(cluster: Cluster) -> None:
    """The first start serves the demo content and prints a key that works; the second keeps data and key."""
    with serving(cluster.folder, "--demo-posts", "50") as first:
        answer = first.query(QUERY, **{"X-API-Key": first.key})
        ready = first.get("/health/ready").json()
        postmaster = cluster.postmaster()
        assert postmaster is not None
        run(address(postmaster), "UPDATE posts SET title = 'Kept'")
        code, errors = first.stop(signal.SIGINT)
    assert answer["data"]["posts"]["totalCount"] == 50  # type: ignore[index]
    assert "errors" not in answer
    assert ready == {"status": "ok", "failed": {}}
    assert (code, "Traceback" in errors) == (0, False)
    assert cluster.postmaster() is None
    assert stat.S_IMODE((cluster.folder / "demo-key").stat().st_mode) == 0o600

    with serving(cluster.folder, "--demo-posts", "50") as second:
        again = second.query(QUERY, **{"X-API-Key": first.key})
        code, errors = second.stop(signal.SIGTERM)
    assert second.key == first.key
    assert again["data"]["posts"]["totalCount"] == 50  # type: ignore[index]
    assert again["data"]["posts"]["nodes"][0]["title"] == "Kept"  # type: ignore[index]
    assert (code, "Traceback" in errors) == (0, False)
    assert cluster.postmaster() is None


def test_without_demo_and_beside_another(cluster: Cluster) -> None:
    """`--no-demo` starts empty; a second server beside it shares PostgreSQL, and outlives it."""
    with serving(cluster.folder, "--no-demo") as first, serving(cluster.folder, "--no-demo") as second:
        count = "{ posts { totalCount } }"
        assert first.query(count) == second.query(count) == {"data": {"posts": {"totalCount": 0}}}
        assert not [line for line in first.lines if "key" in line]
        assert first.stop(signal.SIGINT)[0] == 0
        assert second.query(count) == {"data": {"posts": {"totalCount": 0}}}
        assert second.stop(signal.SIGINT)[0] == 0
    assert cluster.postmaster() is None


def test_signal_during_the_first_start(achene: Achene, cluster: Cluster) -> None:
    """A signal while everything is still being made ends it cleanly, and the next start works."""
    with started(cluster.folder) as running:
        deadline = time.monotonic() + 30
        while not (cluster.folder / "postgres.new").exists() and cluster.postmaster() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        code, errors = running.stop(signal.SIGINT)
    assert (code, "Traceback" in errors) == (0, False)
    assert cluster.postmaster() is None
    assert achene(cluster.folder, "migrate")[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc to see what is loaded")
def test_ctrl_c_while_libraries_load(tmp_path: Path) -> None:
    """An impatient Ctrl-C, before there is anything to stop, prints no traceback."""
    with started(tmp_path / "data") as running:
        deadline = time.monotonic() + 10
        while "sqlalchemy" not in Path(f"/proc/{running.process.pid}/maps").read_text():
            assert time.monotonic() < deadline
        code, errors = running.stop(signal.SIGINT)
    assert (code, errors) == (-signal.SIGINT, "")
    assert not (tmp_path / "data").exists()


def test_given_database_is_migrated_only_when_asked(server_url: Callable[[str], str], tmp_path: Path) -> None:
    """With DATABASE_URL the server runs but is not ready while the database is behind; `--migrate` helps."""
    name = asyncio.run(clone(server_url, "template1"))
    variables = {"DATABASE_URL": server_url(name), "ACHENE_ENVIRONMENT": "development"}
    try:
        with serving(tmp_path / "data", **variables) as behind:
            told = [line.strip() for line in behind.lines if "migrat" in line]
            waiting = behind.get("/health/ready")
            assert behind.stop(signal.SIGTERM)[0] == 0
        with serving(tmp_path / "data", "--migrate", **variables) as migrated:
            quiet = [line for line in migrated.lines if "Not ready" in line]
            ready = migrated.get("/health/ready")
            count = migrated.query("{ posts { totalCount } }")
            assert migrated.stop(signal.SIGTERM)[0] == 0
    finally:
        asyncio.run(drop(server_url, name))
    says = "The database is behind its migrations: run `achene migrate`. `achene serve --migrate` does so at its start."
    assert (told, quiet) == ([f"Not ready {says}"], [])
    assert (waiting.status_code, list(waiting.json()["failed"])) == (503, ["migrations"])
    assert (ready.status_code, count) == (200, {"data": {"posts": {"totalCount": 0}}})
    assert not (tmp_path / "data").exists()


def test_starts_while_the_database_is_down(tmp_path: Path) -> None:
    """Without its database the server starts, says so, and stops cleanly."""
    with serving(tmp_path, DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/none") as running:
        answers = {path: running.get(f"/health/{path}").status_code for path in ("live", "ready", "startup")}
        (told,) = [line.strip() for line in running.lines if "Not ready" in line]
        code, errors = running.stop(signal.SIGTERM)
    assert answers == {"live": 200, "ready": 503, "startup": 200}
    assert told.startswith("Not ready The database cannot be reached. Requests are answered once it does: look at ")
    assert (code, "Traceback" in errors, "secret" in errors) == (0, False, False)


def test_port_in_use_starts_nothing(achene: Achene, tmp_path: Path) -> None:
    """A port in use ends the command with 1 and a way out, before a folder or a process is made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = achene(tmp_path / "data", "serve", "--port", str(port))
    assert found == (
        1,
        "",
        f"achene: Port {port} on 127.0.0.1 is in use. Stop what uses it, or choose another: --port {port + 1}\n",
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"ACHENE_POOL_SIZE": "many"},
            "ACHENE_POOL_SIZE: Input should be a valid integer, unable to parse string as an integer. "
            "It takes: whole number from 1.",
        ),
        (
            {"ACHENE_PORT": "70000"},
            "ACHENE_PORT: Input should be less than or equal to 65535. It takes: whole number from 0 to 65535.",
        ),
        (
            {"ACHENE_LOG_FORMAT": "loud"},
            "ACHENE_LOG_FORMAT: Input should be 'text' or 'json'. It takes: text or json.",
        ),
        (
            {"DATABASE_URL": "my-secret-database"},
            "DATABASE_URL is not an address. It should look like postgresql://user:password@host:5432/name",
        ),
    ],
)
def test_bad_setting(achene: Achene, tmp_path: Path, variables: dict[str, str], message: str) -> None:
    """A setting that cannot be used ends the command with its name and what it takes, without a traceback."""
    found = achene(tmp_path / "data", "serve", **({"ACHENE_PORT": "0"} | variables))
    assert found == (2, "", f"achene: {message}\n")
    assert not (tmp_path / "data").exists()


def test_all_bad_settings_at_once(achene: Achene, tmp_path: Path) -> None:
    """Whoever made several mistakes hears of all of them."""
    names = ["DATABASE_URL", "ACHENE_WORKERS", "ACHENE_DRAIN_SECONDS", "ACHENE_GRAPHIQL"]
    code, _, errors = achene(tmp_path, "serve", **dict.fromkeys(names, "-1"))
    assert code == 2
    assert [re.split("[: ]", line.removeprefix("achene: "))[0] for line in errors.splitlines()] == names


def test_database_that_is_not_there(achene: Achene, tmp_path: Path) -> None:
    """A command that cannot reach its database says where to look, and not what the address holds."""
    found = achene(tmp_path, "migrate", DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/none")
    says = "The database cannot be reached. Look at DATABASE_URL, and whether PostgreSQL lets us in."
    assert found == (1, "", f"achene: {says}\n")


def test_misspelt_variable(achene: Achene, tmp_path: Path) -> None:
    """A variable that looks like a setting and is none is told of, with the one that was meant."""
    variables = {"ACHENE_POOLSIZE": "20", "ACHENE_TAG": "1.2", "ACHENE_XYZ": "1", "ACHENE_PORT": "x"}
    code, _, errors = achene(tmp_path, "serve", **variables)
    assert code == 2
    assert errors.splitlines()[:2] == [
        "achene: ACHENE_POOLSIZE is no setting, and is ignored. Did you mean ACHENE_POOL_SIZE?",
        "achene: ACHENE_XYZ is no setting, and is ignored.",
    ]


def test_migrate_and_check(achene: Achene, cluster: Cluster) -> None:
    """`achene migrate --check` is 1 before and 0 after `achene migrate`; psql has its own options."""
    folder = cluster.folder
    assert achene(folder, "migrate", "--check") == (
        1,
        "The database is behind its migrations: run `achene migrate`.\n",
        "",
    )
    code, output, errors = achene(folder, "migrate")
    assert (code, output.endswith("it came from an empty database.\n"), errors) == (0, True, "")
    assert achene(folder, "migrate", "--check") == (0, "The database is at the newest revision.\n", "")
    assert achene(folder, "psql", "-Atc", "SELECT count(*) FROM posts") == (0, "0\n", "")


def test_migrate_prints_sql(achene: Achene, tmp_path: Path) -> None:
    """`achene migrate --sql` prints what would run, and starts nothing."""
    code, output, _ = achene(tmp_path / "data", "migrate", "--sql")
    assert code == 0
    assert output.startswith("BEGIN;")
    assert "CREATE TABLE posts" in output
    assert not (tmp_path / "data").exists()
