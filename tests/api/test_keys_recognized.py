"""A key that was shown before is known again by one look, for as long as it holds and not a moment longer."""

from collections.abc import AsyncIterator, Callable
from math import inf
from typing import Any

import pytest

from api.http.headers import Headers
from api.keys import revoke
from api.keys.cache import Cache
from api.keys.format import checksum
from api.keys.records import Record
from schema.principal import Principal
from tests.api.keyring import Keyring, keyring, until
from tests.conftest import clone, drop


@pytest.fixture(scope="module")
async def ring(server_url: Callable[[str], str], template: str) -> AsyncIterator[Keyring]:
    """The keys of a server."""
    name = await clone(server_url, template)
    async with keyring(server_url(name)) as found:
        yield found
    await drop(server_url, name)


def plain(shown: str) -> Headers:
    """The headers of a request that shows a key."""
    return {b"x-api-key": shown.encode()}


def recorded(prefix: str, ends_at: float = inf) -> Record:
    """A key that was read at 100 seconds."""
    return Record(Principal(key_id=1, key_prefix=prefix), bytes(32), ends_at, 100.0)


async def shown_once(ring: Keyring, **more: Any) -> tuple[str, str]:
    """Make a key and show it; return its prefix and the key."""
    stored, shown = await ring.make(**more)
    await ring.keys.resolve(shown)
    return stored.prefix, shown


async def test_it_was_shown_before(ring: Keyring) -> None:
    """It is known once it was shown, in either header, by the same principal; its use is noted."""
    _, shown = await ring.make()
    assert ring.keys.recognize(plain(shown), None) is None
    principal = await ring.keys.resolve(shown)
    ring.keys._usage._uses.clear()
    assert ring.keys.recognize(plain(shown), None) is principal
    assert list(ring.keys._usage._uses) == [principal.key_id]
    assert ring.keys.recognize({b"authorization": b"Bearer " + shown.encode()}, None) is principal


async def test_what_is_not_it(ring: Keyring) -> None:
    """Another secret, another scheme, another form, or two headers are looked at more closely."""
    prefix, shown = await shown_once(ring)
    body = f"ach_{prefix}_{0:043}"
    others: list[Headers] = [
        plain(body + checksum(body)),
        plain(shown[:-1]),
        plain(f" {shown}"),
        {b"authorization": b"Basic " + shown.encode()},
        {b"authorization": b"bearer  " + shown.encode()},
        plain(shown) | {b"authorization": b"Bearer " + shown.encode()},
        {},
    ]
    assert [ring.keys.recognize(each, None) for each in others] == [None] * len(others)


async def test_it_is_forgotten_with_each_change(ring: Keyring) -> None:
    """A key that is revoked, or any other that changes, is looked at again as soon as that is heard of."""
    prefix, shown = await shown_once(ring)
    before = ring.keys._cache.generation
    async with ring.database.write() as session:
        await revoke(session, prefix)
    await until(lambda: ring.keys._cache.generation > before)
    assert ring.keys.recognize(plain(shown), None) is None


@pytest.mark.parametrize(("ends_at", "until"), [(120.0, 120.0), (inf, 160.0)])
def test_it_ends(ends_at: float, until: float) -> None:
    """It is known until the key ends, or has to be looked up again, also where nothing was heard."""
    cache, record = Cache(10, 60), recorded("one", ends_at)
    cache.put("one", record, cache.generation)
    cache.note_shown(b"key", record)
    assert [cache.shown(b"key", at) for at in (until - 0.1, until)] == [record, None]


def test_no_more_than_keys() -> None:
    """No more are remembered than keys are, and none of which the key is not."""
    cache, records = Cache(2, 60), [recorded(name) for name in ("one", "two", "three")]
    for record in records:
        cache.put(str(record.principal.key_prefix), record, cache.generation)
        cache.note_shown(str(record.principal.key_prefix).encode(), record)
    cache.note_shown(b"four", recorded("four"))
    assert [cache.shown(key, 100.0) for key in (b"one", b"two", b"three", b"four")] == [None, *records[1:], None]


async def test_nothing_is_heard(ring: Keyring) -> None:
    """While changes may be missed every key is looked up."""
    _, shown = await shown_once(ring)
    listener = ring.keys._listener
    trusted, listener.trusted_until = listener.trusted_until, 0.0
    try:
        assert ring.keys.recognize(plain(shown), None) is None
    finally:
        listener.trusted_until = trusted


async def test_its_places(ring: Keyring) -> None:
    """A key that is for some networks is known from there alone."""
    _, shown = await shown_once(ring, networks=["10.1.0.0/16"])
    assert ring.keys.recognize(plain(shown), "10.1.2.3") is not None
    assert [ring.keys.recognize(plain(shown), host) for host in ("10.2.2.3", None)] == [None, None]


async def test_no_key_is_kept(ring: Keyring) -> None:
    """What is remembered of keys that were shown is hashes alone."""
    _, shown = await shown_once(ring)
    kept = ring.keys._cache._shown
    assert kept
    assert all(len(each) == 64 and each not in shown.encode() for each in kept)
