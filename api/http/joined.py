"""Sends the head of an answer together with the beginning of its body: one call of the system and one packet.

uvicorn writes the head as soon as it is there, and for a small answer that costs as much as all the rest of the
application does. Here the head waits for the next piece, and no longer than until the application waits for something.
"""

import asyncio


class Joined:
    """What one answer is written to: a transport, of which the first piece is held back for the second."""

    __slots__ = ("_first", "_has_begun", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Begin without a piece."""
        self._transport = transport
        self._loop = loop
        self._first: bytes | None = None
        self._has_begun = False

    def write(self, data: bytes) -> None:
        """Take a piece of the answer."""
        first = self._first
        if first is not None:
            self._first = None
            self._transport.writelines((first, data))
        elif self._has_begun:
            self._transport.write(data)
        else:
            self._has_begun, self._first = True, data
            self._loop.call_soon(self.release)

    def release(self) -> None:
        """Send what is held."""
        if self._first is not None:
            first, self._first = self._first, None
            if not self._transport.is_closing():
                self._transport.write(first)

    def close(self) -> None:
        """Close the connection once all is sent."""
        self.release()
        self._transport.close()

    def is_closing(self) -> bool:
        """Return whether the connection is being closed."""
        return self._transport.is_closing()
