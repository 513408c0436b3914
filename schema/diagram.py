"""The models as a Mermaid diagram of entities and relations, which GitHub, GitLab and many editors draw.

Source: https://mermaid.js.org/syntax/entityRelationshipDiagram.html
"""

from collections.abc import Iterator

from sqlalchemy import ColumnClause
from sqlalchemy.sql import visitors

from schema.graph import Field, Graph, Kind, ObjectType, Relation


def diagram(graph: Graph) -> str:
    """Return the diagram of all types that the graph shows."""
    lines = ["erDiagram"]
    for type_ in graph.types.values():
        lines += [f"    {type_.name} {{", *(f"        {line}" for line in _attributes(type_)), "    }"]
    lines += [f"    {line}" for line in _edges(graph)]
    return "\n".join(lines) + "\n"


def _attributes(type_: ObjectType) -> Iterator[str]:
    yield "ID id PK"
    keys = {key.fields[0].name for key in type_.unique_keys if len(key.fields) == 1}
    for field in type_.fields:
        comment = f' "{_quoted(field.description)}"' if field.description else ""
        yield f"{_type_name(field)} {field.name}{' UK' if field.name in keys else ''}{comment}"


def _type_name(field: Field) -> str:
    scalar = field.scalar
    name = scalar.enum.name if scalar.kind is Kind.ENUM and scalar.enum else scalar.kind.value
    return f"{name}[]" if scalar.is_list else name


def _quoted(text: str) -> str:
    return " ".join(text.replace('"', "'").split())


def _edges(graph: Graph) -> Iterator[str]:
    """Yield each relation once, from the side that holds the key where it is shown from both."""
    relations = sorted(graph.relations.values(), key=lambda each: not each.is_reference)
    seen = set[frozenset[object]]()
    for relation in relations:
        columns = relation.through.name if relation.through is not None else _columns(relation)
        place: frozenset[object] = frozenset({relation.source, relation.target, columns})
        if place in seen:
            continue
        seen.add(place)
        yield f"{relation.target} {_ends(graph, relation)} {relation.source} : {relation.name}"


def _columns(relation: Relation) -> frozenset[str]:
    """Return the columns that a relation joins, which are the same from both sides."""
    return frozenset(str(each) for each in visitors.iterate(relation.on) if isinstance(each, ColumnClause))


def _ends(graph: Graph, relation: Relation) -> str:
    """Return how many of the target, and of the source, belong together."""
    if relation.through is not None:
        return "}o--o{"
    if not relation.is_reference:
        return "}o--||" if relation.is_list else "|o--||"
    target = "|o" if relation.is_nullable else "||"
    back = [
        each
        for each in graph.relations.values()
        if (each.source, each.target, each.is_reference) == (relation.target, relation.source, False)
        and _columns(each) == _columns(relation)
    ]
    return f"{target}--{'o|' if back and not back[0].is_list else 'o{'}"
