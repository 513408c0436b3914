"""The address that a request comes from: the connection's, or what proxies say that are trusted by name.

`behind_proxies` makes the scope tell the client's address and scheme instead of the proxy's. uvicorn's middleware
does the reading: X-Forwarded-For from its right end, as long as each address is a trusted proxy's. So what a client
puts into the header itself stays to the left of its own address and is never reached. Without trusted proxies the
header is not looked at.

What counts requests by address, or lets keys be used from some networks only, asks `client_address`.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.middleware import Middleware
from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

SITE_BITS: Final = 64
"""How much of an IPv6 address names a customer; the rest is chosen by the machine itself, as often as it likes."""

MAPPED_BITS: Final = 96
"""Length of `::ffff:0:0`, under which a socket for both versions of IP shows IPv4 addresses."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def client_address(scope: Scope) -> Address | None:
    """Return the address that a request comes from.

    Args:
        scope: The request, past `behind_proxies` where there are any.

    Returns:
        An IPv4 address also where the socket shows it as a mapped IPv6 address; None where there is no address, as
        behind a Unix socket or where a trusted proxy names none.
    """
    return address_of(client_host(scope))


def client_host(scope: Scope) -> str | None:
    """Return the address that a request comes from as text, see `client_address`."""
    client = scope.get("client")
    return client[0] if client else None


def address_of(host: str | None) -> Address | None:
    """Return an address that is given as text; None where it is none."""
    return None if host is None else _parsed(host)


def network_of(address: Address) -> Network:
    """Return what is counted as one client: an IPv4 address alone, the /64 of an IPv6 address."""
    if isinstance(address, IPv4Address):
        return IPv4Network(address)
    return IPv6Network((address, SITE_BITS), strict=False)


def parse_networks(words: Iterable[str]) -> tuple[Network, ...]:
    """Return addresses and networks as networks.

    Raises:
        ValueError: A word is neither; the message repeats it.
    """
    return tuple(ip_network(word) for word in words)


def behind_proxies(proxies: Iterable[str]) -> list[Middleware]:
    """Return the middleware that makes a scope tell the client's address and scheme; none where no proxy is trusted.

    Args:
        proxies: Addresses and networks of the proxies.
    """
    trusted = [written for network in parse_networks(proxies) for written in _written(network)]
    return [Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)] if trusted else []


def _written(network: Network) -> tuple[str, ...]:
    """Return a network as text, of IPv4 also as a socket for both versions shows it."""
    if isinstance(network, IPv6Network):
        return (str(network),)
    return str(network), f"::ffff:{network.network_address}/{MAPPED_BITS + network.prefixlen}"


@lru_cache(maxsize=4096)
def _parsed(host: str) -> Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
