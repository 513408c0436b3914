"""Tells the two meanings of SIGHUP apart: somebody asks for a restart, or the terminal that we run in is gone."""

import os
import sys


class Terminal:
    """The terminal that a process was started in, where it was."""

    def __init__(self) -> None:
        """Look whether there is one."""
        self._was_there = _is_there()

    @property
    def is_gone(self) -> bool:
        """Whether there was one, and it was closed."""
        return self._was_there and not _is_there()


def _is_there() -> bool:
    """Return whether standard input is a terminal; of one that was closed the system says no more."""
    return sys.__stdin__ is not None and os.isatty(sys.__stdin__.fileno())
