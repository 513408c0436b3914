"""Which tables of a graph are watched."""

from schema.graph import Graph


def watched(graph: Graph) -> tuple[str, ...]:
    """Return the names of the tables whose writes are noted, in order: those of types, and those between types.

    Args:
        graph: The graph description.
    """
    return tuple(sorted({type_.table.fullname for type_ in graph.types.values()} | tables_between(graph)))


def tables_between(graph: Graph) -> frozenset[str]:
    """Return the names of the tables that only tie the rows of two others together."""
    return frozenset(each.through.fullname for each in graph.relations.values() if each.through is not None)
