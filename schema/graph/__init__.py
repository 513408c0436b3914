"""The graph description: what the models say, read once from the mappers, frozen.

It is the single source of everything that is generated: Strawberry types, statements, ids, docs. Nobody
else inspects a mapper.
"""

from schema.graph.data import Graph, ObjectType, OwnFilter, OwnOrder, SearchIndex, UniqueKey, View
from schema.graph.fields import EnumMember, EnumType, Field, Relation, Scalar
from schema.graph.kinds import Kind
from schema.graph.read import read_graph
from schema.graph.written import Link, Rule, WriteField, Writes

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
    "View",
    "WriteField",
    "Writes",
    "read_graph",
]
