"""What processes cost: CPU seconds of a process and all that it started, from /proc, also of those that ended.

Steadier than requests a second on a machine that is shared with others. Linux only.
"""

import os
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
"""Clock ticks a second, in which /proc counts."""


def cpu_seconds(root: int) -> float:
    """Return the CPU seconds of a process, its ended children and its living descendants, user and system.

    A child that ends is counted by its parent from then on, so the sum never falls.

    Raises:
        ProcessLookupError: There is no such process.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):  # it ended just now
            continue
        fields = stat.rpartition(")")[2].split()
        parents[int(entry.name)] = int(fields[1])
        ticks[int(entry.name)] = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
    if root not in ticks:
        raise ProcessLookupError(f"process {root} has ended")
    return sum(ticks[pid] for pid in ticks if _is_below(pid, root, parents)) / TICKS


def _is_below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid == root:
            return True
        pid = parents[pid]
    return False
