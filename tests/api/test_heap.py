"""Memory that an answer took is there for the next one."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
from api.heap import keep_heap
if sys.argv[1] == "kept":
    assert keep_heap()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    before = faults()
    for _ in range(20):
        pieces = [b"x" * 600_000 for _ in range(5)]
        del pieces
print(faults() - before)
"""


def faults(how: str) -> int:
    """Return how often a process asks the system for a page, to make 20 answers of five pieces each."""
    command = [sys.executable, "-c", FAULTS, how]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is another than glibc, and has no mallopt")
def test_pages_are_not_asked_for_again() -> None:
    """By default each answer costs hundreds of pages; once memory is kept, hardly one."""
    assert faults("kept") < 100 < 1_000 < faults("given back")
