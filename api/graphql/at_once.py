"""Answers operations at once of which nothing but values is left to find; see `schema.ready`.

Most requests are so. What else may be wanted of a request, such as a tag, a kept answer or a report, is the endpoint's
to give, and so is every answer that is not data.
"""

from typing import Final

from graphql import OperationType
from starlette.types import Scope

from api.context import Parts
from api.graphql.operation import Operation
from api.graphql.persisted import Persisted
from api.http.answer import UNCACHED, Answer, framed
from api.http.negotiation import Media
from api.rates.charging import charging
from api.telemetry import Trail
from schema.documents import Document
from schema.principal import Principal
from schema.ready import ready_for

LONGEST_NAME: Final = 100
"""Most characters of an operation's name in a log line."""

SHOWN_HASH: Final = 16
"""Digits of a document's hash in a log line."""

ENGINE: Final = "engine"
"""How such operations are run."""


class AtOnce:
    """What answers so in one server process."""

    def __init__(self, parts: Parts, persisted: Persisted) -> None:
        """Note whether it may: not where more than the operation and the rules decides what is answered, or by whom."""
        self._parts = parts
        self._persisted = persisted
        is_one_database = parts.database.replicas is None
        self._is_open = is_one_database and parts.caching.answers is None and not parts.settings.row_level_security

    async def answer(
        self, operation: Operation, scope: Scope, principal: Principal, media: Media, trail: Trail
    ) -> Answer | None:
        """Return the answer to a POST that asks for no reports; None where it is to be worked out step by step.

        Raises:
            UnavailableError: The database did not answer.
            StatementFailedError: It refused the statement. What it costs was counted.
            PublicError: What counts the cost of operations refuses this one.
        """
        if not self._is_open or operation.size or trail.traces is not None:
            return None
        document = self._persisted.known(operation)
        if document is None:
            return None
        graph = self._parts.graph
        ready = ready_for(document, operation.name, graph.sights.of(principal))
        if ready is None:
            return None
        charge = charging(scope, principal, self._parts.rates)
        variables, identity = operation.variables or {}, graph.sights.identity(principal)
        tell(trail, document, operation.name, self._persisted)
        data = await graph.executor.at_once(ready, variables, identity, self._parts.database, charge)
        if data is None:
            return None
        trail.way = ENGINE
        return Answer.json(200, framed(data, {}), UNCACHED, media)


def tell(trail: Trail, document: Document, name: str | None, persisted: Persisted) -> OperationType:
    """Note which operation is run, for the request's line.

    Returns:
        Of what kind it is.

    Raises:
        OperationError: There is none of that name, or there are several and none was named.
    """
    told: tuple[str | None, OperationType, str, str, str | None] | None = document.memo.get((tell, name))
    if told is None:
        operation = document.operation(name)
        shown = operation.name.value[:LONGEST_NAME] if operation.name else None
        kind, hash_ = operation.operation, document.hash[:SHOWN_HASH]
        told = shown, kind, kind.value, hash_, persisted.name_of(document)
        document.memo[tell, name] = told
    trail.operation, kind, trail.operation_kind, trail.hash, trail.saved = told
    return kind
