"""What becomes known of one request on its way: filled in by whoever learns of it, read when the request has ended.

Log line, metrics and trace are all made from it, so that nothing is measured twice.
"""

from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from api.telemetry.traces import Traces

UNTRACED: Final = nullcontext()
"""What stands around a step that is not traced."""


@dataclass(slots=True)
class Trail:
    """What becomes known of one request on its way. It is in the scope, under `TRAIL`, and in `CURRENT`."""

    request_id: str
    """Names the request in answers and logs."""

    key: str | None = None
    """Visible part of the key that was shown."""

    operation: str | None = None
    """Name of the GraphQL operation."""

    operation_kind: str | None = None
    """`query` or `mutation`."""

    hash: str | None = None
    """The document's SHA-256, the first 16 digits: what a log line names it by."""

    saved: str | None = None
    """Name of the operation where it is a saved one; these alone may be labels of metrics."""

    kind: str = "other"
    """What was asked: `graph`, `rest`, `health` or `other`."""

    way: str | None = None
    """How the operation ran: `engine` or `loaders`."""

    cache: str | None = None
    """What the response cache said: `hit` or `miss`; None where it was not asked."""

    statements: int = 0
    """Statements that were sent to PostgreSQL."""

    rows: int = 0
    """Rows that were read into Python; those that PostgreSQL makes JSON of are not among them."""

    slowest: Any = None
    """The statement that took longest: SQL, or what SQLAlchemy makes SQL of."""

    slowest_seconds: float = 0.0
    """How long that one took."""

    codes: list[str] = field(default_factory=list)
    """Codes of the errors in the answer."""

    traces: "Traces | None" = None
    """What makes spans; None where the request is not traced."""

    def step(self, name: str) -> AbstractContextManager[Any]:
        """Return the block of a step: its span, where the request is traced."""
        return UNTRACED if self.traces is None else self.traces.step(name)


TRAIL: Final = "achene.trail"
"""Where the scope has the request's `Trail`."""

CURRENT: ContextVar[Trail | None] = ContextVar("achene_trail", default=None)
"""The trail of the request that is worked on, for parts that are not given the request."""
