"""What becomes known of one request on its way: filled in by whoever learns of it, read when the request has ended."""

from dataclasses import dataclass, field
from typing import Final


@dataclass(slots=True)
class Trail:
    """What becomes known of one request on its way, for its log line. It is in the scope, under `TRAIL`."""

    request_id: str
    """Names the request in answers and logs."""

    key: str | None = None
    """Visible part of the key that was shown."""

    operation: str | None = None
    """Name of the GraphQL operation."""

    codes: list[str] = field(default_factory=list)
    """Codes of the errors in the answer."""


TRAIL: Final = "achene.trail"
"""Where the scope has the request's `Trail`."""
