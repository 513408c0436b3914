"""Ids of requests are unique, also where a process is copied."""

import os
import re

from api.telemetry import ids, new_id


def test_they_differ() -> None:
    """However many are drawn, none comes twice."""
    found = [new_id() for _ in range(3 * ids.DRAWN)]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch("[0-9a-f]{24}", each) for each in found)


def test_a_copy_draws_its_own() -> None:
    """A process that is forked gives none of those that its parent had drawn."""
    new_id()
    ours, (read, write) = set(ids._drawn), os.pipe()
    if (child := os.fork()) == 0:
        os.write(write, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert ours
    assert os.read(read, 24).decode() not in ours
