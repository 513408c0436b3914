"""HTTP/1.1 as uvicorn reads it, with a limit on how large the head of a request may be and how long it may take.

uvicorn's fast parser has neither: a client that sends header lines without end would fill the memory, and
one that sends them a byte a minute would hold its connection for ever. Trailers behind a chunked body, and chunks
that are all frame, are no better. The check costs nothing for a request that arrives at once, as nearly all do.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD_BYTES: Final = 64 * 1024
"""Most bytes of request line and headers."""

FRAME_BYTES: Final = 8
"""Most bytes that a byte of a body may take, in a chunk of its own."""

HEAD_SECONDS: Final = 15.0
"""How long a client may take to send them."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    _is_in_head = True
    _head_bytes = 0
    _framing_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, and expect a request soon."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self._is_in_head = True
        self._framing_bytes = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what comes behind a body is dropped, since nobody asks for it."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, which may have come in as small a frame as one byte."""
        self._framing_bytes -= FRAME_BYTES * len(body)
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Note that the head is complete."""
        self._is_in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read on; close when the head has grown too large without an end."""
        self._framing_bytes += len(data)
        super().data_received(data)
        if not self._is_in_head:
            if self._framing_bytes > LARGEST_HEAD_BYTES and not self.transport.is_closing():
                self.transport.close()
            if self._timer is not None:
                self._stop_timer()
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self.transport.is_closing():
            return
        if self._head_bytes > LARGEST_HEAD_BYTES:
            self.send_400_response("The request's headers are too large.")
        elif self._timer is None:
            self._expect_head()

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._close_silent)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_silent(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
