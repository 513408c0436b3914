"""Carries out a Dockerfile's steps in a folder, as far as that goes without Docker.

Paths of the image (`/app`, `/wheels`, ...) become paths of the folder, which all stages share: copying a path
from another stage to the same path is then nothing. Base images are not fetched: `python`, `pip` and `npm`
are those of this machine, and steps that make the image's user are left out, as they would change the machine.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dockerfile_parse import DockerfileParser

PATHS: Final = re.compile(r"(?<![\w.\-/])/(?=(?:app|console|opt|wheels)\b)")
"""Where a path of the image begins."""

NOT_COPIED: Final = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules", "dist")
"""What .dockerignore keeps out of the folders that are copied."""

STEP_SECONDS: Final = 300


@dataclass
class Stage:
    """One `FROM` and what follows it."""

    name: str
    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Instruction and its text, in order."""

    def texts(self, instruction: str) -> list[str]:
        """Return the texts of all steps of a kind."""
        return [text for kind, text in self.steps if kind == instruction]

    def command(self, instruction: str) -> list[str]:
        """Return the last step of a kind that is written as a JSON list."""
        return [str(word) for word in json.loads(self.texts(instruction)[-1].rpartition("CMD ")[2])]

    def environment(self) -> dict[str, str]:
        """Return what its `ENV` steps set."""
        words = [word for text in self.texts("ENV") for word in shlex.split(text)]
        return dict(word.split("=", 1) for word in words)


def read(path: Path) -> list[Stage]:
    """Return the stages of a Dockerfile."""
    with path.open("rb") as file:
        instructions = DockerfileParser(fileobj=file).structure
    stages: list[Stage] = []
    for each in instructions:
        kind, text = each["instruction"], each["value"]
        if kind == "FROM":
            base, _, name = text.partition(" AS ")
            stages.append(Stage(name, base))
        elif stages and kind != "COMMENT":
            stages[-1].steps.append((kind, re.sub(r"\s+", " ", text)))
    return stages


def python_for_all() -> str:
    """Return a Python that other users of this machine can run too, where there is one."""
    for found in (sys._base_executable, shutil.which("python3", path="/usr/bin:/usr/local/bin")):  # type: ignore[attr-defined]
        if found and all(parent.stat().st_mode & 0o001 for parent in Path(found).resolve().parents):
            return found
    return sys.executable


@dataclass
class Build:
    """A build in a folder."""

    context: Path
    """The checkout."""
    root: Path
    """The folder that stands for `/` of every stage."""

    def __post_init__(self) -> None:
        """Make the base image's own Python."""
        subprocess.run([python_for_all(), "-m", "venv", self.root / "usr"], check=True, timeout=STEP_SECONDS)  # noqa: S603 - what is tested
        self.path = f"{self.root}/usr/bin:{os.environ['PATH']}"

    def inside(self, text: str) -> str:
        """Return a text with the image's paths as paths of the folder."""
        return PATHS.sub(f"{self.root}/", text)

    def carry_out(self, stage: Stage) -> None:
        """Carry out one stage.

        Raises:
            AssertionError: A step failed; the message has what it printed.
        """
        folder = self.root
        for kind, text in stage.steps:
            if kind == "WORKDIR":
                folder = Path(self.inside(text))
                folder.mkdir(parents=True, exist_ok=True)
            elif kind == "COPY":
                self.copy(text, folder)
            elif kind == "RUN" and not text.startswith("groupadd"):
                self.run(text, folder)

    def run(self, text: str, folder: Path) -> None:
        """Run one step in a shell."""
        environment = {"PATH": self.path, "HOME": os.environ.get("HOME", "/")}
        environment |= {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("PIP_", "npm_", "SSL_")) and name != "PIP_CONSTRAINT"
        }
        step = subprocess.run(  # noqa: S603 - what is tested
            ["/bin/sh", "-ec", self.inside(text)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
        assert step.returncode == 0, f"{text}\n{step.stdout}\n{step.stderr}"

    def copy(self, text: str, folder: Path) -> None:
        """Copy files from the checkout, or from another stage."""
        words = text.split()
        is_from_stage = words[0].startswith("--from=")
        *sources, target = words[1:] if is_from_stage else words
        to = folder / self.inside(target)
        for source in sources:
            origin = Path(self.inside(source)) if is_from_stage else self.context / source
            if origin == to:
                continue
            if origin.is_dir():
                shutil.copytree(origin, to, ignore=None if is_from_stage else NOT_COPIED, dirs_exist_ok=True)
            else:
                to.mkdir(parents=True, exist_ok=True)
                shutil.copy2(origin, to)
