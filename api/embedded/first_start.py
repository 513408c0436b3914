"""What an embedded database gets on its first start: demo content, and a key to try it with.

The key is stored hashed like any other. So that a later start can show it again, the key itself is kept in
a file of the data folder that only its owner can read. That is for one's own machine: nothing of this runs
where DATABASE_URL is set.
"""

import os
from pathlib import Path
from typing import Final

from api.data.database import Database
from api.keys import Keys, create
from api.settings import Settings
from schema.content.demo import Progress, load_demo
from schema.errors import ContentError, UnauthenticatedError
from schema.principal import EVERY

LOADED_FILE: Final = "demo-loaded"
"""Its presence says that the content was offered once; who removes the content does not want it back."""

KEY_FILE: Final = "demo-key"
"""Holds the key of the demo."""

SCOPES: Final = ("read", "write", EVERY)
"""What it may do."""

KEY_NAME: Final = "demo"
"""What the key is called in `achene keys list`."""


async def load_once(url: str, folder: Path, posts: int, progress: Progress) -> bool:
    """Load the demo content, unless that was done before or the tables hold rows of their own.

    Args:
        url: PostgreSQL address, migrated.
        folder: The data folder.
        posts: How many posts.
        progress: Called now and then with table, rows sent and rows expected.

    Returns:
        True where content was loaded.
    """
    if (folder / LOADED_FILE).exists():
        return False
    try:
        await load_demo(url, posts=posts, progress=progress)
    except ContentError:  # rows are there already
        (folder / LOADED_FILE).touch()
        return False
    (folder / LOADED_FILE).touch()
    return True


async def demo_key(url: str, settings: Settings) -> str:
    """Return the key of the demo, making one where there is none or where it no longer holds."""
    path = settings.data_dir / KEY_FILE
    database = Database(url, settings)
    try:
        if path.exists() and await _holds(database, settings, kept := path.read_text().strip()):
            return kept
        async with database.write() as session:
            _, shown = await create(session, KEY_NAME, SCOPES)
        write_private(path, shown)
        return shown
    finally:
        await database.close()


async def _holds(database: Database, settings: Settings, shown: str) -> bool:
    """Tell whether a key is one of this database, neither expired nor taken back."""
    try:
        await Keys(database, settings).resolve(shown)
    except UnauthenticatedError:
        return False
    return True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
