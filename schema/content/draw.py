"""Numbers that look random and are the same for ever, on any machine.

Each row has its own, made from the seed, the table and the row's number, so that a row never depends on
the rows before it. Python's `random` is not used: only parts of it are promised to stay as they are, and
seeding it for a row costs seven times as much.
"""

from collections.abc import Sequence
from hashlib import blake2b
from math import gcd
from typing import Final, TypeVar

T = TypeVar("T")

RESERVE: Final = 1 << 64
"""Below this a draw takes new digits, so that numbers up to some billions stay even."""


class Draw:
    """A pool of digits from BLAKE2 (RFC 7693) that draws are taken off."""

    __slots__ = ("_key", "_pool", "_turn")

    def __init__(self, seed: int, table: str, number: int) -> None:
        """Make the pool of one row.

        Args:
            seed: What the caller chose.
            table: Whose row.
            number: Which row.
        """
        self._key = f"{seed}:{table}:{number}"
        self._turn = 0
        self._pool = int.from_bytes(blake2b(self._key.encode()).digest(), "little")

    def below(self, bound: int) -> int:
        """Return a number from 0 to `bound` - 1."""
        if self._pool < RESERVE:
            self._turn += 1
            self._pool = int.from_bytes(blake2b(f"{self._key}:{self._turn}".encode()).digest(), "little")
        self._pool, number = divmod(self._pool, bound)
        return number

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """Return `count` of the choices, none of them twice, or all where there are fewer."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]


class Shuffle:
    """The numbers from 0 to size - 1 in another order, computed both ways and never stored."""

    __slots__ = ("_back", "_size", "_step")

    def __init__(self, size: int) -> None:
        """Choose an order.

        Args:
            size: How many numbers; at least 1.
        """
        step = int(size * 0.618) | 1
        while gcd(step, size) != 1:
            step += 1
        self._size, self._step, self._back = size, step % size, pow(step, -1, size)

    def place(self, number: int) -> int:
        """Return the place of a number."""
        return number * self._step % self._size

    def number(self, place: int) -> int:
        """Return the number at a place."""
        return place * self._back % self._size


class Shares:
    """A total dealt out in unequal shares that repeat as a pattern, so that anyone's is known at once."""

    __slots__ = ("_before", "_owner_of", "_pattern", "_slots", "_total")

    def __init__(self, total: int, owners: int, pattern: tuple[int, ...]) -> None:
        """Deal out.

        Args:
            total: How many things there are.
            owners: Among how many; at least 1.
            pattern: Weights of the first owners, repeated for the others; the first is not 0.
        """
        self._pattern = pattern
        self._owner_of = tuple(owner for owner, weight in enumerate(pattern) for _ in range(weight))
        self._before = tuple(sum(pattern[:n]) for n in range(len(pattern) + 1))
        self._total, self._slots = total, 1
        self._slots = self._slot(owners)

    def _slot(self, owner: int) -> int:
        cycles, rest = divmod(owner, len(self._pattern))
        return cycles * len(self._owner_of) + self._before[rest]

    def start(self, owner: int) -> int:
        """Return how many things the owners before this one have: the first of its own."""
        return -(-self._slot(owner) * self._total // self._slots)

    def count(self, owner: int) -> int:
        """Return how many things an owner has."""
        return self.start(owner + 1) - self.start(owner)

    def owner(self, thing: int) -> int:
        """Return who has a thing, 0 to total - 1."""
        cycles, rest = divmod(thing * self._slots // self._total, len(self._owner_of))
        return cycles * len(self._pattern) + self._owner_of[rest]
