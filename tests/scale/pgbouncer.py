"""A real PgBouncer in transaction mode, before the run's PostgreSQL."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from api.embedded.account import account_for, open_way

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")

needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed: apt-get install pgbouncer")

SERVERS = 2
"""Connections to PostgreSQL that all clients of a database share."""

SETTINGS = """
[databases]
* = host={host} port={port} user=postgres

[pgbouncer]
pool_mode = transaction
default_pool_size = {servers}
max_client_conn = 400
auth_type = any
unix_socket_dir = {folder}
listen_port = 6432
logfile = {folder}/log
pidfile = {folder}/pid
"""


@contextmanager
def pooling(url: str, folder: Path) -> Iterator[str]:
    """Run a PgBouncer before the server of a database, and yield the database's address through it."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    host, port = query.get("host", [parts.hostname])[0], query.get("port", [str(parts.port or 5432)])[0]
    ini = folder / "pgbouncer.ini"
    ini.write_text(SETTINGS.format(host=host, port=port, folder=folder, servers=SERVERS))
    account = account_for(folder / "log")  # it refuses to run as root
    if account is not None:
        open_way(folder / "log", account)
        shutil.chown(folder, account.uid, account.gid)
    assert PROGRAM is not None
    child = subprocess.Popen(  # noqa: S603 - what is tested
        [PROGRAM, "-q", str(ini)], **(account.as_arguments() if account else {}), start_new_session=True
    )
    try:
        until = time.monotonic() + 20
        while not (folder / ".s.PGSQL.6432").exists():
            assert child.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.01)
        yield f"postgresql://postgres@{parts.path}?host={folder}&port=6432"
    finally:
        child.kill()
        child.wait(timeout=20)
