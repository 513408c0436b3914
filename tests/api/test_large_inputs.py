"""Inputs as large as they may be keep nobody waiting: they are read beside the loop, and written part by part."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest

from api.data.writes import WriteTransaction
from schema.beside import MANY
from schema.opaque import encode
from schema.rights import touched
from schema.transactions import MutationExecution
from schema.variables import VariableReader
from schema.writing.read import InputReader
from schema.writing.rows import TOGETHER
from tests.api.served import Served, serving
from tests.conftest import clone, drop

ME = {"connect": {"id": encode("User:1")}}


@pytest.fixture(scope="module")
async def web(server_url: Callable[[str], str], template: str) -> AsyncIterator[Served]:
    """A server whose callers may do anything but see private addresses."""
    name = await clone(server_url, template)
    async with serving(server_url(name), anonymous_scopes=("read", "write", "users:all", "posts:all")) as served:
        assert "Payload" in (await ask(served, "createUser", {"name": "Ann", "email": "ann@example.org"}))["__typename"]
        yield served
    await drop(server_url, name)


async def ask(web: Served, mutation: str, input_: Any, **headers: str) -> Any:
    """Run a mutation by HTTP and return what it gave."""
    kind = mutation[0].upper() + mutation[1:]
    text = f"""mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{
        __typename ... on UserError {{ code path }} }} }}"""
    body = orjson.dumps({"query": text, "variables": {"input": input_}})
    answer = await web.client.post("/graphql", content=body, headers={"Content-Type": "application/json", **headers})
    found = answer.json()
    return found["errors"] if "errors" in found else found["data"][mutation]


def rows(count: int, mark: str = "") -> list[dict[str, Any]]:
    """Return inputs of tags."""
    return [{"name": f"{mark}{key}", "slug": f"{mark}{key}"} for key in range(count)]


class Watch:
    """Sees where work is done, and that the loop turns meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop, self.thread = asyncio.get_running_loop(), threading.current_thread()
        self.beside: list[str] = []
        self.within: list[str] = []
        self.most = 0
        for owner, name in (
            (VariableReader, "read"),
            (InputReader, "new_row"),
            (InputReader, "new_rows"),
            (InputReader, "change"),
        ):
            monkeypatch.setattr(owner, name, self._watched(getattr(owner, name), f"{owner.__name__}.{name}"))
        monkeypatch.setattr(
            MutationExecution, "build", staticmethod(self._watched(MutationExecution.build, "MutationExecution.build"))
        )
        original = WriteTransaction.run

        async def run(transaction: Any, statement: Any, parameters: Any = None) -> Any:
            self.most = max(self.most, len(parameters or ()))
            return await original(transaction, statement, parameters)

        monkeypatch.setattr(WriteTransaction, "run", run)

    def _watched(self, work: Callable[..., Any], name: str) -> Callable[..., Any]:
        depth = 0

        def watched(*given: Any, **more: Any) -> Any:
            nonlocal depth
            if threading.current_thread() is self.thread:
                self.within.append(name)
            elif depth == 0:
                self.beside.append(name)
                # the loop is asked for a turn in the midst of the work, and takes it: it would never, were it kept
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self.loop).result(30)
            depth += 1
            try:
                return work(*given, **more)
            finally:
                depth -= 1

        return watched


READ = ["VariableReader.read", "MutationExecution.build"]


@pytest.mark.parametrize(
    ("mutation", "input_", "reading"),
    [
        ("createTags", {"tags": rows(1_800, "a")}, ["InputReader.new_rows", "InputReader.new_row"]),
        ("upsertTags", {"by": "SLUG", "tags": rows(1_800, "u")}, ["InputReader.new_rows", "InputReader.new_row"]),
        (
            "createPost",
            {"title": "t", "slug": "t", "body": "b", "author": ME, "tags": {"create": rows(1_800, "b")}},
            ["InputReader.new_row"],
        ),
    ],
)
async def test_large(
    web: Served, monkeypatch: pytest.MonkeyPatch, mutation: str, input_: Any, reading: list[str]
) -> None:
    """All that is done for each value is done beside the loop, which turns meanwhile; rows are written in parts."""
    watch = Watch(monkeypatch)
    assert "Payload" in (await ask(web, mutation, input_))["__typename"]
    assert watch.within == []
    assert list(dict.fromkeys(watch.beside)) == READ + reading
    assert watch.most == TOGETHER


async def test_small(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread is more work than a small input is."""
    watch = Watch(monkeypatch)
    assert "Payload" in (await ask(web, "createTags", {"tags": rows(20, "c")}))["__typename"]
    assert watch.beside == []


async def test_what_is_refused_by_name(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The places that a large input touches are looked for beside the loop as well."""
    threads = set[threading.Thread]()
    original = touched._in_value

    def watched(*given: Any) -> Any:
        threads.add(threading.current_thread())
        return original(*given)

    monkeypatch.setattr(touched, "_in_value", watched)
    users = [{"name": "x", "email": f"{key}@example.org"} for key in range(MANY)]
    assert "Payload" in (await ask(web, "createUsers", {"users": users[:1_800]}))["__typename"]
    assert threads
    assert threading.current_thread() not in threads


async def test_what_is_wrong_in_the_midst_of_many(web: Served) -> None:
    """A row far behind is named as ever, and nothing is written; the answer to an Idempotency-Key is the same again."""
    many = rows(1_800, "d")
    many[1_700]["slug"] = many[3]["slug"]
    for _ in range(2):
        found = await ask(web, "createTags", {"tags": many}, **{"Idempotency-Key": "one"})
        assert found == {
            "__typename": "ConflictError",
            "code": "NOT_UNIQUE",
            "path": ["input", "tags", 1_700, "slug"],
        }
    count = (await web.ask('{ tags(filter: {name: {startsWith: "d"}}) { totalCount } }')).json()["data"]
    assert count == {"tags": {"totalCount": 0}}
    assert "Payload" in (await ask(web, "createTags", {"tags": rows(1_800, "d")}))["__typename"]
