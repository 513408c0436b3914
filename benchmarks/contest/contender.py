"""What a contender is: a command that starts one process, and how it is asked and understood."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final

import httpx

from benchmarks.contest.data import USERS
from benchmarks.contest.postgres import Postgres
from benchmarks.contest.workloads import Workload

ROOT: Final = Path(__file__).resolve().parents[2]
"""The project's folder, from which modules are loaded."""

POOL: Final = 10
"""Connections to PostgreSQL that each contender may have."""

TIMES: Final = frozenset({"publishedAt", "createdAt"})
"""Leaves that are times."""

WRAPPERS: Final = ({"nodes"}, {"tag"})
"""Objects that only hold what another contender gives without them."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a contender is started with."""

    postgres: Postgres
    """The database."""

    port: int
    """Where to listen, on 127.0.0.1."""

    folder: Path
    """Where it may write; its working folder."""

    node_folder: Path
    """Where the packages of Node are kept from run to run."""


class StartError(Exception):
    """A contender that does not start, or does not answer then; the message says why."""


class Contender:
    """One server of the contest."""

    name: ClassVar[str]
    """What it is called in options and tables."""

    about: ClassVar[str]
    """What it is, in a line."""

    documents: ClassVar[Mapping[str, str]]
    """The GraphQL document of each workload, by its shape."""

    cursors_document: ClassVar[str | None] = None
    """Asks for the cursors and ids of the first users and posts, where pages begin behind cursors and not ids."""

    path: ClassVar[str] = "/graphql"
    """Where it is asked."""

    def __init__(self) -> None:
        """Begin without cursors."""
        self._cursors: dict[str, dict[int, str]] = {}

    def missing(self, node_folder: Path) -> str | None:  # noqa: ARG002 - for those that need Node
        """Get what it needs; return why it cannot be had, or None where it can."""
        return None

    def command(self, place: Place) -> list[str]:
        """Return the command that starts it."""
        raise NotImplementedError

    def environment(self, place: Place) -> dict[str, str]:  # noqa: ARG002 - as all contenders have it
        """Return the variables that it needs besides the address of the database."""
        return {}

    def headers(self, place: Place) -> dict[str, str]:  # noqa: ARG002 - as all contenders have it
        """Return the headers of each request."""
        return {"Content-Type": "application/json"}

    def address(self, workload: Workload) -> str:  # noqa: ARG002 - as all contenders have it
        """Return the path at which a workload is asked."""
        return self.path

    def write_id(self, type_: str, id_: int) -> object:  # noqa: ARG002 - as all contenders have it
        """Return an id as it takes it."""
        return str(id_)

    def read_id(self, id_: object) -> int:
        """Return the number in an id that it gave."""
        return int(str(id_))

    def learn(self, data: Mapping[str, Any]) -> None:
        """Take the cursors out of an answer to `cursors_document`."""
        for name, connection in data.items():
            edges = connection["edges"]
            self._cursors[name] = {self.read_id(edge["node"]["id"]): edge["cursor"] for edge in edges}

    def write_place(self, name: str, id_: int) -> object:
        """Return what names the row that a page begins behind."""
        return self._cursors[name][id_] if self.cursors_document else self.write_id("", id_)

    def variables(self, workload: Workload, value: int) -> dict[str, object]:
        """Return the variables of a request."""
        match workload.shape:
            case "W1":
                return {"id": self.write_id("User", value)}
            case "W4":
                return {"category": self.write_id("Category", value), "first": workload.first}
            case "W6":
                author = self.write_id("User", value % USERS + 1)
                return {"post": self.write_id("Post", value), "author": author, "body": f"Said of {value}."}
            case "W5":
                return {"first": workload.first, "after": self.write_place("posts", value)}
            case _:
                return {"first": workload.first, "after": self.write_place("users", value)}

    def body(self, workload: Workload, value: int) -> str:
        """Return the body of a request."""
        query = " ".join(self.documents[workload.shape].split())
        return json.dumps({"query": query, "variables": self.variables(workload, value)})

    def leaves(self, answer: Any, name: str = "") -> Any:
        """Return an answer in the form in which all contenders' answers are equal.

        Objects that only wrap are taken off, ids become numbers and times become instants.
        """
        match answer:
            case dict() if set(answer) in WRAPPERS:
                return self.leaves(next(iter(answer.values())))
            case dict():
                return {key: self.leaves(value, key) for key, value in answer.items()}
            case list():
                return [self.leaves(value) for value in answer]
            case str() if name in TIMES:
                return datetime.fromisoformat(answer).timestamp()
            case _ if name == "id":
                return self.read_id(answer)
        return answer


class Server:
    """A contender that is running."""

    def __init__(self, contender: Contender, place: Place) -> None:
        """Start it; it may take a while until it answers."""
        self.contender = contender
        self.place = place
        self.url = f"http://127.0.0.1:{place.port}"
        place.folder.mkdir(parents=True, exist_ok=True)
        self.headers_file = place.folder / "headers"
        self.headers = contender.headers(place)
        self.headers_file.write_text("".join(f"{name}: {value}\n" for name, value in self.headers.items()))
        self.log = place.folder / "log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ACHENE_", "PG"))}
        environment = kept | place.postgres.environment | {"PYTHONPATH": str(ROOT)} | contender.environment(place)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                contender.command(place), cwd=place.folder, env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def name(self) -> str:
        """Name of the contender."""
        return self.contender.name

    def learn(self) -> None:
        """Ask for what the contender must know before it can be asked."""
        if query := self.contender.cursors_document:
            asked = {"query": " ".join(query.split())}
            answer = httpx.post(self.url + self.contender.path, json=asked, headers=self.headers, timeout=60)
            if answer.status_code != httpx.codes.OK or '"errors"' in answer.text:
                raise StartError(f"{self.name} tells no cursors: {answer.status_code} {answer.text[:1000]}")
            self.contender.learn(answer.json()["data"])

    def bodies(self, workload: Workload) -> Path:
        """Return the file with the bodies of a workload."""
        path = self.place.folder / f"{workload.name}.bodies"
        if not path.exists():
            path.write_text("".join(self.contender.body(workload, value) + "\n" for value in workload.values))
        return path

    def target(self, workload: Workload) -> str:
        """Return the address at which a workload is asked."""
        return self.url + self.contender.address(workload)

    def tail(self) -> str:
        """Return the end of what it has logged."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module."""
    return [sys.executable, "-m", module, *arguments]
