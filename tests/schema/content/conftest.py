"""Sites on disk, as tests write them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import asyncpg
import pytest

Write = Callable[[str, str], Path]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An empty folder for pages."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def write(site: Path) -> Write:
    """Write a file of the site, its text without the margin."""

    def write_file(name: str, text: str) -> Path:
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    return write_file


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    """A connection to the test's own database."""
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()
