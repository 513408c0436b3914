"""Says whether a caller may go on: requests as they arrive, cost before an operation runs.

Whose counters count is said by `api.rates.account`. Where they are in memory nothing is waited for: what ends in `_now`
is the whole of it then.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from api.data.store import connect_store
from api.http.errors import RateLimitedError
from api.rates.account import Account, Accounts
from api.rates.counters import Charge, Counters, CountersUnavailableError
from api.rates.memory import MemoryCounters
from api.rates.policy import REQUESTS, Policy, parse_rules
from api.rates.standing import Standing
from api.settings import Settings
from schema.errors import LimitError, PublicError, UnavailableError


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
        self._rules = parse_rules(settings.rate_paths)
        self._counters = counters or _counters(settings)
        self._is_refusing = settings.rate_on_failure == "refuse"
        self._fallback = MemoryCounters() if settings.rate_on_failure == "local" else None
        self.account = Accounts(settings).of
        """Returns the account of a caller."""

    async def start(self) -> None:
        """Connect to the shared store, if there is one. It need not be there."""
        await self._counters.start()

    async def close(self) -> None:
        """Disconnect."""
        await self._counters.close()

    def is_limiting(self, account: Account) -> bool:
        """Return whether there is anything to count for a caller."""
        return bool(self._rules or account.requests) or account.cost is not None

    async def admit(self, account: Account, method: str, path: str) -> Decision:
        """Count a request, and say whether it may go on.

        Args:
            account: Of who sends it.
            method: Its method.
            path: Its path.
        """
        decision = self.admit_now(account, method, path)
        if decision is None:
            decision = await self._take(self._requested(account, method, path))
            if not all(each.is_within for each in decision.standings):
                return _turned_away(decision.standings)
        return decision

    def admit_now(self, account: Account, method: str, path: str) -> Decision | None:
        """Count a request as `admit` does; None where that has to be waited for, and nothing is counted yet."""
        charges = self._requested(account, method, path) if self._rules else account.requests
        if not charges:
            return FREE
        standings = self._counters.take_now(charges)
        if standings is None:
            return None
        for each in standings:
            if not each.is_within:
                return _turned_away(standings)
        return Decision(standings)

    def _requested(self, account: Account, method: str, path: str) -> Sequence[Charge]:
        """Return what a request is counted by."""
        rules = [Charge(rule.policy, account.caller) for rule in self._rules if rule.counts(method, path)]
        return (*account.requests, *rules)

    async def charge(self, account: Account, rows: int) -> Decision:
        """Count the cost of an operation that is about to run, and say whether it may. Where not, nothing is counted.

        Args:
            account: Of who runs it.
            rows: The most rows that it can read; at least one is counted.
        """
        decision = self.charge_now(account, rows)
        if decision is None and (policy := account.cost) is not None:
            decision = await self._take([Charge(policy, account.caller, rows or 1)])
            if not all(each.is_within for each in decision.standings):
                return _too_dear(decision.standings[0], rows)
        return decision or FREE

    def charge_now(self, account: Account, rows: int) -> Decision | None:
        """Count the cost of an operation as `charge` does; None where that has to be waited for."""
        policy = account.cost
        if policy is None:
            return FREE
        if rows > policy.amount:
            return Decision((), LimitError(f"{_could(rows, policy)}. Ask for smaller pages."))
        standings = self._counters.take_now((Charge(policy, account.caller, rows or 1),))
        if standings is None:
            return None
        return Decision(standings) if standings[0].is_within else _too_dear(standings[0], rows)

    async def _take(self, charges: Sequence[Charge]) -> Decision:
        try:
            return Decision(await self._counters.take(charges))
        except CountersUnavailableError:
            if self._fallback is not None:
                return Decision(await self._fallback.take(charges))
            refusal = UnavailableError("Requests cannot be counted at the moment.")
            return Decision((), refusal) if self._is_refusing else FREE


def _counters(settings: Settings) -> Counters:
    if settings.redis_url is None:
        return MemoryCounters()
    from api.rates.shared import SharedCounters  # loads what talks with the store

    seconds = settings.redis_timeout_seconds
    return SharedCounters(connect_store(settings.redis_url, seconds), seconds)


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
