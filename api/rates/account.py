"""Whose counters count, and by which policies: a caller's account.

A caller is a key where one was shown that holds, else the address that the request comes from. So whoever shows keys
that do not hold is counted by address. Keys may have numbers of their own, which come with the principal.

The names of callers hold ids and hashes of addresses alone: who reads the shared store learns no address and no key.
"""

from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Final, Literal, NamedTuple

from limits import RateLimitItemPerMinute

from api.http.client_address import address_of, network_of
from api.rates.counters import Caller, Charge
from api.rates.policy import COST, REQUESTS, UNITS, Policy, parse_rate
from api.settings import Settings
from schema.principal import Principal

NOWHERE: Final = Caller("nowhere", is_key=False)
"""All callers without a key whose address is not known: they are one."""

MOST_ACCOUNTS: Final = 4096
"""Most accounts of a kind that are kept ready; another one is made when it is asked for."""


class Account(NamedTuple):
    """What one caller may use."""

    caller: Caller
    """Whose counters count."""

    requests: tuple[Charge, ...]
    """What each of its requests counts as; nothing where they are not limited."""

    cost: Policy | None
    """What limits its operations; None where nothing does."""


class Accounts:
    """The accounts of all callers."""

    def __init__(self, settings: Settings) -> None:
        """Prepare.

        Args:
            settings: The ones that begin with `rate_`. The address of the shared store, with its password, is what
                only the servers know that count together: names are hashed with it.
        """
        anonymous_requests = settings.rate_anonymous_requests or settings.rate_requests
        anonymous_cost = settings.rate_anonymous_cost or settings.rate_cost
        self._requests = _policy(REQUESTS, settings.rate_requests), _policy(REQUESTS, anonymous_requests)
        self._cost = _policy(COST, settings.rate_cost), _policy(COST, anonymous_cost)
        self._secret = sha256((settings.redis_url or "").encode()).digest()
        keep = lru_cache(maxsize=MOST_ACCOUNTS)
        self._of_key, self._of_own, self._of_host = keep(self._keyed), keep(self._owned), keep(self._addressed)

    def of(self, principal: Principal, host: str | None) -> Account:
        """Return the account of a caller.

        Args:
            principal: Who asks; anonymous also where the key that was shown does not hold.
            host: The address that it asks from, as text.
        """
        numbers = principal.requests_per_minute, principal.cost_per_minute
        if principal.key_id is not None:
            return self._of_key(principal.key_id, *numbers)
        if principal.is_anonymous:
            return self._of_host(host, *numbers)
        if principal.user_id is None and principal.subject is None:  # claims alone say who it is
            return self._of_own(principal.claims_json, *numbers)
        return self._of_own(f"{principal.user_id}/{principal.subject}".encode(), *numbers)

    def _keyed(self, key_id: int, requests: int | None, cost: int | None) -> Account:
        return self._made(Caller(f"key:{key_id}", is_key=True), requests, cost)

    def _owned(self, name: bytes, requests: int | None, cost: int | None) -> Account:
        """Return the account of whom a team's own authentication knows."""
        return self._made(Caller(f"own:{self._hash(name)}", is_key=True), requests, cost)

    def _addressed(self, host: str | None, requests: int | None, cost: int | None) -> Account:
        address, caller = address_of(host), NOWHERE
        if address is not None:
            caller = Caller(f"address:{self._hash(network_of(address).network_address.packed)}", is_key=False)
        return self._made(caller, requests, cost)

    def _made(self, caller: Caller, requests: int | None, cost: int | None) -> Account:
        is_anonymous = not caller.is_key
        counted = self._requests[is_anonymous] if requests is None else _own(REQUESTS, requests)
        spent = self._cost[is_anonymous] if cost is None else _own(COST, cost)
        return Account(caller, () if counted is None else (Charge(counted, caller),), spent)

    def _hash(self, name: bytes) -> str:
        return blake2b(name, key=self._secret, digest_size=16).hexdigest()


def _policy(name: Literal["requests", "cost"], rate: str | None) -> Policy | None:
    item = parse_rate(rate) if rate else None
    return None if item is None else Policy(name, item, UNITS[name])


@lru_cache(maxsize=1024)
def _own(name: Literal["requests", "cost"], amount: int) -> Policy:
    """Return the policy of a key that has a number of its own, a minute."""
    return Policy(name, RateLimitItemPerMinute(amount), UNITS[name])
