"""What PostgreSQL refused -> the place of the input that caused it.

The constraint that fired decides, never a look ahead, so the answer is right also where two requests race.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Table

from schema.graph import Graph, ObjectType
from schema.writing.problems import INPUT, Path, Problem, Refused, invalid

_KEY: Final = re.compile(
    r"Key \((?P<columns>.*?)\)=\((?P<values>.*)\) (?:already exists|is not present|conflicts)", re.S
)


@dataclass(frozen=True, slots=True)
class Violation:
    """What PostgreSQL says of a refusal."""

    state: str
    """Its five-character code."""

    constraint: str | None
    """Name of the constraint that fired."""

    table: str | None
    """The constraint's table."""

    column: str | None
    """The column, of one that must not be null."""

    detail: str
    """Which values; read here, never shown."""


class Violated(Exception):  # noqa: N818 - what happened, not a fault
    """PostgreSQL refused a statement."""

    def __init__(self, violation: Violation) -> None:
        """Take what it says."""
        super().__init__(violation.state)
        self.violation = violation


class Unwritten(Exception):  # noqa: N818 - what happened, not a fault
    """PostgreSQL wrote fewer rows than it was given and refused none: a trigger returned NULL, or a policy hid one."""


class ConflictingWrites(Exception):  # noqa: N818 - what happened, not a fault
    """Two transactions stood in each other's way, and this one was ended; it can be tried again."""


class Overtaken(ConflictingWrites):
    """A row that was not there a moment ago is there now; where it is so each time, the input itself is at fault."""

    def __init__(self, problem: Problem) -> None:
        """Take what is wrong then."""
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Entry:
    """One row that a statement was to write."""

    values: Mapping[str, Any]
    """Values by column."""

    path: Path
    """Where the row stands in the arguments."""

    places: Mapping[str, Path]
    """Where each column's value stands."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A statement that writes, for what it may be refused."""

    table: Table
    """What it writes to."""

    entries: Sequence[Entry]
    """The rows, in their order."""

    path: Path
    """Where all of them stand."""

    is_delete: bool = False
    """True where rows are deleted or let go."""

    sought: frozenset[str] = frozenset()
    """Columns of the unique key under which the rows were looked for, and not found."""

    is_new: bool = False
    """True where the rows are created."""

    is_told: bool = False
    """True where each row that is written is given back."""

    def may_tell(self, violation: Violation) -> bool:
        """Return whether a refusal to create a row tells of another one."""
        return self.is_new and violation.state in ("23505", "23P01")

    def is_overtaken(self, violation: Violation) -> bool:
        """Return whether a row has come to be there since it was looked for."""
        is_unique = bool(self.sought) and violation.state == "23505"
        return is_unique and self.sought == set(_columns(self.table, violation))


def refusal_of(graph: Graph, violated: Violated, given: Mapping[str, Any], table: Table | None = None) -> Refused:
    """Return the refusal of a mutation that PostgreSQL refused when nobody could tell for which statement.

    Args:
        graph: The graph description.
        violated: What PostgreSQL says.
        given: The input; where it has a field that is called like the refused column, that is the place.
        table: The table that the input's fields are columns of; any where None.

    Raises:
        Violated: An input cannot cause it.
    """
    violation = violated.violation
    type_ = next((each for each in graph.types.values() if each.table.name == violation.table), None)
    places = dict[str, Path]()
    if type_ is not None and table in (None, type_.table):
        columns = [(each.column.name, each.name) for each in type_.fields if each.column is not None]
        places = {column: (*INPUT, name) for column, name in columns if name in given}
    written = (
        type_.table if type_ is not None else table if table is not None else next(iter(graph.types.values())).table
    )
    is_delete = "still referenced" in violation.detail
    problem = problem_of(graph, Attempt(written, (Entry({}, INPUT, places),), INPUT, is_delete), violation)
    if problem is None:
        raise violated
    return Refused([problem])


def problem_of(graph: Graph, attempt: Attempt, violation: Violation) -> Problem | None:
    """Return what a violation is to a client; None where it is not one that an input can cause."""
    match violation.state:
        case "23505":
            return _not_unique(graph, attempt, violation)
        case "23001":
            return _still_referenced(graph, attempt, violation)
        case "23503" if attempt.is_delete or violation.table != attempt.table.name:
            return _still_referenced(graph, attempt, violation)
        case "23503":
            return _leads_nowhere(graph, attempt, violation)
        case "23502":
            path = _place(attempt, [violation.column or ""], violation)
            return invalid("REQUIRED", f"`{path[-1]}` must not be null.", path)
        case "23514":
            return _check(graph, attempt, violation)
        case "42501":
            text = "A policy of the database does not let this key write that."
            return Problem("ForbiddenError", "FORBIDDEN", text, _path(attempt, violation))
        case "21000":  # of an upsert, whose keys are one to PostgreSQL and two to us
            return Problem("ConflictError", "NOT_UNIQUE", "Two rows have the same unique key.", attempt.path)
        case "23P01":
            return Problem(
                "ConflictError", "EXCLUDED", "Another row stands in the way of this one.", _path(attempt, violation)
            )
        case "22001":
            return invalid("TOO_LONG", "A text is longer than its column takes.", _path(attempt, violation))
        case "54000":
            path = _place(attempt, _columns(attempt.table, violation), violation)
            return invalid("TOO_LONG", "A value is longer than an index of its table takes.", path)
        case "22003":
            return invalid("OUT_OF_RANGE", "A number is outside of what its column takes.", _path(attempt, violation))
        case state if state.startswith("22"):
            return invalid("INVALID", "A value is not one that its column takes.", _path(attempt, violation))
    return None


def _not_unique(graph: Graph, attempt: Attempt, violation: Violation) -> Problem:
    columns = _columns(attempt.table, violation)
    path = _place(attempt, columns, violation)
    type_ = _type(graph, attempt.table)
    shown = " and ".join(f"`{name}`" for name in _shown(type_, columns)) or "The row"
    what = f"another {type_.name} has" if type_ else "they are connected already, or another row has"
    are = "is" if len(columns) < 2 else "are together"
    return Problem("ConflictError", "NOT_UNIQUE", f"{shown} {are} taken: {what} the same.", path)


def _leads_nowhere(graph: Graph, attempt: Attempt, violation: Violation) -> Problem:
    columns = _columns(attempt.table, violation)
    path = _place(attempt, columns, violation)
    target = next(
        (
            type_.name
            for each in attempt.table.constraints
            if isinstance(each, ForeignKeyConstraint) and each.name == violation.constraint
            if (type_ := _type(graph, each.referred_table)) is not None
        ),
        "row",
    )
    return Problem("NotFoundError", "NOT_FOUND", f"There is no {target} by what `{path[-1]}` says.", path)


def _still_referenced(graph: Graph, attempt: Attempt, violation: Violation) -> Problem:
    type_ = next((each for each in graph.types.values() if each.table.name == violation.table), None)
    what = f"{type_.name} rows lead to it" if type_ else "other rows lead to it"
    return Problem("ConflictError", "STILL_REFERENCED", f"The row cannot go: {what}.", attempt.path)


def _check(graph: Graph, attempt: Attempt, violation: Violation) -> Problem:
    type_ = _type(graph, attempt.table)
    name = violation.constraint or ""
    columns = _checked(attempt.table, name, type_)
    path = _place(attempt, columns, violation)
    if type_ is not None and type_.writes is not None:
        for each in type_.writes.fields:
            for rule in each.rules:
                if rule.constraint == name:
                    return invalid(rule.code, f"`{each.field.name}` {rule.message}.", path)
    shown = " and ".join(f"`{each}`" for each in _shown(type_, columns)) or "The row"
    meaning = name.removeprefix(f"ck_{attempt.table.name}_").replace("_", " ")
    return invalid("CHECK", f"{shown} must keep the rule: {meaning}.", path)


def _checked(table: Table, name: str, type_: ObjectType | None) -> list[str]:
    if type_ is not None and type_.writes is not None and name in type_.writes.rules:
        return [type_.writes.columns[attribute].name for attribute in type_.writes.rules[name]]
    found = [each for each in table.constraints if isinstance(each, CheckConstraint) and each.name == name]
    return [column.name for each in found for column in each.columns]


def _type(graph: Graph, table: Table) -> ObjectType | None:
    return next((type_ for type_ in graph.types.values() if type_.table is table), None)


def _columns(table: Table, violation: Violation) -> list[str]:
    """Return the columns of the constraint that fired."""
    known: list[Any] = [*table.constraints, *table.indexes]
    for each in known:
        if each.name == violation.constraint:
            return [column.name for column in each.columns]
    found = _KEY.search(violation.detail)
    names = found["columns"].split(", ") if found else []
    return names if all(name in table.columns for name in names) else []


def _shown(type_: ObjectType | None, columns: Sequence[str]) -> list[str]:
    """Return the names by which clients know columns: fields, and relations over them."""
    if type_ is None or type_.writes is None:
        return []
    names = []
    attributes = {column.name: attribute for attribute, column in type_.writes.columns.items()}
    for column in columns:
        attribute = attributes.get(column)
        links = [
            link.relation.name
            for link in type_.writes.links
            if link.relation.is_reference and attribute in {near for near, _ in link.pairs}
        ]
        field = next((each.name for each in type_.fields if each.attribute == attribute), None)
        names += [field] if field else links[:1]
    return names


def _place(attempt: Attempt, columns: Sequence[str], violation: Violation) -> Path:
    """Return where the value stands that was refused: of several columns, the one that the client gave."""
    entry = _entry(attempt, violation)
    if entry is None:
        return attempt.path
    given = [entry.places[column] for column in columns if column in entry.places]
    return given[0] if len(given) == 1 or (given and len(set(given)) == 1) else entry.path


def _path(attempt: Attempt, violation: Violation) -> Path:
    entry = _entry(attempt, violation)
    return attempt.path if entry is None else entry.path


def _entry(attempt: Attempt, violation: Violation) -> Entry | None:
    """Return the row that was refused: the only one, or the last that has the values that PostgreSQL tells."""
    if len(attempt.entries) == 1:
        return attempt.entries[0]
    found = _KEY.search(violation.detail)
    if found is None:
        return None
    columns = found["columns"].split(", ")
    for entry in reversed(attempt.entries):
        if ", ".join(_text(entry.values.get(column)) for column in columns) == found["values"]:
            return entry
    return None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    return "null" if value is None else str(value)
