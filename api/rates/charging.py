"""What the scope of a request knows of its caller's standing, and how the cost of an operation is added to it."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Scope

from api.http.client_address import client_host
from api.rates.rates import Decision, Rates
from api.rates.standing import Standing
from schema.principal import Principal

STANDINGS: Final = "achene.standings"
"""Where the scope has what is left for the caller, under each policy that has counted so far."""


def counting(scope: Scope, principal: Principal, rates: Rates) -> Callable[[], Awaitable[None]]:
    """Return what counts another operation of a request as if it were a request of its own."""
    account = rates.account(principal, client_host(scope))

    async def count() -> None:
        decision = await rates.admit(account, scope["method"], scope["path"])
        if STANDINGS in scope:
            counted = {standing.policy.name for standing in decision.standings}
            others = [standing for standing in scope[STANDINGS] if standing.policy.name not in counted]
            scope[STANDINGS][:] = [*decision.standings, *others]
        if decision.refusal is not None:
            raise decision.refusal

    return count


def charging(scope: Scope, principal: Principal, rates: Rates) -> Callable[[int], Awaitable[None] | None] | None:
    """Return what counts the cost of an operation before it runs, in rows, for `schema.context.Context`.

    Returns:
        None where nothing is counted. What it is returns what has to be waited for, and None where nothing has.
    """
    account = rates.account(principal, client_host(scope))
    if account.cost is None:
        return None
    standings = scope.get(STANDINGS, [])

    def charge(rows: int) -> Awaitable[None] | None:
        decision = rates.charge_now(account, rows)
        if decision is None:
            return _waited_for(rates.charge(account, rows), standings)
        standings.extend(decision.standings)
        if decision.refusal is not None:
            raise decision.refusal
        return None

    return charge


async def _waited_for(deciding: Awaitable[Decision], standings: list[Standing]) -> None:
    decision = await deciding
    standings.extend(decision.standings)
    if decision.refusal is not None:
        raise decision.refusal
