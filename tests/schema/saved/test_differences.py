"""What a change of the schema is told to be, and the saved operations that it breaks."""

from pathlib import Path

import pytest
from graphql import build_schema

from schema.errors import StartError
from schema.saved import read_saved
from schema.saved.differences import Change, differences, read_sdl
from tests.schema.saved.test_files import write

OLD = """
type Query { post: Post user: String }
type Post { title: String subtitle: String state: State }
enum State { DRAFT }
"""
NEW = """
type Query { post(id: ID): Post user: String }
type Post { "What it is called." title: String state: State slug: String }
enum State { DRAFT PUBLISHED }
"""


def test_changes_by_what_they_mean(tmp_path: Path) -> None:
    """Each is breaking, dangerous or safe; what only documentation shows is none."""
    write(tmp_path, a="query A { post { subtitle } }", b="query B { post { title } }", c="query C { nowhere }")
    found = differences(build_schema(OLD), build_schema(NEW), read_saved(tmp_path))
    assert found.breaking == (Change("FIELD_REMOVED", "Field Post.subtitle was removed."),)
    assert {each.kind for each in found.dangerous} == {"VALUE_ADDED_TO_ENUM", "OPTIONAL_ARG_ADDED"}
    assert found.safe == (Change("FIELD_ADDED", "Field Post.slug was added."),)
    (broken,) = found.broken
    assert broken.startswith(f"{tmp_path}/a.graphql:1:18: Cannot query field 'subtitle' on type 'Post'.")
    assert broken.endswith("(in A)")
    assert found.as_json()["breaking"] == [{"kind": "FIELD_REMOVED", "text": "Field Post.subtitle was removed."}]


def test_no_changes() -> None:
    """A schema does not differ from itself."""
    found = differences(build_schema(NEW), build_schema(NEW))
    assert (found.breaking, found.dangerous, found.safe, found.broken) == ((), (), (), ())


@pytest.mark.parametrize(
    ("text", "message"),
    [("type {", "^old:1:6: Syntax Error"), ("type A { b: C }", "^old: Unknown type"), ("query A { b }", "^old: ")],
)
def test_what_is_no_schema(text: str, message: str) -> None:
    """The message says where it is none."""
    with pytest.raises(StartError, match=message):
        read_sdl(text, "old")
