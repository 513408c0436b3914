"""The graph description: what the models say, read once from the mappers, frozen.

It is the single source of everything that is generated: Strawberry types, statements, ids, docs. Nobody
else inspects a mapper.
"""

from schema.graph.data import (
    EnumMember,
    EnumType,
    Field,
    Graph,
    Link,
    ObjectType,
    OwnFilter,
    OwnOrder,
    Relation,
    Rule,
    Scalar,
    SearchIndex,
    UniqueKey,
    WriteField,
    Writes,
)
from schema.graph.kinds import Kind
from schema.graph.read import read_graph

__all__ = [
    "EnumMember",
    "EnumType",
    "Field",
    "Graph",
    "Kind",
    "Link",
    "ObjectType",
    "OwnFilter",
    "OwnOrder",
    "Relation",
    "Rule",
    "Scalar",
    "SearchIndex",
    "UniqueKey",
    "WriteField",
    "Writes",
    "read_graph",
]
