"""The last use of keys: written now and then, in one statement, and never in the way."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from structlog.testing import capture_logs

from api.data.database import Database
from api.keys.listener import CHANNEL
from api.keys.usage import Usage
from api.settings import Settings
from tests.api.keyring import execute, keyring, until

LAST = "SELECT last_used_at FROM api_keys WHERE id = $1"


async def test_one_statement_for_many_keys(database_url: str) -> None:
    """Five hundred uses of fifty keys are one UPDATE; without another use nothing is written."""
    async with keyring(database_url) as ring:
        made = [await ring.make() for _ in range(50)]
        ring.written.clear()
        before = datetime.now(UTC)
        for _ in range(10):
            await asyncio.gather(*(ring.keys.resolve(shown) for _, shown in made))
        assert ring.written == []
        await ring.keys.flush()
        await ring.keys.flush()
        assert [statement.split()[0] for statement in ring.written] == ["WITH"]
    late = await execute(
        database_url,
        "SELECT count(*) FROM api_keys WHERE last_used_at BETWEEN $1 AND now()",
        before - timedelta(seconds=1),
    )
    assert late == 50


async def test_refused_keys_were_not_used(database_url: str) -> None:
    """A key that was shown after it was revoked, or with a wrong secret, leaves no trace."""
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        await execute(database_url, "UPDATE api_keys SET revoked_at = now()")
        await until(lambda: not ring.keys.remembered)
        await asyncio.gather(ring.keys.resolve(shown), return_exceptions=True)
        ring.written.clear()
        await ring.keys.flush()
        assert ring.written == []
    assert await execute(database_url, LAST, key.id) is None


async def test_the_time_is_that_of_the_use(database_url: str) -> None:
    """Not that of the writing, however late that is."""
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        await ring.keys.resolve(shown)
        used = await execute(database_url, "SELECT clock_timestamp()")
        await asyncio.sleep(0.5)
        await ring.keys.flush()
    written = await execute(database_url, LAST, key.id)
    assert abs(written - used) < timedelta(seconds=0.4)


async def test_times_only_move_forward(database_url: str) -> None:
    """What another server wrote later stays."""
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        later = await execute(
            database_url, "UPDATE api_keys SET last_used_at = now() + interval '1 min' RETURNING last_used_at"
        )
        await ring.keys.resolve(shown)
        await ring.keys.flush()
    assert await execute(database_url, LAST, key.id) == later


async def test_writing_use_tells_nobody(database_url: str) -> None:
    """Servers hear nothing of it, and go on remembering."""
    heard: list[str] = []
    listening = await asyncpg.connect(database_url)
    async with keyring(database_url) as ring:
        _, shown = await ring.make()
        await listening.add_listener(CHANNEL, lambda *given: heard.append(given[3]))
        await ring.keys.resolve(shown)
        await ring.keys.flush()
        await execute(database_url, f"NOTIFY {CHANNEL}, 'the end'")
        await until(lambda: bool(heard))
    await listening.close()
    assert heard == ["the end"]


async def test_written_by_itself_and_at_the_end(database_url: str) -> None:
    """At the setting's interval, and what is left when the server stops."""
    async with keyring(database_url, key_use_seconds=0.1) as ring:
        key, shown = await ring.make()
        ring.written.clear()
        await ring.keys.resolve(shown)
        await until(lambda: len(ring.written) == 1)
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        await ring.keys.resolve(shown)
        assert await execute(database_url, LAST, key.id) is None
    assert await execute(database_url, LAST, key.id) is not None


async def test_failure_is_logged_once_and_made_good(database_url: str) -> None:
    """While it cannot be written requests go on, the log has one line, and later the use is written."""
    async with keyring(database_url) as ring:
        _, shown = await ring.make()
        _, other = await ring.make()
        await ring.keys.resolve(shown)
        await execute(database_url, "ALTER TABLE api_keys RENAME COLUMN last_used_at TO away")
        with capture_logs() as lines:
            for _ in range(3):
                await ring.keys.flush()
                await ring.keys.resolve(other)
        await execute(database_url, "ALTER TABLE api_keys RENAME COLUMN away TO last_used_at")
        with capture_logs() as later:
            await ring.keys.flush()
    assert lines == [
        {
            "event": "last use of keys cannot be written; trying again later",
            "reason": "ProgrammingError",
            "log_level": "warning",
        }
    ]
    assert later == [{"event": "last use of keys is written again", "log_level": "info"}]
    assert await execute(database_url, "SELECT count(last_used_at) FROM api_keys") == 2


async def test_nothing_is_lost_when_writing_is_cut_short(database_url: str) -> None:
    """A write that is cancelled, as when the server stops, is done again at the end."""
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        await ring.keys.resolve(shown)
        lock = await asyncpg.connect(database_url)
        await lock.execute("BEGIN; LOCK TABLE api_keys")
        flush = asyncio.create_task(ring.keys.flush())
        await until(lambda: ring.written[-1].split()[0] == "WITH")
        flush.cancel()
        with pytest.raises(asyncio.CancelledError):
            await flush
        await lock.close()
    assert await execute(database_url, LAST, key.id) is not None


async def test_a_write_that_hangs_is_given_up(database_url: str) -> None:
    """A locked table holds up a write, and so a stop, no longer than the limit."""
    async with keyring(database_url, key_timeout_seconds=0.3) as ring:
        _, shown = await ring.make()
        await ring.keys.resolve(shown)
        lock = await asyncpg.connect(database_url)
        await lock.execute("BEGIN; LOCK TABLE api_keys")
        with capture_logs() as lines:
            async with asyncio.timeout(10):
                await ring.keys.flush()
        await lock.close()
    assert [line["reason"] for line in lines] == ["TimeoutError"]


async def test_servers_that_write_at_once_do_not_block_each_other(database_url: str) -> None:
    """Two that note the same keys in opposite orders both write; neither waits in a circle."""
    await execute(
        database_url,
        "INSERT INTO api_keys (name, prefix, secret_hash) "
        "SELECT 'x', i::text, decode(repeat('00', 32), 'hex') FROM generate_series(1, 500) i",
    )
    database = Database(database_url, Settings(database_url=database_url))
    one, two = (Usage(database, 60, 10) for _ in range(2))
    with capture_logs() as lines:
        for _ in range(20):
            now = time.monotonic()
            for key_id in range(1, 501):
                one.note(key_id, now)
                two.note(501 - key_id, now + 1)
            await asyncio.gather(one.flush(), two.flush())
    await database.close()
    assert lines == []
    assert await execute(database_url, "SELECT count(last_used_at) FROM api_keys") == 500
