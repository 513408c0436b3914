"""One embedded PostgreSQL for all the processes that use its folder at once: a server, a command, a test.

A user is whoever holds a shared lock on a file. The kernel gives the lock back however a process ends, so
nothing goes stale, and the last user to leave knows that it is the last.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from typing import IO, Final

from api.embedded.postgres import LOCK_FILES, Cluster, Postmaster, prepare, wait
from schema.errors import StartError

LOCK_SECONDS: Final = 120.0
"""How long to wait while another process makes, starts or stops the same server."""


@contextmanager
def running(folder: Path, binaries: Path) -> Iterator[tuple[Cluster, Postmaster]]:
    """Use the server of a folder; it is made and started as needed, and stops with its last user.

    Args:
        folder: Where everything is kept; made where missing.
        binaries: PostgreSQL's programs.

    Raises:
        StartError: The folder cannot be used, or the server did not start.
    """
    cluster = prepare(folder, binaries)
    start_lock, users_lock = (cluster.folder / name for name in LOCK_FILES)
    with users_lock.open("ab") as users:
        try:
            with _locked(start_lock):
                flock(users, LOCK_SH)
                found = cluster.start()
            yield cluster, found
        finally:
            with uninterrupted(), _locked(start_lock):
                if _is_last(users):
                    cluster.stop()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let no Ctrl-C and no SIGTERM cut off what tidies up; what it does has limits of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that one process at a time can have."""
    with path.open("ab") as file:
        if not wait(lambda: _try_lock(file), LOCK_SECONDS):
            raise StartError(f"Another process has held {path} for {LOCK_SECONDS:.0f} s. End it and try again.")
        yield


def _try_lock(file: IO[bytes]) -> bool:
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_last(users: IO[bytes]) -> bool:
    """Give up our share, and tell whether nobody else has one. The caller holds the start lock."""
    return _try_lock(users)
