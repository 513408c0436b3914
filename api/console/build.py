"""Builds GraphiQL from npm packages, with the versions and hashes of `package-lock.json`.

Made by `achene console build`, by the Dockerfile (which calls npm itself), and by the tests. The bundler's own
steps are in `build.mjs`.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from schema.errors import StartError

FOLDER: Final = Path(__file__).parent
"""Where the sources are."""

DIST: Final = FOLDER / "dist"
"""Where the build goes."""

OLDEST_NODE: Final = 20
"""Oldest major version of Node.js that the packages run on."""

INSTALL_SECONDS: Final = 300
"""How long fetching the packages may take."""

BUILD_SECONDS: Final = 120
"""How long bundling may take."""


class BuildError(StartError):
    """GraphiQL cannot be built; the message says what is missing, or what npm printed last."""


def build(*, is_forced: bool = False) -> bool:
    """Build the console, unless it is there and built from these sources.

    Args:
        is_forced: Build it all the same.

    Returns:
        Whether anything was built.

    Raises:
        BuildError: Node.js or npm is missing or too old, or a step failed.
    """
    if is_current() and not is_forced:
        return False
    check_node()
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError("npm is not installed; it comes with Node.js.")
    _install(npm)
    _run([npm, "run", "build"], BUILD_SECONDS)
    return True


def _install(npm: str) -> None:
    """Fetch the packages, unless they were fetched for this very lock file."""
    lock, fetched = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".fetched-lock.json"
    if fetched.is_file() and fetched.read_bytes() == lock.read_bytes():
        return
    _run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], INSTALL_SECONDS)
    shutil.copyfile(lock, fetched)


def is_current() -> bool:
    """Return whether there is a build, made from the sources as they are."""
    manifest = DIST / "manifest.json"
    return manifest.is_file() and bool(json.loads(manifest.read_bytes())["source"] == source_digest())


def source_digest() -> str:
    """Return the digest of all that a build is made from; `build.mjs` makes the same one."""
    names = ["build.mjs", "package-lock.json", "package.json"]
    names += [f"{folder}/{path.name}" for folder in ("src", "static") for path in (FOLDER / folder).iterdir()]
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(name.encode() + b"\0" + (FOLDER / name).read_bytes() + b"\0")
    return digest.hexdigest()


def check_node() -> None:
    """Refuse a machine without a Node.js that is new enough.

    Raises:
        BuildError: There is none, or it is too old.
    """
    node = shutil.which("node")
    if node is None:
        raise BuildError(f"Building GraphiQL needs Node.js {OLDEST_NODE} or newer, and there is no `node` here.")
    version = _run([node, "--version"], 30).strip()
    found = re.match(r"v(\d+)\.", version)
    if found is None or int(found[1]) < OLDEST_NODE:
        raise BuildError(f"Building GraphiQL needs Node.js {OLDEST_NODE} or newer; this is {version}.")


def _run(command: list[str], timeout_seconds: int) -> str:
    """Run a step and return what it printed."""
    step = " ".join([Path(command[0]).stem, *command[1:2]])
    environment = os.environ | {"CI": "true"}  # npm draws nothing, and asks nothing
    try:
        done = subprocess.run(  # noqa: S603 - npm and node from the path, no shell
            command,
            cwd=FOLDER,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{step} was not done after {timeout_seconds} seconds.") from error
    if done.returncode:
        printed = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise BuildError(f"{step} failed:\n{printed}")
    return done.stdout
