"""A PostgreSQL that hangs."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Freeze PostgreSQL as a hung disk would: it holds its connections and answers nothing."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children()]
    try:
        for process in processes:
            os.kill(process.pid, signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
