"""The floor: one hand-written statement a workload behind a bare ASGI application; no GraphQL, no key, no limits.

Nothing that computes its answers in PostgreSQL the classic way, and speaks HTTP from Python, can do with less. It is
sent the same bodies as the product, and takes the variables out of them; what is asked stands in the path.
"""

from collections.abc import Mapping
from typing import ClassVar

from benchmarks.contest.contender import Contender, Place, python
from benchmarks.contest.contenders.engine import DOCUMENTS
from benchmarks.contest.workloads import Workload


class Floor(Contender):
    """The floor; its server is `floor_server`."""

    name = "floor"
    about = "bare ASGI on uvicorn, one prepared asyncpg statement of json_agg(json_build_object())"
    documents: ClassVar[Mapping[str, str]] = DOCUMENTS

    def command(self, place: Place) -> list[str]:
        """Return the command that starts it."""
        return python("benchmarks.contest.contenders.floor_server", str(place.port))

    def address(self, workload: Workload) -> str:
        """Return the path, which names the statement."""
        return f"/{workload.shape}"

    def write_id(self, type_: str, id_: int) -> object:  # noqa: ARG002 - as all contenders have it
        """Return the number itself."""
        return id_
