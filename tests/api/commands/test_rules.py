"""`achene rules` shows who may do what with every type and column."""

import json

import pytest
from typer.testing import CliRunner

from api.cli import app
from schema.graph import read_graph
from schema.models import Base
from schema.rights.table import lines
from tests.schema.rights.models import House


def shown(*options: str) -> str:
    """Return what the command prints."""
    result = CliRunner().invoke(app, ["rules", *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_every_type_and_column() -> None:
    """None is left out, and each type has a line for its rows."""
    graph = read_graph(Base)
    expected = [(type_.name, name) for type_ in graph.types.values() for name in ("", *type_.order)]
    assert [(line["type"], line["column"]) for line in json.loads(shown("--json"))] == expected


@pytest.mark.parametrize(
    "line",
    [
        "| User |  | everybody | user of id or scope users:all | user of id or scope users:all "
        "| user of id or scope users:all |",
        "| User | email | user of id or scope users:private | with the row "
        "| with the row, for user of id or scope users:private |  |",
        "| Comment | post | who sees the Post | with the row | - |  |",
        "| Post | viewCount | with the row | - | - |  |",
    ],
)
def test_as_markdown(line: str) -> None:
    """Rows, a column with a rule of its own, one that is given once, and one that nobody writes."""
    assert line in shown("--markdown").splitlines()


def test_no_scope_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a narrow terminal names are broken, and nothing is left out."""
    monkeypatch.setenv("COLUMNS", "80")
    assert "…" not in shown()


def test_scopes_are_whole_in_a_pipe() -> None:
    """What is kept in a file is broken between words, so that a scope can be found in it."""
    assert "comments:all" in shown()


def test_rules_in_words() -> None:
    """Rules that are joined keep their meaning."""
    found = {(line.type, line.column): line for line in lines(read_graph(House))}
    assert found["Member", "wages"].read == "scope wages or user of id and scope self"
    assert found["Member", "diary"].read == "nobody"
    assert found["Remark", ""].read == "who sees its note and (where it is liked or user of member_id)"
    assert found["Vault", ""].create == "-"
