"""The outline of an operation: what it selects, in the graph's terms, with fragments spread and flags applied.

An outline depends on the document, the operation and the values of the variables in `@skip` and `@include`, and
on nothing else, so it is made once for each of these. What the other variables decide is read at its sites.
An operation that holds something that SQL cannot answer has no outline, and goes to the resolvers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import FieldNode, GraphQLField

from schema.graph import Field, Relation


@dataclass(frozen=True, slots=True)
class Constant:
    """A text that is the same in every answer: `__typename`."""

    text: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the row."""

    field: Field
    """Which."""


@dataclass(frozen=True, slots=True)
class Id:
    """The global id of the row."""


@dataclass(frozen=True, slots=True)
class Object:
    """The row at the other end of a to-one relation."""

    relation: Relation
    """Which."""

    members: tuple["Member", ...]
    """What is selected of it."""


@dataclass(frozen=True, slots=True)
class List:
    """A page of a list."""

    target: str
    """Type of its rows."""

    relation: Relation | None
    """The relation; None for the list of a whole type."""

    site: int
    """Where its arguments are read."""

    members: tuple["Member", ...]
    """What is selected of the connection."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """The rows of a page."""

    members: tuple["Member", ...]
    """What is selected of each."""


@dataclass(frozen=True, slots=True)
class Edges:
    """The rows of a page with their cursors; members of the edge: `Cursor`, `Node`, `Constant`."""

    members: tuple["Member", ...]
    """What is selected of each edge."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The cursor of an edge."""


@dataclass(frozen=True, slots=True)
class Node:
    """The row of an edge."""

    members: tuple["Member", ...]
    """What is selected of it."""


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page stands."""

    members: tuple[tuple[str, str], ...]
    """Response key and name of each of its fields."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate of the whole list."""

    function: str
    """Which function."""

    attribute: str
    """Of which attribute; empty for `count`."""


@dataclass(frozen=True, slots=True)
class Aggregates:
    """An object of aggregates: `aggregate` itself, or one of the functions below it."""

    members: tuple["Member", ...]
    """What is selected of it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A root field that leads to one row."""

    site: int
    """Where its arguments are read."""

    by_type: Mapping[str, tuple["Member", ...]]
    """What is selected of it, for each type that it may be of."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The root field that leads to several rows, each named by an id: `nodes`."""

    site: int
    """Where its arguments are read."""

    by_type: Mapping[str, tuple["Member", ...]]
    """What is selected of a row, for each type that it may be of."""


@dataclass(frozen=True, slots=True)
class Written:
    """A root field that writes one row and gives its payload."""

    members: tuple["Member", ...]
    """What is selected of the payload: constants, and a `Row` for the row as it is then."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a list."""

    site: int
    """Where its arguments are read."""

    members: tuple["Member", ...]
    """What is selected of each group."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the rows of a group share. The attributes of its values are those of `key_attribute`."""

    members: tuple["Member", ...]
    """What is selected of it."""


@dataclass(frozen=True, slots=True)
class Own:
    """A field that the team computes in Python."""

    index: int
    """Which of the outline's own fields."""

    reads: tuple[Field, ...]
    """The values of the row that it is computed from."""


Content = (
    Constant
    | Value
    | Id
    | Object
    | List
    | Nodes
    | Edges
    | Cursor
    | Node
    | PageInfo
    | Aggregate
    | Aggregates
    | Row
    | Rows
    | Written
    | Groups
    | Keys
    | Own
)


def key_attribute(name: str) -> str:
    """Return the attribute that stands for the value of a group's key; no mapped attribute has such a name."""
    return f"key:{name}"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object of the answer."""

    key: str
    """Its response key."""

    content: Content
    """What it is."""


@dataclass(frozen=True, slots=True)
class Site:
    """A field whose arguments are read for each request."""

    kind: str
    """`list`, `id`, `node`, `nodes`, `unique`, `groups`, or `written` for a row that is written."""

    type_name: str
    """Type of the rows; of `node` and `nodes`, the interface."""

    definition: GraphQLField
    """The field, for the coercion of its arguments."""

    node: FieldNode
    """Where it stands in the document."""

    key: tuple[str, ...] = ()
    """GraphQL names of the columns of a unique key."""


@dataclass(frozen=True, slots=True)
class OwnField:
    """Where a field that is computed in Python is selected."""

    type_name: str
    """Type of the rows."""

    definition: GraphQLField
    """The field."""

    node: FieldNode
    """Where it stands in the document."""

    reads: tuple[Field, ...]
    """The values of the row that it is computed from."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What an operation selects."""

    members: tuple[Member, ...]
    """The root fields."""

    sites: tuple[Site, ...]
    """Where arguments are read."""

    own: tuple[OwnField, ...]
    """What is computed in Python."""
