"""What counts: the counters of all callers, in this server's memory or shared by all servers."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from api.rates.policy import Policy
from api.rates.standing import Standing
from schema.errors import AcheneError


class CountersUnavailableError(AcheneError):
    """Nothing can be counted at the moment."""


class Caller(NamedTuple):
    """Whose counters."""

    name: str
    """Names it among all callers: the id of a key, or what stands for an address."""

    is_key: bool
    """Whether it showed a key that holds."""


class Charge(NamedTuple):
    """What a caller asks for under one policy."""

    policy: Policy
    """The policy."""

    caller: Caller
    """Who asks."""

    amount: int = 1
    """For how much, at most what the policy gives at all."""


class Counters(Protocol):
    """Counters of callers. Those of one charge are read and changed in one step, whoever else counts."""

    async def start(self) -> None:
        """Connect, if there is something to connect to; it need not be there."""

    async def close(self) -> None:
        """Disconnect."""

    def take_now(self, charges: Sequence[Charge]) -> list[Standing] | None:
        """Count charges as `take` does; None where that has to be waited for, and nothing is counted yet."""

    async def take(self, charges: Sequence[Charge]) -> list[Standing]:
        """Count charges, each by itself and only if it fits.

        Returns:
            Where the callers stand, in the order of the charges.

        Raises:
            CountersUnavailableError: Nothing can be counted at the moment.
        """
