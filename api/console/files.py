"""Files that are served as they are: those of the build, and a few of our own that need none.

A name changes with what is in the file, so that browsers can keep it. The build compresses its files
beforehand; nothing is compressed while somebody waits.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OWN: Final = Path(__file__).parent / "static"
"""Folder of the files that need no build."""

MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""What is served, by the ending of its name."""

ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
"""Compressed forms, the smallest first: as headers name them, and how their files end."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that is served."""

    name: str
    """Its address below that of all files."""

    path: Path
    """Where it is."""

    @property
    def media_type(self) -> str:
        """The value of Content-Type."""
        return MEDIA_TYPES[self.path.suffix]

    def encoded(self, accept_encoding: str) -> tuple[Path, str | None]:
        """Return the file to send to who accepts these encodings, and its encoding; None where it is plain."""
        accepted = {_encoding(item) for item in accept_encoding.lower().split(",")}
        for encoding, ending in ENCODINGS:
            compressed = self.path.with_name(self.path.name + ending)
            if encoding in accepted and compressed.is_file():
                return compressed, encoding
        return self.path, None


def built_files(folder: Path) -> list[StaticFile]:
    """Return the files of a build; their names have hashes already."""
    return [StaticFile(path.name, path) for path in _served(folder)]


def own_files(folder: Path = OWN) -> list[StaticFile]:
    """Return the files that need no build, in a folder named after what is in them all: they name each other."""
    paths = _served(folder)
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return [StaticFile(f"own-{digest.hexdigest()[:12]}/{path.name}", path) for path in paths]


def name_of(files: Iterable[StaticFile], file_name: str) -> str:
    """Return the address of a file, by what it is called in its folder."""
    return next(file.name for file in files if file.path.name == file_name)


def _served(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in MEDIA_TYPES)


def _encoding(item: str) -> str | None:
    """Return the encoding of one item of Accept-Encoding; None where it is refused (`br;q=0`)."""
    name, _, weight = item.replace(" ", "").partition(";q=")
    return None if weight and not weight.strip("0.") else name
