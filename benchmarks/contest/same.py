"""Before anything is measured: do all contenders give the same leaves? What differs is not compared in speed."""

from collections.abc import Sequence
from typing import Any, Final

import httpx

from benchmarks.contest.contender import Server
from benchmarks.contest.workloads import Workload

COMPARED: Final = 5
"""Values of each workload that are compared."""


class DifferentError(Exception):
    """Two contenders answer differently; the message says where."""


def check(servers: Sequence[Server], workload: Workload) -> str:
    """Compare the answers of all servers to the first values of a workload; return how much was compared.

    Raises:
        DifferentError: An answer is another than the first server's, or empty, or an error.
    """
    count, sizes = 0, {server.name: 0 for server in servers}
    for value in dict.fromkeys(workload.values[:COMPARED]):
        expected: Any = None
        for server in servers:
            answer = _ask(server, workload, value)
            sizes[server.name] += len(answer.content)
            found = server.contender.leaves(answer.json()["data"])
            if expected is None:
                expected = found
                count += _leaves(found)
            elif (difference := _difference(expected, found)) is not None:
                raise DifferentError(f"{workload.name} for {value}: {servers[0].name} / {server.name}: {difference}")
    if count < COMPARED:
        raise DifferentError(f"{workload.name}: {servers[0].name} answers with nothing")
    listed = ", ".join(f"{name} {size / 1000 / COMPARED:.1f}" for name, size in sizes.items())
    return f"{count // COMPARED:,} leaves; kB: {listed}"


def _ask(server: Server, workload: Workload, value: int) -> httpx.Response:
    body = server.contender.body(workload, value)
    answer = httpx.post(server.target(workload), content=body, headers=server.headers, timeout=60)
    if answer.status_code != httpx.codes.OK or '"errors"' in answer.text:
        raise DifferentError(f"{workload.name}: {server.name} answers {answer.status_code}: {answer.text[:2000]}")
    return answer


def _leaves(answer: Any) -> int:
    match answer:
        case dict():
            return sum(map(_leaves, answer.values()))
        case list():
            return sum(map(_leaves, answer))
    return 1


def _difference(one: Any, other: Any, path: str = "") -> str | None:
    """Return where two answers differ first, or None."""
    match one, other:
        case dict(), dict() if set(one) == set(other):
            found = (_difference(value, other[key], f"{path}.{key}") for key, value in one.items())
        case list(), list() if len(one) == len(other):
            pairs = enumerate(zip(one, other, strict=True))
            found = (_difference(*both, f"{path}[{place}]") for place, both in pairs)
        case _:
            return None if one == other and type(one) is type(other) else f"at {path}: {one!r:.200} / {other!r:.200}"
    return next((each for each in found if each is not None), None)
