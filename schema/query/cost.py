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
    visit,
)

from schema.errors import LimitError
from schema.graph import Graph
from schema.query.page import Limits
from schema.query.selection import Document, Selecting, select_fields

SHOWN: Final = 3
"""How many of the costliest selections a refusal names."""

CEILING: Final = 10**15
"""Where counting stops."""

MOST_KNOWN: Final = 1000
"""Costs that are kept."""

MOST_STEPS: Final = 20_000
"""Most fields that are walked over; aliases and fragments can write out a short document into a very long one."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The most that an operation can touch."""

    rows: int
    """Rows and groups, over all lists and look-ups."""

    statements: int
    """Statements that the loaders run: one for each selection that reads, whatever the number of parents."""

    costliest: tuple[tuple[str, int], ...]
    """The selections with the most rows: path and rows, the most first."""


class CostRule:
    """Knows which fields of a schema read rows, and refuses operations that could read too many."""

    def __init__(self, core: GraphQLSchema, graph: Graph, limits: Limits, largest: int | None) -> None:
        """Note the lists of a graph.

        Args:
            core: The schema.
            graph: Its description.
            limits: How large a page may be.
            largest: Most rows that an operation may touch; None for any number.
        """
        self._core = core
        self._largest = largest
        self._limits = {type_.name: limits.for_type(type_) for type_ in graph.types.values()}
        self._lists = {f"{name}{kind}": name for name in graph.types for kind in ("Connection", "Group")}
        self._names: LRUCache[int, tuple[OperationDefinitionNode, tuple[str, ...]]] = LRUCache(MOST_KNOWN)
        self._measured: LRUCache[Any, tuple[OperationDefinitionNode, Cost]] = LRUCache(MOST_KNOWN)
        self._holders = {f"{name}{kind}" for name in graph.types for kind in ("Connection", "Edge")}

    def measure(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> Cost:
        """Return what an operation can cost.

        Args:
            operation: A valid operation.
            fragments: The fragments of its document.
            variables: The coerced variables.
        """
        place = (id(operation), *(_told(variables.get(name)) for name in self._deciding(operation, fragments)))
        known = self._measured.get(place)
        if known is None:
            known = self._measured[place] = operation, self._walked(operation, fragments, variables)
        return known[1]

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
        return Cost(sum(walk.rows.values()), len(walk.rows), tuple(found[:SHOWN]))

    def _deciding(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> tuple[str, ...]:
        """Return the names of the variables that a cost depends on: page sizes, ids, and those of directives."""
        known = self._names.get(id(operation))
        if known is None:
            finder = _Deciding()
            for definition in (operation, *fragments.values()):
                visit(definition, finder)
            known = self._names[id(operation)] = operation, tuple(sorted(finder.names))
        return known[1]

    def rows_of(self, type_: GraphQLNamedType, node: FieldNode, variables: Mapping[str, Any]) -> int | None:
        """Return the most rows that a field gives for one parent; None where it reads none by itself."""
        if (name := self._lists.get(type_.name)) is not None:
            asked = [_argument(node, argument, variables) for argument in ("first", "last")]
            sizes = [size for size in asked if isinstance(size, int)]
            return max(sizes[0] if sizes else self._limits[name].default_page_size, 1)
        if type_.name in self._limits:
            return 1
        if is_abstract_type(type_):
            ids = _argument(node, "ids", variables)
            return max(len(ids), 1) if isinstance(ids, Sequence) else 1
        return None

    def is_row(self, above: str, field: str) -> bool:
        """Return whether a field is a row, or rows, of the list that it stands in, which are counted already."""
        return above in self._holders and field in ("nodes", "edges", "node")


class _Deciding(Visitor):
    """Finds the variables that a cost depends on."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        if node.name.value in ("first", "last", "ids", "if") and isinstance(node.value, VariableNode):
            self.names.add(node.value.name.value)


def _told(value: Any) -> Any:
    """Return what a cost depends on of a variable: of a list, its length."""
    return len(value) if isinstance(value, list) else value


class _Walk:
    """One walk over an operation."""

    def __init__(self, rule: CostRule, document: Document) -> None:
        self._rule = rule
        self._document = document
        self._steps = 0
        self.rows: dict[str, int] = {}

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
            if self._steps > MOST_STEPS:
                raise LimitError(f"The operation selects more than {MOST_STEPS:,} fields, fragments written out.")
            field = type_.fields.get(selected[0].name.value)
            if field is not None:
                above = lists if selected[0].name.value == "groups" else parents
                self._field(get_named_type(field.type), selected, above, (*path, key), type_name)

    def _field(
        self, type_: GraphQLNamedType, nodes: list[FieldNode], parents: int, path: tuple[str, ...], above: str
    ) -> None:
        lists, own = parents, self._rule.rows_of(type_, nodes[0], self._document.variables)
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
