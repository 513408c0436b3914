"""A server over demo content that the tests of a worker share."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.node import installed
from tests.api.served import Served, serving


@pytest.fixture(scope="session")
async def shared_server(content_url: str) -> AsyncIterator[Served]:
    """One server for all tests that only ask."""
    async with serving(content_url) as served:
        yield served


@pytest.fixture
def web(shared_server: Served) -> Served:
    """The shared server in development, its log empty."""
    shared_server.take_log()
    return shared_server


@pytest.fixture(scope="session")
async def node_folder(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """A folder with the scripts of `tests/node` and their packages, which are too large to be kept."""
    folder = await installed(tmp_path_factory.mktemp("node"))
    yield folder
    await asyncio.to_thread(shutil.rmtree, folder)
