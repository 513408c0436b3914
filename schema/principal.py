"""Who asks. A `Principal` is all that the graph knows of a caller; how it was proved is the web's affair."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from schema.errors import BadInputError

WRITE: Final = "write"
"""The scope without which nothing is written."""


INTROSPECT: Final = "introspect"
"""The scope that shows the schema where it is not shown to everybody."""


EVERY: Final = "*"
"""The scope that stands for all scopes which rules of models name."""

LARGEST_CLAIMS: Final = 8_000
"""Most bytes of the JSON of a caller's claims."""

_NUL: Final = re.compile(rb"(?<!\\)(\\\\)*\\u0000")
"""A character in JSON that PostgreSQL has no place for."""


class Claims(Mapping[str, Any]):
    """What is known of a caller beside its user, such as its tenant: values of JSON by name.

    They are told apart as their JSON is: to Python true, 1 and 1.0 are the same.
    """

    __slots__ = ("_values", "json")

    def __init__(self, given: Mapping[str, Any]) -> None:
        """Take a copy.

        Raises:
            BadInputError: They are no JSON that PostgreSQL takes, or too large.
        """
        try:
            self.json = orjson.dumps(dict(given), option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise BadInputError("The caller's claims are not what JSON has.") from error
        if len(self.json) > LARGEST_CLAIMS or _NUL.search(self.json):
            raise BadInputError(f"The caller's claims have more than {LARGEST_CLAIMS:,} bytes, or a zero character.")
        self._values: dict[str, Any] = orjson.loads(self.json)

    def __getitem__(self, name: str) -> Any:
        """Return a claim."""
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names in their order."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        """Return whether others have the same JSON."""
        return self.json == other.json if isinstance(other, Claims) else NotImplemented

    def __hash__(self) -> int:
        """Return the hash of the JSON."""
        return hash(self.json)


_NONE: Final = Claims({})


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

    claims: Mapping[str, Any] = field(default=_NONE, repr=False)
    """What rules of models and policies of PostgreSQL may look at beside, such as `{"tenant": 7}`."""

    def __post_init__(self) -> None:
        """Take a copy of the claims that nobody can change."""
        if not isinstance(self.claims, Claims):
            object.__setattr__(self, "claims", Claims(self.claims))

    @property
    def is_anonymous(self) -> bool:
        """True where nothing was shown that says who asks."""
        return self.key_id is None and self.user_id is None and self.subject is None and not self.claims

    @property
    def claims_json(self) -> bytes:
        """The claims as JSON, in the order of their names."""
        return self.claims.json if isinstance(self.claims, Claims) else b"{}"

    def may(self, scope: str) -> bool:
        """Return whether the caller has a scope."""
        return scope in self.scopes
