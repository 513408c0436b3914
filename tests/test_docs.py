"""Examples in the docs do what they say.

- A `graphql` block is sent to a server with the demo content; the `json` block after it is the whole answer. A block
  `json variables` between them has the variables.
- Blocks `graphql write` of a page are sent one after the other to a server of their own, by a caller who may write; a
  block `python write` is run beside that server, and a `text` block after it is what it prints.
- A block `bash run` is run by a shell beside such a server; a `json` or `text` block after it is what it prints.
- A block `python run` is run in the namespace of its page; a `text` block after it is what it prints.
- Links to files of the project lead somewhere, and `docs/settings.md` has every setting.
"""

import asyncio
import contextlib
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from markdown_it import MarkdownIt

from api.settings import PROJECT
from docs.make_settings import PAGE, page
from schema.content.demo import load_demo
from tests.api.served import PLAIN, serving
from tests.conftest import clone, drop

pytestmark = pytest.mark.xdist_group("docs")

PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", PROJECT / "DECISIONS.md", *sorted(PROJECT.glob("docs/*.md"))]

PRINTED_ADDRESS = "http://127.0.0.1:8000"
"""Where the docs say that the server is."""


@dataclass(frozen=True)
class Example:
    """A block of a page, and the blocks that belong to it."""

    page: Path
    line: int
    language: str
    text: str
    variables: str | None
    expected: str | None

    def __str__(self) -> str:
        """Return where it is."""
        return f"{self.page.name}:{self.line}"


def examples() -> Iterator[Example]:
    """Yield the examples of all pages that are to be run."""
    for path in PAGES:
        tokens = MarkdownIt().parse(path.read_text())
        fences = [
            (token.info.strip(), token.content, token.map[0] + 1)
            for token in tokens
            if token.type == "fence" and token.map
        ]
        for index, (info, text, line) in enumerate(fences):
            if info not in {"graphql", "graphql write", "bash run", "python run", "python write"}:
                continue
            rest = fences[index + 1 : index + 3]
            variables = rest.pop(0)[1] if rest and rest[0][0] == "json variables" else None
            expected = rest[0][1] if rest and rest[0][0] in {"json", "text"} else None
            yield Example(path, line, info.removesuffix(" run"), text, variables, expected)


def of(language: str) -> list[Example]:
    """Return the examples in a language."""
    return [example for example in examples() if example.language == language]


@pytest.fixture(scope="module")
async def demo(server_url: Callable[[str], str], template: str) -> AsyncIterator[str]:
    """Name of a database with the content that `achene serve` loads on its first start."""
    name = await clone(server_url, template)
    await load_demo(server_url(name))
    yield name
    await drop(server_url, name)


@pytest.fixture(scope="module")
async def address(server_url: Callable[[str], str], demo: str) -> AsyncIterator[str]:
    """Address of a server with that content: `achene serve` as it is."""
    name = await clone(server_url, demo)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": server_url(name),
        "ACHENE_ENVIRONMENT": "development",
        "ACHENE_PORT": str(port),
    }
    server = subprocess.Popen(  # noqa: ASYNC220, S603 - what is tested
        [Path(sys.executable).with_name("achene"), "serve"], env=environment, stdin=subprocess.DEVNULL
    )
    try:
        base = f"http://127.0.0.1:{port}"
        await until_ready(base, server)
        yield base
    finally:
        server.terminate()
        await asyncio.to_thread(server.wait, timeout=30)
        await drop(server_url, name)


async def until_ready(base: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers that it is ready; for 30 seconds at most."""
    async with httpx.AsyncClient(base_url=base, verify=PLAIN) as client:
        for _ in range(300):
            assert server.poll() is None, "the server ended"
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/health/ready")).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(0.1)
    raise AssertionError("the server was not ready in time")


@pytest.mark.parametrize("example", of("graphql"), ids=str)
async def test_query(example: Example, address: str) -> None:
    """The query has the answer that stands beneath it."""
    await check(example, address)


@pytest.mark.parametrize("path", sorted({each.page for each in of("graphql write")}), ids=lambda path: path.name)
async def test_writing(path: Path, server_url: Callable[[str], str], demo: str) -> None:
    """Each mutation of a page has the answer that stands beneath it, after those above it."""
    name = await clone(server_url, demo)
    async with serving(server_url(name), anonymous_scopes=("read", "write", "*")) as web:
        for example in examples():
            if example.page == path and example.language == "graphql write":
                await check(example, web.base)
            elif example.page == path and example.language == "python write":
                example = replace(example, text=example.text.replace(PRINTED_ADDRESS, web.base))
                await asyncio.to_thread(run_python, example, {"__name__": "docs"})
    await drop(server_url, name)


async def check(example: Example, address: str) -> None:
    """Send an example, and compare the answer with what stands beneath it."""
    assert example.expected is not None, "no answer stands beneath it"
    body = {"query": example.text, "variables": json.loads(example.variables or "null")}
    async with httpx.AsyncClient(verify=PLAIN) as client:
        answer = await client.post(f"{address}/graphql", json=body)
    assert answer.json() == json.loads(example.expected), example


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("example", of("bash"), ids=str)
async def test_command(example: Example, address: str) -> None:
    """The command succeeds and prints what stands beneath it."""
    command = example.text.replace(PRINTED_ADDRESS, address)
    ran = await asyncio.to_thread(
        subprocess.run, ["bash", "-euc", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    if example.expected:
        assert json.loads(ran.stdout) == json.loads(example.expected)


@pytest.mark.parametrize("path", sorted({example.page for example in of("python")}), ids=lambda path: path.name)
def test_python(path: Path) -> None:
    """The page's Python runs, from the first block to the last, and prints what stands beneath each."""
    namespace: dict[str, object] = {"__name__": "docs"}
    for example in of("python"):
        if example.page == path:
            run_python(example, namespace)


def run_python(example: Example, namespace: dict[str, object]) -> None:
    """Run a block, and compare what it prints with what stands beneath it."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * example.line + example.text, str(example.page), "exec"), namespace)  # noqa: S102 - our own pages
    assert printed.getvalue() == (example.expected or "")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every link to a file of the project names a file that is there."""
    targets = re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    local = [target.partition("#")[0] for target in targets if not target.startswith(("http://", "https://", "#"))]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_settings_page_is_complete() -> None:
    """The table has every setting of `api/settings.py` as it is: run `python docs/make_settings.py`."""
    assert PAGE.read_text() == page()
