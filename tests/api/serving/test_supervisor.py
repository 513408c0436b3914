"""The supervisor over workers that start fast and do what they are told, each a process of its own."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.serving import supervisor as module
from api.serving.process import Hatchery, WorkerProcess
from api.serving.supervisor import Supervisor
from api.serving.worker import Task
from api.settings import Settings
from api.telemetry.metrics import FOLDER
from schema.errors import StartError

STUB = Path(__file__).with_name("stub.py")


@dataclass
class Crew:
    """A supervisor at work, and where its workers look."""

    supervisor: Supervisor
    folder: Path
    task: "asyncio.Task[None]"

    @property
    def pids(self) -> list[int]:
        """The workers that there should be."""
        return [worker.pid for worker in self.supervisor._workers]

    @property
    def started(self) -> int:
        """How many workers were ever started."""
        return len((self.folder / "started").read_text().splitlines())

    def tell(self, mode: str) -> None:
        """Say what workers that are started from now on do."""
        (self.folder / "mode").write_text(mode)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is true."""
        async with asyncio.timeout(20):
            while not is_so():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs, and is not merely waiting to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@asynccontextmanager
async def crew(folder: Path, mode: str = "serve", silence_seconds: float = 60) -> AsyncIterator[Crew]:
    """Run a supervisor of two workers until the block ends, which all of them must survive."""
    (folder / "mode").write_text(mode)
    (folder / "started").touch()
    settings = Settings(_env_file=None, workers=2, shutdown_timeout_seconds=1)
    hatchery = Hatchery((sys.executable, "-S", str(STUB)), {**os.environ, FOLDER: str(folder)}, silence_seconds)
    serving = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        supervisor = Supervisor(listener, settings, hatchery, {"folder": str(folder)}, None, serving.set)
        task = asyncio.create_task(supervisor.run())
        found = Crew(supervisor, folder, task)
        try:
            if mode == "serve":
                await found.until(serving.is_set)
            yield found
        finally:
            supervisor.stop()
            with suppress(StartError):
                await asyncio.wait_for(task, 20)
            assert not [worker.pid for worker in supervisor._alive if is_alive(worker.pid)]


async def test_all_workers_serve_and_stop(tmp_path: Path) -> None:
    """It says that it serves when both do, and none is left when it is told to stop."""
    async with crew(tmp_path) as found:
        pids = found.pids
        assert [is_alive(pid) for pid in pids] == [True, True]
    assert [is_alive(pid) for pid in pids] == [False, False]


async def test_dead_worker_is_replaced(tmp_path: Path) -> None:
    """A worker that is killed is replaced at once, and the other goes on."""
    async with crew(tmp_path) as found:
        dead, other = found.pids
        os.kill(dead, signal.SIGKILL)
        await found.until(lambda: found.pids[0] != dead)
        assert found.pids[1] == other
        assert is_alive(found.pids[0])


async def test_silent_worker_is_replaced(tmp_path: Path) -> None:
    """A worker that no longer says that it lives is killed and replaced."""
    async with crew(tmp_path, silence_seconds=1) as found:
        os.kill(found.pids[0], signal.SIGSTOP)
        silent = found.pids[0]
        await found.until(lambda: found.pids[0] != silent)
        assert not is_alive(silent)


async def test_restart_replaces_all_one_by_one(tmp_path: Path) -> None:
    """A new worker serves before the old one is asked to leave, and never are there more than one too many."""
    async with crew(tmp_path) as found:
        before, most = set(found.pids), 0
        found.supervisor.restart()

        def is_done() -> bool:
            nonlocal most
            most = max(most, len(found.supervisor._alive))
            return not before & set(found.pids) and not any(map(is_alive, before))

        await found.until(is_done)
        assert (most, found.started) == (3, 4)
        assert (tmp_path / "heard").read_bytes() == b"leave\n"


async def test_restart_that_fails_keeps_the_old(tmp_path: Path) -> None:
    """Where a new worker does not start, the restart ends there and the old ones go on; the next one works."""
    async with crew(tmp_path) as found:
        before = found.pids
        found.tell("refuse")
        found.supervisor.restart()
        await found.until(lambda: found.started == 3 and len(found.supervisor._alive) == 2)
        assert found.pids == before
        assert all(map(is_alive, before))
        found.tell("serve")
        found.supervisor.restart()
        await found.until(lambda: not set(before) & set(found.pids))


async def test_system_without_processes_to_spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no worker can be started the others go on, and the dead one is replaced as soon as one can."""
    monkeypatch.setattr(module, "PAUSES", (0.0, 0.05))
    monkeypatch.setattr(module, "STEADY_SECONDS", 0.0)
    refusals = 3
    start = WorkerProcess.start

    async def scarce(hatchery: Hatchery, task: Task) -> WorkerProcess:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return await start(hatchery, task)

    async with crew(tmp_path) as found:
        monkeypatch.setattr(WorkerProcess, "start", scarce)
        dead, other = found.pids
        found.supervisor.restart()
        await found.until(lambda: refusals < 3)
        assert found.pids == [dead, other]
        os.kill(dead, signal.SIGKILL)
        await found.until(lambda: found.pids[0] != dead)
        assert (refusals, found.pids[1]) == (-1, other)


async def test_stop_during_a_restart(tmp_path: Path) -> None:
    """A stop is heard while a restart goes on, and leaves no worker."""
    async with crew(tmp_path) as found:
        found.supervisor.restart()
        await found.until(lambda: found.started == 3)
        found.supervisor.stop()
        await asyncio.wait_for(found.task, 20)


async def test_start_that_fails(tmp_path: Path) -> None:
    """Where a worker does not start, there is no server."""
    async with crew(tmp_path, "refuse") as found:
        with pytest.raises(StartError, match="A worker did not start"):
            await asyncio.wait_for(found.task, 20)


async def test_crash_loop_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that end as soon as they serve are started again, with pauses, and in the end given up with a message."""
    monkeypatch.setattr(module, "PAUSES", (0.0, 0.01))
    async with crew(tmp_path) as found:
        found.tell("crash")
        for pid in found.pids:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(StartError, match="Workers end as soon as they start, 5 times in a row"):
            await asyncio.wait_for(found.task, 20)


async def test_crash_loop_beside_a_steady_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another worker lives on, one that keeps ending is started again without end."""
    monkeypatch.setattr(module, "PAUSES", (0.0, 0.01))
    monkeypatch.setattr(module, "STEADY_SECONDS", 0.5)
    async with crew(tmp_path) as found:
        await asyncio.sleep(0.6)
        found.tell("crash")
        os.kill(found.pids[0], signal.SIGKILL)
        await found.until(lambda: found.started > 2 + module.MOST_FAILURES + 1)
        assert not found.task.done()


async def test_workers_do_not_outlive_it(tmp_path: Path) -> None:
    """A worker whose supervisor is gone hears the end of their connection, and ends."""
    async with crew(tmp_path) as found:
        worker = found.supervisor._workers[0]
        worker._channel.shutdown(socket.SHUT_WR)
        await asyncio.wait_for(worker.ended(), 20)
        assert (tmp_path / "heard").read_bytes() == b""
