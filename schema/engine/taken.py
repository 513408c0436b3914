"""What an outline needs of the rows that it selects from: attributes, paths to other rows, the lists below."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schema.engine import outline as selected
from schema.engine.outline import Member
from schema.graph import Graph, ObjectType, Relation

Path = tuple[str, ...]
"""To-one relations that lead from a row to another, by field name."""

Needed = tuple[Path, str]
"""An attribute of the row at the end of a path."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What is selected of a connection, taken apart."""

    row: tuple[Member, ...]
    """All that is selected of its rows, under `nodes` and under `edges`, for what it needs."""

    has_rows: bool
    """True where rows, or their cursors, are selected; `pageInfo` may depend on them beside, see `reads_page`."""

    has_cursors: bool
    """True where cursors are selected."""

    asked: frozenset[str]
    """Names of what is selected of `pageInfo`."""

    aggregates: tuple[selected.Aggregate, ...]
    """The aggregates over the whole list."""

    groups: tuple[selected.Groups, ...]
    """The groups of the whole list."""


def take_apart(members: Sequence[Member]) -> Parts:
    """Return what is selected of a connection, by what it is selected for."""
    row: list[Member] = []
    has_rows, has_cursors, asked = False, False, set[str]()
    groups: list[selected.Groups] = []
    for member in members:
        match member.content:
            case selected.Nodes(inner):
                has_rows = True
                row.extend(inner)
            case selected.Edges(inner):
                has_rows = True
                for each in inner:
                    has_cursors = has_cursors or isinstance(each.content, selected.Cursor)
                    if isinstance(each.content, selected.Node):
                        row.extend(each.content.members)
            case selected.PageInfo(fields):
                asked.update(name for _, name in fields)
            case selected.Groups():
                groups.append(member.content)
    has_ends = bool(asked & {"startCursor", "endCursor"})
    has_rows, has_cursors = has_rows or has_ends, has_cursors or has_ends
    return Parts(tuple(row), has_rows, has_cursors, frozenset(asked), aggregates_in(members), tuple(groups))


def aggregates_in(members: Sequence[Member]) -> tuple[selected.Aggregate, ...]:
    """Return the aggregates among members, each once."""
    return tuple(dict.fromkeys(each for member in members for each in _flat(member.content)))


def _flat(content: selected.Content) -> Iterator[selected.Aggregate]:
    match content:
        case selected.Aggregate():
            yield content
        case selected.Aggregates(members):
            for member in members:
                yield from _flat(member.content)


def needs(graph: Graph, type_: ObjectType, members: Sequence[Member]) -> list[Needed]:
    """Return the attributes that members need, in a fixed order."""
    return sorted(set(_needed(graph, type_, members, ())))


def _needed(graph: Graph, type_: ObjectType, members: Sequence[Member], path: Path) -> Iterator[Needed]:
    for member in members:
        match member.content:
            case selected.Id():
                yield from ((path, attribute) for attribute in type_.key_attributes)
            case selected.Value(field):
                yield path, field.attribute
            case selected.Own(_, reads):
                yield from ((path, field.attribute) for field in reads)
            case selected.Keys(inner):
                yield from _needed(graph, type_, inner, path)
            case selected.List(relation=Relation() as relation):
                yield from ((path, key) for key in relation.keys)
            case selected.Object(relation, inner):
                target, below = graph.types[relation.target], (*path, relation.name)
                yield from ((path, key) for key in relation.keys)
                yield below, target.primary_key[0].attribute
                yield from _needed(graph, target, inner, below)


def lists(members: Sequence[Member], path: Path = ()) -> Iterator[tuple[selected.List, Path]]:
    """Yield the lists below a row, each with the path to the row that it is a list of."""
    for member in members:
        match member.content:
            case selected.List():
                yield member.content, path
            case selected.Keys(inner):
                yield from lists(inner, path)
            case selected.Object(relation, inner):
                yield from lists(inner, (*path, relation.name))


def relation_at(graph: Graph, type_: ObjectType, path: Path) -> Relation:
    """Return the last relation of a path from a type; the path has at least one."""
    relation = graph.relation((type_.name, path[0]))
    return relation if len(path) == 1 else relation_at(graph, graph.types[relation.target], path[1:])


def type_at(graph: Graph, type_: ObjectType, path: Path) -> ObjectType:
    """Return the type at the end of a path from a type."""
    return graph.types[relation_at(graph, type_, path).target] if path else type_


def has_own_rows(list_: selected.List) -> bool:
    """Return whether no two parents share a row of a list."""
    return list_.relation is None or list_.relation.through is None


def is_beside(list_: selected.List, path: Path, *, is_unique: bool, is_single: bool) -> bool:
    """Return whether a list below a row is read beside it: no other row has the same parent, here and further below.

    Args:
        list_: The list.
        path: The path to the row that it is a list of.
        is_unique: True where no row is there twice.
        is_single: True where there is one row.
    """
    return (is_single or (is_unique and not path)) and not shares(list_)


def shares(list_: selected.List) -> bool:
    """Return whether rows of a list, or of one below it, may share the parent of a list below them."""
    parts, is_unique = take_apart(list_.members), has_own_rows(list_)
    below = [*lists(parts.row), *(each for groups in parts.groups for each in lists(groups.members))]
    return not all(is_beside(each, path, is_unique=is_unique, is_single=False) for each, path in below)
