"""What a look found."""

from dataclasses import dataclass
from typing import Literal, Self

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    part: str
    """What was looked at, in a word or two."""
    status: Status
    """Whether it is fit: `warn` where it may be meant so."""
    says: str
    """How it is."""
    remedy: str = ""
    """What to do; empty where it is fit."""

    @classmethod
    def ok(cls, part: str, says: str) -> Self:
        """Return that all is well."""
        return cls(part, "ok", says)

    @classmethod
    def warn(cls, part: str, says: str, remedy: str) -> Self:
        """Return that something should be looked at by a person."""
        return cls(part, "warn", says, remedy)

    @classmethod
    def fail(cls, part: str, says: str, remedy: str) -> Self:
        """Return that the server would not work, or would not be safe."""
        return cls(part, "fail", says, remedy)
