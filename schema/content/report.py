"""What an import did: rows by what became of them, files that failed, and things left out."""

from dataclasses import dataclass, field
from typing import Final

TABLES: Final = ("posts", "users", "tags", "categories")
"""What an import writes, in the order of the report."""


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """Something about a file that a person should know."""

    path: str
    """The file, from the folder on."""

    line: int
    """The line, from 1; 0 for the whole folder."""

    message: str
    """What is wrong and what would be accepted."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of one table."""

    created: int
    updated: int
    unchanged: int


@dataclass(slots=True)
class Report:
    """What an import did, or would do."""

    files: int = 0
    """Files that were looked at."""

    failures: list[Remark] = field(default_factory=list)
    """Files that were not imported, with the first reason of each."""

    notes: list[Remark] = field(default_factory=list)
    """Files that were imported, but not all that they say."""

    states: dict[str, dict[str, bool | None]] = field(default_factory=lambda: {table: {} for table in TABLES})
    """By table and key: True for a new row, False for a changed one, None for one that was as it is."""

    def counts(self, table: str) -> Counts:
        """Return how many rows of `posts`, `users`, `tags` or `categories` were new, changed and the same."""
        states = list(self.states[table].values())
        return Counts(states.count(True), states.count(False), states.count(None))
