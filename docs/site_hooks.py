"""What turns the project's Markdown into pages of the site; MkDocs calls it.

The pages read well in a checkout, too, and tests run their examples, so they stay as they are. Here the files that lie
beside `docs/` join them, links between the two are turned, and marks for the tests are taken off blocks of code.
"""

import re
from typing import Any, Final

from mkdocs.structure.files import File, Files

from api.settings import PROJECT

JOINED: Final = {"README.md": "quickstart.md", "CHANGELOG.md": "CHANGELOG.md", "DECISIONS.md": "DECISIONS.md"}
"""Files beside `docs/`, and what they are called on the site."""

MARKED: Final = re.compile(r"^(\s*```\w+) (?:run|write|variables)$", re.MULTILINE)
"""The first line of a block that a test runs."""

LINK: Final = re.compile(r"\]\((\.\./|docs/)?([\w./-]+\.md)(#[\w-]+)?\)")
"""A link to a page."""

ELSEWHERE: Final = re.compile(r"\[([^\]]+)\]\((?:\.\./)?(?!https?:)([\w./-]+)\)")
"""A link to a file that is no page."""


def on_files(files: Files, config: Any) -> Files:
    """Let the files beside `docs/` join the pages."""
    for source, name in JOINED.items():
        text = (PROJECT / source).read_text(encoding="utf-8")
        if name == "quickstart.md":
            text = re.sub(r"\A# .*", "# Quickstart", text)
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page as MkDocs understands it."""
    return ELSEWHERE.sub(_without_link, LINK.sub(_turned, MARKED.sub(r"\1", markdown)))


def _turned(link: re.Match[str]) -> str:
    name = JOINED.get(link[2], link[2])
    return f"]({name}{link[3] or ''})"


def _without_link(link: re.Match[str]) -> str:
    """Return the text alone of a link to a file that the site does not have."""
    return link[0] if link[2].endswith(".md") or link[2].startswith("assets/") else link[1]
