"""The words with which a model says how long answers with its rows may be kept: `__cache__`, in the model's own file.

    __cache__ = cache(max_age=60, columns={"view_count": 5})

It is a promise to clients and to caches between: for so long they show an answer without asking whether it still
holds. Without it they ask each time, which costs no query over data. See `docs/caching.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schema.errors import DefinitionError

LONGEST: Final = 31_536_000
"""Most seconds that may be said: a year."""


@dataclass(frozen=True, slots=True)
class CacheHint:
    """How long an answer may be shown that holds something; made by `cache`."""

    max_age: int = 0
    """Seconds; 0 for: ask each time."""

    columns: Mapping[str, int] = field(default_factory=dict)
    """Seconds for what holds, filters or orders by a column, where that is less; by attribute."""


def cache(max_age: int = 0, *, columns: Mapping[str, int] | None = None) -> CacheHint:
    """Say for how many seconds clients may show an answer without asking whether it still holds.

    Of all that an operation reads, the smallest wins. A model that says nothing counts as 0, and a table that only
    ties two others together does not count.

    Args:
        max_age: Seconds for rows of the model.
        columns: Seconds for operations that name a column, by attribute.

    Raises:
        DefinitionError: That is no number of seconds.
    """
    for what, seconds in {"max_age": max_age, **(columns or {})}.items():
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= LONGEST:
            raise DefinitionError(f"cache(): {what} takes whole seconds from 0 to {LONGEST:,}, not {seconds!r}.")
    return CacheHint(max_age, dict(columns or {}))
