"""The documentation site: every page is in its menu, it is built without a broken link, and it asks no other host.

Building needs the development extras; the rest does not.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import PROJECT

JOINED = {"quickstart.md", "CHANGELOG.md", "DECISIONS.md"}
"""Pages that are made of files beside `docs/`."""

LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
"""What a browser loads by itself, and where it stands. Links that a person may follow are not among it."""


def entries(menu: list[Any]) -> Iterator[str]:
    """Yield the pages of a menu."""
    for entry in menu:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from [value] if isinstance(value, str) else entries(value)


def test_menu_has_every_page() -> None:
    """Each page of `docs/` is in the menu of mkdocs.yml once, and nothing else is."""
    found = sorted(entries(yaml.safe_load((PROJECT / "mkdocs.yml").read_text())["nav"]))
    assert found == sorted({path.name for path in PROJECT.glob("docs/*.md")} | JOINED)


@pytest.mark.parametrize("page", sorted(path.name for path in PROJECT.glob("docs/*.md") if path.name != "index.md"))
def test_index_has_every_page(page: str) -> None:
    """The first page says for whom each page is."""
    assert f"]({page})" in (PROJECT / "docs/index.md").read_text()


def build(source: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a checkout; not quietly, for then warnings are no errors."""
    pytest.importorskip("material", reason="mkdocs-material is not installed: it is one of the development extras")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(PROJECT)}
    return subprocess.run(  # noqa: S603 - a command of ours
        command, cwd=source, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as CI builds it."""
    folder = tmp_path_factory.mktemp("site")
    built = build(PROJECT, folder)
    assert built.returncode == 0, built.stderr
    return folder


class Loads(HTMLParser):
    """Notes what a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag."""
        given = dict(attrs)
        if tag == "link" and given.get("rel") in ("canonical", "next", "prev"):
            return
        if (value := given.get(LOADED.get(tag, ""))) is not None:
            self.found.append(value)


def test_site_asks_no_other_host(site: Path) -> None:
    """Pages load scripts, styles, fonts and pictures from the site alone, and so do its styles."""
    asked = set()
    for path in site.rglob("*.html"):
        loads = Loads()
        loads.feed(path.read_text())
        asked |= {each for each in loads.found if "//" in each}
    for path in site.rglob("*.css"):
        loaded = re.findall(r"url\(([^)]*)\)", path.read_text())
        asked |= {each for each in loaded if "//" in each and "data:" not in each}
    assert asked == set()


def test_marks_of_tests_are_taken_off(site: Path) -> None:
    """What tells the tests to run a block is not shown, and blocks are coloured."""
    page = (site / "quickstart.html").read_text()
    assert "bash run" not in page
    assert '<span class="s2">' in page  # made by the lexer
    assert all("```" not in path.read_text() for path in site.glob("*.html"))


def test_broken_link_fails_the_build(tmp_path: Path) -> None:
    """A link to a page, or to a heading, that is not there ends the build."""
    (tmp_path / "docs").mkdir()
    text = (PROJECT / "mkdocs.yml").read_text()
    text = text[: text.index("nav:")].replace("docs/site_hooks.py", str(PROJECT / "docs/site_hooks.py"))
    (tmp_path / "mkdocs.yml").write_text(text)
    (tmp_path / "docs/index.md").write_text("# Index\n\n[one](nowhere.md) [two](#nowhere)\n")
    built = build(tmp_path, tmp_path / "site")
    assert built.returncode != 0
    assert "nowhere.md" in built.stderr
    assert "#nowhere" in built.stderr
