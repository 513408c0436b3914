"""Where a caller stands with a policy: what is left, when there is more, and how headers say so.

The numbers are those of a sliding window counter: the count of the window before fades while the present one fills. So
nobody gets more than `amount` at once, and what was used comes back little by little.

Source of the headers: draft-ietf-httpapi-ratelimit-headers-10, RFC 9651 for their form.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from math import floor
from operator import attrgetter
from typing import Final, NamedTuple

from api.http.errors import Headers
from api.rates.policy import Policy

Window = tuple[int, float, int, float]
"""The counters of one caller and one policy.

How much was used in the window before, and for how many seconds that still counts: its weight is these in parts of a
window. How much was used in the present one, and for how many seconds that lasts.
"""


class Standing(NamedTuple):
    """Where a caller stands with one policy, after it asked for something."""

    policy: Policy
    """The policy."""

    is_within: bool
    """Whether it got what it asked for. If not, nothing was counted."""

    remaining: int
    """How much is left."""

    reset_seconds: int
    """When there is more than that."""

    wait_seconds: int
    """When there is as much as it asked for; 0 where it got it."""


stand: Final[Callable[[tuple[Policy, bool, int, int, int]], Standing]] = partial(tuple.__new__, Standing)
"""Makes a standing of its fields; the class itself would call a function of Python for it."""


def standing(policy: Policy, amount: int, window: Window, *, is_within: bool) -> Standing:
    """Return where a caller stands.

    Args:
        policy: What limits it.
        amount: What it asked for, at most what the policy gives at all.
        window: The counters, after that.
        is_within: Whether it got it.
    """
    before, before_seconds, now, left = window
    faded = floor(before * before_seconds / policy.seconds)
    remaining = policy.amount - faded - now
    reset = 0
    if remaining < 0:  # the rate was lowered meanwhile
        remaining, reset = 0, seconds_until(policy, 1, window)
    elif faded:  # of the window before one more falls away
        reset = int(before_seconds - faded * policy.seconds / before) + 1
    elif now:
        reset = int(left) + 1
    wait = 0 if is_within else seconds_until(policy, amount, window)
    return Standing(policy, is_within, remaining, reset, wait)


def seconds_until(policy: Policy, amount: int, window: Window) -> int:
    """Return after how many whole seconds a caller can use so much, if it uses nothing until then; at least 1.

    Args:
        policy: What limits it.
        amount: How much, at most what the policy gives at all.
        window: The counters.
    """
    before, before_seconds, now, left = window
    room = policy.amount - amount + 1  # what is used has to fall below this
    if now < room:  # the window before has to fade
        return floor(max(0.0, before_seconds - (room - now) * policy.seconds / max(before, 1))) + 1
    return floor(left + policy.seconds - room * policy.seconds / now) + 1


_policy_of = attrgetter("policy")


def rate_headers(standings: Sequence[Standing]) -> Headers:
    """Return `RateLimit-Policy` and `RateLimit` for an answer; none where nothing was counted."""
    if not standings:
        return ()
    told = ", ".join([f"{policy.quoted};r={left};t={reset}" for policy, _, left, reset, _ in standings])
    return ((b"ratelimit-policy", _policies(tuple(map(_policy_of, standings)))), (b"ratelimit", told.encode()))


@lru_cache(maxsize=1024)
def _policies(policies: Sequence[Policy]) -> bytes:
    return ", ".join(map(_item, policies)).encode()


def _item(policy: Policy) -> str:
    unit = "" if policy.unit == "requests" else f';qu="{policy.unit}"'
    return f"{policy.quoted};q={policy.amount}{unit};w={policy.seconds}"
