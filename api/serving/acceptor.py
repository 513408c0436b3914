"""Takes connections from a listening socket, also where several processes share it, and shares them out evenly.

The processes share one socket and so one queue: a worker that stops leaves what waits in it to the others. With a
socket each (SO_REUSEPORT) the system would reset the connections that wait in the queue of a worker that stops.

An event loop by itself takes all that wait at once. Of 16 connections that came together one of two workers took all,
and kept them, as clients and proxies keep theirs. So a worker takes one at a time, and only while no other has fewer;
where another has, it waits a moment for it. The numbers are in memory that all workers see.
"""

import asyncio
import errno
import mmap
import socket
import struct
import tempfile
from collections.abc import Callable
from typing import IO, Final

import structlog

from api.http.listen import BACKLOG

NUMBER: Final = struct.Struct("=I")
"""How a number of connections is kept; aligned, and small enough that none is read half written."""

ABSENT: Final = 0xFFFFFFFF
"""The number of a place in which nobody takes connections."""

COURTESY_SECONDS: Final = 0.003
"""How long to wait for a worker that has fewer connections; it may be busy with something longer."""

EXHAUSTED_SECONDS: Final = 1.0
"""How long to wait where the process, or the system, can have no more files."""

EXHAUSTED: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
"""What the system says then."""

log = structlog.get_logger()


class Loads:
    """How many connections each worker has, in memory that all of them share."""

    def __init__(self, file: int, places: int) -> None:
        """Open it.

        Args:
            file: Descriptor of a file that `make` made.
            places: For how many workers it was made.
        """
        self._memory = mmap.mmap(file, places * NUMBER.size)

    @classmethod
    def make(cls, places: int) -> tuple[IO[bytes], "Loads"]:
        """Return the file, to be closed when all is over, and what is in it: nobody in any place."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        file.write(NUMBER.pack(ABSENT) * places)
        file.flush()
        return file, cls(file.fileno(), places)

    def say(self, place: int, connections: int) -> None:
        """Write down how many connections the worker of a place has."""
        NUMBER.pack_into(self._memory, place * NUMBER.size, connections)

    def leave(self, place: int) -> None:
        """Write down that nobody is in a place."""
        self.say(place, ABSENT)

    def least(self) -> int:
        """Return the smallest number of connections of any worker."""
        return int(min(NUMBER.iter_unpack(self._memory[:]))[0])


class Turn:
    """Whether it is this worker's turn to take a connection."""

    def __init__(self, loads: Loads, place: int, count: Callable[[], int]) -> None:
        """Take a place among the workers.

        Args:
            loads: Of all workers.
            place: Of this one.
            count: Tells how many connections it has.
        """
        self._loads = loads
        self._place = place
        self._count = count

    def is_ours(self, opening: int) -> bool:
        """Say how many connections we have, with those that are being opened; return whether no other has fewer."""
        mine = self._count() + opening
        self._loads.say(self._place, mine)
        return mine <= self._loads.least()

    def leave(self) -> None:
        """Take no more connections."""
        self._loads.leave(self._place)


class Acceptor:
    """Accepts from a socket, one connection at a time. To uvicorn it is what `loop.create_server` returns."""

    def __init__(self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol], turn: Turn | None) -> None:
        """Begin to accept, in the running event loop.

        Args:
            listener: Listens already; stays open.
            protocol: Makes what reads a connection.
            turn: Where other workers accept from the socket, too.
        """
        self._listener = listener
        self._protocol = protocol
        self._turn = turn
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._is_open = True
        listener.setblocking(False)
        self._begin()

    def close(self) -> None:
        """Take no more connections."""
        if not self._is_open:
            return
        self._is_open = False
        if self._turn is not None:
            self._turn.leave()
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener)

    async def wait_closed(self) -> None:
        """Wait until each connection that was taken is a protocol's."""
        if self._opening:
            await asyncio.wait(self._opening)

    async def finish(self, *, is_replaced: bool) -> None:
        """Take all that wait by now, unless another worker will, and then no more."""
        if self._is_open and not is_replaced:
            for _ in range(BACKLOG):
                if not self._take():
                    break
        self.close()
        await self.wait_closed()

    def _begin(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener, self._look)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(seconds, then)

    def _look(self) -> None:
        """Take a connection, or let another worker do so first."""
        if self._turn is None or self._turn.is_ours(len(self._opening)):
            self._take()
        else:
            self._wait(COURTESY_SECONDS, self._insist)

    def _insist(self) -> None:
        """Take a connection that nobody else has taken."""
        self._begin()
        self._take()

    def _take(self) -> bool:
        """Take a connection; return whether one was there."""
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):  # another worker was faster, or the client left
            return False
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            log.error("no connection can be taken", reason=error.strerror)
            self._wait(EXHAUSTED_SECONDS, self._begin)
            return False
        connection.setblocking(False)
        task = self._loop.create_task(self._open(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        return True

    async def _open(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:  # the client left meanwhile
            connection.close()
