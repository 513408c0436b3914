"""A worker as its supervisor sees it: a process, whether it serves, and when it was last heard of."""

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

from api.serving.worker import LEAVE, READY, Task

START_SECONDS: Final = 120.0
"""How long a worker may take until it serves."""


@dataclass(frozen=True, slots=True)
class Hatchery:
    """How workers are made."""

    command: Sequence[str]
    """What is run; the descriptor of its end of the socket pair comes last."""
    environment: Mapping[str, str]
    """Of the process."""
    silence_seconds: float
    """How long one that serves may say nothing before it is killed."""


class WorkerProcess:
    """One worker, from its start to its end."""

    def __init__(self, process: "asyncio.subprocess.Process", channel: socket.socket, silence_seconds: float) -> None:
        """Begin to listen to a process. Use `start`."""
        self.pid = process.pid
        self.hung = False
        """Whether it was killed because it said nothing."""
        self.ready_at: float | None = None
        """When it began to serve, by `time.monotonic`."""
        self._process = process
        self._channel = channel
        self._silence = silence_seconds
        self._ready = asyncio.Event()
        self._hearing = asyncio.create_task(self._hear())

    @classmethod
    async def start(cls, hatchery: Hatchery, task: Task) -> Self:
        """Start a worker and give it its task.

        Raises:
            OSError: The system has no process, file or memory to spare.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *hatchery.command,
                    str(theirs.fileno()),
                    stdin=subprocess.DEVNULL,
                    env=hatchery.environment,
                    pass_fds=(theirs.fileno(), task.listener, task.loads),
                    process_group=0,  # Ctrl-C is for the supervisor, who tells us
                )
            except BaseException:
                ours.close()
                raise
        ours.sendall(task.line())
        return cls(process, ours, hatchery.silence_seconds)

    async def _hear(self) -> None:
        """Listen until the worker has gone, and see to it that it goes when it falls silent."""
        reader, self._writer = await asyncio.open_connection(sock=self._channel)
        try:
            while line := await asyncio.wait_for(reader.readline(), self._silence if self.ready_at else START_SECONDS):
                if line == READY:
                    self.ready_at = time.monotonic()
                    self._ready.set()
        except TimeoutError:
            self.hung = True
            self.send(signal.SIGKILL)
        except OSError:
            pass
        finally:
            self._writer.close()

    @property
    def lived_seconds(self) -> float:
        """How long it has served."""
        return time.monotonic() - self.ready_at if self.ready_at else 0.0

    async def is_ready(self) -> bool:
        """Wait until it serves; return False where it ends before."""
        ready, ended = asyncio.create_task(self._ready.wait()), asyncio.create_task(self.ended())
        try:
            await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
            return self._ready.is_set() and not ended.done()
        finally:
            ready.cancel()
            ended.cancel()

    async def ended(self) -> str:
        """Wait until it has ended, and return how, in words."""
        code = await self._process.wait()
        if self.hung:
            return "it was silent, and was killed"
        return f"it was ended by {signal.Signals(-code).name}" if code < 0 else f"it ended with exit code {code}"

    def ask_to_leave(self) -> None:
        """Tell it that its successor serves."""
        with suppress(OSError):
            self._writer.write(LEAVE)

    def send(self, number: int) -> None:
        """Send it a signal, if it lives."""
        with suppress(ProcessLookupError):
            if self._process.returncode is None:
                os.kill(self.pid, number)
