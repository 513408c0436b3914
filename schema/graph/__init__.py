"""The graph description: what the models say, read once from the mappers, frozen.

It is the single source of everything that is generated: Strawberry types, statements, ids, docs. Nobody
else inspects a mapper.
"""

from schema.graph.data import (
    EnumMember,
    EnumType,
    Field,
    Graph,
    ObjectType,
    OwnFilter,
    OwnOrder,
    Relation,
    Scalar,
    SearchIndex,
    UniqueKey,
)
from schema.graph.kinds import Kind
from schema.graph.read import read_graph

__all__ = [
    "EnumMember",
    "EnumType",
    "Field",
    "Graph",
    "Kind",
    "ObjectType",
    "OwnFilter",
    "OwnOrder",
    "Relation",
    "Scalar",
    "SearchIndex",
    "UniqueKey",
    "read_graph",
]
