"""What the contenders on Node share: Node itself and their packages, from npm, kept in a folder of their own."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar, Final

from benchmarks.contest.contender import Contender, Place

SOURCES: Final = Path(__file__).parent
"""Where `package.json`, with exact versions, and the servers are."""

LONGEST_WAIT: Final = 600
"""Seconds that npm may take."""


class NodeContender(Contender):
    """A contender that is a script for Node."""

    script: ClassVar[str]
    """File name of its server."""

    def missing(self, node_folder: Path) -> str | None:
        """Install Node and the packages where they are not there yet."""
        return installed(node_folder)

    def command(self, place: Place) -> list[str]:
        """Return the command that starts it; the script stands where its packages are found."""
        script = place.node_folder / self.script
        shutil.copyfile(SOURCES / self.script, script)
        return [str(place.node_folder / "node_modules/node/bin/node"), str(script), str(place.port)]

    def environment(self, place: Place) -> dict[str, str]:  # noqa: ARG002 - as all contenders have it
        """Return what Node's packages know production by."""
        return {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}


def installed(folder: Path) -> str | None:
    """Install what `package.json` names into a folder; return what went wrong, or None.

    Node itself comes from npm too, so that its version does not depend on the machine.
    """
    wanted = (SOURCES / "package.json").read_text(encoding="utf-8")
    done = folder / "installed.json"
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        npm = shutil.which("npm")
        if npm is None:
            return "npm is not installed"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(wanted, encoding="utf-8")
        command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=LONGEST_WAIT)
        except subprocess.TimeoutExpired:
            return f"npm install took more than {LONGEST_WAIT} s"
        if ran.returncode:
            lines = [line for line in ran.stderr.splitlines() if line.strip()]
            return f"npm install failed: {lines[0] if lines else ran.returncode}"
    node = folder / "node_modules/node/bin/node"
    if not node.exists():
        return f"npm brought no Node {json.loads(wanted)['dependencies']['node']}"
    done.write_text(wanted, encoding="utf-8")
    return None
