"""A PostgreSQL that a test may stop, kill and freeze."""

from collections.abc import Iterator

import asyncpg
import pytest

from api.data.migrations import migrate
from api.embedded.embedded import binaries, database_url
from api.embedded.postgres import Cluster, prepare
from api.settings import Settings
from tests.faults.pair import Pair, running


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, str]]:
    """A PostgreSQL of the test's own, and the address of its database; a path so short that the address stays."""
    folder = tmp_path_factory.mktemp("pg")
    with database_url(Settings(data_dir=folder)) as url:
        yield prepare(folder, binaries()), url


@pytest.fixture(scope="module")
def running_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A primary and its standby, for the tests of a module."""
    with running(tmp_path_factory.mktemp("pair")) as pair:
        yield pair


@pytest.fixture(scope="module")
async def pair(running_pair: Pair) -> Pair:
    """The pair, its database migrated, with a user and a post."""
    await fill(running_pair.url)
    return running_pair


@pytest.fixture(scope="module")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, str]]:
    """A PostgreSQL for the tests of a module, and the address of its database."""
    folder = tmp_path_factory.mktemp("pg")
    with database_url(Settings(data_dir=folder)) as url:
        yield prepare(folder, binaries()), url


@pytest.fixture(scope="module")
async def filled(running_server: tuple[Cluster, str]) -> tuple[Cluster, str]:
    """The same, its database migrated, with a user and a post."""
    await fill(running_server[1])
    return running_server


async def fill(url: str) -> None:
    """Migrate a database, and write a user and a post."""
    await migrate(url)
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO users (name, email) VALUES ('Ann', 'ann@example.org')")
    await connection.execute("INSERT INTO posts (title, slug, body, author_id) VALUES ('Post', 'post', 'Text.', 1)")
    await connection.close()
