"""A server of one process, which after SIGHUP takes its own place: with the program and the settings as they are then.

    SIGTERM, SIGINT   stop, as `api.serving.server` says
    SIGHUP            restart, or stop where it says that the terminal is gone

A restart is the same process with a program loaded anew (`execve`), on the listener that it has: connections that come
meanwhile wait in the listener's queue, and none is refused. Before, a process of its own tries whether program and
settings load; where they do not, the server goes on as it is. Several workers do that without the pause, see
`api.serving.supervisor`.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from api.garbage import loading
from api.http.listen import hand_on
from api.serving.server import SETTLE_SECONDS, Server
from api.serving.terminal import Terminal
from api.settings import Settings
from api.startup import refusing
from api.telemetry import logger
from schema.errors import StartError

TRIAL: Final = (sys.executable, "-m", __name__)
"""Tries whether program and settings load: exit code 0 where they do, else a message on standard error."""

NOWHERE: Final = "postgresql:///none"
"""In place of an embedded database: a trial connects to nothing."""

AGAIN: Final = (sys.executable, "-m", "api")
"""Begins anew; the arguments of the command line follow."""


def run(
    app: Callable[..., Any],
    listener: socket.socket,
    settings: Settings,
    on_started: Callable[[], None],
    on_leaving: Callable[[], None],
    given: Mapping[str, Any] | None = None,
) -> bool:
    """Serve until SIGINT or SIGTERM, or until the process is to begin anew.

    Args:
        app: What answers, an ASGI application.
        listener: From `bind`.
        settings: Limits.
        on_started: Called once requests are answered.
        on_leaving: Called when balancers should send elsewhere.
        given: Settings of the command line, by field.

    Returns:
        True where the process is to begin anew, by `begin_anew`, once all else is closed.

    Raises:
        StartError: The application did not start.
    """
    server = Single(app, listener, settings, on_started, on_leaving, given or {})
    try:
        server.run()
    except SystemExit as error:
        raise StartError("The server did not start; the log above says why.") from error
    return server.is_renewed


def begin_anew(listener: socket.socket) -> None:
    """Load the program into this process again, with the arguments that it had; it gets a listener that is open."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # one that comes before the program hears it must not end it
    os.execve(sys.executable, [*AGAIN, *sys.argv[1:]], {**os.environ, **hand_on(listener)})  # noqa: S606 - ourselves


class Single(Server):
    """The server of a process that has no supervisor."""

    is_renewed = False
    """Whether it has stopped to begin anew."""

    move_seconds = SETTLE_SECONDS  # who comes meanwhile waits

    def __init__(
        self,
        app: Callable[..., Any],
        listener: socket.socket,
        settings: Settings,
        on_started: Callable[[], None],
        on_leaving: Callable[[], None],
        given: Mapping[str, Any],
    ) -> None:
        """Prepare; nothing is started yet. Takes what `run` takes."""
        super().__init__(app, listener, settings, on_started, on_leaving)
        self._given = given
        self._terminal = Terminal()
        self._trying: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and hear SIGHUP from then on."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.restart)
        await super().startup(sockets)

    def restart(self) -> None:
        """Begin to restart, unless that is being done; stop where nobody is left to see it."""
        if self._terminal.is_gone:
            self.leave(is_replaced=False)
        elif self._trying is None or self._trying.done():
            self._trying = asyncio.get_running_loop().create_task(self._restart())

    async def _restart(self) -> None:
        """Stop to begin anew, where what there is now would start."""
        log = logger()
        log.info("restarting")
        trial = await asyncio.create_subprocess_exec(*TRIAL, json.dumps(self._given), stdin=asyncio.subprocess.DEVNULL)
        if await trial.wait() != 0:
            log.error("the restart is given up: program or settings do not load; the server goes on")
        elif not self.should_exit:
            self.is_renewed = True
            self.leave(is_replaced=True)


def main(given: str) -> None:
    """Try whether program and settings load."""
    with refusing():
        settings = Settings(**json.loads(given))
        with loading():
            from api.app import create_app  # after a setting that is wrong

            create_app(settings, settings.database_url or NOWHERE)


if __name__ == "__main__":
    main(sys.argv[1])
