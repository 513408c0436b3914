"""Keys while the connection that tells of changes is lost, silent, or not our own."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from api.data.database import Database
from api.keys import Keys
from api.keys.listener import CHANNEL
from api.settings import Settings
from schema.errors import UnauthenticatedError, UnavailableError
from tests.api.keyring import LISTENER, Keyring, execute, keyring, until, wire

KILL = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'achene keys'"
)
REVOKE = "UPDATE api_keys SET revoked_at = now()"
LOST = "key changes are not heard; each request looks up its key"
BACK = "key changes are heard again"


async def refused(ring: Keyring, shown: str) -> bool:
    """Whether a server refuses a key."""
    try:
        await ring.keys.resolve(shown)
    except UnauthenticatedError:
        return True
    return False


async def soon(ring: Keyring, shown: str, *, is_refused: bool) -> None:
    """Ask until a server refuses, or takes, a key; for a tenth of the time for which it would be remembered."""
    async with asyncio.timeout(6):
        while await refused(ring, shown) is not is_refused:  # noqa: ASYNC110 - that is the question
            await asyncio.sleep(0.002)


async def test_right_without_it_and_heard_again(database_url: str) -> None:
    """When the listening connection is killed each request looks up; then it is made again, and one is enough."""
    async with keyring(database_url) as ring:
        _, shown = await ring.make()
        await ring.keys.resolve(shown)
        with capture_logs() as lines:
            assert await execute(database_url, KILL) == 1
            await until(lambda: not ring.keys.is_remembering)
            ring.read.clear()
            assert not await refused(ring, shown)
            alone = len(ring.read)
            await until(lambda: ring.keys.is_remembering)
        ring.read.clear()
        for _ in range(5):
            await ring.keys.resolve(shown)
        assert alone == 1
        assert len(ring.read) <= 1
        await execute(database_url, REVOKE)
        await until(lambda: not ring.keys.remembered)
        assert await refused(ring, shown)
    assert [line["event"] for line in lines] == [LOST, BACK]


async def test_what_was_missed_is_not_remembered(database_url: str) -> None:
    """A key that was revoked while nobody listened is refused, before the connection is back and after."""
    async with keyring(database_url) as ring:
        _, shown = await ring.make()
        for _ in range(10):
            await execute(database_url, "UPDATE api_keys SET revoked_at = NULL")
            await soon(ring, shown, is_refused=False)
            await execute(database_url, KILL)
            await until(lambda: not ring.keys.is_remembering)
            await execute(database_url, REVOKE)
            await soon(ring, shown, is_refused=True)
            await until(lambda: ring.keys.is_remembering)
            assert await refused(ring, shown)


async def test_killed_over_and_over(database_url: str) -> None:
    """While the connection is killed all the time no change goes unheard."""
    async with keyring(database_url) as ring:
        _, shown = await ring.make()
        is_over = asyncio.Event()

        async def kill() -> None:
            while not is_over.is_set():
                await execute(database_url, KILL)
                await asyncio.sleep(0.02)

        killing = asyncio.create_task(kill())
        for _ in range(20):
            await execute(database_url, "UPDATE api_keys SET revoked_at = NULL")
            await soon(ring, shown, is_refused=False)
            await execute(database_url, REVOKE)
            await soon(ring, shown, is_refused=True)
        is_over.set()
        await killing
        await until(lambda: ring.keys.is_remembering)


async def test_a_silent_connection_is_trusted_no_longer_than_the_bound(database_url: str) -> None:
    """Where packets vanish without a word, a revoked key is refused when the bound is over, at the latest."""
    bound = 1.5
    async with wire(database_url) as faulty, keyring(faulty.url, key_staleness_seconds=bound) as ring:
        _, shown = await ring.make()
        await ring.keys.resolve(shown)
        with faulty.silent(only=LISTENER):
            began = time.monotonic()
            await execute(database_url, REVOKE)
            took = None
            async with asyncio.timeout(20):
                while took is None:
                    asked = time.monotonic()
                    if await refused(ring, shown):
                        took = asked - began
                    await asyncio.sleep(0.01)
            assert took <= bound + 1  # a second for a machine that is busy
            await until(lambda: ring.keys.is_remembering)
            assert await refused(ring, shown)


async def test_a_question_that_is_late_ends_the_trust(database_url: str) -> None:
    """The bound counts from when a question was sent, so that a process that could not look is not trusting."""
    async with keyring(database_url, key_staleness_seconds=0.6) as ring:
        _, shown = await ring.make()
        await ring.keys.resolve(shown)
        time.sleep(0.7)  # noqa: ASYNC251 - this is a process that cannot look
        assert not ring.keys.is_remembering
        await until(lambda: ring.keys.is_remembering)


async def test_a_look_up_that_hangs_is_given_up(database_url: str) -> None:
    """With every connection silent a request is answered within the limit, and the next one on a new connection."""
    async with wire(database_url) as faulty, keyring(faulty.url, key_timeout_seconds=0.5) as ring:
        _, shown = await ring.make()
        _, other = await ring.make()
        await ring.keys.resolve(shown)
        with faulty.silent():
            with pytest.raises(UnavailableError, match=r"^The database took too long to look up the API key\.$"):
                await ring.keys.resolve(other)
            await ring.keys.resolve(other)


async def test_behind_a_pooler_nothing_is_remembered(database_url: str) -> None:
    """Where PostgreSQL is not who answered the connection, each request looks up; the log says why, once."""
    async with wire(database_url) as pooler, keyring(pooler.url, is_started=False) as ring:
        pooler.pooler_pid = 7
        with capture_logs() as lines:
            await ring.keys.start()
            await until(lambda: bool(lines))
        _, shown = await ring.make()
        for _ in range(3):
            assert not await refused(ring, shown)
        await execute(database_url, REVOKE)
        assert await refused(ring, shown)
        assert (len(ring.read), ring.keys.remembered) == (4, 0)
    assert lines == [
        {
            "event": LOST,
            "reason": "A pooler stands between this server and PostgreSQL.",
            "log_level": "warning",
        }
    ]


async def test_a_long_outage_is_one_line(database_url: str) -> None:
    """Attempts that fail one after another are logged once, without an address."""
    missing = f"{database_url.partition('?')[0]}?host=/nowhere/a-secret"
    settings = Settings(database_url=missing)
    database = Database(missing, settings)
    keys = Keys(database, settings)
    with capture_logs() as lines:
        await keys.start()
        await asyncio.sleep(0.8)  # four attempts or so
        await keys.close()
    await database.close()
    assert lines == [{"event": LOST, "reason": "The connection was lost (FileNotFoundError).", "log_level": "warning"}]


async def test_a_stop_leaves_no_connection(database_url: str) -> None:
    """After `close` nobody listens, and `close` may come before `start`, and twice."""
    count = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'achene keys'"
    )
    async with keyring(database_url) as ring:
        assert await execute(database_url, count) == 1
        await ring.keys.close()
        await ring.keys.close()
        assert not ring.keys.is_remembering
        async with asyncio.timeout(10):
            while await execute(database_url, count):  # noqa: ASYNC110 - PostgreSQL says when
                await asyncio.sleep(0.02)
    async with keyring(database_url, is_started=False):
        pass


async def test_forged_notifications_only_cost_a_look_up(database_url: str) -> None:
    """Whatever is sent to the channel makes servers forget, no more; an empty one makes them forget all."""
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        _, other = await ring.make()
        for payload, left in ((key.prefix, 1), ("", 0)):
            await ring.keys.resolve(shown)
            await ring.keys.resolve(other)
            await execute(database_url, "SELECT pg_notify($1, $2)", CHANNEL, payload)
            await until(lambda left=left: ring.keys.remembered == left)
        await execute(database_url, "SELECT pg_notify($1, $2)", CHANNEL, "\x1b[31m" + "x" * 7000)
        assert not await refused(ring, shown)
        assert not await refused(ring, other)
