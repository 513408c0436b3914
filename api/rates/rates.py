"""Says whether a caller may go on: requests as they arrive, cost before an operation runs.

A caller is a key where one was shown that holds, else the address that the request comes from. So whoever shows keys
that do not hold is counted by address. Keys may have numbers of their own, which come with the principal.

The names of callers hold ids and hashes of addresses alone: who reads the shared store learns no address and no key.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Final, Literal, NamedTuple

from limits import RateLimitItemPerMinute

from api.data.store import connect_store
from api.http.client_address import address_of, network_of
from api.http.errors import RateLimitedError
from api.rates.counters import Caller, Charge, Counters, CountersUnavailableError
from api.rates.memory import MemoryCounters
from api.rates.policy import COST, REQUESTS, UNITS, Policy, parse_rate, parse_rules
from api.rates.standing import Standing
from api.settings import Settings
from schema.errors import LimitError, PublicError, UnavailableError
from schema.principal import Principal

NOWHERE: Final = Caller("nowhere", is_key=False)
"""All callers without a key whose address is not known: they are one."""


class Decision(NamedTuple):
    """Whether a caller may go on."""

    standings: Sequence[Standing]
    """Where it stands, under each policy that counted; none where nothing is limited, or nothing can be counted."""

    refusal: PublicError | None = None
    """Why it may not."""


FREE: Final = Decision(())
"""Nothing is limited."""


class Rates:
    """The rates of one server process."""

    def __init__(self, settings: Settings, counters: Counters | None = None) -> None:
        """Prepare; nothing is connected yet.

        Args:
            settings: The ones that begin with `rate_`, and the shared store.
            counters: What counts; as the settings say where None.
        """
        anonymous_requests = settings.rate_anonymous_requests or settings.rate_requests
        anonymous_cost = settings.rate_anonymous_cost or settings.rate_cost
        self._requests = _policy(REQUESTS, settings.rate_requests), _policy(REQUESTS, anonymous_requests)
        self._cost = _policy(COST, settings.rate_cost), _policy(COST, anonymous_cost)
        self._rules = parse_rules(settings.rate_paths)
        self._counters = counters or _counters(settings)
        self._is_refusing = settings.rate_on_failure == "refuse"
        self._fallback = MemoryCounters() if settings.rate_on_failure == "local" else None
        self._caller = _Names(settings.redis_url).caller

    async def start(self) -> None:
        """Connect to the shared store, if there is one. It need not be there."""
        await self._counters.start()

    async def close(self) -> None:
        """Disconnect."""
        await self._counters.close()

    def is_budgeting(self, principal: Principal) -> bool:
        """Return whether the cost of a caller's operations is counted."""
        return self._cost_of(principal) is not None

    def is_limiting(self, principal: Principal) -> bool:
        """Return whether there is anything to count for a caller."""
        return bool(self._rules) or self._requests_of(principal) is not None or self._cost_of(principal) is not None

    async def admit(self, principal: Principal, host: str | None, method: str, path: str) -> Decision:
        """Count a request, and say whether it may go on.

        Args:
            principal: Who sends it; anonymous also where the key that was shown does not hold.
            host: The address that it comes from, as text.
            method: Its method.
            path: Its path.
        """
        charges = self._requested(principal, host, method, path)
        if not charges:
            return FREE
        decision = await self._take(charges)
        is_refused = any(not each.is_within for each in decision.standings)
        return _turned_away(decision.standings) if is_refused else decision

    def admit_now(self, principal: Principal, host: str | None, method: str, path: str) -> Decision | None:
        """Count a request as `admit` does; None where that has to be waited for, and nothing is counted yet."""
        charges = self._requested(principal, host, method, path)
        if not charges:
            return FREE
        standings = self._counters.take_now(charges)
        if standings is None:
            return None
        for each in standings:
            if not each.is_within:
                return _turned_away(standings)
        return Decision(standings)

    def _requested(self, principal: Principal, host: str | None, method: str, path: str) -> list[Charge]:
        """Return what a request is counted by."""
        policy, rules = self._requests_of(principal), self._rules
        if policy is None and not rules:
            return []
        caller = self._caller(principal, host)
        charges = [] if policy is None else [_charge(policy, caller)]
        if rules:
            charges += [_charge(rule.policy, caller) for rule in rules if rule.counts(method, path)]
        return charges

    async def charge(self, principal: Principal, host: str | None, rows: int) -> Decision:
        """Count the cost of an operation that is about to run, and say whether it may. Where not, nothing is counted.

        Args:
            principal: Who runs it.
            host: The address that it comes from, as text.
            rows: The most rows that it can read; at least one is counted.
        """
        spent = self._spent(principal, host, rows)
        if isinstance(spent, Decision):
            return spent
        decision = await self._take([spent])
        is_refused = any(not each.is_within for each in decision.standings)
        return _too_dear(decision.standings[0], rows) if is_refused else decision

    def charge_now(self, principal: Principal, host: str | None, rows: int) -> Decision | None:
        """Count the cost of an operation as `charge` does; None where that has to be waited for."""
        spent = self._spent(principal, host, rows)
        if isinstance(spent, Decision):
            return spent
        standings = self._counters.take_now([spent])
        if standings is None:
            return None
        return Decision(standings) if standings[0].is_within else _too_dear(standings[0], rows)

    def _spent(self, principal: Principal, host: str | None, rows: int) -> Charge | Decision:
        """Return what an operation is counted by, or what is decided without counting."""
        policy = self._cost_of(principal)
        if policy is None:
            return FREE
        if rows > policy.amount:
            return Decision((), LimitError(f"{_could(rows, policy)}. Ask for smaller pages."))
        return _charge(policy, self._caller(principal, host), max(rows, 1))

    async def _take(self, charges: Sequence[Charge]) -> Decision:
        try:
            return Decision(await self._counters.take(charges))
        except CountersUnavailableError:
            if self._fallback is not None:
                return Decision(await self._fallback.take(charges))
            refusal = UnavailableError("Requests cannot be counted at the moment.")
            return Decision((), refusal) if self._is_refusing else FREE

    def _requests_of(self, principal: Principal) -> Policy | None:
        if (own := principal.requests_per_minute) is not None:
            return _own(REQUESTS, own)
        return self._requests[principal.key_id is None and principal.is_anonymous]

    def _cost_of(self, principal: Principal) -> Policy | None:
        if (own := principal.cost_per_minute) is not None:
            return _own(COST, own)
        return self._cost[principal.key_id is None and principal.is_anonymous]


class _Names:
    """Names callers."""

    def __init__(self, redis_url: str | None) -> None:
        """Take what only the servers know that count together: the address of their store, with its password."""
        self._secret = sha256((redis_url or "").encode()).digest()
        self._of_host = lru_cache(maxsize=4096)(self._hashed)
        self._of_key = lru_cache(maxsize=4096)(_named)

    def caller(self, principal: Principal, host: str | None) -> Caller:
        """Return whose counters count."""
        if principal.key_id is not None:
            return self._of_key(principal.key_id)
        if not principal.is_anonymous:  # whom a team's own authentication knows
            own = f"{principal.user_id}/{principal.subject}".encode()
            if principal.user_id is None and principal.subject is None:  # claims alone say who it is
                own = principal.claims_json
            return Caller(f"own:{self._hash(own)}", is_key=True)
        return self._of_host(host)

    def _hashed(self, host: str | None) -> Caller:
        address = address_of(host)
        if address is None:
            return NOWHERE
        return Caller(f"address:{self._hash(network_of(address).network_address.packed)}", is_key=False)

    def _hash(self, name: bytes) -> str:
        return blake2b(name, key=self._secret, digest_size=16).hexdigest()


@lru_cache(maxsize=4096)
def _charge(policy: Policy, caller: Caller, amount: int = 1) -> Charge:
    return Charge(policy, caller, amount)


def _named(key_id: int) -> Caller:
    return Caller(f"key:{key_id}", is_key=True)


def _counters(settings: Settings) -> Counters:
    if settings.redis_url is None:
        return MemoryCounters()
    from api.rates.shared import SharedCounters  # loads what talks with the store

    seconds = settings.redis_timeout_seconds
    return SharedCounters(connect_store(settings.redis_url, seconds), seconds)


def _policy(name: Literal["requests", "cost"], rate: str | None) -> Policy | None:
    item = parse_rate(rate) if rate else None
    return None if item is None else Policy(name, item, UNITS[name])


@lru_cache(maxsize=1024)
def _own(name: Literal["requests", "cost"], amount: int) -> Policy:
    """Return the policy of a key that has a number of its own, a minute."""
    return Policy(name, RateLimitItemPerMinute(amount), UNITS[name])


def _turned_away(standings: Sequence[Standing]) -> Decision:
    """Return the refusal of a request, by the policy that it has to wait for longest."""
    refused = [each for each in standings if not each.is_within]
    worst = max(refused, key=lambda each: each.wait_seconds)
    where = "" if worst.policy.name == REQUESTS else f" for {worst.policy.name}"
    return _refused(f"Too many requests{where}: {worst.policy} are accepted.", worst, standings)


def _too_dear(standing: Standing, rows: int) -> Decision:
    """Return the refusal of an operation, which costs more than is left."""
    left = f"{_could(rows, standing.policy)}, and {standing.remaining:,} are left."
    return _refused(left, standing, [standing])


def _could(rows: int, policy: Policy) -> str:
    return f"The operation could read {rows:,} rows; {policy} are accepted"


def _refused(message: str, worst: Standing, standings: Sequence[Standing]) -> Decision:
    wait = worst.wait_seconds
    seconds = "1 second" if wait == 1 else f"{wait:,} seconds"
    return Decision(standings, RateLimitedError(f"{message} Try again in {seconds}.", wait))
