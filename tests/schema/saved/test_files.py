"""What is read of folders and manifests, and what is refused, with its place."""

import json
from pathlib import Path

import pytest

from schema.documents import hash_of
from schema.errors import DefinitionError
from schema.saved import read_saved

USERS = """# Everybody,
# in order.
query Users($first: Int) { users(first: $first) { nodes { ...Name } } }
"""


def write(folder: Path, **texts: str) -> Path:
    """Write files of a folder."""
    for name, text in texts.items():
        (folder / f"{name}.graphql").write_text(text)
    return folder


def test_folder(tmp_path: Path) -> None:
    """An operation is called by its name and by hashes, and brings the fragments that it reaches in other files."""
    write(tmp_path, users=USERS)
    write(tmp_path, names="fragment Name on User { ...Id name }\nfragment Id on User { id }\nfragment No on Tag { id }")
    (tmp_path / "notes.md").write_text("# no document")
    (found,) = read_saved(tmp_path)
    assert found.text.count("fragment") == 2
    assert found.ids == ("Users", hash_of(found.text), hash_of(USERS))
    assert (found.description, found.place) == ("Everybody,\nin order.", f"{tmp_path}/users.graphql:3:1")


def test_manifests(tmp_path: Path) -> None:
    """Relay's and Apollo's are read alike: an operation is called by the id that stands there."""
    text = "query Sum { siteStatistics { posts } }"
    relay, apollo = tmp_path / "relay.json", tmp_path / "apollo.json"
    relay.write_text(json.dumps({"c0ffee": text}))
    operations = [{"id": "c0ffee", "name": "Sum", "type": "query", "body": text}]
    apollo.write_text(json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}))
    for path in (relay, apollo):
        (found,) = read_saved(path)
        assert (found.ids, found.name, found.text) == (("c0ffee",), "Sum", text)
        assert found.place == f"{path}#c0ffee:1:1"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            {"a": "query A { x }", "b": "query A { y }"},
            "/b.graphql:1:1: two operations are called A; see .*/a.graphql:1:1",
        ),
        ({"a": "query { x }"}, "/a.graphql:1:1: a saved operation needs a name"),
        ({"a": "query A {\n  x(\n}"}, "/a.graphql:3:1: Syntax Error"),
        ({"a": "type A { x: Int }"}, "/a.graphql:1:1: operations and fragments can be saved, and nothing else"),
    ],
)
def test_folders_that_are_refused(tmp_path: Path, texts: dict[str, str], message: str) -> None:
    """The message names file, line and column."""
    with pytest.raises(DefinitionError, match=message):
        read_saved(write(tmp_path, **texts))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "saved.json:1:2: not JSON"),
        ("[]", "neither a manifest of Apollo"),
        ('{"a": 1}', "neither a manifest of Apollo"),
        ('{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}', "neither a manifest"),
        ('{"a": "query A { x } query B { x }"}', "saved.json#a: a saved document has one operation, this one has 2"),
        ('{"a": "query A { x"}', "saved.json#a:1:12: Syntax Error"),
    ],
)
def test_manifests_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """The message names the file, and the operation by its id."""
    path = tmp_path / "saved.json"
    path.write_text(text)
    with pytest.raises(DefinitionError, match=message):
        read_saved(path)


def test_file_that_is_not_text(tmp_path: Path) -> None:
    """It is named."""
    (tmp_path / "a.graphql").write_bytes(b"query A { \xff }")
    with pytest.raises(DefinitionError, match=r"/a.graphql: not UTF-8, at byte 10\.$"):
        read_saved(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(DefinitionError, match="nowhere is neither a folder nor a file"):
        read_saved(tmp_path / "nowhere")
