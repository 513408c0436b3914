"""Keys as people handle them: made, listed, revoked, rotated, and seen so by running servers."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.data.database import Database
from api.keys import create, list_all, revoke, rotate
from api.keys.format import hash_of, make
from api.keys.store import owner
from api.settings import Settings
from schema.context import WriteSession
from schema.errors import AcheneError, BadInputError, StartError, UnauthenticatedError
from schema.models.user import User
from tests.api.keyring import Keyring, execute, keyring, until

SCOPE_FORM = (
    "is not a scope. A scope is a word such as read, or two such as posts:write: small letters, digits, - and _, "
    "each word beginning with a letter. * stands for all that rules name."
)


async def works(ring: Keyring, shown: str) -> bool:
    """Whether a server takes a key."""
    try:
        await ring.keys.resolve(shown)
    except UnauthenticatedError:
        return False
    return True


async def soon(ring: Keyring, shown: str, *, is_taken: bool) -> int:
    """Ask until a server takes, or no longer takes, a key; how often it answered otherwise before."""
    count = 0
    async with asyncio.timeout(10):
        while await works(ring, shown) is not is_taken:
            count += 1
            await asyncio.sleep(0.002)
    return count


async def do(url: str, work: Callable[[WriteSession], Awaitable[Any]]) -> Any:
    """Do something with keys as another process would."""
    database = Database(url, Settings(database_url=url))
    try:
        async with database.write() as session:
            return await work(session)
    finally:
        await database.close()


async def test_only_a_hash_is_stored(database_url: str) -> None:
    """The row has the name, the scopes in their order, the end, and the SHA-256 of the key; not the key."""
    at = datetime(2030, 1, 31, 12, 0, 0, 5, tzinfo=UTC)
    key, shown = await do(database_url, lambda s: create(s, "  web ", ("read", "posts:write", "read"), at))
    row = json.loads(
        await execute(database_url, "SELECT jsonb_strip_nulls(to_jsonb(k)) - 'created_at' FROM api_keys k")
    )
    assert row == {
        "id": 1,
        "name": "web",
        "prefix": key.prefix,
        "scopes": ["read", "posts:write"],
        "claims": {},
        "expires_at": "2030-01-31T12:00:00.000005+00:00",
        "secret_hash": f"\\x{hash_of(shown).hex()}",
    }


async def test_a_taken_prefix_is_drawn_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keys that happen to get one prefix both come to be, with two."""
    first, third = make(), make()
    drawn = iter([first, first, third])
    monkeypatch.setattr("api.keys.store.make", lambda: next(drawn))
    one, _ = await do(database_url, lambda s: create(s, "one", ("read",)))
    two, shown = await do(database_url, lambda s: create(s, "two", ("read",)))
    assert (one.prefix, two.prefix, shown) == (first.prefix, third.prefix, third.shown)


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "nul\x00", "bell\x07", "\x1b[31mred", "x" * 201])
async def test_bad_names(database_url: str, name: str) -> None:
    """A name is one printable line; otherwise nothing is stored."""
    with pytest.raises(BadInputError, match=r"^name must be one line of 1 to 200 printable characters\.$"):
        await do(database_url, lambda s: create(s, name, ("read",)))
    assert await execute(database_url, "SELECT count(*) FROM api_keys") == 0


@pytest.mark.parametrize(
    "scope",
    ["", "Read", "1read", "read:", ":read", "a:b:c", "read write", "read\n", "lésen", "**", "-read", "a:-b", "x" * 101],
)
async def test_bad_scopes(database_url: str, scope: str) -> None:
    """A scope is one word or two; the message repeats it and says so."""
    with pytest.raises(BadInputError) as refused:
        await do(database_url, lambda s: create(s, "test", ("read", scope)))
    assert str(refused.value) == f"{scope[:100]!r} {SCOPE_FORM}"
    assert await execute(database_url, "SELECT count(*) FROM api_keys") == 0


async def test_no_scopes(database_url: str) -> None:
    """A key that may do nothing is a mistake."""
    with pytest.raises(BadInputError, match=r"^scopes must name at least one scope, such as read\.$"):
        await do(database_url, lambda s: create(s, "test", ()))


async def test_list_has_owners(database_url: str) -> None:
    """Keys come in the order in which they were made, with the addresses of their owners."""

    async def make_three(session: WriteSession) -> None:
        user = User(name="Ann", email="ann@example.org")
        session.add(user)
        await session.flush()
        await create(session, "b", ("read",))
        await create(session, "a", ("read",), None, await owner(session, " ANN@example.org "))
        await create(session, "c", ("read",))

    await do(database_url, make_three)
    found = await do(database_url, list_all)
    assert [(key.name, email) for key, email in found] == [("b", None), ("a", "ann@example.org"), ("c", None)]


async def test_every_server_sees_a_revocation_at_once(database_url: str) -> None:
    """Two servers that remember a key refuse it as soon as they have heard, each after one more statement."""
    async with keyring(database_url) as one, keyring(database_url) as two:
        key, shown = await one.make()
        await soon(two, shown, is_taken=True)
        assert await works(one, shown)
        one.read.clear(), two.read.clear()
        await do(database_url, lambda s: revoke(s, key.prefix))
        await asyncio.gather(soon(one, shown, is_taken=False), soon(two, shown, is_taken=False))
        await asyncio.gather(*(works(ring, shown) for ring in (one, two) for _ in range(10)))
        assert (len(one.read), len(two.read)) == (1, 1)


async def test_changes_by_sql_are_seen(database_url: str) -> None:
    """Whoever changes the table, and whatever of a key: scopes, owner, expiry, hash, or all of it."""
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        assert (await ring.keys.resolve(shown)).scopes == {"read"}
        await execute(database_url, "UPDATE api_keys SET scopes = '{write}'")
        await until(lambda: not ring.keys.remembered)
        assert (await ring.keys.resolve(shown)).scopes == {"write"}
        await execute(database_url, "UPDATE api_keys SET expires_at = now()")
        await soon(ring, shown, is_taken=False)
        await execute(database_url, "UPDATE api_keys SET expires_at = NULL")
        await soon(ring, shown, is_taken=True)
        await execute(database_url, "UPDATE api_keys SET secret_hash = $1", bytes(32))
        await soon(ring, shown, is_taken=False)
        await execute(database_url, "UPDATE api_keys SET secret_hash = $1", hash_of(shown))
        await soon(ring, shown, is_taken=True)
        await execute(database_url, "DELETE FROM api_keys WHERE id = $1", key.id)
        await soon(ring, shown, is_taken=False)


async def test_keys_go_with_their_owner(database_url: str) -> None:
    """Deleting a user deletes the user's keys, and servers hear of it."""
    async with keyring(database_url) as ring:
        async with ring.database.write() as session:
            user = User(name="Ann", email="ann@example.org")
            session.add(user)
        _, shown = await ring.make(user=user)
        assert await works(ring, shown)
        await execute(database_url, "DELETE FROM users")
        await soon(ring, shown, is_taken=False)


async def test_a_key_that_was_unknown_works_when_it_is_made(database_url: str) -> None:
    """That a key does not exist is remembered no longer than until it does."""
    new = make()
    async with keyring(database_url) as ring:
        assert not await works(ring, new.shown)
        await execute(
            database_url,
            "INSERT INTO api_keys (name, prefix, secret_hash, scopes) VALUES ('late', $1, $2, '{read}')",
            new.prefix,
            new.secret_hash,
        )
        await soon(ring, new.shown, is_taken=True)


async def test_revoking_twice_keeps_the_first_time(database_url: str) -> None:
    """The second time changes nothing."""
    key, _ = await do(database_url, lambda s: create(s, "test", ("read",)))
    first = await do(database_url, lambda s: revoke(s, key.prefix))
    second = await do(database_url, lambda s: revoke(s, key.prefix))
    assert first.revoked_at is not None
    assert first.revoked_at == second.revoked_at


async def test_rotation_replaces_a_key(database_url: str) -> None:
    """The new key has all that the old one had but its secret; the old one has stopped."""
    async with keyring(database_url) as ring:
        async with ring.database.write() as session:
            user = User(name="Ann", email="ann@example.org")
            session.add(user)
        key, shown = await ring.make("web", user=user, expires_at=datetime(2030, 1, 1, tzinfo=UTC))
        assert await works(ring, shown)
        new, new_shown = await do(database_url, lambda s: rotate(s, key.prefix))
        await soon(ring, shown, is_taken=False)
        assert await works(ring, new_shown)
    assert (new.name, new.scopes, new.user_id, new.expires_at) == (key.name, key.scopes, key.user_id, key.expires_at)
    assert new.prefix != key.prefix


async def test_rotation_with_grace(database_url: str) -> None:
    """Both keys work for as long as was said, then the new one alone; the old one needs no statement to end."""
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        _, new_shown = await do(database_url, lambda s: rotate(s, key.prefix, timedelta(seconds=3)))
        await soon(ring, new_shown, is_taken=True)
        assert await works(ring, shown)
        await asyncio.sleep(3)
        assert not await works(ring, shown)
        assert await works(ring, new_shown)


async def test_grace_lengthens_no_key(database_url: str) -> None:
    """An old key that expires within its grace expires."""
    key, shown = await do(
        database_url, lambda s: create(s, "test", ("read",), datetime.now(UTC) + timedelta(seconds=1))
    )
    await do(database_url, lambda s: rotate(s, key.prefix, timedelta(days=1)))
    async with keyring(database_url) as ring:
        await asyncio.sleep(1)
        assert not await works(ring, shown)


async def test_a_key_within_its_grace_can_be_revoked(database_url: str) -> None:
    """Who finds that the old key leaked need not wait."""
    async with keyring(database_url) as ring:
        key, shown = await ring.make()
        await do(database_url, lambda s: rotate(s, key.prefix, timedelta(days=1)))
        assert await works(ring, shown)
        await do(database_url, lambda s: revoke(s, key.prefix))
        await soon(ring, shown, is_taken=False)


async def test_two_who_rotate_at_once_make_one_key(database_url: str) -> None:
    """The second is told that the first was faster."""
    key, _ = await do(database_url, lambda s: create(s, "test", ("read",)))
    found = await asyncio.gather(
        *(do(database_url, lambda s: rotate(s, key.prefix, timedelta(hours=1))) for _ in range(2)),
        return_exceptions=True,
    )
    assert [str(each) for each in found if isinstance(each, AcheneError)] == [
        f"The key {key.prefix} was rotated already. Make a new one with `achene keys create`."
    ]
    assert await execute(database_url, "SELECT count(*) FROM api_keys") == 2


async def test_what_cannot_be_rotated(database_url: str) -> None:
    """Keys that are revoked or have expired, and keys that are none; nothing changes."""
    revoked, _ = await do(database_url, lambda s: create(s, "revoked", ("read",)))
    expired, _ = await do(database_url, lambda s: create(s, "expired", ("read",), datetime(2020, 1, 1, tzinfo=UTC)))
    await do(database_url, lambda s: revoke(s, revoked.prefix))
    messages = []
    for prefix in (revoked.prefix, expired.prefix, "0123456789"):
        with pytest.raises(StartError) as refused:
            await do(database_url, lambda s, prefix=prefix: rotate(s, prefix))
        messages.append(str(refused.value))
    assert messages == [
        f"The key {revoked.prefix} is revoked. Make a new one with `achene keys create`.",
        f"The key {expired.prefix} has expired, and so would its successor. Make a new one.",
        "There is no key 0123456789. `achene keys list` shows those that there are.",
    ]
    assert await execute(database_url, "SELECT count(*) FROM api_keys") == 2
