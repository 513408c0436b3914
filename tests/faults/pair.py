"""A primary and a standby that a test may pause, stop and promote."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.embedded.embedded import DATABASE, binaries, database_url
from api.embedded.postgres import Cluster, prepare
from api.settings import Settings


@dataclass(frozen=True)
class Pair:
    """Two servers with the same data."""

    primary: Cluster
    """Takes writes."""
    standby: Cluster
    """Replays them."""

    @property
    def url(self) -> str:
        """Address of the database on the primary."""
        return url_of(self.primary)

    @property
    def read_url(self) -> str:
        """Address of it on the standby."""
        return url_of(self.standby)

    @property
    def both_url(self) -> str:
        """Address that names both servers."""
        return url_of(self.primary, self.standby)


def url_of(*clusters: Cluster) -> str:
    """Return the address of the database on servers."""
    hosts = ",".join(str(cluster.data) for cluster in clusters)
    return f"postgresql://postgres@/{DATABASE}?host={hosts}&port={','.join(['5432'] * len(clusters))}"


def make_standby(primary: Cluster, folder: Path) -> Cluster:
    """Make a standby of a server that runs, and start it."""
    standby = prepare(folder, binaries())
    standby.data.mkdir(mode=0o700)
    if standby.account is not None:
        os.chown(standby.data, standby.account.uid, standby.account.gid)
    found = primary.postmaster()
    assert found is not None
    where = ("--host", str(found.socket_folder), "--username=postgres", "--pgdata", str(standby.data))
    primary.run("pg_basebackup", *where, "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast")
    standby.start()
    return standby


@contextmanager
def running(folder: Path) -> Iterator[Pair]:
    """Run a primary and its standby in a folder, whose path is so short that the sockets' paths fit."""
    with database_url(Settings(data_dir=folder / "a")):
        primary = prepare(folder / "a", binaries())
        standby = make_standby(primary, folder / "b")
        try:
            yield Pair(primary, standby)
        finally:
            standby.stop()
