"""Saved operations are valid and within the limits, or the start ends and says where they are not."""

from pathlib import Path

import pytest

from schema.build import build_graph_schema
from schema.documents import DocumentLimits, Documents
from schema.errors import DefinitionError
from schema.saved import Library, load_library
from tests.schema.saved.test_files import write

GRAPH = build_graph_schema(largest_cost=5_000)


def load(folder: Path, depth: int = 20) -> Library:
    """Load a folder."""
    return load_library(GRAPH.core, Documents(GRAPH.core, DocumentLimits(depth=depth)), GRAPH.cost, [folder])


def test_what_is_found(tmp_path: Path) -> None:
    """An operation is found by its name, its hash, the same as the specification writes it, and its text."""
    library = load(write(tmp_path, a="query A { tags { totalCount } }"))
    (saved,) = library.operations
    assert saved.operation.name is not None
    for id_ in (*saved.source.ids, f"sha256:{saved.source.ids[1]}"):
        assert library.get(id_) is saved
    assert library.of_text(saved.source.text) is saved
    assert (library.get("B"), library.of_text("{ tags { totalCount } }")) == (None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("query A {\n  zzzz\n}", r"/a.graphql:2:3: Cannot query field 'zzzz' on type 'Query'. \(in A\)"),
        ("query A { tags { ...T } }", r"/a.graphql:1:21: Unknown fragment 'T'. \(in A\)"),
        ("query A($first: Int = 1000) { tags(first: $first) { nodes { posts { nodes { id } } } } }", "could read"),
        ("query A { tags { nodes { posts { nodes { id } } } } }", "nests fields 5 levels deep; 4 are accepted"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """The message says where, and what."""
    with pytest.raises(DefinitionError, match=message):
        load(write(tmp_path, a=text), depth=20 if "1000" in text else 4)


def test_all_faults_are_told(tmp_path: Path) -> None:
    """Every file that is wrong is named at once."""
    with pytest.raises(DefinitionError) as raised:
        load(write(tmp_path, a="query A { zzzz }", b="query B { tags { zzzz } }", c="query C { tags { totalCount } }"))
    assert [line.partition("graphql:")[2] for line in str(raised.value).splitlines()[1:]] == [
        "1:11: Cannot query field 'zzzz' on type 'Query'. (in A)",
        "1:18: Cannot query field 'zzzz' on type 'TagConnection'. (in B)",
    ]


def test_ids_that_clash(tmp_path: Path) -> None:
    """An id stands for one document."""
    folder, manifest = tmp_path / "folder", tmp_path / "manifest.json"
    folder.mkdir()
    write(folder, a="query A { tags { totalCount } }")
    manifest.write_text('{"A": "query Other { users { totalCount } }"}')
    with pytest.raises(
        DefinitionError, match=r"manifest.json#A:1:1: the id A is taken by .*/a.graphql:1:1 \(in Other\)"
    ):
        load_library(GRAPH.core, Documents(GRAPH.core), GRAPH.cost, [folder, manifest])
