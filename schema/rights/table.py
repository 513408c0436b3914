"""Who may do what, as lines that a reviewer reads: one for the rows of each type, and one for each column of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from schema.graph import Graph, ObjectType
from schema.models.access import Access, Rule
from schema.rights.identity import claims_in

EVERYBODY = "everybody"
"""Where a model says nothing: every caller with the scope `read`, or `write`."""

WITH = "with the row"
"""Who may do it with the row."""

NEVER = "-"
"""What no mutation does."""


@dataclass(frozen=True, slots=True)
class Line:
    """Who may do what with the rows of a type, or with one column or relation of them."""

    type: str
    """Name of the type."""

    column: str
    """Name of the field; empty for the rows as a whole."""

    read: str
    """Who sees it."""

    create: str
    """Who may create a row, or give the column when one is created."""

    update: str
    """Who may change it."""

    delete: str
    """Who may delete a row; empty for a column."""


def lines(graph: Graph) -> Iterator[Line]:
    """Yield who may do what with all that a graph shows, type by type, in the order of the schema."""
    for type_ in graph.types.values():
        access = type_.access or Access()
        may = frozenset[str]() if type_.writes is None else type_.writes.operations
        yield Line(
            type_.name,
            "",
            _who(access.read),
            *(_who(getattr(access, kind)) if kind in may else NEVER for kind in ("create", "update", "delete")),
        )
        for name in type_.order:
            yield _line(type_, access, may, name)


def claims(graph: Graph) -> Iterator[str]:
    """Yield which claims of a caller rules look at, what they take them for, and whose rules do."""
    for claim, names in claims_in(graph).items():
        yield f"The claim `{claim.name}` is read as {claim.words}, by rules of {', '.join(names)}; null without."


def _line(type_: ObjectType, access: Access, may: frozenset[str], name: str) -> Line:
    field = type_.field_named(name)
    relation = next((each for each in type_.relations if each.name == name), None)
    rule = access.columns.get(field.attribute) if field is not None else None
    given, writes = dict[str, bool](), type_.writes
    if writes is not None:
        given = {each.field.name: each.is_fixed for each in writes.fields}
        given |= {link.relation.name: link.is_fixed for link in writes.links}
    read = f"who sees the {relation.target}" if relation is not None else WITH if rule is None else str(rule)
    create = WITH if name in given and "create" in may else NEVER
    is_changed = name in given and "update" in may and not given[name]
    update = (WITH if rule is None else f"{WITH}, for {rule}") if is_changed else NEVER
    return Line(type_.name, name, read, create, update, "")


def _who(rule: Rule | None) -> str:
    return EVERYBODY if rule is None else str(rule)
