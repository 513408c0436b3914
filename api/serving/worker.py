"""One of several processes that serve: `python -m api.serving.worker DESCRIPTOR`, started by `api.serving.supervisor`.

Each worker loads the program and the settings anew, so that a restart brings in new code. Over a socket pair the
supervisor sends one line, a `Task`; later perhaps `leave`, to a worker whose successor serves already. The worker says
`ready` when it serves, and `alive` again and again, from the event loop that serves, so that one that hangs is noticed.
When the supervisor is gone, the worker stops as after SIGTERM.
"""

import asyncio
import json
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from fastapi import FastAPI

from api.garbage import loading
from api.serving.acceptor import Loads
from api.serving.server import Server
from api.settings import Settings
from api.startup import refusing

READY: Final = b"ready\n"
ALIVE: Final = b"alive\n"
LEAVE: Final = b"leave\n"

HEARTBEAT_SECONDS: Final = 0.5
"""How often a worker says that it is alive."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is told. It has no secrets: what the environment says, each worker reads itself."""

    listener: int
    """Descriptor of the listening socket."""
    loads: int
    """Descriptor of the memory that tells how many connections each worker has."""
    places: int
    """How many places that memory has."""
    place: int
    """Which of them is this worker's."""
    url: str | None
    """Address of an embedded database; None where the environment names one."""
    given: dict[str, Any]
    """Settings that the command line gave, by field."""

    def line(self) -> bytes:
        """Return it as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """Return what a line says."""
        return cls(**json.loads(line))


def main(descriptor: int) -> None:
    """Serve until told to stop.

    Args:
        descriptor: Our end of the socket pair.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises a signal again when it has done what it says
    channel = socket.socket(fileno=descriptor)
    with channel.makefile("rb", buffering=0) as lines:
        line = lines.readline()
    if not line:  # the supervisor is gone already
        return
    task = Task.read(line)
    with refusing():
        settings = Settings(**task.given)
        with loading():
            from api.app import create_app  # the graph takes a moment to load; a setting that is wrong comes first

            app = create_app(settings, settings.database_url or task.url or "")
        Worker(app, settings, channel, task).run()


class Worker(Server):
    """A server that talks with its supervisor."""

    def __init__(self, app: FastAPI, settings: Settings, channel: socket.socket, task: Task) -> None:
        """Prepare; nothing is started yet.

        Args:
            app: What answers.
            settings: Limits.
            channel: Our end of the socket pair.
            task: What we were told.
        """
        listener = socket.socket(fileno=task.listener)
        place = Loads(task.loads, task.places), task.place
        super().__init__(app, listener, settings, self._begin, app.state.parts.health.leave, place)
        self._channel = channel

    def _begin(self) -> None:
        self._talking = asyncio.get_running_loop().create_task(self._talk())

    async def _talk(self) -> None:
        """Say that we serve, and go on saying so; listen meanwhile."""
        reader, writer = await asyncio.open_connection(sock=self._channel)
        writer.write(READY)
        listening = asyncio.create_task(self._listen(reader))
        while not writer.is_closing():
            await asyncio.sleep(HEARTBEAT_SECONDS)
            writer.write(ALIVE)
        await listening

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        heard = b""
        with suppress(OSError):
            heard = await reader.readline()
        self.leave(is_replaced=heard == LEAVE)


if __name__ == "__main__":
    main(int(sys.argv[1]))
