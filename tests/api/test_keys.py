"""Who shows a key: what is looked up, what is remembered, and what is refused."""

import asyncio
import gc
import tracemalloc
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from api.data.database import Database
from api.keys import Keys
from api.keys.cache import Cache
from api.keys.format import checksum, make
from api.keys.records import NOBODY, Record
from api.settings import Settings
from schema.errors import UnauthenticatedError, UnavailableError
from schema.models.user import User
from schema.principal import Principal
from tests.api.keyring import Keyring, execute, keyring, until

REFUSED = "The API key is unknown, revoked or expired."
NO_DATABASE = "postgresql://achene:a-secret@127.0.0.1:1/achene"
"""Nothing listens there."""


async def refusal(ring: Keyring, shown: str) -> str:
    """The message with which a key is refused."""
    with pytest.raises(UnauthenticatedError) as refused:
        await ring.keys.resolve(shown)
    return str(refused.value)


def well_formed(count: int) -> list[str]:
    """Keys that nobody made, with checksums that fit."""
    return [make().shown for _ in range(count)]


async def test_a_key_says_who_asks(database_url: str) -> None:
    """A key gives its id, prefix, scopes and owner."""
    async with keyring(database_url) as ring:
        async with ring.database.write() as session:
            user = User(name="Ann", email="ann@example.org")
            session.add(user)
        key, shown = await ring.make(user=user)
        plain, shown_plain = await ring.make()
        principals = [await ring.keys.resolve(shown), await ring.keys.resolve(shown_plain)]
    assert principals == [
        Principal(frozenset({"read"}), key.id, user.id, key.prefix),
        Principal(frozenset({"read"}), plain.id, None, plain.prefix),
    ]


async def test_one_look_up_for_all_requests(database_url: str) -> None:
    """A hundred requests at once and a hundred one by one cost one statement together."""
    async with keyring(database_url) as ring:
        _, shown = await ring.make()
        found = await asyncio.gather(*(ring.keys.resolve(shown) for _ in range(100)))
        found += [await ring.keys.resolve(shown) for _ in range(100)]
        assert len(ring.read) == 1
    assert len(set(found)) == 1


async def test_without_a_listener_each_request_looks_up(database_url: str) -> None:
    """Where changes are not heard of, nothing is remembered; requests at once still share a statement."""
    async with keyring(database_url, is_started=False) as ring:
        _, shown = await ring.make()
        for _ in range(5):
            await ring.keys.resolve(shown)
        one_by_one = len(ring.read)
        await asyncio.gather(*(ring.keys.resolve(shown) for _ in range(100)))
        assert (one_by_one, len(ring.read), ring.keys.remembered) == (5, 6, 0)


async def test_who_comes_during_a_look_up_waits_for_the_next(database_url: str) -> None:
    """An answer is never older than the question: a look-up that is under way is not joined."""
    async with keyring(database_url, is_started=False) as ring:
        _, shown = await ring.make()
        lock = await asyncpg.connect(database_url)
        await lock.execute("BEGIN; LOCK TABLE api_keys")
        first = asyncio.create_task(ring.keys.resolve(shown))
        await until(lambda: bool(ring.read))
        others = [asyncio.create_task(ring.keys.resolve(shown)) for _ in range(20)]
        await asyncio.sleep(0.05)
        during = len(ring.read)
        await lock.close()
        await asyncio.gather(first, *others)
        assert (during, len(ring.read)) == (1, 2)


async def test_bad_checksums_cost_nothing(database_url: str) -> None:
    """Ten thousand mistyped keys: no statement, nothing remembered."""
    async with keyring(database_url) as ring:
        for shown in well_formed(10_000):
            with pytest.raises(UnauthenticatedError, match="its checksum does not fit"):
                await ring.keys.resolve(shown[:-1] + ("0" if shown[-1] != "0" else "1"))
        assert (ring.read, ring.keys.remembered) == ([], 0)


async def test_a_flood_of_invented_keys(database_url: str) -> None:
    """Ten thousand unknown keys, 500 at a time: 20 statements, bounded memory, and real keys stay remembered."""
    invented = well_formed(10_000)
    async with keyring(database_url, key_cache_size=100) as ring:
        _, shown = await ring.make()
        await ring.keys.resolve(shown)
        ring.read.clear()

        async def flood(keys: list[str]) -> None:
            for at in range(0, len(keys), 500):
                part = keys[at : at + 500]
                refused = await asyncio.gather(*(ring.keys.resolve(key) for key in part), return_exceptions=True)
                assert {str(error) for error in refused} == {REFUSED}

        await flood(invented[:5_000])
        tracemalloc.start()
        await flood(invented[5_000:])
        await asyncio.sleep(0.01)  # the loop lets go of the last part
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        statements = len(ring.read)
        await ring.keys.resolve(shown)  # asks again where the connection that hears of changes is late
        assert (statements, ring.keys.remembered) == (20, 101)
    assert grown < 200_000


async def test_unknown_keys_and_wrong_secrets_are_remembered(database_url: str) -> None:
    """The same unknown key, or any secrets with a real prefix, cost one statement."""
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        unknown = make().shown
        assert [await refusal(ring, unknown) for _ in range(10)] == [REFUSED] * 10
        assert len(ring.read) == 1
        for guess in range(10):
            body = f"ach_{key.prefix}_{guess:043}"
            assert await refusal(ring, body + checksum(body)) == REFUSED
        assert len(ring.read) == 2
        await ring.keys.resolve(shown)
        assert len(ring.read) == 2


async def test_a_key_ends_while_it_is_remembered(database_url: str) -> None:
    """Expiry is looked at on each use, without a statement."""
    async with keyring(database_url) as ring:
        _, shown = await ring.make(expires_at=datetime.now(UTC) + timedelta(seconds=2))
        await ring.keys.resolve(shown)
        await asyncio.sleep(2)
        assert await refusal(ring, shown) == REFUSED
        assert len(ring.read) == 1


async def test_expiry_goes_by_the_databases_clock(database_url: str) -> None:
    """Ends in the past, present and far future, infinite ones too, are what PostgreSQL says they are."""
    async with keyring(database_url) as ring:
        made = [await ring.make() for _ in range(6)]
        ends = ("now()", "now() - interval '1 s'", "now() + interval '1 min'", "'infinity'", "'-infinity'", "NULL")
        for (key, _), end in zip(made, ends, strict=True):
            await execute(database_url, f"UPDATE api_keys SET expires_at = {end} WHERE id = $1", key.id)
        found = await asyncio.gather(*(ring.keys.resolve(shown) for _, shown in made), return_exceptions=True)
    assert [isinstance(each, Principal) for each in found] == [False, False, True, True, False, True]


async def test_nothing_is_remembered_for_ever(database_url: str) -> None:
    """After the setting's time a key is looked up again, whatever was or was not heard."""
    async with keyring(database_url, key_cache_seconds=0.2) as ring:
        _, shown = await ring.make()
        await ring.keys.resolve(shown)
        await asyncio.sleep(0.3)
        await ring.keys.resolve(shown)
        assert len(ring.read) == 2


def test_what_was_read_before_a_change_is_not_remembered() -> None:
    """A look-up that began before a change was heard of, and ends after it, leaves nothing behind."""
    cache = Cache(10, 60)
    record = Record(Principal(), bytes(32), 0.0)
    began = cache.generation
    cache.forget("other")
    cache.put("one", record, began)
    assert (cache.get("one"), len(cache)) == (None, 0)
    cache.put("one", record, cache.generation)
    cache.put("two", NOBODY, cache.generation)
    assert (cache.get("one"), cache.get("two"), len(cache)) == (record, NOBODY, 2)
    cache.forget("one")
    assert (cache.get("one"), cache.get("two")) == (None, NOBODY)
    cache.forget(None)
    assert len(cache) == 0


async def test_without_a_database() -> None:
    """The start needs no database; a key is answered with UNAVAILABLE, a mistyped one still with what it is."""
    settings = Settings(database_url=NO_DATABASE)
    database = Database(NO_DATABASE, settings)
    keys = Keys(database, settings)
    await keys.start()
    shown = make().shown
    try:
        answers = await asyncio.gather(*(keys.resolve(shown) for _ in range(3)), return_exceptions=True)
        with pytest.raises(UnauthenticatedError, match="checksum"):
            await keys.resolve(shown[:-1])
    finally:
        await keys.close()
        await database.close()
    assert [(type(each), str(each)) for each in answers] == [(UnavailableError, "The database cannot be reached.")] * 3
    assert len({id(each) for each in answers}) == 3


async def test_before_the_first_migration(database_url: str) -> None:
    """A database without the table gives UNAVAILABLE and no SQL."""
    await execute(database_url, "DROP TABLE api_keys")
    async with keyring(database_url) as ring:
        with pytest.raises(UnavailableError, match=r"^API keys cannot be looked up at the moment\.$"):
            await ring.keys.resolve(make().shown)


async def test_who_leaves_takes_nobody_with_it(database_url: str) -> None:
    """A request that is cancelled while its key is looked up does not fail others that wait for it."""
    async with keyring(database_url) as ring:
        _, shown = await ring.make()
        tasks = [asyncio.create_task(ring.keys.resolve(shown)) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert len(ring.read) == 1
    assert isinstance(found[0], asyncio.CancelledError)
    assert isinstance(found[1], Principal)
    assert found[1] == found[2]


async def test_keys_are_in_no_log_and_no_error(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at DEBUG, the life of a key leaves its secret nowhere, nor do refusals repeat it."""
    caplog.set_level("DEBUG")
    caplog.set_level("INFO", "sqlalchemy.engine")
    texts = []
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        await ring.keys.resolve(shown)
        await ring.keys.flush()
        await execute(database_url, "UPDATE api_keys SET revoked_at = now()")
        await execute(database_url, "ALTER TABLE api_keys RENAME TO away")
        fresh = Keys(ring.database, Settings(database_url=database_url))
        for each in (shown, shown[:-1], shown[4:]):
            with pytest.raises((UnauthenticatedError, UnavailableError)) as refused:
                await fresh.resolve(each)
            texts.append(str(refused.getrepr(style="long", showlocals=False)))
            texts.append(repr(refused.value))
    assert "INSERT INTO api_keys" in caplog.text  # the statements were logged
    texts += [caplog.text, repr(key.__dict__)]
    assert shown[15:35] not in "".join(texts)
