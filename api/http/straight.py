"""The straight way: a request whose head is known goes from the socket to the graph, and its answer back, in one step.

uvicorn makes a scope, a cycle and two messages of each request, for applications that it knows nothing of. A plain
request to the graph whose head is known (see `api.http.known`) needs none of it. All else goes uvicorn's way: other
heads, requests that come in pieces or several at once, other paths. Both ways give the same bytes.

One request of a connection is answered at a time; what comes meanwhile is held, and nothing more is read.
"""

import asyncio
from functools import partial
from typing import Any, ClassVar, Final
from typing import Protocol as Interface

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from api.http.answer import SLICE_BYTES, Answer
from api.http.known import KnownGets, KnownHead, known_head
from api.http.protocol import ConnectionLimits, Protocol

MEET: Final = "achene.meet"
"""Where the scope has what is to be called with it once a request was answered whose head is worth knowing."""

LOOK_SECONDS: Final = 0.25
"""How often it is looked whether a request takes too long."""

CLOSE: Final = b"connection: close\r\n"
"""The last header of an answer behind which the connection is closed."""

END_OF_HEAD: Final = b"\r\n\r\n"

GET: Final = b"GET "


class Lane(Interface):
    """What answers plain requests to the graph."""

    @property
    def path(self) -> bytes:
        """Where the graph is."""

    @property
    def seconds(self) -> float:
        """How long a request may take."""

    @property
    def line(self) -> ASGIApp:
        """The same as an ASGI application."""

    async def answer(self, scope: dict[str, Any], body: bytes, exchange: "Exchange") -> None:
        """Answer a request by `exchange.send`."""


class Exchange:
    """One request on the straight way, and its answer."""

    __slots__ = ("_protocol", "has_begun", "is_last", "is_late", "task")

    def __init__(self, protocol: "Straight") -> None:
        self._protocol = protocol
        self.is_late = False
        """Whether it was ended because it took too long, and is to be answered so."""
        self.has_begun = False
        """Whether something of the answer was sent."""
        self.is_last = False
        """Whether its answer has told the client that the connection is closed behind it."""
        self.task: asyncio.Task[None] | None = None
        """What works on it."""

    async def run(self, lane: Lane, scope: dict[str, Any], body: bytes) -> None:
        """Answer it, and let the connection go on."""
        try:
            await lane.answer(scope, body, self)
        except BaseException:  # nobody knows what was sent
            self._protocol.transport.abort()
            raise
        finally:
            self._protocol.exchanged(self)

    def end(self, *, is_late: bool) -> None:
        """End it: nobody waits for it, or it takes too long."""
        self.is_late = is_late
        if self.task is not None:
            self.task.cancel()

    def go_on(self) -> None:
        """Take back that it was ended: what it is answered then is still to be sent."""
        if self.task is not None:
            self.task.uncancel()

    async def send(self, answer: Answer, more: bytes) -> None:
        """Send an answer.

        Args:
            answer: The answer.
            more: Further lines of its head, that each answer has.
        """
        protocol = self._protocol
        protocol.attendant.let_go(self)
        pieces = answer.body if isinstance(answer.body, tuple) else (answer.body,)
        size = sum(map(len, pieces))
        transport = protocol.transport
        if protocol.flow.write_paused:  # the client has not taken the answers before this one
            await protocol.flow.drain()
        if transport.is_closing():
            return
        head = protocol.head_of(answer, size, more)
        self.has_begun, self.is_last = True, protocol.common.is_last
        if size <= SLICE_BYTES:
            transport.write(b"".join((head, *pieces)))
            return
        transport.write(head)
        for piece in pieces:
            for start in range(0, len(piece), SLICE_BYTES):
                if protocol.flow.write_paused:
                    await protocol.flow.drain()
                if transport.is_closing():
                    return
                transport.write(memoryview(piece)[start : start + SLICE_BYTES])


class Attendant:
    """Ends requests that take too long: it looks at all of them now and then, where each had a timer of its own."""

    def __init__(self, seconds: float) -> None:
        """Begin with none."""
        self._seconds = seconds
        self._running: dict[Exchange, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def attend(self, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> None:
        """Look after a request from now on."""
        self._running[exchange] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(LOOK_SECONDS, self._look, loop)

    def let_go(self, exchange: Exchange) -> None:
        """Look after it no more."""
        self._running.pop(exchange, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        latest = loop.time() - self._seconds
        for exchange, began in [*self._running.items()]:
            if began > latest:
                break  # those behind it began later
            del self._running[exchange]
            exchange.end(is_late=True)
        self._timer = loop.call_later(LOOK_SECONDS, self._look, loop) if self._running else None


class Common:
    """What begins the head of each answer, as bytes: uvicorn makes its list anew each second."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._of: list[tuple[bytes, bytes]] | None = None
        self._count = 0
        self.lines = b""
        """The lines."""
        self.is_last = False
        """Whether all answers are the last of their connections, since the server stops."""

    def look(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Take over uvicorn's headers, where they have changed."""
        if headers is not self._of or len(headers) != self._count:
            self._of, self._count = headers, len(headers)
            self.lines = b"".join(b"%s: %s\r\n" % header for header in headers)
            self.is_last = any(name == b"connection" for name, _ in headers)


class Straight(Protocol):
    """One connection."""

    lane: ClassVar[Lane | None] = None
    """What answers on the straight way; None where there is none."""

    attendant: ClassVar[Attendant] = Attendant(0)
    """What looks after the requests on it."""

    common: ClassVar[Common] = Common()
    """What begins the head of each answer."""

    gets: ClassVar[KnownGets] = KnownGets()
    """GETs to the graph that are known."""

    _known: KnownHead | None = None
    _exchange: Exchange | None = None
    _held: bytes = b""
    _chunk: bytes | None = None
    _is_resting = True
    _is_read = True
    _is_ending = False
    _rested_at = 0.0

    def data_received(self, data: bytes) -> None:
        """Take what comes: a request whose head is known, or what uvicorn's parser is to read."""
        if self._exchange is not None:
            self._held += data
            self.flow.pause_reading()
            return
        if self._is_resting and (lane := self.lane) is not None:
            if data.startswith(GET):
                if (scope := self.gets.scope_of(data, self)) is not None:
                    self._begin(lane, scope, b"")
                    return
            elif self._known is not None and (body := self._known.body_of(data)) is not None:
                self._begin(lane, self._known.new_scope(body, self.app_state), body)
                return
            self._chunk = data
        else:
            self._chunk = None
        super().data_received(data)
        if self._is_resting and self.timeout_keep_alive_task is None and self._head_timer is None:
            self._expect_more(self._left())  # nothing began but ends of lines, behind which uvicorn waits for ever

    def _begin(self, lane: Lane, scope: dict[str, Any], body: bytes) -> None:
        """Begin to answer a request."""
        self._stop_head_timer()
        self.waiting.pop(self, None)
        exchange = self._exchange = Exchange(self)
        self.attendant.attend(exchange, self.loop)
        exchange.task = self.loop.create_task(exchange.run(lane, scope, body))
        self.tasks.add(exchange.task)

    def exchanged(self, exchange: Exchange) -> None:
        """Go on: a request was answered, or ended."""
        self.attendant.let_go(exchange)
        self.tasks.discard(exchange.task)
        self._exchange = None
        self.server_state.total_requests += 1
        if self.transport.is_closing() or self._is_ending or exchange.is_last:
            self.transport.close()
            if self in self.connections:
                self._expect_reading()
            return
        self.waiting[self] = None
        self._rested_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._expect_more(self.timeout_keep_alive)
        if self._held:
            held, self._held = self._held, b""
            self.flow.resume_reading()
            self.data_received(held)

    def _expect_more(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle for long; its timer is not set anew for each request on the straight way."""
        left = self._left()
        if self._exchange is not None or left > 0:
            self._expect_more(max(left, LOOK_SECONDS))
        else:
            super().timeout_keep_alive_handler()

    def _left(self) -> float:
        """Return for how many seconds the connection may still be idle."""
        return self._rested_at + self.timeout_keep_alive - self.loop.time()

    def head_of(self, answer: Answer, size: int, more: bytes) -> bytes:
        """Return the head of an answer as uvicorn writes it.

        Raises:
            ValueError: A header holds the end of a line.
        """
        common, fields = self.common, answer.fields(size)
        common.look(self.server_state.default_headers)
        said = b"\r\n".join(map(b": ".join, fields))
        if said.count(b"\n") != len(fields) - 1 or said.count(b"\r") != len(fields) - 1:
            raise ValueError("a header of an answer holds the end of a line")
        close = CLOSE if self._is_ending and not common.is_last else b""
        return b"".join((STATUS_LINE[answer.status], common.lines, said, b"\r\n", more, close, b"\r\n"))

    def on_message_begin(self) -> None:
        """Note that uvicorn's parser has begun to read a request."""
        self._is_resting = self._is_read = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note that it has read it; where the whole of it came at once, its head may be worth knowing."""
        super().on_message_complete()
        self._is_read = True
        chunk, self._chunk = self._chunk, None
        if chunk is None or self.lane is None or not self.cycle.keep_alive:
            return
        method, end = self.scope["method"], chunk.find(END_OF_HEAD) + len(END_OF_HEAD)
        if len(self.cycle.body) != len(chunk) - end:
            return
        if method == "POST" and self.url == self.lane.path:
            meet = partial(self._meet, chunk[:end])
        elif method == "GET" and end == len(chunk) and self.url.startswith(self.lane.path + b"?"):
            meet = partial(self.gets.note, chunk, connection=self)
        else:
            return
        self.scope[MEET] = meet  # type: ignore[typeddict-unknown-key]  # ours

    def _meet(self, head: bytes, scope: dict[str, Any]) -> None:
        self._known = known_head(head, scope)

    def on_response_complete(self) -> None:
        """Note whether the next bytes begin a request."""
        self._is_resting = self._is_read and not self.pipeline
        self._rested_at = self.loop.time()
        super().on_response_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin to answer a request uvicorn's way."""
        self._is_resting = False
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and end what nobody waits for any more."""
        super().connection_lost(exc)
        self._held, self._known = b"", None
        if self._exchange is not None:
            self._exchange.end(is_late=False)

    def shutdown(self) -> None:
        """Close once the answer in progress is sent."""
        if self._exchange is None:
            super().shutdown()
        else:
            self._is_ending = True


def protocol_of(limits: ConnectionLimits, lane: Lane | None = None) -> type[Straight]:
    """Return the protocol of one server, which counts its own connections.

    Args:
        limits: What a client may take.
        lane: What answers plain requests to the graph; None where all go uvicorn's way.
    """
    attendant = Attendant(lane.seconds if lane is not None else 0)
    members: dict[str, Any] = {
        "limits": limits,
        "waiting": {},
        "lane": lane,
        "attendant": attendant,
        "common": Common(),
        "gets": KnownGets(),
    }
    return type("Protocol", (Straight,), members)
