"""Rules of the house that no linter knows. They hold for every file that git tracks."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from api.settings import PROJECT

LONGEST_FILE = 400
"""Most lines of a Python file."""

BUILT = re.compile(r"(^|/)(dist|build|node_modules|__pycache__|\.achene)/|\.(pyc|whl|min\.js|map)$")
"""What is made from other files and is not kept."""

REGISTRY = re.compile(
    r"(?<![\w.])(registry\.npmjs|registry\.yarnpkg|files\.pythonhosted|(test\.)?pypi|deb\.debian)\.(org|com)"
)
"""Hosts from which packages come; which ones is for each machine to say."""

MACHINE_PATH = re.compile(r"(?<![\w.}])/(root|work|Users|home/\w+)/")
"""A path of somebody's machine."""


def tracked() -> list[Path]:
    """Return the files that git tracks and that are there; skip where this is no checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S607 - found on the path
    if listed.returncode:
        pytest.skip("this is no git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := PROJECT / name).is_file()]


def shown(path: Path) -> str:
    """Return a path as it stands in the project."""
    return path.relative_to(PROJECT).as_posix()


def text(path: Path) -> str:
    """Return the text of a file; nothing where it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_files_are_short() -> None:
    """No Python file is longer than a reader can hold."""
    long = {
        shown(path): lines
        for path in tracked()
        if path.suffix == ".py" and (lines := text(path).count("\n")) > LONGEST_FILE
    }
    assert long == {}


def test_alembic_is_no_package() -> None:
    """With an `__init__.py` the folder would hide the package `alembic`."""
    assert list((PROJECT / "alembic").rglob("__init__.py")) == []


def test_nothing_built_is_tracked() -> None:
    """What a command makes from other files is not kept."""
    assert [shown(path) for path in tracked() if BUILT.search(shown(path))] == []


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE_PATH], ids=["registries", "paths of a machine"])
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    """No file names a host of packages or a path of somebody's machine."""
    found = {
        shown(path): match[0] for path in tracked() if path != Path(__file__) and (match := pattern.search(text(path)))
    }
    assert found == {}


def test_modules_say_what_they_are() -> None:
    """Every module of the server begins by saying what it does."""
    modules = [path for path in tracked() if path.suffix == ".py" and shown(path).startswith(("api/", "schema/"))]
    assert [shown(path) for path in modules if not text(path).startswith(('"""', 'r"""'))] == []


def test_constraints_satisfy_the_ranges() -> None:
    """Every dependency is pinned, to a version that its range allows: see docs/contributing.md."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    wanted = [Requirement(line) for group in [project["project"]["dependencies"], *extras] for line in group]
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", (PROJECT / "constraints.txt").read_text(), re.MULTILINE))
    wrong = {
        str(each): pinned.get(canonicalize_name(each.name))
        for each in wanted
        if each.name != "achene" and not each.specifier.contains(pinned.get(canonicalize_name(each.name), "0.dev0"))
    }
    assert wrong == {}


def test_constraints_have_hashes_and_no_host() -> None:
    """Every pin has hashes, and none says where to get the file."""
    lines = (PROJECT / "constraints.txt").read_text().replace("\\\n", " ").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [
        pin for pin in pins if not re.fullmatch(r"[a-z0-9-]+==\S+( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+", pin)
    ] == []
