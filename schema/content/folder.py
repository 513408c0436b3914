"""Finds the pages of a folder as Hugo would, and reads their files without trusting them.

Links are not followed, so that no loop and no file outside of the folder is ever read; pipes, devices and
hidden files are passed over. What stands in the files is the affair of `schema.content.page`.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from schema.content.front_matter import PageError

LARGEST_FILE: Final = 1_000_000
"""Most bytes of a file."""

MARKDOWN: Final = re.compile(r"(?i)(?P<name>.+?)(?P<language>\.[a-z]{2,3}(-[a-z]{2,4})?)?\.(md|markdown)")
"""A content file, and the language where the site has several."""

CONFIGURATION: Final = (
    "config",
    *(f"{name}.{ending}" for name in ("hugo", "config") for ending in ("toml", "yaml", "yml", "json")),
)
"""What the top folder of a Hugo site is known by; its pages are in `content/`."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read."""

    path: Path
    """Where it is."""

    shown: str
    """Its path from the folder on, for people."""

    name: str
    """File or bundle name, with the language where there is one; for a term, the name of its folder."""

    kind: Literal["page", "category", "tag"]
    """What it describes."""


def content_folder(folder: Path) -> Path:
    """Return where the pages are: `content/` where the folder is the top of a Hugo site."""
    is_site = any((folder / name).exists() for name in CONFIGURATION) and (folder / "content").is_dir()
    return folder / "content" if is_site else folder


def find_sources(folder: Path) -> tuple[list[Source], list[tuple[str, str]]]:
    """List the files of a folder and of all below it, descriptions of terms first, else by path.

    Returns:
        The files, and the folders that could not be read, each with the reason.
    """
    sources: list[Source] = []
    unreadable: list[tuple[str, str]] = []
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError as error:
            unreadable.append((_shown(current, folder), str(error.strerror)))
            continue
        entries = [entry for entry in entries if not entry.name.startswith(".") and not entry.is_symlink()]
        files = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        if current != folder and (bundle := [name for name in files if _stem(name) == "index"]):
            # A leaf bundle: whatever else is in it, and below it, belongs to the page.
            sources += [_source(current / name, folder) for name in bundle]
            continue
        waiting += [current / entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        sources += [_source(current / name, folder) for name in files if _is_source(current / name, folder)]
    sources.sort(key=lambda source: (source.kind == "page", source.shown))
    return sources, sorted(unreadable)


def read_text(path: Path) -> str:
    """Read a file, with line feeds as line ends and without a byte order mark.

    Raises:
        PageError: It is too large, no regular file, not readable, or not UTF-8.
    """
    try:
        # Without waiting: a pipe that took the file's place must not hold the import up.
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PageError(1, "This is not a regular file.")
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise PageError(1, f"The file cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST_FILE:
        raise PageError(1, f"The file is larger than {LARGEST_FILE:,} bytes.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PageError(line, "The file is not UTF-8 text.") from error
    if (nul := text.find("\0")) >= 0:
        raise PageError(text.count("\n", 0, nul) + 1, "The file holds U+0000, which the database cannot store.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _stem(name: str) -> str | None:
    """Return the name of a Markdown file without language and ending; None for other files."""
    match = MARKDOWN.fullmatch(name)
    return match["name"] if match else None


def _is_source(path: Path, folder: Path) -> bool:
    match _stem(path.name):
        case None | "index":  # an `index.md` at the very top is the home page
            return False
        case "_index":
            return _term_kind(path, folder) is not None
        case _:
            return True


def _term_kind(path: Path, folder: Path) -> Literal["category", "tag"] | None:
    """Tell what an `_index.md` describes: `categories/bread/_index.md` a category; a section nothing."""
    match path.relative_to(folder).parts:
        case ("categories", _, "_index.md" | "_index.markdown"):
            return "category"
        case ("tags", _, "_index.md" | "_index.markdown"):
            return "tag"
        case _:
            return None


def _source(path: Path, folder: Path) -> Source:
    match = MARKDOWN.fullmatch(path.name)
    assert match is not None  # noqa: S101 - only Markdown files get here
    if match["name"] == "_index":
        return Source(path, _shown(path, folder), path.parent.name, _term_kind(path, folder) or "page")
    name = path.parent.name if match["name"] == "index" else match["name"]
    return Source(path, _shown(path, folder), _clean(name + (match["language"] or "").lower()), "page")


def _shown(path: Path, folder: Path) -> str:
    return _clean(path.relative_to(folder).as_posix())


def _clean(name: str) -> str:
    """Return a file name as text that can be printed, whatever bytes it has."""
    return name.encode("utf-8", "backslashreplace").decode()
