"""Keeps several workers alive on one listener: starts them, replaces dead ones, restarts them one by one, stops them.

    SIGTERM, SIGINT   stop all; each finishes its requests, as `api.serving.server` says
    SIGHUP            restart: for each worker a new one is started, and when that serves, the old one leaves;
                      or stop, where it says that the terminal is gone

A worker that ends by itself, or hangs, is replaced: at once the first time, then after pauses that grow. Where workers
end soon after they began, again and again, and none lives on, the supervisor gives up with a message.

uvicorn has a supervisor, too (`uvicorn.supervisors.Multiprocess`). This one exists because during a restart that one
hears no SIGTERM, starts a dying worker again without end, asks a thread and not the event loop whether it lives, and
leaves workers behind when it is killed.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import structlog
from prometheus_client.multiprocess import mark_process_dead

from api.serving.acceptor import Loads
from api.serving.process import Hatchery, WorkerProcess
from api.serving.terminal import Terminal
from api.serving.worker import Task
from api.settings import Settings
from api.telemetry import configure_logging
from api.telemetry.metrics import FOLDER
from schema.errors import StartError

COMMAND: Final = (sys.executable, "-m", "api.serving.worker")
"""Starts a worker."""

STEADY_SECONDS: Final = 10.0
"""A worker that has served for so long did not end as soon as it began."""

PAUSES: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a worker is replaced, by how often those in its place ended early before; the last for all more."""

MOST_FAILURES: Final = 5
"""So many early ends in a row, where no other worker lives on, are the end."""

MARGIN_SECONDS: Final = 5.0
"""How much longer than its own limits a worker may take to stop before it is killed."""

log = structlog.get_logger()


def supervise(
    listener: socket.socket,
    settings: Settings,
    given: Mapping[str, Any],
    url: str | None,
    on_started: Callable[[], None],
    command: Sequence[str] = COMMAND,
) -> None:
    """Serve by `settings.workers` processes until SIGINT or SIGTERM.

    Args:
        listener: From `bind`; closed when the end begins.
        settings: How many workers, and limits.
        given: Settings of the command line, by field; the others each worker reads itself.
        url: Address of an embedded database; None where the environment names one.
        on_started: Called once all workers serve.
        command: Starts a worker.

    Raises:
        StartError: Workers do not start, or end as soon as they have started.
    """
    configure_logging(settings.log_format)
    with tempfile.TemporaryDirectory(prefix="achene-metrics-") as folder:
        hatchery = Hatchery(command, {**os.environ, FOLDER: folder}, settings.worker_timeout_seconds)
        asyncio.run(Supervisor(listener, settings, hatchery, given, url, on_started).run())


class Supervisor:
    """The workers of one listener."""

    def __init__(
        self,
        listener: socket.socket,
        settings: Settings,
        hatchery: Hatchery,
        given: Mapping[str, Any],
        url: str | None,
        on_started: Callable[[], None],
    ) -> None:
        """Prepare; nothing is started yet. Takes what `supervise` takes, and how workers are made."""
        self._listener = listener
        self._settings = settings
        self._hatchery = hatchery
        self._on_started = on_started
        self._places = 2 * settings.workers + 2  # while they are replaced, there are more
        self._file, self._loads = Loads.make(self._places)
        self._task = Task(listener.fileno(), self._file.fileno(), self._places, 0, url, dict(given))
        self._workers: list[WorkerProcess] = []
        self._alive: dict[WorkerProcess, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._restart_wanted = asyncio.Event()
        self._terminal = Terminal()
        self._changing = asyncio.Lock()

    async def run(self) -> None:
        """Keep workers until a signal comes.

        Raises:
            StartError: As `supervise` says.
        """
        loop = asyncio.get_running_loop()
        self._outcome: asyncio.Future[None] = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, number)
        loop.add_signal_handler(signal.SIGHUP, self.restart)
        self._do(self._work())
        try:
            await self._outcome
        finally:
            await self._end_all()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.remove_signal_handler(number)
            self._file.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside all else; if it fails, all ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._note)

    def _note(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not self._outcome.done():
            self._outcome.set_exception(error)

    async def _work(self) -> None:
        self._workers = [await self._start() for _ in range(self._settings.workers)]
        if not all(await asyncio.gather(*(worker.is_ready() for worker in self._workers))):
            raise StartError("A worker did not start; the log above says why.")
        self._on_started()
        for index in range(len(self._workers)):
            self._do(self._keep(index))
        self._do(self._restart_when_asked())

    async def _start(self) -> WorkerProcess:
        """Start a worker in a free place."""
        place = min(set(range(self._places)) - set(self._alive.values()))
        worker = await WorkerProcess.start(self._hatchery, replace(self._task, place=place))
        self._alive[worker] = place
        self._do(self._bury(worker))
        return worker

    async def _start_or(self, other: WorkerProcess) -> WorkerProcess:
        """Start a worker; return another where the system has no process or memory to spare."""
        try:
            return await self._start()
        except OSError as error:
            log.error("a worker cannot be started", reason=error.strerror)
            return other

    async def _bury(self, worker: WorkerProcess) -> None:
        """Wait for a worker's end, and tidy up behind it."""
        await worker.ended()
        self._loads.leave(self._alive.pop(worker))
        mark_process_dead(worker.pid, self._hatchery.environment[FOLDER])  # type: ignore[no-untyped-call]  # it has no types

    async def _keep(self, index: int) -> None:
        """Replace a worker whenever it ends by itself."""
        failures = 0
        while True:
            worker = self._workers[index]
            how = await worker.ended()
            if self._workers[index] is not worker:  # it was replaced by a restart
                continue
            failures = 0 if worker.lived_seconds > STEADY_SECONDS else failures + 1
            pause = PAUSES[min(failures, len(PAUSES)) - 1] if failures else 0.0
            log.error("a worker ended", worker=worker.pid, how=how, next_in_seconds=pause)
            if failures >= MOST_FAILURES and not self._is_any_steady():
                raise StartError(f"Workers end as soon as they start, {failures} times in a row; the log says why.")
            await asyncio.sleep(pause)
            async with self._changing:
                if self._workers[index] is worker:
                    self._workers[index] = await self._start_or(worker)

    def _is_any_steady(self) -> bool:
        return any(worker.lived_seconds > STEADY_SECONDS for worker in self._alive)

    async def _restart_when_asked(self) -> None:
        while True:
            await self._restart_wanted.wait()
            self._restart_wanted.clear()
            log.info("restarting", workers=len(self._workers))
            for index in range(len(self._workers)):
                if not await self._replace(index):
                    break
            else:
                log.info("restarted", workers=[worker.pid for worker in self._workers])

    async def _replace(self, index: int) -> bool:
        """Start a worker, and let the one before it leave; return False where the new one does not serve."""
        before = self._workers[index]
        new = await self._start_or(before)
        if new is before or not await new.is_ready():
            log.error("the restart is given up: a new worker did not start; the others go on", worker=new.pid)
            return False
        async with self._changing:
            old, self._workers[index] = self._workers[index], new
        old.ask_to_leave()
        with suppress(TimeoutError):
            await asyncio.wait_for(old.ended(), self._longest_stop_seconds)
        old.send(signal.SIGKILL)
        return True

    @property
    def _longest_stop_seconds(self) -> float:
        return self._settings.drain_seconds + self._settings.shutdown_timeout_seconds + MARGIN_SECONDS

    def restart(self) -> None:
        """Begin to replace the workers, one by one; where that is being done, once more afterwards.

        Where nobody is left to see it, stop.
        """
        if self._terminal.is_gone:
            self.stop()
        else:
            self._restart_wanted.set()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Begin to stop, as workers do after a signal; a second signal is passed on as well."""
        self._listener.close()
        for worker in self._alive:
            worker.send(number if worker.ready_at else signal.SIGTERM)
        if not self._outcome.done():
            self._outcome.set_result(None)

    async def _end_all(self) -> None:
        """Wait for the workers to stop; kill those that do not."""
        ended = [worker.ended() for worker in self._alive]
        for task in tuple(self._tasks):
            task.cancel()
        self.stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*ended), self._longest_stop_seconds)
        for worker in self._alive:
            worker.send(signal.SIGKILL)
            await worker.ended()
