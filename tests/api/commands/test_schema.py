"""`achene schema` and `achene operations`: what they print, and their exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from schema.build import SDL
from tests.schema.saved.test_files import write


def run(*arguments: str, stdin: str | None = None) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, list(arguments), input=stdin)


def test_print() -> None:
    """It is the file that is kept in the project."""
    assert run("schema", "print").stdout == SDL.read_text()


def test_diagram() -> None:
    """It has the types, their keys, and each relation once."""
    lines = run("schema", "diagram").stdout.splitlines()
    assert lines[0] == "erDiagram"
    assert '        String email UK "Address in lower case; no two users share one."' in lines
    assert [line.strip() for line in lines if "--" in line] == [
        "Post ||--o{ Comment : post",
        "User ||--o{ Comment : author",
        "Comment |o--o{ Comment : parent",
        "User ||--o{ Post : author",
        "Category |o--o{ Post : category",
        "Tag }o--o{ Post : tags",
    ]


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The SDL with a field of `User` that is not there any more."""
    path = tmp_path / "old.graphql"
    text = SDL.read_text().replace("type User implements Node {", "type User implements Node {\n  phone: String\n", 1)
    path.write_text(text)
    return path


def test_diff_of_a_breaking_change(older: Path) -> None:
    """It is told, and the exit code is 1, unless only what breaks saved operations is to fail."""
    told = run("schema", "diff", str(older))
    assert told.exit_code == 1
    assert "  FIELD_REMOVED: Field User.phone was removed." in told.stdout.splitlines()
    assert run("schema", "diff", str(older), "--fail-on", "operations").exit_code == 0
    found = json.loads(run("schema", "diff", "--json", "-", stdin=older.read_text()).stdout)
    assert [each["text"] for each in found["breaking"]] == ["Field User.phone was removed."]
    assert found["brokenOperations"] == []


def test_diff_names_operations_that_break(older: Path, tmp_path: Path) -> None:
    """A field that a saved operation asks for is gone: the operation is named with its place."""
    newer = tmp_path / "new.graphql"
    newer.write_text(SDL.read_text().replace("  user(", "  person(", 1))
    told = run("schema", "diff", str(SDL), str(newer), "--fail-on", "operations")
    assert told.exit_code == 1
    assert "users.graphql:23:3: Cannot query field 'user' on type 'Query'. " in told.stdout
    assert "(in GetUser)" in told.stdout


def test_diff_of_the_same() -> None:
    """Nothing changed."""
    same = run("schema", "diff", str(SDL))
    assert (same.exit_code, same.stdout) == (0, "The two are the same to every client.\n")


def test_diff_of_what_is_no_schema(tmp_path: Path) -> None:
    """A file that is not there, and one that is no text, are named once and with the reason."""
    missing, binary = tmp_path / "missing.graphql", tmp_path / "binary.graphql"
    binary.write_bytes(b"\xff")
    errors = [run("schema", "diff", str(path)).exception for path in (missing, binary)]
    assert [str(error) for error in errors] == [
        f"{missing} cannot be read: No such file or directory.",
        f"{binary} cannot be read: it is no text in UTF-8.",
    ]


def test_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's operations are valid; a folder that is not is told, line by line, with exit code 1."""
    good = run("operations", "check")
    assert (good.exit_code, good.stdout) == (0, "8 saved operations are valid.\n")
    bad = run("operations", "check", str(write(tmp_path, a="query A { nope }", b="query B { tags { totalCount } }")))
    assert bad.exit_code == 1
    assert bad.stderr.startswith(f"error: {tmp_path}/a.graphql:1:11: Cannot query field 'nope' on type 'Query'.")


def test_list() -> None:
    """Each operation stands with its route."""
    lines = run("operations", "list").stdout.splitlines()
    assert len(lines) == 9
    assert lines[4].split()[:2] == ["GetUser", "query"]
    assert lines[4].split()[3:] == ["GET", "/users/{id}"]
