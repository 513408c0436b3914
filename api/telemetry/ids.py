"""Ids of requests: 96 random bits each, drawn many at a time, since asking the system takes longer than a log line."""

import os
from typing import Final

DRAWN: Final = 256
"""How many are drawn at once."""

BYTES: Final = 12
"""Random bytes of an id."""

_drawn: list[str] = []


def new_id() -> str:
    """Return an id that nobody has seen or could guess, 24 hexadecimal digits."""
    if not _drawn:
        digits = os.urandom(BYTES * DRAWN).hex()
        _drawn.extend(digits[at : at + 2 * BYTES] for at in range(0, len(digits), 2 * BYTES))
    return _drawn.pop()


os.register_at_fork(after_in_child=_drawn.clear)  # or both would give the same
