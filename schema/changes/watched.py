"""Which tables of a graph are watched."""

from schema.graph import Graph


def watched(graph: Graph) -> tuple[str, ...]:
    """Return the names of the tables whose writes are noted, in order: those of types, and those between types."""
    types = {type_.table.fullname for type_ in graph.types.values()}
    between = {relation.through.fullname for relation in graph.relations.values() if relation.through is not None}
    return tuple(sorted(types | between))
