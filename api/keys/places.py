"""Where a key may be used from: pages of some origins, networks. A key that has neither may be used from anywhere.

The address is the one that `api.http.client_address` tells, past proxies that are trusted by name.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from api.http.client_address import Network, address_of, parse_networks
from api.http.headers import Headers
from schema.errors import BadInputError

ORIGIN: Final = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?", re.ASCII)
MOST: Final = 100
"""Most origins, and most networks, of a key."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a key may be used from."""

    origins: frozenset[bytes] | None = None
    """Origins of pages, as browsers send them; anything where None."""

    networks: tuple[Network, ...] | None = None
    """Networks; any where None."""

    def allow(self, headers: Headers, host: str | None) -> bool:
        """Return whether a request comes from where the key may be used.

        Args:
            headers: Its headers.
            host: The address that it comes from, as text; None where that is not known.
        """
        if self.origins is not None and headers.get(b"origin") not in self.origins:
            return False
        if self.networks is None:
            return True
        address = address_of(host)
        return address is not None and any(address in network for network in self.networks)


def places(origins: Sequence[str] | None, networks: Sequence[str] | None) -> Places | None:
    """Return where a key may be used from; None where that is anywhere."""
    if origins is None and networks is None:
        return None
    return Places(
        None if origins is None else frozenset(origin.encode() for origin in origins),
        None if networks is None else parse_networks(networks),
    )


def check_origins(given: Iterable[str]) -> list[str] | None:
    """Return origins as browsers send them; None where there are none.

    Raises:
        BadInputError: One is no origin, or there are too many.
    """
    found = list(dict.fromkeys(word.lower().removesuffix("/") for word in given))
    for origin in found:
        if not ORIGIN.fullmatch(origin):
            raise BadInputError(f"--origins takes origins such as https://app.example.com, not {origin[:100]!r}.")
    return _counted(found, "--origins")


def check_networks(given: Iterable[str]) -> list[str] | None:
    """Return networks as they are written in short; None where there are none.

    Raises:
        BadInputError: One is no network, or there are too many.
    """
    try:
        found = list(dict.fromkeys(str(network) for network in parse_networks(given)))
    except ValueError as error:
        raise BadInputError(
            f"--networks takes addresses and networks such as 10.0.0.0/8 or 2001:db8::/32: {error}."
        ) from error
    return _counted(found, "--networks")


def _counted(found: list[str], option: str) -> list[str] | None:
    if len(found) > MOST:
        raise BadInputError(f"{option} takes at most {MOST}.")
    return found or None
