"""Who asks. A `Principal` is all that the graph knows of a caller; how it was proved is the web's affair."""

from dataclasses import dataclass, field
from typing import Final

WRITE: Final = "write"
"""The scope without which nothing is written."""


INTROSPECT: Final = "introspect"
"""The scope that shows the schema where it is not shown to everybody."""


EVERY: Final = "*"
"""The scope that stands for all scopes which rules of models name."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request, and what it may do."""

    scopes: frozenset[str] = field(default_factory=frozenset)
    """What the caller may do, such as `read`."""

    key_id: int | None = None
    """Primary key of the API key that was shown; None for an anonymous caller."""

    user_id: int | None = None
    """Primary key of the user whose key it is, where it is someone's."""

    key_prefix: str | None = None
    """Visible part of the key, for logs."""

    requests_per_minute: int | None = None
    """How many requests the key may make in a minute, where it has a number of its own."""

    cost_per_minute: int | None = None
    """How many rows its operations may be able to read in a minute, where it has a number of its own."""

    subject: str | None = None
    """Who it is in the words of a team's own authentication, such as the `sub` of a token; never a secret."""

    @property
    def is_anonymous(self) -> bool:
        """True where nothing was shown that says who asks."""
        return self.key_id is None and self.user_id is None and self.subject is None

    def may(self, scope: str) -> bool:
        """Return whether the caller has a scope."""
        return scope in self.scopes
