"""Models and migrations say the same, and every revision runs both ways."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from pytest_alembic.config import Config
from pytest_alembic.plugin.fixtures import alembic_runner
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from api.address import to_asyncpg_url
from tests.conftest import clone, drop

# The plugin's own collector does not run on pytest 9.2, so `pyproject.toml` leaves the plugin out and the
# tests and the fixture are taken from it by name.
__all__ = [
    "alembic_runner",
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]


@pytest.fixture
def alembic_config() -> Config:
    from api.migrations import config

    return Config(alembic_config=config())


@pytest.fixture
def alembic_engine(server_url: Callable[[str], str]) -> Iterator[AsyncEngine]:
    """An empty database, not even migrated."""
    name = asyncio.run(clone(server_url, "template0"))
    yield create_async_engine(to_asyncpg_url(server_url(name)), poolclass=NullPool)
    asyncio.run(drop(server_url, name))
