"""Listens, serves an application until a signal ends it, and says clearly why it cannot.

The address is taken before anything else is started, so that a port in use costs nothing and leaves nothing.
Signals become `KeyboardInterrupt`, so that every `with` block on the way out does its work.
"""

import resource
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

import uvicorn

from api.protocol import ConnectionLimits, protocol_of
from api.settings import Settings
from api.telemetry import logger
from schema.errors import StartError

BACKLOG: Final = 2048
"""Connections that the system holds for us while we are busy."""

KEEP_ALIVE_SECONDS: Final = 75
"""How long an idle connection stays; longer than load balancers keep theirs, so that they close first."""

OWN_FILES: Final = 200
"""Open files that the server may need beside its clients' connections: the database's, for the most part."""


def bind(host: str, port: int) -> socket.socket:
    """Take an address and begin to listen on it.

    Args:
        host: Name or address.
        port: 0 for any free one.

    Raises:
        StartError: It is in use, not ours, or not allowed; the message says what to change.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
    except (socket.gaierror, UnicodeError) as error:
        raise StartError(f"{host!r} is no address to listen on. Set --host or ACHENE_HOST.") from error
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise StartError(_refusal(host, port, error)) from error
    return listener


def base_url(listener: socket.socket) -> str:
    """Return the address that a browser on this machine uses, without a slash at the end."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what we listen on, not a choice
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(app: Callable[..., Any], listener: socket.socket, settings: Settings, on_started: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; requests in progress get `shutdown_timeout_seconds` to end.

    Args:
        app: What answers, an ASGI application.
        listener: From `bind`.
        settings: Limits.
        on_started: Called once requests are answered.

    Raises:
        StartError: The application did not start.
    """
    config = uvicorn.Config(
        app,
        http=protocol_of(connection_limits(settings)),
        backlog=BACKLOG,
        ws="none",
        access_log=False,  # the application writes one line a request itself
        log_config=None,
        server_header=False,
        proxy_headers=False,  # the application reads them itself, from proxies that are trusted by name
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_timeout_seconds,
        ws_max_size=settings.largest_body_bytes,
    )
    try:
        _Server(config, on_started).run(sockets=[listener])
    except SystemExit as error:
        raise StartError("The server did not start; the log above says why.") from error


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return what a client may take of the server; the system may grant fewer connections than are set."""
    needed = settings.most_connections + OWN_FILES
    granted, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if granted < needed:
        granted = needed if most == resource.RLIM_INFINITY else min(needed, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, most))
    if granted < needed:
        logger().warning("fewer connections than are set: the system grants few open files", files=granted)
    return ConnectionLimits(
        url_bytes=settings.largest_url_bytes,
        head_bytes=settings.largest_head_bytes,
        head_seconds=settings.head_timeout_seconds,
        answer_seconds=settings.answer_timeout_seconds,
        connections=max(min(settings.most_connections, granted - OWN_FILES), 1),
    )


class _Server(uvicorn.Server):
    """A server that says when it has started."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()


@contextmanager
def until_stopped() -> Iterator[None]:
    """Run a block until it ends, or until SIGINT or SIGTERM, which end it without an error."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a handler is called with
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _refusal(host: str, port: int, error: OSError) -> str:
    """Say why an address cannot be listened on, and what to do."""
    match error:
        case PermissionError():
            return f"Port {port} needs rights that we do not have. Choose one above 1023: --port or ACHENE_PORT."
        case OSError(strerror=str(reason)) if "in use" in reason:
            return f"Port {port} on {host} is in use. Stop what uses it, or choose another: --port {port + 1}"
        case OSError(strerror=reason):
            return f"{host} port {port} cannot be listened on: {reason}. Set --host or ACHENE_HOST."
