"""What the scope of a request knows of its caller's standing, and how the cost of an operation is added to it."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Scope

from api.http.client_address import client_address
from api.rates.rates import Rates
from schema.principal import Principal

STANDINGS: Final = "achene.standings"
"""Where the scope has what is left for the caller, under each policy that has counted so far."""


def counting(scope: Scope, principal: Principal, rates: Rates) -> Callable[[], Awaitable[None]]:
    """Return what counts another operation of a request as if it were a request of its own."""

    async def count() -> None:
        decision = await rates.admit(principal, client_address(scope), scope["method"], scope["path"])
        if STANDINGS in scope:
            counted = {standing.policy.name for standing in decision.standings}
            others = [standing for standing in scope[STANDINGS] if standing.policy.name not in counted]
            scope[STANDINGS][:] = [*decision.standings, *others]
        if decision.refusal is not None:
            raise decision.refusal

    return count


def charging(scope: Scope, principal: Principal, rates: Rates) -> Callable[[int], Awaitable[None]]:
    """Return what counts the cost of an operation before it runs, in rows, for `schema.context.Context`."""

    async def charge(rows: int) -> None:
        decision = await rates.charge(principal, client_address(scope), rows)
        if STANDINGS in scope:
            scope[STANDINGS].extend(decision.standings)
        if decision.refusal is not None:
            raise decision.refusal

    return charge
