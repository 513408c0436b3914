"""What can go wrong with a write, as data: each problem has a message, a code and the place of the input."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Path = tuple[str | int, ...]
"""A place in the arguments: `("input", "comments", 3, "body")`."""

INPUT: Final[Path] = ("input",)
"""Where the input of every generated mutation stands."""

Kind = Literal["ValidationError", "ConflictError", "NotFoundError", "ForbiddenError"]
"""The GraphQL type of a refusal."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    kind: Kind
    """What it makes of the whole mutation."""

    code: str
    """Stable word for programs, such as `NOT_UNIQUE`."""

    message: str
    """A sentence for people; it names the field and what is accepted."""

    path: Path
    """Where in the arguments."""


class Refused(Exception):  # noqa: N818 - the answer to a mutation rather than a fault
    """A mutation was refused and has changed nothing."""

    def __init__(self, problems: Sequence[Problem], current: tuple[str, tuple[Any, ...]] | None = None) -> None:
        """Take what is wrong, at least one problem, all of one kind; of a conflict, the row as it is: type and key."""
        super().__init__(problems[0].message)
        self.problems = tuple(problems)
        self.current = current


def invalid(code: str, message: str, path: Path) -> Problem:
    """Return a problem of the input itself."""
    return Problem("ValidationError", code, message, path)


def unwritten(type_name: str | None, path: Path) -> Problem:
    """Return that the database was told to write a row, did not, and said nothing."""
    what = "a row" if type_name is None else f"the {type_name}"
    text = f"The database did not write {what}: a trigger or a policy of its table keeps it from being written."
    return Problem("ConflictError", "NOT_WRITTEN", text, path)


def missing(type_name: str, path: Path) -> Problem:
    """Return that a row is not there."""
    return Problem("NotFoundError", "NOT_FOUND", f"There is no {type_name} by what `{path[-1]}` says.", path)
