"""Golden cases of the engine: an operation, the statement that it becomes, and its answer over the demo content.

`ACHENE_REWRITE=1 pytest -n 0 tests/schema/engine/test_golden.py` writes statements and answers anew; read what changed.
"""

import os
from pathlib import Path

import orjson
import pytest
from graphql import get_variable_values, parse, validate
from graphql.execution.values import VariableValues

from schema.documents import to_document
from tests.schema.conftest import Asker

FOLDER = Path(__file__).with_name("golden")
CASES = sorted(FOLDER.glob("*.graphql"))
IS_REWRITING = bool(os.environ.get("ACHENE_REWRITE"))


def text_of(path: Path, made: str | None = None) -> str:
    """Return what a file says; where cases are rewritten, after it was written."""
    if IS_REWRITING and made is not None:
        path.write_text(made)
    return path.read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
async def test_golden(ask: Asker, case: Path) -> None:
    """The operation becomes this statement, and has this answer."""
    node = parse(text_of(case))
    assert not validate(ask.schema.core, node)
    document = to_document(node)
    operation = document.operation(None)
    variables = get_variable_values(ask.schema.core, operation.variable_definitions or (), {})
    assert isinstance(variables, VariableValues)
    assert ask.schema.engine is not None
    compiled = ask.schema.engine.compile(document, operation, variables, ask.schema.sights.whole, {})
    assert compiled is not None
    data = await ask.database.fetch_bytes(compiled.statement.sql, compiled.arguments)
    answer = await ask.schema.engine.fill(data, compiled, variables)
    assert answer is not None
    sql = compiled.statement.sql.replace(" \n", "\n") + "\n"
    json = orjson.dumps(orjson.loads(answer), option=orjson.OPT_INDENT_2).decode() + "\n"
    assert sql == text_of(case.with_suffix(".sql"), sql)
    assert json == text_of(case.with_suffix(".json"), json)


def test_every_file_belongs_to_a_case() -> None:
    """No statement and no answer is left over from a case that is gone."""
    assert {path.stem for path in FOLDER.iterdir()} == {case.stem for case in CASES}
