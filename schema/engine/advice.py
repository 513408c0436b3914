"""What PostgreSQL's plan of a statement says about missing indexes: which scan to avoid, and by which index.

Reads the JSON of EXPLAIN (ANALYZE); source: https://www.postgresql.org/docs/current/sql-explain.html. The advice is
a first guess from the names in the plan; the reader judges whether the index is worth its keep.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

LARGE: Final = 10_000
"""Rows read that are worth an index."""

_COMPARED: Final = re.compile(r"\(?(?:\w+\.)?\"?(\w+)\"?\)?(?:::\w+)?\s*(=|<=|>=|<|>|~~\*?|@@|@>)")


_MATCHED: Final = re.compile(r"\(?(?:\w+\.)?\"?(\w+)\"?\)?(?:::\w+)? ~~\*? ")
"""A text that is matched with a pattern, which a B-tree does not help to find."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One scan, or one sort, that an index would spare."""

    problem: str
    """What PostgreSQL does, with numbers."""

    index: str
    """The index to create, in SQL."""


def advise(plan: Mapping[str, Any]) -> list[Advice]:
    """Return what could be done about a plan.

    Args:
        plan: The `Plan` of EXPLAIN (ANALYZE, FORMAT JSON).

    Returns:
        One piece of advice for each table and index, in the order of the plan.
    """
    found: dict[str, Advice] = {}
    for node, above in _walk(plan, ()):
        advice = _on_scan(node, above)
        if advice is not None:
            found.setdefault(advice.index, advice)
    return list(found.values())


def _walk(
    node: Mapping[str, Any], above: tuple[Mapping[str, Any], ...]
) -> Iterator[tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]]]:
    yield node, above
    for inner in node.get("Plans", ()):
        yield from _walk(inner, (node, *above))


def _on_scan(node: Mapping[str, Any], above: Sequence[Mapping[str, Any]]) -> Advice | None:
    if node.get("Node Type") not in ("Seq Scan", "Parallel Seq Scan"):
        return None
    loops = node.get("Actual Loops", 1)
    kept, removed = node.get("Actual Rows", 0) * loops, node.get("Rows Removed by Filter", 0) * loops
    if kept + removed < LARGE:
        return None
    table, sort = node["Relation Name"], _sort_above(above, node.get("Alias", node["Relation Name"]))
    if (matched := _MATCHED.search(str(node.get("Filter", "")))) is not None and removed >= kept:
        problem = f"Sequential scan of {table}: {_count(kept + removed)} rows searched for a part of a text."
        index = f"CREATE INDEX CONCURRENTLY ON {table} USING gin ({matched[1]} gin_trgm_ops);"
        return Advice(problem, f"CREATE EXTENSION IF NOT EXISTS pg_trgm; {index}")
    columns = _filter_columns(node)
    if removed >= kept and columns:
        wanted = [*columns, *(column for column in sort if column.split()[0] not in columns)]
        problem = (
            f"Sequential scan of {table}: {_count(kept + removed)} rows read, {_count(removed)} of them for nothing."
        )
        return Advice(problem, _index(table, wanted))
    if sort:
        problem = f"Sequential scan of {table}: {_count(kept)} rows read and sorted for a few."
        return Advice(problem, _index(table, sort))
    return None


def _filter_columns(node: Mapping[str, Any]) -> list[str]:
    """Return the columns that a filter compares, those for equality first."""
    compared = _COMPARED.findall(str(node.get("Filter", "")))
    equal = [column for column, operator in compared if operator == "="]
    others = [column for column, operator in compared if operator != "="]
    return list(dict.fromkeys([*equal, *others[:1]]))


def _sort_above(above: Sequence[Mapping[str, Any]], alias: str) -> list[str]:
    """Return what the rows are sorted by for a LIMIT right above, as index columns; nothing where it is another's."""
    for node in above[:4]:
        if node.get("Node Type") in ("Sort", "Incremental Sort"):
            keys = [str(key).strip("()") for key in node.get("Sort Key", ())]
            tables = {found[1] for key in keys if (found := re.match(r"(\w+)\.", key)) is not None}
            return [re.sub(r"^\w+\.", "", key) for key in keys] if tables <= {alias} else []
    return []


def _index(table: str, columns: Sequence[str]) -> str:
    return f"CREATE INDEX CONCURRENTLY ON {table} ({', '.join(columns)});"


def _count(rows: float) -> str:
    return f"{int(rows):,}"
