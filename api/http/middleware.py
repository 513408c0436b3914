"""What every request passes, as pure ASGI: its id, its log line, security headers, proxies, hosts, CORS, body.

Each is a class of its own; `guard` puts them in order, and `api.app` adds the `Shortcut` to the graph. Most requests to
the graph pass by all but the first, see `api.http.edge`. The first is also the last that an exception meets: what
nobody foresaw becomes a JSON body with the request id, and the log gets the traceback.
"""

import re
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.answer import Answer
from api.http.client_address import behind_proxies
from api.http.errors import INTERNAL, BadRequestError, BodyTooLargeError, HostError, body_of, internal, shown
from api.http.headers import LATE, given_twice, request_headers
from api.http.negotiation import Media
from api.http.problems import problem_of_entry
from api.settings import Settings
from api.telemetry import CURRENT, TRAIL, RequestLines, Trail, logger, new_id
from api.telemetry.telemetry import Telemetry

GRAPHQL_PATH: Final = "/graphql"
"""Where the graph is."""

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

CLIENT_LEFT: Final = 499
"""What the log says where a client left before it was answered, as nginx does."""

ALLOWED: Final = (
    "X-API-Key",
    "Authorization",
    "Content-Type",
    "X-Request-Id",
    "X-Achene-Report",
    "X-Achene-Consistency",
    "Idempotency-Key",
    "If-None-Match",
)
"""Headers that pages of other origins may send."""

EXPOSED: Final = (
    "ETag",
    "X-Request-Id",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "WWW-Authenticate",
    "Idempotency-Replayed",
    "X-Achene-Consistency",
)
"""Headers of answers that such pages may read."""

LOCALHOST: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?"
"""Origins that may call in development."""

LONGEST_HOST: Final = 253 + len(":65535")
"""Most characters of a host name, and of a port behind it."""

LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")
"""Names that are answered in development, and by a server that only this machine reaches."""


def guard(settings: Settings, telemetry: Telemetry, *more: Middleware) -> list[Middleware]:
    """Return what stands before all routes, the outermost first.

    Args:
        settings: What is answered.
        telemetry: What is told of it.
        more: What refuses requests beside, once it is known that they are for us.
    """
    found = [
        Middleware(RequestLine, telemetry=telemetry, hsts_seconds=settings.hsts_seconds),
        *behind_proxies(settings.trusted_proxies),
        Middleware(TrustedHosts, hosts=Hosts(trusted_hosts(settings))),
        Middleware(SingleHeaders),
        *more,
    ]
    origins, pattern = allowed_origins(settings)
    if origins or pattern:
        found.append(
            Middleware(
                Cors,
                allow_origins=origins,
                allow_origin_regex=pattern,
                allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
                allow_headers=ALLOWED,
                expose_headers=EXPOSED,
            )
        )
    found.append(Middleware(BodyLimit, largest_bytes=settings.largest_body_bytes))
    return found


def trusted_hosts(settings: Settings) -> tuple[str, ...]:
    """Return the host names that are answered; `*` stands for all, `*.example.com` for all below one."""
    if settings.trusted_hosts is not None:
        return settings.trusted_hosts
    is_open = settings.host in ("0.0.0.0", "::")  # noqa: S104 - what we listen on, not a choice
    if settings.is_development:
        return LOCAL_HOSTS if is_open or settings.host in LOCAL_HOSTS else (*LOCAL_HOSTS, settings.host)
    return LOCAL_HOSTS if settings.host in ("localhost", "127.0.0.1", "::1") else ()


def allowed_origins(settings: Settings) -> tuple[tuple[str, ...], str | None]:
    """Return the origins that browsers may call from: by name, and by pattern."""
    if settings.cors_origins is not None:
        return settings.cors_origins, None
    return (), LOCALHOST if settings.is_development else None


class RequestLine:
    """Gives each request an id and one log line, and catches what nobody else did."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, hsts_seconds: int = 0) -> None:
        self._app = app
        self._secure = (*SECURITY, (b"strict-transport-security", b"max-age=%d" % hsts_seconds))
        self._has_hsts = hsts_seconds > 0
        self._log = logger()
        self._telemetry = telemetry
        self._lines = RequestLines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write its line when it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        trail = scope[TRAIL] = Trail(_request_id(scope), kind=_kind(scope["path"]))
        CURRENT.set(trail)
        is_secured = self._has_hsts and scope["scheme"] == "https"
        response = _Response(scope, send, trail.request_id, self._secure if is_secured else SECURITY)
        with self._telemetry.around(scope, trail):
            try:
                await self._app(scope, receive, response.send)
            except Exception as error:  # the edge: nobody stands behind it
                self._log.error("unexpected error", request_id=trail.request_id, exc_info=error)
                if response.status is None:
                    trail.codes.append(INTERNAL)
                    await _failure(scope["path"], trail.request_id).send(response.send)
            finally:
                status, seconds = response.status or CLIENT_LEFT, time.perf_counter() - began
                self._lines.write(scope["method"], scope["path"], trail, status, seconds)
                self._telemetry.note(trail, status, seconds)


class _Response:
    """Sends a response on, with the headers that each one has, and remembers its status."""

    __slots__ = ("_id", "_more", "_scope", "_send", "status")

    def __init__(self, scope: Scope, send: Send, request_id: str, more: Sequence[tuple[bytes, bytes]]) -> None:
        self._scope = scope
        self._send = send
        self._more = more
        self._id = request_id.encode()
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given, late = message.get("headers", ()), self._scope.get(LATE)
            headers = [*given, (b"x-request-id", self._id), *self._more, *(late() if late is not None else ())]
            if not _has_policy(given):
                headers.append(CLOSED_POLICY)
            message = {**message, "headers": headers}
        await self._send(message)


_name: Final = itemgetter(0)


def _has_policy(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether an answer says itself what a page may load."""
    return CLOSED_POLICY[0] in map(bytes.lower, map(_name, headers))


def refusal_media(path: str) -> Media:
    """Return in what form a path is refused that nothing more is known of: REST has one of its own."""
    return Media.JSON if path == GRAPHQL_PATH else Media.PROBLEM


def _failure(path: str, request_id: str) -> Answer:
    entry = internal(request_id)
    if refusal_media(path) is Media.PROBLEM:
        return Answer.problem(500, [problem_of_entry(entry)])
    return Answer.json(500, body_of(entry))


def _kind(path: str) -> str:
    """Return what is asked for, as metrics tell it apart."""
    if path == GRAPHQL_PATH:
        return "graph"
    return "health" if path.startswith("/health") else "other"


def _request_id(scope: Scope) -> str:
    given = request_headers(scope).get(b"x-request-id")
    return str(given, "ascii") if given and REQUEST_ID.fullmatch(given) else new_id()


class Hosts:
    """The host names that are answered, as `trusted_hosts` has them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._takes_all = "*" in names
        self._names = frozenset(name.lower() for name in names if not name.startswith("*."))
        self._endings = tuple(name[1:].lower() for name in names if name.startswith("*."))
        self._is_one = lru_cache(256)(self._known)

    def has(self, host: bytes) -> bool:
        """Return whether the value of a Host header is one of them."""
        return self._takes_all or (len(host) <= LONGEST_HOST and self._is_one(host))

    def _known(self, host: bytes) -> bool:
        name = _without_port(host.decode("latin-1").lower())
        return name in self._names or name.endswith(self._endings)

    def answers(self, scope: Scope) -> bool:
        """Return whether a request names one of them, and no other beside it."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        return self._takes_all or (len(hosts) == 1 and self.has(hosts[0]))


class TrustedHosts:
    """Refuses requests for hosts that we are not, as a DNS rebinding page makes them.

    Probes come by address and are let through to the health endpoints.
    """

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan" or self._hosts.answers(scope) or is_probe(scope["path"]):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        error = HostError("This server does not answer to the host that the request names (ACHENE_TRUSTED_HOSTS).")
        scope[TRAIL].codes.append(error.code)
        await Answer.refusal(error, (), refusal_media(scope["path"])).send(send)


class SingleHeaders:
    """Refuses requests that say twice what may be said once; those of the lane (`api.http.edge`) say all once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or (name := given_twice(scope)) is None:
            await self._app(scope, receive, send)
            return
        error = BadRequestError(f"The header {name} is given more than once. Send it once.")
        scope[TRAIL].codes.append(error.code)
        await Answer.refusal(error, (), refusal_media(scope["path"])).send(send)


def is_probe(path: str) -> bool:
    """Return whether a path is a health endpoint, which is answered whoever asks and however often."""
    return path == "/health" or path.startswith("/health/")


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


class Cors(CORSMiddleware):
    """CORS by Starlette, never with credentials; a refused preflight is answered in our form.

    Requests to the graph that come from no page pass by: its answers say `Vary: Origin` themselves.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer a preflight."""
        if scope["type"] == "http" and scope["path"] == GRAPHQL_PATH and not _has_origin(scope):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a browser that asks whether it may send a request."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        reason = bytes(response.body).decode()
        body = body_of(shown(BadRequestError(f"{reason}; see ACHENE_CORS_ORIGINS.")))
        kept = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
        return Response(body, response.status_code, kept, "application/json")


def _has_origin(scope: Scope) -> bool:
    return any(name == b"origin" for name, _ in scope["headers"])


class Shortcut:
    """Answers one path by an application of its own, past FastAPI's routing, which costs as much as a small query."""

    def __init__(self, app: ASGIApp, path: str, there: ASGIApp) -> None:
        self._app = app
        self._path = path
        self._there = there

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        is_there = scope["type"] == "http" and scope["path"] == self._path
        await (self._there if is_there else self._app)(scope, receive, send)


class BodyLimit:
    """Bounds the bodies of REST requests. GraphQL's are counted where they are read."""

    def __init__(self, app: ASGIApp, largest_bytes: int) -> None:
        self._app = app
        self._largest = largest_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._largest:  # FastAPI passes on only this class while it reads a body
                raise HTTPException(BodyTooLargeError.status, f"The body has more than {self._largest:,} bytes.")
            return message

        await self._app(scope, counted, send)
