"""/graphql: GraphQL over HTTP, as an ASGI application mounted in FastAPI.

Reading the request, running it and writing the answer are separate steps, so that a faster way of running can
take the middle. Source: https://graphql.github.io/graphql-over-http/draft/. Where the draft and the
`graphql-http` audits differ, the audits decide, since today's clients are tested with them:

- What is wrong with the document, its variables or the choice of the operation is status 400 as
  `application/graphql-response+json` and 200 as `application/json`.
- An answer with data is 200, also where some of its fields failed.

What is wrong with the request itself has its 4xx status in both.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import orjson
from graphql import ExecutionResult, OperationType
from starlette.types import Receive, Scope

from api.audit import audit_of
from api.caching.keeper import Keeper
from api.context import READ, Parts, authenticate, new_context, require, trail_of
from api.data.consistency import HEADER as CONSISTENCY
from api.data.consistency import new_token
from api.data.reads import Reads
from api.data.row_level import CALLER, caller_of
from api.graphql.at_once import AtOnce, tell
from api.graphql.batch import answer_batch, check_unkeyed
from api.graphql.idempotency import HEADER as IDEMPOTENCY_KEY
from api.graphql.idempotency import Kept, key_in
from api.graphql.masking import is_unavailable, located, masked
from api.graphql.operation import Batch, Operation, from_address, from_body, has_query
from api.graphql.persisted import Persisted
from api.http.answer import UNCACHED, Answer, framed
from api.http.answering import Answering
from api.http.attendance import Attendance, too_late
from api.http.body import check_size, read_body
from api.http.errors import MethodNotAllowedError, body_of, shown
from api.http.headers import Headers, request_headers
from api.http.json_limits import json_limits
from api.http.negotiation import OFFERS, Media, accepted, coding_of_json
from api.rates.charging import charging, counting
from api.telemetry import Trail
from schema.beside import MANY
from schema.context import Context
from schema.documents import Document
from schema.errors import (
    DocumentError,
    LimitError,
    OperationError,
    PublicError,
    RolledBackError,
    StatementFailedError,
    UnavailableError,
)
from schema.execution import EXPLAIN, Answered
from schema.principal import Principal
from schema.values import dump

PAGE_OFFERS: Final = (Media.HTML, *OFFERS)
"""What is answered to a GET without one."""

REPORT: Final = b"x-achene-report"
"""The header that asks for what stands in `extensions` of an answer, such as `cost`."""

REPLAYED: Final = (b"idempotency-replayed", b"true")
"""The header of an answer that was given before."""

NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Call:
    """A request, and what holds for each operation in it."""

    scope: Scope
    headers: Headers
    principal: Principal
    reports: frozenset[str]
    trail: Trail
    media: Media
    is_safe: bool
    known: bytes | None
    """The tags of answers that the client has; of one operation, since a batch has no tag."""


class GraphQLEndpoint(Answering):
    """The ASGI application."""

    def __init__(self, parts: Parts, persisted: Persisted, page: Callable[[], Answer] | None = None) -> None:
        """Make it.

        Args:
            parts: What the server is made of.
            persisted: Finds the documents of requests.
            page: Makes what a browser is shown; None where it is shown nothing.
        """
        self._parts = parts
        self._persisted = persisted
        self._page = page
        self._json = json_limits(parts.settings)
        self._at_once = AtOnce(parts, persisted)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers, media = request_headers(scope), Media.JSON
        try:
            if self._page and _is_for_page(scope, headers):
                return self._page()
            media = accepted(headers.get(b"accept"), OFFERS)
            _check_method(scope["method"])
        except PublicError as error:
            return _refusal(error, media, trail_of(scope))
        is_safe = scope["method"] != "POST"
        read = partial(self._read, scope, headers, receive)
        return await self.answer(scope, receive, headers, media, read, is_safe=is_safe)

    async def straight(self, scope: Scope, body: bytes) -> Answer:
        """Answer a plain request whose body is here, of a client that somebody else looks after."""
        headers, media = request_headers(scope), Media.JSON
        is_safe = scope["method"] != "POST"
        try:
            if is_safe and self._page and _is_for_page(scope, headers):
                return self._page()
            media = accepted(headers.get(b"accept"), OFFERS)
            call = await self._call(scope, headers, media, is_safe=is_safe)
            if is_safe:
                return await self._asked(from_address(scope["query_string"], self._json), call)
            coding_of_json(headers.get(b"content-type"), None)
            check_size(len(body), self._parts.settings.largest_body_bytes)
            return await self._asked(from_body(body, self._json, self._parts.settings.most_batched), call)
        except PublicError as error:
            return _refusal(error, media, trail_of(scope))

    def late(self, scope: Scope) -> Answer:
        """Return the answer to a plain request that took too long."""
        media = accepted(request_headers(scope).get(b"accept"), OFFERS)
        return _refusal(too_late(), media, trail_of(scope))

    async def answer(
        self,
        scope: Scope,
        receive: Receive,
        headers: Headers,
        media: Media,
        read: Callable[[], Awaitable[Operation | Batch]],
        *,
        is_safe: bool,
    ) -> Answer:
        """Answer a request of whoever may ask, once it is read: the same for the graph and for REST.

        Args:
            scope: The request.
            receive: The ASGI function.
            headers: Its headers.
            media: What is answered.
            read: Reads what is asked for.
            is_safe: True where nothing may be changed.
        """
        try:
            call = await self._call(scope, headers, media, is_safe=is_safe)
            settings = self._parts.settings
            attendance = Attendance(receive, settings.body_timeout_seconds, settings.request_timeout_seconds)
            async with attendance:
                asked = await read()
                attendance.has_body()
                return await self._asked(asked, call)
        except PublicError as error:
            return _refusal(error, media, trail_of(scope))

    async def _call(self, scope: Scope, headers: Headers, media: Media, *, is_safe: bool) -> "_Call":
        """Return a request of whoever may ask, before anything is read."""
        principal = await authenticate(scope, self._parts)
        require(principal, READ)
        if EXPLAIN in (reports := _reports(headers)):
            require(principal, EXPLAIN)
        known = headers.get(b"if-none-match")
        return _Call(scope, headers, principal, reports, trail_of(scope), media, is_safe, known)

    async def _asked(self, asked: Operation | Batch, call: "_Call") -> Answer:
        if not isinstance(asked, Operation):
            return await self._all(asked, call)
        if call.is_safe or call.reports or IDEMPOTENCY_KEY in call.headers:
            return await self._one(asked, call)
        try:
            answer = await self._at_once.answer(asked, call.scope, call.principal, call.media, call.trail)
        except StatementFailedError:
            return await self._one(asked, call, is_charged=True)
        return answer or await self._one(asked, call)

    async def _one(self, operation: Operation, call: "_Call", *, is_charged: bool = False) -> Answer:
        """Answer one operation of a request, whose cost may be counted already."""
        trail, token = call.trail, call.headers.get(CONSISTENCY)
        context = new_context(call.principal, self._parts, trail, call.reports, token)
        context.charge = None if is_charged else charging(call.scope, call.principal, self._parts.rates)
        if self._parts.settings.row_level_security:  # on which any answer may depend, so none is kept
            CALLER.set(caller_of(call.principal))
        elif not call.reports:
            is_tagged = call.scope["method"] != "POST"
            context.keeper = self._parts.caching.keeper(
                context.database, call.media, trail, call.known, is_tagged=is_tagged
            )
        try:
            key = key_in(call.headers)
            return await self._run(operation, context, call.media, trail, is_safe=call.is_safe, key=key)
        finally:
            context.loaders.cancel()

    async def _all(self, batch: Batch, call: "_Call") -> Answer:
        """Answer several operations; all but the first, which the request itself is, count as requests of their own."""
        check_unkeyed(key_in(call.headers))
        count, call = counting(call.scope, call.principal, self._parts.rates), replace(call, known=None)

        async def answer(place: int, operation: Operation) -> Answer:
            nonlocal call
            try:
                if place > 0:
                    await count()
                answer = await self._one(operation, call)
                if (token := dict(answer.headers).get(CONSISTENCY)) is not None:  # what follows sees what it wrote
                    call = replace(call, headers=call.headers | {CONSISTENCY: token})
                return answer
            except PublicError as error:
                return _refusal(error, call.media, call.trail)

        answered = await answer_batch(batch, answer)
        call.trail.operation = f"batch of {len(batch)}"
        return answered

    async def _read(self, scope: Scope, headers: Headers, receive: Receive) -> Operation | Batch:
        """Read what is asked for."""
        if scope["method"] != "POST":
            return from_address(scope["query_string"], self._json)
        coding = coding_of_json(headers.get(b"content-type"), headers.get(b"content-encoding"))
        length = headers.get(b"content-length")
        body = await read_body(receive, length, self._parts.settings.largest_body_bytes, coding)
        return from_body(body, self._json, self._parts.settings.most_batched)

    async def _run(
        self,
        operation: Operation,
        context: Context,
        media: Media,
        trail: Trail,
        *,
        is_safe: bool,
        key: str | None,
    ) -> Answer:
        """Run an operation and write what came of it."""
        try:
            with trail.step("parse"):
                operation, document = await self._persisted.find(operation, context)
            _check_kind(tell(trail, document, operation.name, self._persisted), is_safe=is_safe)
            self._check_size(operation, document)
        except (DocumentError, LimitError) as error:
            return _document_refusal(error, media, trail)
        if document.operation(operation.name).operation is not OperationType.MUTATION:
            return await self._answered(document, operation, context, media, trail)
        context.is_large = operation.size > MANY
        context.audit = audit_of(context.principal, self._parts.settings, trail)
        if isinstance(context.database, Reads):
            context.database.stay()
        if key is not None:
            answer = await self._once(key, document, operation, context, media, trail)
        else:
            answer = await self._answered(document, operation, context, media, trail)
        if self._parts.database.replicas is not None and (token := await new_token(self._parts.database)) is not None:
            return replace(answer, headers=(*answer.headers, (CONSISTENCY, token)))
        return answer

    def _check_size(self, operation: Operation, document: Document) -> None:
        """Refuse more variables than an operation that only reads has any use for."""
        most = self._json.read_values
        if operation.size > most and document.operation(operation.name).operation is not OperationType.MUTATION:
            raise LimitError(f"Parameter `variables` holds more than {most:,} values, the most that a query may have.")

    async def _once(
        self, key: str, document: Document, operation: Operation, context: Context, media: Media, trail: Trail
    ) -> Answer:
        """Run a mutation in one transaction with its answer, or give the answer that it had before."""
        async with context.database.transaction() as transaction:
            kept = Kept(transaction, context.principal, key, operation)
            if (before := await kept.claim(self._parts.settings.idempotency_hours)) is not None:
                return Answer.json(200, before[1], (*UNCACHED, REPLAYED), Media(before[0]))
            context.whole = transaction
            answer = await self._answered(document, operation, context, media, trail)
            if not {RolledBackError.code}.issuperset(
                trail.codes
            ):  # what failed is to be run again: nothing is written, and nothing kept
                await transaction.roll_back()
                return _without_data(answer)
            await kept.keep(media.value, answer.whole)
        if context.audit is not None:
            context.audit.committed()
        return answer

    async def _answered(
        self, document: Document, operation: Operation, context: Context, media: Media, trail: Trail
    ) -> Answer:
        """Run an operation of a valid document: as it was worked out before, where it was."""
        graph, answered, keeper = self._parts.graph, None, context.keeper
        if isinstance(keeper, Keeper):
            question = keeper.recall(document, operation, context.loaders.sight, context.loaders.identity)
            answered = None if question is None else await graph.executor.again(question, context)
        if answered is None:
            answered = await graph.answer(
                document, operation_name=operation.name, variables=operation.variables, context=context
            )
        return _answer_of(answered, context, media, trail)


def _answer_of(answered: Answered, context: Context, media: Media, trail: Trail) -> Answer:
    """Write what came of an operation."""
    trail.way, keeper = answered.way, context.keeper
    if answered.data is None:
        result = answered.result or ExecutionResult(None, [])
        result.extensions = answered.extensions
        return _written(result, media, trail)
    told = keeper.headers if isinstance(keeper, Keeper) else None
    if isinstance(keeper, Keeper) and keeper.is_unchanged:
        return Answer(304, b"", media.header, told or ())
    return Answer.json(200, framed(answered.data, answered.extensions), told or UNCACHED, media)


def _without_data(answer: Answer) -> Answer:
    """Return an answer whose data was undone: its errors alone, in the form that they have."""
    said: dict[str, Any] = orjson.loads(answer.whole)
    return replace(answer, body=dump(said | {"data": None})) if "data" in said else answer


def _refusal(error: PublicError, media: Media, trail: Trail) -> Answer:
    trail.codes.append(error.code)
    return Answer.refusal(error, UNCACHED, media)


def _reports(headers: Headers) -> frozenset[str]:
    """Return what the client wants to be told beside the data."""
    asked = headers.get(REPORT)
    return frozenset(word.strip() for word in asked.decode("latin-1").split(",")) if asked else NOTHING


def _is_for_page(scope: Scope, headers: Headers) -> bool:
    if scope["method"] not in ("GET", "HEAD") or has_query(scope["query_string"]):
        return False
    return accepted(headers.get(b"accept"), PAGE_OFFERS) == Media.HTML


def _check_method(method: str) -> None:
    if method not in ("GET", "HEAD", "POST"):
        raise MethodNotAllowedError("GraphQL is asked by GET or POST.", "GET, HEAD, POST")


def _check_kind(kind: OperationType, *, is_safe: bool) -> None:
    if kind is OperationType.SUBSCRIPTION:
        raise OperationError("Subscriptions are not served over plain HTTP.")
    if is_safe and kind is OperationType.MUTATION:
        raise MethodNotAllowedError("A mutation changes something; send it by POST.", "POST")


def _document_refusal(error: DocumentError | LimitError, media: Media, trail: Trail) -> Answer:
    trail.codes.append(error.code)
    if isinstance(error, DocumentError):
        entries = [located(each, error.code) for each in error.errors]
    else:
        entries = [shown(error)]
    return Answer.json(_request_error_status(media), body_of(*entries), UNCACHED, media)


def _written(result: ExecutionResult, media: Media, trail: Trail) -> Answer:
    """Write what came of running an operation."""
    more = {"extensions": result.extensions} if result.extensions else {}
    if not result.errors:
        return Answer.json(200, dump({"data": result.data, **more}), UNCACHED, media)
    if _is_unanswered(result):
        raise UnavailableError(result.errors[0].message)
    entries = masked(result.errors, trail.request_id)
    trail.codes.extend(sorted({entry["extensions"]["code"] for entry in entries}))
    if result.data is None and all(error.path is None for error in result.errors):
        return Answer.json(_request_error_status(media), dump({"errors": entries, **more}), UNCACHED, media)
    return Answer.json(200, dump({"errors": entries, "data": result.data, **more}), UNCACHED, media)


def _is_unanswered(result: ExecutionResult) -> bool:
    """Return whether the database was away and so no root field has a value."""
    data: dict[str, Any] = result.data or {}
    has_value = any(value is not None for value in data.values())
    return not has_value and all(map(is_unavailable, result.errors or ()))


def _request_error_status(media: Media) -> int:
    return 400 if media == Media.GRAPHQL else 200
