"""A server of demo content that whoever comes may write to, for the tests of a module."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.api.served import Served, serving
from tests.conftest import clone, drop


@pytest.fixture(scope="module")
async def server(server_url: Callable[[str], str], content_template: str) -> AsyncIterator[Served]:
    """A server of demo content: 40 users, 400 posts."""
    name = await clone(server_url, content_template)
    async with serving(server_url(name), anonymous_scopes=("read", "write", "*")) as served:
        yield served
    await drop(server_url, name)


@pytest.fixture
def rest(server: Served) -> Served:
    """That server, its log empty."""
    server.take_log()
    return server
