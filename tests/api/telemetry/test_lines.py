"""The line of each request: the same bytes as structlog's, handed on several at a time, and none lost."""

import asyncio
import io
import subprocess
import sys
from typing import Any

import orjson
import pytest

from api.telemetry import RequestLines, Trail, configure_logging, flush_lines, logger, write_line
from api.telemetry.lines import MOST_HELD

TRAIL = {"key": "ach_x", "operation": "Q", "hash": "0123", "way": "engine", "statements": 1, "codes": ["A", "B"]}


class Counted(io.StringIO):
    """A stream that counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        """Count."""
        self.writes += 1
        return super().write(text)


@pytest.fixture
def stream() -> Counted:
    """What is logged to, as JSON."""
    found = Counted()
    configure_logging("json", found)
    return found


def write(path: str = "/graphql", status: int = 200, **known: Any) -> None:
    """Write the line of a request."""
    RequestLines().write("POST", path, Trail("id-1", **known), status, 0.0123)


@pytest.mark.parametrize("known", [{}, TRAIL])
@pytest.mark.parametrize("path", ["/graphql", "/a\nb", "/\x7f", "/Grüße", "/\u202e", "/\ud800", '/"', "/\\n"])
@pytest.mark.parametrize("status", [200, 500])
async def test_lines_are_those_of_structlog(stream: Counted, path: str, status: int, known: dict[str, Any]) -> None:
    """A line is, byte for byte but for the time, what structlog would write, whatever the client sent."""
    write(path, status, **known)
    flush_lines()
    first = orjson.loads(stream.getvalue())
    facts = {name: value for name, value in first.items() if name not in ("event", "level", "timestamp")}
    facts["path"] = path
    getattr(logger(), first["level"])("request", **facts)
    direct, through = stream.getvalue().splitlines()
    assert direct.partition('"timestamp"')[0] == through.partition('"timestamp"')[0]
    assert len(direct) == len(through)


@pytest.mark.parametrize("name", ["plain", "a\nb", "Gr\u00fc\u00dfe", '"'])
async def test_other_lines_are_those_of_structlog(stream: Counted, name: str) -> None:
    """A line of what happens often waits for those of requests, and is the same."""
    write_line("write", {"name": name, "ids": ["1"], "rows": 2})
    assert stream.writes == 0
    logger().info("write", name=name, ids=["1"], rows=2)
    direct, through = stream.getvalue().splitlines()
    assert direct.partition('"timestamp"')[0] == through.partition('"timestamp"')[0]


async def test_lines_go_out_together(stream: Counted) -> None:
    """Lines of requests that end at nearly the same time are one write, which comes by itself."""
    for _ in range(10):
        write()
    assert stream.writes == 0
    async with asyncio.timeout(5):
        while not stream.writes:  # noqa: ASYNC110 - a stream tells nobody of its lines
            await asyncio.sleep(0.001)
    assert (stream.writes, len(stream.getvalue().splitlines())) == (1, 10)


async def test_few_lines_wait(stream: Counted) -> None:
    """Lines are written at once where there are many."""
    for _ in range(MOST_HELD):
        write()
    assert (stream.writes, len(stream.getvalue().splitlines())) == (1, MOST_HELD)


async def test_other_lines_keep_their_place(stream: Counted) -> None:
    """What failed, and what is no request, is written at once, behind the lines that wait."""
    write("/1")
    write("/2", 500)
    assert stream.writes == 1
    write("/3")
    logger().warning("something else")
    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert [line.get("path", line["event"]) for line in lines] == ["/1", "/2", "/3", "something else"]


async def test_full_disk_harms_nobody(stream: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that takes nothing loses lines; the next ones are tried again."""

    def refuse(text: str) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(stream, "write", refuse)
        write("/lost", 500)
    write("/kept", 500)
    assert [orjson.loads(line)["path"] for line in stream.getvalue().splitlines()] == ["/kept"]


def test_nothing_is_lost_at_exit() -> None:
    """A process that ends writes the lines that wait."""
    script = (
        "import asyncio\n"
        "from api.telemetry import RequestLines, Trail, configure_logging\n"
        "configure_logging('json')\n"
        "async def main():\n"
        "    RequestLines().write('GET', '/last', Trail('id'), 200, 0.1)\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - what is tested
    assert orjson.loads(ended.stderr)["path"] == "/last"
