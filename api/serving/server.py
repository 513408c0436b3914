"""One process that serves: uvicorn, which is told how to start and how to stop without dropping anything.

How it stops, after SIGTERM:

1. `/health/ready` says 503, and the server goes on serving for `drain_seconds`, so that balancers notice and send
   elsewhere. Each answer says `Connection: close`, so that clients who keep connections open move, too.
2. It takes what connections wait by then, and no more.
3. Requests in progress get `shutdown_timeout_seconds` to end. Then the application stops.

A worker that is replaced leaves the listener to the others at once, and has no need to tell balancers. It answers what
still comes on its connections, each answer the last of its connection; one that stays silent is closed after a while.
After SIGINT, as of Ctrl-C, nobody waits for clients that say nothing.

A server that begins anew (`api.serving.single`) leaves the listener's queue to itself, and waits for no silent client.
"""

import asyncio
import resource
import signal
import socket
from collections.abc import Callable
from typing import Any, Final

import uvicorn

from api.heap import keep_heap
from api.http.listen import BACKLOG
from api.http.protocol import ConnectionLimits
from api.http.straight import protocol_of
from api.serving.acceptor import Acceptor, Loads, Turn
from api.settings import Settings
from api.telemetry import logger

KEEP_ALIVE_SECONDS: Final = 75
"""How long an idle connection stays; longer than load balancers keep theirs, so that they close first."""

OWN_FILES: Final = 200
"""Open files that the server may need beside its clients' connections: the database's, for the most part."""

CLOSE: Final = (b"connection", b"close")
"""Tells a client to take another connection for its next request."""

SETTLE_SECONDS: Final = 0.2
"""How long connections may send a request when no more are taken: some were opened only now."""

MOVE_SECONDS: Final = 5.0
"""How long they may, where another worker has taken over already."""

STEP_SECONDS: Final = 0.02
"""How often a server that stops looks whether it is done."""


def configure(app: Callable[..., Any], settings: Settings) -> uvicorn.Config:
    """Return how uvicorn serves an application."""
    return uvicorn.Config(
        app,
        http=protocol_of(connection_limits(settings), getattr(app, "lane", None)),
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


class Server(uvicorn.Server):
    """A server of one application on one listener."""

    move_seconds = MOVE_SECONDS
    """How long connections may send a request when a successor has taken over."""

    def __init__(
        self,
        app: Callable[..., Any],
        listener: socket.socket,
        settings: Settings,
        on_started: Callable[[], None],
        on_leaving: Callable[[], None],
        place: tuple[Loads, int] | None = None,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            app: What answers.
            listener: Where requests come from.
            settings: Limits.
            on_started: Called once requests are answered.
            on_leaving: Called when balancers should send elsewhere.
            place: Of this worker among those that share the listener.
        """
        super().__init__(configure(app, settings))
        self._listener = listener
        self._drain_seconds = settings.drain_seconds
        self._on_started = on_started
        self._on_leaving = on_leaving
        self._place = place
        self._is_replaced = False

    def leave(self, *, is_replaced: bool) -> None:
        """Begin to stop, as SIGTERM does; or as a worker whose successor serves already."""
        self._is_replaced = is_replaced
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - as uvicorn calls it
        """Start the application, then take connections."""
        keep_heap()
        await super().startup(sockets=[])
        turn = Turn(*self._place, lambda: len(self.server_state.connections)) if self._place else None
        self._acceptor = Acceptor(self._listener, self._protocol, turn)
        self.servers = [self._acceptor]  # type: ignore[list-item]  # closed and waited for as uvicorn's own are
        self._on_started()

    def _protocol(self) -> Any:
        make: Any = self.config.http_protocol_class
        return make(self.config, self.server_state, self.lifespan.state)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, in the order that stands above."""
        if signal.SIGINT not in self._captured_signals:
            if not self._is_replaced:
                self._on_leaving()
                await self._go_on(self._drain_seconds, lambda: False)
            await self._acceptor.finish(is_replaced=self._is_replaced)
            is_empty = lambda: not self.server_state.connections  # noqa: E731 - short
            await self._go_on(self.move_seconds if self._is_replaced else SETTLE_SECONDS, is_empty)
        await super().shutdown(sockets)

    async def _go_on(self, seconds: float, is_done: Callable[[], bool]) -> None:
        """Serve for a time, each answer the last of its connection; until it is done, or a second signal comes."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while True:
            if CLOSE not in self.server_state.default_headers:
                self.server_state.default_headers.append(CLOSE)  # to the list itself: requests in progress hold it
            if is_done() or self.force_exit or loop.time() >= end:
                return
            await asyncio.sleep(min(STEP_SECONDS, max(end - loop.time(), 0)))
            await self.on_tick(0)  # the date goes on
