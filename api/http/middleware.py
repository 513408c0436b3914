"""What every request passes, as pure ASGI: its line, proxies, hosts, CORS, body.

Each is a class of its own; `guard` puts them in order, and `api.app` adds the `Shortcut` to the graph. Most requests to
the graph pass by all but the first, see `api.http.edge`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.answer import Answer
from api.http.client_address import behind_proxies
from api.http.errors import BadRequestError, BodyTooLargeError, HostError, body_of, shown
from api.http.headers import given_twice
from api.http.paths import GRAPHQL_PATH, is_probe, refusal_media
from api.http.request_line import RequestLine
from api.settings import Settings
from api.telemetry import TRAIL
from api.telemetry.telemetry import Telemetry

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
