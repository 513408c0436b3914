"""A PostgreSQL that a test may stop, kill and freeze."""

from collections.abc import Iterator

import pytest

from api.embedded import binaries, database_url
from api.postgres import Cluster, prepare
from api.settings import Settings


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, str]]:
    """A PostgreSQL of the test's own, and the address of its database; a path so short that the address stays."""
    folder = tmp_path_factory.mktemp("pg")
    with database_url(Settings(data_dir=folder)) as url:
        yield prepare(folder, binaries()), url
