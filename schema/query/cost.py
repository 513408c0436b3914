"""What an operation can cost at most, told before it runs: the rows and the statements that it can touch.

Every list has a page size, so the most rows below it is the product of the sizes above. It is worked out from
the document and its variables alone, in a number of steps that is bounded, and no row is read for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cachetools import LRUCache
from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    visit,
)

from schema.documents import Document as ValidDocument
from schema.errors import LimitError
from schema.graph import Graph
from schema.query.page import Limits
from schema.query.selection import Document, Selecting, select_fields

SHOWN: Final = 3
"""How many of the costliest selections a refusal names."""

CEILING: Final = 10**15
"""Where counting stops."""

MOST_KNOWN: Final = 16
"""Costs of one operation that are kept, each for other page sizes."""

MOST_FIELDS: Final = 2_500
"""Most fields of an operation, fragments written out; aliases and fragments can make very many of a short document."""

OWN_VALUES: Final = 20
"""How many values a field counts for that is computed in Python."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The most that an operation can touch."""

    rows: int
    """Rows and groups, over all lists and look-ups."""

    values: int
    """Values in the answer, over all rows; one that is computed in Python counts for several."""

    statements: int
    """Statements that the loaders run: one for each selection that reads, whatever the number of parents."""

    costliest: tuple[tuple[str, int], ...]
    """The selections with the most rows: path and rows, the most first."""


class CostRule:
    """Knows which fields of a schema read rows, and refuses operations that could read too many."""

    def __init__(
        self, core: GraphQLSchema, graph: Graph, limits: Limits, largest: int | None, most_values: int | None = None
    ) -> None:
        """Note the lists of a graph.

        Args:
            core: The schema.
            graph: Its description.
            limits: How large a page may be.
            largest: Most rows that an operation may touch; None for any number.
            most_values: Most values that it may answer with; None for any number.
        """
        self._most_values = most_values
        self._core = core
        self._largest = largest
        self._limits = {type_.name: limits.for_type(type_) for type_ in graph.types.values()}
        self._plurals = {type_.name: type_.plural for type_ in graph.types.values()}
        self._lists = {f"{name}{kind}": name for name in graph.types for kind in ("Connection", "Group")}
        self._generated = {type_.name: {"id", *type_.order} for type_ in graph.types.values()}
        self._holders = {f"{name}{kind}" for name in graph.types for kind in ("Connection", "Edge")}

    def largest_page(self, type_name: str) -> int:
        """Return the most rows that a page of a type may have."""
        return self._limits[type_name].largest_page_size

    def measure(
        self,
        document: ValidDocument,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> Cost:
        """Return what an operation can cost.

        Args:
            document: A valid document, which keeps what is found out about its operations.
            operation: One of its operations.
            variables: The coerced variables.

        Raises:
            LimitError: It selects too many fields to be looked at.
        """
        names, measured = self._known(document, operation)
        place = tuple(told(variables.get(name)) for name in names)
        cost = measured.get(place)
        if cost is None:
            cost = measured[place] = self._walked(operation, document.fragments, variables)
        return cost

    def deciding(self, document: ValidDocument, operation: OperationDefinitionNode) -> tuple[str, ...]:
        """Return the names of the variables that a cost depends on, by what `told` says of their values."""
        return self._known(document, operation)[0]

    def _known(
        self, document: ValidDocument, operation: OperationDefinitionNode
    ) -> "tuple[tuple[str, ...], LRUCache[Any, Cost]]":
        known: tuple[tuple[str, ...], LRUCache[Any, Cost]] | None = document.memo.get((self, id(operation)))
        if known is None:
            known = _deciding(document, operation), LRUCache(MOST_KNOWN)
            document.memo[self, id(operation)] = known
        return known

    def check(self, cost: Cost) -> None:
        """Refuse what costs more than the limit.

        Raises:
            LimitError: It does; the message names the costliest selections.
        """
        if self._largest is not None and cost.rows > self._largest:
            raise LimitError(
                f"The operation could read {_number(cost.rows)} rows; {self._largest:,} are accepted. Ask for smaller "
                f"pages: {', '.join(f'`{path}` up to {_number(rows)} rows' for path, rows in cost.costliest)}."
            )
        if self._most_values is not None and cost.values > self._most_values:
            raise LimitError(
                f"The operation could answer with {_number(cost.values)} values; {self._most_values:,} are accepted. "
                "Ask for fewer fields, or for smaller pages."
            )

    def _walked(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> Cost:
        walk = _Walk(self, Document(self._core, fragments, variables))
        root = self._core.get_root_type(operation.operation)
        if root is not None:
            walk.below(root.name, [operation], 1, ())
        found = sorted(walk.rows.items(), key=lambda item: -item[1])
        return Cost(sum(walk.rows.values()), walk.values, len(walk.rows), tuple(found[:SHOWN]))

    def rows_of(self, type_: GraphQLNamedType, node: FieldNode, above: str, variables: Mapping[str, Any]) -> int | None:
        """Return the most rows that a field gives for one parent; None where it reads none by itself."""
        if (name := self._lists.get(type_.name)) is not None:
            asked = [_argument(node, argument, variables) for argument in ("first", "last")]
            sizes = [size for size in asked if isinstance(size, int)]
            return max(sizes[0] if sizes else self._limits[name].default_page_size, 1)
        if type_.name in self._limits:
            is_many = above.endswith("Payload") and node.name.value == self._plurals[type_.name]
            return self._limits[type_.name].largest_page_size if is_many else 1
        if is_abstract_type(type_):
            ids = _argument(node, "ids", variables)
            return max(len(ids), 1) if isinstance(ids, Sequence) else 1
        return None

    def values_of(self, above: str, field: str) -> int:
        """Return how many values a leaf field counts for."""
        return OWN_VALUES if field not in self._generated.get(above, (field,)) else 1

    def is_row(self, above: str, field: str) -> bool:
        """Return whether a field is a row, or rows, of the list that it stands in, which are counted already."""
        return above in self._holders and field in ("nodes", "edges", "node")


def _deciding(document: ValidDocument, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """Return the names of the variables that a cost depends on: page sizes, ids, and those of directives."""
    finder = _Deciding()
    for definition in document.definitions_of(operation):
        visit(definition, finder)
    return tuple(sorted(finder.names))


class _Deciding(Visitor):
    """Finds the variables that a cost depends on."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        if node.name.value in ("first", "last", "ids", "if") and isinstance(node.value, VariableNode):
            self.names.add(node.value.name.value)


def told(value: Any) -> Any:
    """Return what a cost depends on of a variable: of a list, its length; of an object, nothing."""
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) else None


class _Walk:
    """One walk over an operation."""

    def __init__(self, rule: CostRule, document: Document) -> None:
        self._rule = rule
        self._document = document
        self._steps = 0
        self.rows: dict[str, int] = {}
        self.values = 0

    def below(
        self, type_name: str, nodes: Iterable[Selecting], parents: int, path: tuple[str, ...], lists: int = 1
    ) -> None:
        """Count the fields below a field.

        Args:
            type_name: The object type that they are fields of.
            nodes: The field.
            parents: How many objects there can be of that type.
            path: Response keys down to the field.
            lists: For a connection, how many lists there can be; `groups` are of the list, not of its rows.
        """
        type_ = self._document.schema.type_map[type_name]
        if not isinstance(type_, GraphQLObjectType):
            return
        for key, selected in select_fields(self._document, type_name, nodes).items():
            self._steps += 1
            if self._steps > MOST_FIELDS:
                raise LimitError(f"The operation selects more than {MOST_FIELDS:,} fields, fragments written out.")
            field = type_.fields.get(selected[0].name.value)
            if field is not None:
                above = lists if selected[0].name.value == "groups" else parents
                self._field(get_named_type(field.type), selected, above, (*path, key), type_name)

    def _field(
        self, type_: GraphQLNamedType, nodes: list[FieldNode], parents: int, path: tuple[str, ...], above: str
    ) -> None:
        if is_leaf_type(type_):
            self.values += parents * self._rule.values_of(above, nodes[0].name.value)
            return
        lists, own = parents, self._rule.rows_of(type_, nodes[0], above, self._document.variables)
        if own is not None and not self._rule.is_row(above, nodes[0].name.value):
            parents = min(parents * own, CEILING)
            name = ".".join(path)
            self.rows[name] = self.rows.get(name, 0) + parents
        for possible in self._possible(type_):
            self.below(possible, nodes, parents, path, lists)

    def _possible(self, type_: GraphQLNamedType) -> list[str]:
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            return [possible.name for possible in self._document.schema.get_possible_types(type_)]
        return [type_.name]


def _argument(node: FieldNode, name: str, variables: Mapping[str, Any]) -> Any:
    """Return an argument of whole numbers or a list, as far as it can be told without coercion."""
    for argument in node.arguments or ():
        if argument.name.value == name:
            value = argument.value
            if isinstance(value, VariableNode):
                return variables.get(value.name.value)
            if isinstance(value, IntValueNode):
                return int(value.value)
            if isinstance(value, ListValueNode):
                return value.values
    return None


def _number(rows: int) -> str:
    return "more than a million million" if rows > 10**12 else f"{rows:,}"
