"""What a statement depends on beside what is bound in it: the tables that it reads, the functions that it calls.

Tables are taken from the tree that SQLAlchemy made the text of; functions from the text itself, where nothing is
missed that a type or a construct of a team's own has added while it was compiled.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnClause, Select, Table, TableSample, TextClause
from sqlalchemy.sql.selectable import TextualSelect

QUOTED: Final = re.compile(r"""E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*\"""", re.DOTALL)
"""Strings and quoted names."""

CALLED: Final = re.compile(r"(?<!AS )\b([a-z_][\w.]*)\s*\(", re.IGNORECASE)
"""A name before a parenthesis, unless it names a table there."""

CONSTRUCTS: Final = frozenset(
    {"all", "and", "any", "array", "as", "between", "bit", "bpchar", "by", "case", "cast", "char", "coalesce",
     "decimal", "distinct", "else", "end", "except", "exists", "extract", "filter", "from", "greatest", "group",
     "having", "ilike", "in", "intersect", "interval", "is", "join", "lateral", "least", "like", "limit",
     "literal", "materialized", "not", "nullif", "numeric", "offset", "on", "or", "order", "over", "overlay",
     "partition", "position", "precision", "select", "similar", "some", "substring", "then", "time", "timestamp",
     "trim", "union", "using", "values", "varchar", "when", "where", "with", "within"}
)  # fmt: skip
"""Words of SQL that may stand before a parenthesis."""

STEADY: Final = frozenset(
    {"array_to_string", "concat", "concat_ws", "convert_from", "convert_to", "date_part", "date_trunc", "format",
     "generate_series", "isfinite", "json_agg", "json_build_array", "json_build_object", "json_object_agg", "jsonb_agg",
     "jsonb_build_array", "jsonb_build_object", "jsonb_object_agg", "phraseto_tsquery", "plainto_tsquery",
     "row_to_json", "timezone", "to_char", "to_json", "to_jsonb", "to_tsquery", "to_tsvector", "websearch_to_tsquery"}
)  # fmt: skip
"""Functions that PostgreSQL calls STABLE for what is the same on all our connections: time zone, encoding, language."""

UNSTEADY: Final = re.compile(
    r"\b(current_(catalog|date|role|schema|time|timestamp|user)|localtime|localtimestamp|session_user|system_user|user"
    r"|tablesample)\b|\$\$|--|/\*",
    re.IGNORECASE,
)
"""Words that read the clock or the session; and what would have to be read more closely than it is here."""

OPAQUE: Final = re.compile(r"\b(from|join|table|select)\b", re.IGNORECASE)
"""Words in a text of a team's own that may name a table."""

NOW: Final = frozenset({"now", "today", "tomorrow", "yesterday"})
"""Constants that PostgreSQL reads as times of its clock."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What a statement depends on beside what is bound in it."""

    tables: tuple[str, ...]
    """Names of the tables, in order, with their schemas where the models name these."""

    functions: frozenset[str]
    """Names of the functions that it calls, without schemas, but for those of `STEADY`."""

    is_known: bool
    """False where it may depend on more: on the clock, the session, or on what a text of a team's own names."""


def reads_of(select: Select[Any], sql: str) -> Reads:
    """Return what a statement depends on.

    Args:
        select: The statement.
        sql: The text that was made of it.
    """
    elements = list(_elements(select))
    plain = QUOTED.sub(_blank, sql)
    called = {name.lower().rpartition(".")[2] for name in CALLED.findall(plain)}
    is_known = not UNSTEADY.search(plain) and not any(map(_is_opaque, elements))
    tables = sorted({each.fullname for each in elements if isinstance(each, Table)})
    return Reads(tuple(tables), frozenset(called - CONSTRUCTS - STEADY), is_known)


def _blank(quoted: re.Match[str]) -> str:
    """Return what stands for a string, or for a quoted name: a function of such a name is known to nobody."""
    return "quoted" if quoted[0].startswith('"') else "''"


def _elements(select: Select[Any]) -> Iterator[Any]:
    """Yield the elements of a statement, each once, though many stand in it at several places."""
    waiting: list[Any] = [select]
    seen: dict[int, Any] = {}  # holds on to them, so that no other takes the id of one
    while waiting:
        element = waiting.pop()
        if id(element) not in seen:
            seen[id(element)] = element
            yield element
            waiting.extend(element.get_children())


def _is_opaque(element: Any) -> bool:
    match element:
        case TextualSelect() | TableSample():
            return True
        case TextClause(text=text):
            return OPAQUE.search(text) is not None
        case ColumnClause(is_literal=True, name=text):
            return OPAQUE.search(QUOTED.sub("''", text)) is not None
        case BindParameter(value=str(text)):
            return text.strip().lower() in NOW
        case _:
            return not type(element).__module__.startswith("sqlalchemy.")
