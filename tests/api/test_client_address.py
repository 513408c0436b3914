"""Whom a request comes from, with proxies in between and clients that claim to be others."""

from ipaddress import ip_address
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from api.http.client_address import behind_proxies, client_address, network_of
from api.settings import Settings

PROXIES = ("10.0.0.0/8", "2001:db8:ffff::/48")


async def seen(peer: str | None, *forwarded: str, proxies: tuple[str, ...] = PROXIES, **more: str) -> tuple[Any, str]:
    """Return the client's address and the scheme that an application sees."""
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in more.items()]
    scope = {"type": "http", "client": peer and (peer, 40000), "headers": headers, "scheme": "http"}
    found: list[tuple[Any, str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append((client_address(scope), scope["scheme"]))

    stack: Any = app
    for each in behind_proxies(proxies):
        stack = each.cls(stack, *each.args, **each.kwargs)
    await stack(scope, None, None)
    return found[0]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.7, 10.9.9.9"], "203.0.113.7"),
        ("10.0.0.1", ["10.0.0.2, 198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7:51000"], "203.0.113.7"),
        ("10.0.0.1", ["[2001:db8:1::2]:51000"], "2001:db8:1::2"),
        ("2001:db8:ffff::1", ["2001:db8:1::2"], "2001:db8:1::2"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("::ffff:203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
    ],
)
async def test_address(peer: str, forwarded: list[str], expected: str) -> None:
    """The address is the last one that no trusted proxy has, and never what a client writes itself."""
    assert (await seen(peer, *forwarded))[0] == ip_address(expected)


@pytest.mark.parametrize("forwarded", ["unknown", "198.51.100.1, _hidden", "198.51.100.1, 999.1.1.1", "[::1"])
async def test_a_proxy_that_names_nobody(forwarded: str) -> None:
    """Where a trusted proxy does not know the client there is no address, whatever stands to the left."""
    assert (await seen("10.0.0.1", forwarded))[0] is None


async def test_no_address() -> None:
    """A connection without an address has none, and nobody may claim one on it."""
    assert (await seen(None, "203.0.113.7"))[0] is None


@pytest.mark.parametrize("proxies", [(), ("192.0.2.1",)])
async def test_others_are_not_believed(proxies: tuple[str, ...]) -> None:
    """Headers from whoever is not named change nothing, also on the same machine."""
    told = await seen("127.0.0.1", "203.0.113.7", proxies=proxies, x_forwarded_proto="https")
    assert told == (ip_address("127.0.0.1"), "http")


async def test_scheme() -> None:
    """A trusted proxy says whether the client came by TLS."""
    assert await seen("10.0.0.1", "203.0.113.7", x_forwarded_proto="https") == (ip_address("203.0.113.7"), "https")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_what_is_one_client(address: str, network: str) -> None:
    """An IPv6 client is its /64, since it can take any address in it."""
    assert str(network_of(ip_address(address))) == network


@pytest.mark.parametrize("word", ["*", "proxy.example.com", "10.0.0.1/8", "10.0.0.0/33"])
def test_proxies_are_addresses(word: str) -> None:
    """What is no address and no network stops the start: uvicorn would take it for a name and trust nobody."""
    with pytest.raises(ValidationError, match=r"does not appear to be|has host bits set"):
        Settings(_env_file=None, trusted_proxies=(word,))
