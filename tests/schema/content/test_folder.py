import os
from pathlib import Path

import pytest

from schema.content.folder import content_folder, find_sources, read_text
from schema.content.front_matter import PageError
from tests.schema.content.conftest import Write

PAGE = "---\ntitle: T\n---\n"


def found(folder: Path) -> list[tuple[str, str, str]]:
    """Return kind, path and name of every file found, and check that all folders could be read."""
    sources, unreadable = find_sources(folder)
    assert unreadable == []
    return [(source.kind, source.shown, source.name) for source in sources]


def test_pages_are_found_as_hugo_finds_them(site: Path, write: Write) -> None:
    """Nested folders, bundles, languages and terms; what belongs to a bundle is no page."""
    for name in (
        "index.md", "about.md", "UPPER.MD", "picture.png", "long.markdown", "posts/_index.md", "posts/b.md",
        "posts/b.fr.md", "posts/2024/05/c.md", "posts/trip/index.md", "posts/trip/notes.md", "posts/trip/deep/more.md",
        "posts/walk/index.de.md", "posts/walk/index.en.md", "categories/_index.md", "categories/bread/_index.md",
        "tags/sql/_index.md", ".git/x.md", ".hidden.md", "posts/x.txt", "posts/x.md~",
    ):  # fmt: skip
        write(name, PAGE)
    assert found(site) == [
        ("category", "categories/bread/_index.md", "bread"),
        ("tag", "tags/sql/_index.md", "sql"),
        ("page", "UPPER.MD", "UPPER"),
        ("page", "about.md", "about"),
        ("page", "long.markdown", "long"),
        ("page", "posts/2024/05/c.md", "c"),
        ("page", "posts/b.fr.md", "b.fr"),
        ("page", "posts/b.md", "b"),
        ("page", "posts/trip/index.md", "trip"),
        ("page", "posts/walk/index.de.md", "walk.de"),
        ("page", "posts/walk/index.en.md", "walk.en"),
    ]


def test_links_and_pipes_are_passed_over(site: Path, write: Write, tmp_path: Path) -> None:
    """Loops end, nothing outside of the folder is read, and a pipe does not block."""
    outside = tmp_path / "secret.md"
    outside.write_text(PAGE)
    write("posts/a.md", PAGE)
    (site / "posts" / "loop").symlink_to(site)
    (site / "secret.md").symlink_to(outside)
    (site / "broken.md").symlink_to(site / "nowhere")
    os.mkfifo(site / "pipe.md")
    (site / "folder.md").mkdir()
    assert found(site) == [("page", "posts/a.md", "a")]


def test_a_file_that_turned_into_something_else_is_refused(site: Path, tmp_path: Path) -> None:
    """What was a file when it was listed may be a link or a pipe when it is read."""
    os.mkfifo(site / "pipe.md")
    (site / "link.md").symlink_to("/etc/passwd")
    with pytest.raises(PageError, match="not a regular file"):
        read_text(site / "pipe.md")
    with pytest.raises(PageError, match="cannot be read"):
        read_text(site / "link.md")
    with pytest.raises(PageError, match="cannot be read: No such file"):
        read_text(site / "gone.md")


def test_names_that_are_not_text_can_be_shown(site: Path) -> None:
    """A file name of any bytes is listed in a form that can be printed."""
    Path(os.fsdecode(os.fsencode(site) + b"/caf\xe9.md")).write_text(PAGE)
    assert found(site) == [("page", r"caf\udce9.md", r"caf\udce9")]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"---\ntitle: caf\xe9\n---\n", 2, "The file is not UTF-8 text."),
        ("---\ntitle: x\n---\n".encode("utf-16"), 1, "The file is not UTF-8 text."),
        (b"---\ntitle: x\n---\none\nt\0wo\n", 5, "The file holds U+0000, which the database cannot store."),
        (b"x" * 1_000_001, 1, "The file is larger than 1,000,000 bytes."),
    ],
)
def test_files_that_are_no_text_are_refused(tmp_path: Path, content: bytes, line: int, message: str) -> None:
    """Each with the line where it goes wrong."""
    path = tmp_path / "a.md"
    path.write_bytes(content)
    with pytest.raises(PageError) as caught:
        read_text(path)
    assert (caught.value.line, caught.value.message) == (line, message)


def test_line_ends_and_byte_order_marks_do_not_matter(tmp_path: Path) -> None:
    """Files from Windows and old editors read like all others."""
    path = tmp_path / "a.md"
    path.write_bytes("\ufeff---\r\ntitle: é\r\n---\rB".encode())
    assert read_text(path) == "---\ntitle: é\n---\nB"


def test_the_top_of_a_site_is_known(site: Path, write: Write) -> None:
    """With Hugo's settings beside it, `content/` is read; any other folder is read itself."""
    write("content/a.md", PAGE)
    assert content_folder(site) == site
    write("hugo.toml", "")
    assert content_folder(site) == site / "content"
