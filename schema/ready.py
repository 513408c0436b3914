"""Operations of which nothing but values is left to find: of their variables, their cost and their statement.

Nearly all requests ask what was asked before, with other values. The first one is worked out step by step, see
`schema.execution`; what came of it is kept with its document. Those that follow check the types of their variables,
look up what that costs, and put the values in their places. What is not so plain is worked out step by step again.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schema.documents import Document
from schema.engine.prepared import Prepared
from schema.errors import PublicError
from schema.query.cost import told
from schema.rights import Identity, Sight
from schema.variables import VariableReader

MOST_SIGHTS: Final = 100
"""Sights for which an operation is ready at most."""

MOST_PRICES: Final = 20_000
"""Costs that are kept, one for each size of pages that an operation is asked for: some 5 MB, whatever is asked."""


@dataclass(frozen=True, slots=True)
class Price:
    """What an operation costs, which is within the limits."""

    rows: int
    """How many rows it could read."""

    largest_bytes: int | None
    """Most bytes that its answer may have; None where it cannot have many."""


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """An operation that is ready, for callers who see the same."""

    reader: VariableReader
    """What coerces its variables."""

    prepared: Prepared
    """Its statement, and where values stand in it."""

    deciding: tuple[str, ...]
    """The variables that its cost depends on."""

    prices: dict[tuple[Any, ...], Price]
    """What it costs, by the values of these."""

    def asked(self, given: Mapping[str, Any], identity: Identity) -> tuple[Price, str, list[Any]] | None:
        """Return what some variables cost, SQL, and what is bound in it.

        Args:
            given: Values of its variables, as JSON has them.
            identity: Who asks.

        Returns:
            None where that is not known: a value is wrong, or left out; or nobody has asked for pages of such a size.
        """
        variables, statement = self.reader.usual(given), self.prepared.statement()
        if variables is None or statement is None:
            return None
        price = self.prices.get(tuple([told(variables.get(name)) for name in self.deciding]))
        if price is None:
            return None
        try:
            arguments = self.prepared.arguments(variables, identity)
        except PublicError:
            return None
        return None if arguments is None else (price, statement.sql, arguments)


class Prices:
    """All prices that are kept, of all operations: the one that was found out first goes first."""

    def __init__(self, most: int = MOST_PRICES) -> None:
        """Begin with none."""
        self._most = most
        self._kept_in: deque[dict[tuple[Any, ...], Price]] = deque()
        """Where each of them is."""

    def keep(self, prices: dict[tuple[Any, ...], Price], place: tuple[Any, ...], price: Price) -> None:
        """Keep another price of an operation."""
        if place not in prices:
            self._kept_in.append(prices)
        prices[place] = price
        if len(self._kept_in) > self._most:
            oldest = self._kept_in.popleft()
            del oldest[next(iter(oldest))]


def ready_for(document: Document, name: str | None, sight: Sight) -> Ready | None:
    """Return an operation where it is ready.

    Args:
        document: Its document.
        name: Its name, as the request says it.
        sight: What the caller sees.
    """
    found: dict[Sight, Ready] | None = document.memo.get((Ready, name))
    return None if found is None else found.get(sight)


def keep_ready(document: Document, name: str | None, sight: Sight, ready: Ready) -> Ready:
    """Note that an operation is ready.

    Args:
        document: Its document, which has an operation of this name.
        name: Its name, as the request says it.
        sight: What the caller sees.
        ready: What is known of it.

    Returns:
        What is kept of it: the same as before where that holds, with the prices that are known.
    """
    found: dict[Sight, Ready] = document.memo.setdefault((Ready, name), {})
    known = found.get(sight)
    if known is None or known.prepared is not ready.prepared:
        if len(found) >= MOST_SIGHTS:
            found.clear()
        known = found[sight] = ready
    return known
