"""HTTP/1.1 as uvicorn reads it, bounded in all that a client decides: sizes, times, and how many connections there are.

uvicorn's fast parser has no bounds of its own. A client that sends header lines without end would fill the memory; one
that sends them a byte a minute, or that never takes its answer, would hold its connection for ever; and ten thousand of
them would leave none for anybody else, health probes among them. Trailers behind a chunked body, chunks that are all
frame, and requests that are sent in bulk before the first is answered are no better. A request that arrives at once and
is answered at once, as nearly all are, pays for a few comparisons.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Final, NoReturn

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.http.errors import BadRequestError, HeadTooLargeError, HttpError, UriTooLongError, body_of, shown, status_of
from api.http.joined import Joined
from api.telemetry import logger
from schema.errors import PublicError, UnavailableError

MOST_HEADERS: Final = 100
"""Most header lines of a request."""

MOST_PIPELINED: Final = 16
"""Most requests of one connection that wait for the one before them."""

FRAME_BYTES: Final = 8
"""Most bytes that a byte of a body may take, in a chunk of its own."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a client may take of one server process."""

    url_bytes: int = 16_384
    """Most bytes of path and query."""

    head_bytes: int = 65_536
    """Most bytes of request line and headers."""

    head_seconds: float = 15.0
    """How long they may take to arrive."""

    answer_seconds: float = 30.0
    """How long a client may take no byte of its answer."""

    connections: int = 1_000
    """Most connections at once. One more takes the place of the one that has been idle longest."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    limits: ClassVar[ConnectionLimits] = ConnectionLimits()
    """What its client may take."""

    waiting: ClassVar[dict["Protocol", None]] = {}
    """Connections without a request in progress, the one that has been so for longest first."""

    _is_in_head = True
    _chunk_bytes = 0
    _first_bytes = 0
    _head_bytes = 0
    _framing_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    _answer_timer: asyncio.TimerHandle | None = None
    _refusal: PublicError | None = None
    _joined: Joined | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio's types are wider
        """Begin, and expect a request soon; where there are too many connections, one that is idle makes room."""
        super().connection_made(transport)
        self._expect_head()
        self.waiting[self] = None
        if len(self.connections) > self.limits.connections:
            oldest = next(iter(self.waiting))
            del self.waiting[oldest]
            if oldest is self:
                self._answer(UnavailableError("This server has no connection to spare. Try again in a moment."))
            else:
                oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_head_timer()
        self._stop_answer_timer()
        self.waiting.pop(self, None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self._is_in_head = True
        self._first_bytes = self._head_bytes = self._framing_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address; close where it is too long."""
        super().on_url(url)
        if len(self.url) > self.limits.url_bytes:
            self._refuse(UriTooLongError(f"The address has more than {self.limits.url_bytes:,} bytes."))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what comes behind a body is dropped, since nobody asks for it."""
        if self._is_in_head:
            super().on_header(name, value)
            if len(self.headers) > MOST_HEADERS:
                self._refuse(HeadTooLargeError(f"The request has more than {MOST_HEADERS} headers."))

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, which may have come in as small a frame as one byte."""
        self._framing_bytes -= FRAME_BYTES * len(body)
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Begin to answer, unless the head is too large, or too many requests are waiting already."""
        self._is_in_head = False
        if self._first_bytes + self._head_bytes + self._chunk_bytes > self.limits.head_bytes:
            size = len(self.url) + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)
            if size > self.limits.head_bytes:
                self._refuse_head()
        if len(self.pipeline) >= MOST_PIPELINED:
            self._refuse(BadRequestError(f"More than {MOST_PIPELINED} requests were sent before one was answered."))
        self.waiting.pop(self, None)
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin to answer a request, the answer to the one before it being complete."""
        self._send_held()
        self._joined = Joined(self.transport, self.loop)
        cycle.transport = self._joined  # type: ignore[assignment]  # it has what a cycle asks of one
        super()._start_asgi_task(cycle, app)

    def _send_held(self) -> None:
        if self._joined is not None:
            self._joined.release()

    def shutdown(self) -> None:
        """Close once the answer in progress is sent."""
        self._send_held()
        super().shutdown()

    def on_response_complete(self) -> None:
        """Wait for another request, or for the client to take what is left of the answer."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._expect_reading()
        elif self.cycle.response_complete:
            self.waiting[self] = None

    def data_received(self, data: bytes) -> None:
        """Read on; close when the head has grown too large without an end."""
        self._chunk_bytes = len(data)
        self._framing_bytes += self._chunk_bytes
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._is_in_head:
            if self._framing_bytes > self.limits.head_bytes:
                self.transport.close()
            if self._head_timer is not None:
                self._stop_head_timer()
            return
        if self._head_timer is None:  # this chunk holds the beginning of the head, and perhaps the end of a body
            self._first_bytes = self._chunk_bytes
            self._expect_head()
            return
        self._head_bytes += self._chunk_bytes
        if self._head_bytes > self.limits.head_bytes:
            self._answer(self._head_error())

    def pause_writing(self) -> None:
        """Give a client that does not take its answer some time for it."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """Go on: the client has taken most of what was sent."""
        self._stop_answer_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle for long."""
        self._close_silent()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that is none, or one that was refused while it was read."""
        self._answer(self._refusal or BadRequestError(msg))

    def _refuse_head(self) -> NoReturn:
        self._refuse(self._head_error())

    def _head_error(self) -> HttpError:
        return HeadTooLargeError(f"The head of the request has more than {self.limits.head_bytes:,} bytes.")

    def _refuse(self, error: HttpError) -> NoReturn:
        """Stop the parser, which then calls `send_400_response`."""
        self._refusal = error
        raise error

    def _answer(self, error: PublicError) -> None:
        """Send a refusal and close; where an answer is being sent already, only close."""
        logger().info("request refused", status=status_of(error), reason=str(error))
        self.pipeline.clear()
        self._send_held()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_refusal(error))
        self.transport.close()
        self._expect_reading()

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(self.limits.head_seconds, self._close_silent)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _expect_reading(self) -> None:
        if self._answer_timer is None:
            self._answer_timer = self.loop.call_later(self.limits.answer_seconds, self.transport.abort)

    def _stop_answer_timer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def _close_silent(self) -> None:
        """Close; what the client has not taken of its last answer by now is dropped."""
        self._stop_head_timer()
        if not self.transport.is_closing():
            self.transport.abort()


def _refusal(error: PublicError) -> bytes:
    """Return a whole response that closes its connection."""
    status, body = HTTPStatus(status_of(error)), body_of(shown(error))
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
