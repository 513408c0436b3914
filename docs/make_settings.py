"""Writes the table of `docs/settings.md` from `api/settings.py`, so that the two never differ.

Run `python docs/make_settings.py` after a change of a setting; a test fails until it was run.
"""

import ast
import inspect
from itertools import pairwise
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from api.setting_words import kind, variable
from api.settings import PROJECT, Settings

PAGE: Final = PROJECT / "docs/settings.md"
BEGIN: Final = "<!-- settings: begin -->\n"
END: Final = "<!-- settings: end -->\n"


def page() -> str:
    """Return the page as it should be: what is written around the table, and the table."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    return before + BEGIN + table() + END + after


def table() -> str:
    """Return a Markdown table with a row for each setting, in the order of the class."""
    meanings = docstrings()
    rows = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        cells = (f"`{variable(name)}`", kind(field.annotation), default(field), meanings[name])
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def docstrings() -> dict[str, str]:
    """Return the line beneath each field of the class, by field."""
    body = ast.parse(inspect.getsource(Settings)).body[0].body  # type: ignore[attr-defined]  # marks it
    return {
        field.target.id: " ".join(line.value.value.split())
        for field, line in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(line, ast.Expr)
    }


def default(field: FieldInfo) -> str:
    """Return the default as it would be written; a path of the project without where the project is."""
    value = field.get_default(call_default_factory=True)
    if value is None:
        return ""
    if isinstance(value, Path) and value.is_relative_to(PROJECT):
        return f"`{value.relative_to(PROJECT)}`"
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`" if value else "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    PAGE.write_text(page())
