"""`achene console build`, and what it builds from."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.console.build import BuildError, build, check_node
from api.settings import PROJECT


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, and a build that is not there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("api.console.build.DIST", tmp_path / "dist")
    return folder


def add_program(folder: Path, name: str, script: str) -> None:
    """Put a program into a folder."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_build_says_that_node_is_missing(programs: Path) -> None:
    """Without Node.js the message says what is needed."""
    with pytest.raises(
        BuildError, match=r"^Building GraphiQL needs Node.js 20 or newer, and there is no `node` here\.$"
    ):
        build()


def test_build_says_that_node_is_too_old(programs: Path) -> None:
    """An older Node.js is named."""
    add_program(programs, "node", "echo v18.19.1")
    with pytest.raises(BuildError, match=r"^Building GraphiQL needs Node.js 20 or newer; this is v18.19.1\.$"):
        check_node()


def test_build_says_that_npm_is_missing(programs: Path) -> None:
    """Node.js can come without npm."""
    add_program(programs, "node", "echo v24.1.0")
    with pytest.raises(BuildError, match=r"^npm is not installed; it comes with Node.js\.$"):
        build()


def test_build_shows_what_npm_said(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that fails is named, with the end of what it printed."""
    monkeypatch.setattr("api.console.build.FOLDER", tmp_path)
    for name in ("src", "static"):
        (tmp_path / name).mkdir()
    for name in ("build.mjs", "package.json", "package-lock.json"):
        (tmp_path / name).touch()
    add_program(programs, "node", "echo v24.1.0")
    add_program(programs, "npm", "echo no such package >&2; exit 1")
    with pytest.raises(BuildError, match=r"^npm ci failed:\nno such package$"):
        build()


def test_command_without_node(tmp_path: Path) -> None:
    """The command ends with one line and exit code 1, and leaves what was built."""
    command = [str(Path(sys.executable).with_name("achene")), "console", "build", "--force"]
    ran = subprocess.run(  # noqa: S603 - what is tested
        command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False
    )
    expected = "achene: Building GraphiQL needs Node.js 20 or newer, and there is no `node` here.\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", expected)


def test_lock_names_no_host() -> None:
    """The lock file has versions and hashes, and leaves it to npm where packages come from."""
    packages = json.loads((PROJECT / "api/console/package-lock.json").read_text())["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []


def test_versions_are_exact() -> None:
    """No dependency is a range."""
    versions = json.loads((PROJECT / "api/console/package.json").read_text())["dependencies"].values()
    assert [version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


@pytest.mark.node
@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
@pytest.mark.parametrize("path", sorted((PROJECT / "api/console/static").glob("*.js")), ids=lambda path: path.name)
def test_scripts_without_a_build_are_javascript(path: Path) -> None:
    """Files that are served as they are have no syntax error."""
    ran = subprocess.run(["node", "--check", path], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603, S607 - what is tested
    assert (ran.returncode, ran.stderr) == (0, "")
