"""What the scope of a request knows of its caller's standing, and how the cost of an operation is added to it."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Scope

from api.http.client_address import client_host
from api.rates.rates import Decision, Rates
from schema.principal import Principal

STANDINGS: Final = "achene.standings"
"""Where the scope has what is left for the caller, under each policy that has counted so far."""


def counting(scope: Scope, principal: Principal, rates: Rates) -> Callable[[], Awaitable[None]]:
    """Return what counts another operation of a request as if it were a request of its own."""

    async def count() -> None:
        decision = await rates.admit(principal, client_host(scope), scope["method"], scope["path"])
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
    if not rates.is_budgeting(principal):
        return None
    host = client_host(scope)

    def decide(decision: Decision) -> None:
        if (standings := scope.get(STANDINGS)) is not None:
            standings.extend(decision.standings)
        if decision.refusal is not None:
            raise decision.refusal

    async def wait(rows: int) -> None:
        decide(await rates.charge(principal, host, rows))

    def charge(rows: int) -> Awaitable[None] | None:
        decision = rates.charge_now(principal, host, rows)
        if decision is None:
            return wait(rows)
        decide(decision)
        return None

    return charge
