"""What each request begins and ends with: its id, its log line, its span, and the headers that each answer has.

It is also the last that an exception meets: what nobody foresaw becomes a JSON body with the request id, and the log
gets the traceback. A request comes here by ASGI, or on the straight way (see `api.http.straight`).
"""

import re
import time
from collections.abc import Awaitable, Iterable, Sequence
from operator import itemgetter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.answer import Answer
from api.http.errors import INTERNAL, body_of, internal
from api.http.headers import LATE, request_headers
from api.http.negotiation import Media
from api.http.paths import GRAPHQL_PATH, refusal_media
from api.http.problems import problem_of_entry
from api.http.straight import Exchange
from api.telemetry import CURRENT, TRAIL, RequestLines, Trail, logger, new_id
from api.telemetry.telemetry import Telemetry

REQUEST_ID: Final = re.compile(rb"[\w.:=+/@-]{1,128}", re.ASCII)
"""Ids of others that are taken over."""

SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""Headers of every response."""

CLOSED_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
"""For every response that does not bring a policy of its own: a page may load nothing."""

GRAPH: Final = "graph"
"""What is asked for at the graph, as metrics tell it apart."""

CLIENT_LEFT: Final = 499
"""What the log says where a client left before it was answered, as nginx does."""


class RequestLine:
    """Gives each request an id and one log line, and catches what nobody else did."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, hsts_seconds: int = 0) -> None:
        self._app = app
        hsts = (b"strict-transport-security", b"max-age=%d" % hsts_seconds)
        self._secure = (*SECURITY, hsts) if hsts_seconds > 0 else SECURITY
        self._log = logger()
        self._telemetry = telemetry
        self._lines = RequestLines()
        self._each = [_joined(headers) for headers in (SECURITY, self._secure)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write its line when it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        trail = self._begun(scope, _request_id(scope), _kind(scope["path"]))
        response = _Response(scope, send, trail.request_id, self._secure)
        with self._telemetry.around(scope, trail):
            try:
                await self._app(scope, receive, response.send)
            except Exception as error:  # the edge: nobody stands behind it
                failure = self._failed(scope, trail, error)
                if response.status is None:
                    await failure.send(response.send)
            finally:
                self._ended(scope, trail, response.status, began)

    async def answer(self, scope: Scope, answered: Awaitable[Answer], exchange: Exchange) -> None:
        """Do the same on the straight way.

        Args:
            scope: A plain request to the graph, which brings no id.
            answered: Its answer.
            exchange: What sends that.
        """
        began = time.perf_counter()
        trail, status = self._begun(scope, new_id(), GRAPH), None
        with self._telemetry.around(scope, trail):
            try:
                answer = await answered
                status = answer.status
                await exchange.send(answer, self._lines_of(scope, trail, answer))
            except Exception as error:  # the edge: nobody stands behind it
                failure = self._failed(scope, trail, error)
                if not exchange.has_begun:
                    status = failure.status
                    await exchange.send(failure, self._lines_of(scope, trail, failure))
            finally:
                self._ended(scope, trail, status, began)

    def _begun(self, scope: Scope, request_id: str, kind: str) -> Trail:
        trail: Trail
        trail = scope[TRAIL] = Trail(request_id, kind=kind)
        CURRENT.set(trail)
        return trail

    def _failed(self, scope: Scope, trail: Trail, error: Exception) -> Answer:
        """Log what nobody foresaw, and return what is said of it."""
        self._log.error("unexpected error", request_id=trail.request_id, exc_info=error)
        trail.codes.append(INTERNAL)
        entry = internal(trail.request_id)
        if refusal_media(scope["path"]) is Media.PROBLEM:
            return Answer.problem(500, [problem_of_entry(entry)])
        return Answer.json(500, body_of(entry))

    def _ended(self, scope: Scope, trail: Trail, status: int | None, began: float) -> None:
        """Tell what became of a request; without a status its client left before."""
        status, seconds = status or CLIENT_LEFT, time.perf_counter() - began
        self._lines.write(scope["method"], scope["path"], trail, status, seconds)
        self._telemetry.note(trail, status, seconds)

    def _lines_of(self, scope: Scope, trail: Trail, answer: Answer) -> bytes:
        """Return what every answer of the graph has in its head; the policy, unless it brings one of its own."""
        late, policy = scope.get(LATE), b"" if _has_policy(answer.headers) else POLICY_LINE
        parts = self._each[scope["scheme"] == "https"], _joined(late()) if late is not None else b"", policy
        return b"x-request-id: %s\r\n%s%s%s" % (trail.request_id.encode(), *parts)


class _Response:
    """Sends a response on, with the headers that each one has, and remembers its status."""

    __slots__ = ("_id", "_scope", "_secure", "_send", "status")

    def __init__(self, scope: Scope, send: Send, request_id: str, secure: Sequence[tuple[bytes, bytes]]) -> None:
        self._scope = scope
        self._send = send
        self._secure = secure
        self._id = request_id.encode()
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given, late = message.get("headers", ()), self._scope.get(LATE)
            more = self._secure if self._scope["scheme"] == "https" else SECURITY  # as proxies have told by now
            headers = [*given, (b"x-request-id", self._id), *more, *(late() if late is not None else ())]
            if not _has_policy(given):
                headers.append(CLOSED_POLICY)
            message = {**message, "headers": headers}
        await self._send(message)


_name: Final = itemgetter(0)


def _has_policy(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether an answer says itself what a page may load."""
    return CLOSED_POLICY[0] in map(bytes.lower, map(_name, headers))


def _kind(path: str) -> str:
    """Return what is asked for, as metrics tell it apart."""
    if path == GRAPHQL_PATH:
        return GRAPH
    return "health" if path.startswith("/health") else "other"


def _request_id(scope: Scope) -> str:
    given = request_headers(scope).get(b"x-request-id")
    return str(given, "ascii") if given and REQUEST_ID.fullmatch(given) else new_id()


def _joined(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"\r\n".join([*map(b": ".join, headers), b""])


POLICY_LINE: Final = _joined((CLOSED_POLICY,))
