"""What the tests of keys share: a server's keys over a database, statements counted, and a wire that can fail."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from api.data.database import Database
from api.keys import Keys, create
from api.settings import Settings
from schema.models.api_key import ApiKey

LISTENER = b"achene keys"
"""What the listening connection calls itself, in its first message."""


@dataclass
class Keyring:
    """The keys of one server, and the statements that it ran."""

    keys: Keys
    database: Database
    read: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    async def make(self, name: str = "test", **more: Any) -> tuple[ApiKey, str]:
        """Make a key that may read, and wait until the server, where it listens, has heard of it."""
        before = self.keys._cache.generation
        async with self.database.write() as session:
            made = await create(session, name, ("read",), **more)
        await until(lambda: not self.keys.is_remembering or self.keys._cache.generation > before)
        return made


@asynccontextmanager
async def keyring(url: str, *, is_started: bool = True, **settings: Any) -> AsyncIterator[Keyring]:
    """Start the keys of a server and wait until they remember."""
    chosen = Settings(database_url=url, **settings)
    database = Database(url, chosen)
    ring = Keyring(Keys(database, chosen), database)
    _count(database.reader, ring.read)
    _count(database.writer, ring.written)
    try:
        if is_started:
            await ring.keys.start()
            await until(lambda: ring.keys.is_remembering)
        yield ring
    finally:
        await ring.keys.close()
        await database.close()


def _count(engine: AsyncEngine, statements: list[str]) -> None:
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2]))


async def until(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until something holds, for so long at most."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


async def execute(url: str, statement: str, *values: Any) -> Any:
    """Run a statement as somebody else would, and return the first value of its result."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement, *values)
    finally:
        await connection.close()


@dataclass
class Wire:
    """A socket between a server and PostgreSQL that swallows packets when told."""

    url: str = ""
    pooler_pid: int | None = None
    """The process number that clients are told instead of PostgreSQL's, as a pooler does."""

    _pipes: list[tuple[bytes, asyncio.Event]] = field(default_factory=list)

    @contextmanager
    def silent(self, only: bytes = b"") -> Iterator[None]:
        """Let nothing pass on the connections that are open and named themselves so; new ones work."""
        held = [flows for first, flows in self._pipes if only in first]
        assert held
        for flows in held:
            flows.clear()
        try:
            yield
        finally:
            for flows in held:
                flows.set()

    async def connect(self, near: asyncio.StreamReader, out: asyncio.StreamWriter, target: str) -> None:
        """Join one client to PostgreSQL."""
        first = await near.read(65536)
        far, far_out = await asyncio.open_unix_connection(target)
        flows = asyncio.Event()
        flows.set()
        self._pipes.append((first, flows))
        far_out.write(first)
        try:
            await asyncio.gather(self._pass(near, far_out, flows), self._pass(far, out, flows, is_back=True))
        finally:
            out.close()
            far_out.close()

    async def _pass(
        self, read: asyncio.StreamReader, write: asyncio.StreamWriter, flows: asyncio.Event, *, is_back: bool = False
    ) -> None:
        with suppress(ConnectionError):
            while data := await read.read(65536):
                await flows.wait()
                write.write(self._disguised(data) if is_back else data)
                await write.drain()
        write.close()

    def _disguised(self, data: bytes) -> bytes:
        """Replace the process number in PostgreSQL's BackendKeyData message."""
        head = b"K\x00\x00\x00\x0c"
        if self.pooler_pid is None or head not in data:
            return data
        at = data.index(head) + len(head)
        return data[:at] + self.pooler_pid.to_bytes(4, "big") + data[at + 4 :]


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[Wire]:
    """Open a wire to a database on a Unix socket."""
    address = make_url(url)
    name = f".s.PGSQL.{address.port or 5432}"
    folder = Path(tempfile.mkdtemp(prefix="wire-"))  # short: a socket's path has at most 107 characters
    found = Wire()
    target = str(Path(str(address.query["host"])) / name)
    tasks: set[asyncio.Task[None]] = set()

    def join(near: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(found.connect(near, out, target)))

    server = await asyncio.start_unix_server(join, folder / name)
    found.url = address.update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
    try:
        yield found
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        shutil.rmtree(folder)
