"""What the variables of an operation are used for: the fields of inputs that they fill, and whose ids they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLField,
    GraphQLInputObjectType,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)
from graphql.type import GRAPHQL_MAX_INT

from schema.build import GraphSchema
from schema.graph import Graph, ObjectType
from schema.graph.written import WriteField
from schema.query.cost import CostRule
from schema.types.mutations import mutations_of


@dataclass(slots=True)
class Usage:
    """What one variable is used for."""

    description: str | None = None
    """What the graph says of the argument or field that it fills."""

    written: WriteField | None = None
    """The column that it writes."""

    key_of: ObjectType | None = None
    """The type whose ids it takes."""

    range: tuple[int, int] | None = None
    """The least and the largest number that it takes, where it says how many rows a page has, or where it begins."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of generated mutations, by the name of their GraphQL type."""

    types: Mapping[str, ObjectType]
    """What they write."""

    @staticmethod
    def of(graph: Graph) -> "Inputs":
        """Return those of a graph."""
        found = dict[str, ObjectType]()
        for type_ in graph.types.values():
            for mutation in mutations_of(type_):
                found[f"{mutation.base}Input"] = type_
            for suffix in ("Change", "Changes"):
                found[f"{type_.name}{suffix}"] = type_
        return Inputs(found)

    def written(self, input_name: str, field_name: str) -> WriteField | None:
        """Return the column that a field of an input writes."""
        type_ = self.types.get(input_name)
        if type_ is None or type_.writes is None:
            return None
        return next((each for each in type_.writes.fields if each.field.name == field_name), None)


@dataclass(slots=True)
class _Finder(Visitor):
    """Looks at each variable with its surroundings."""

    info: TypeInfo
    graph: Graph
    inputs: Inputs
    cost: CostRule
    found: dict[str, Usage] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Visitor.__init__(self)

    def enter_variable(self, node: VariableNode, _key: Any, parent: Any, *_: Any) -> None:
        if getattr(parent, "kind", "") == "variable_definition":
            return
        usage = self.found.setdefault(node.name.value, Usage())
        outer = self.info.get_parent_input_type()
        named = get_named_type(outer) if outer is not None else None
        argument = self.info.get_argument()
        name = _name_of(parent)
        if isinstance(named, GraphQLInputObjectType) and name in named.fields:
            usage.description = usage.description or named.fields[name].description
            usage.written = usage.written or self.inputs.written(named.name, name)
            if name == "id":
                usage.key_of = usage.key_of or self._named(named.name)
        elif argument is not None:
            usage.description = usage.description or argument.description
            if name == "id":
                usage.key_of = usage.key_of or self._given(self.info.get_field_def())
            usage.range = usage.range or self._range(name)

    def _range(self, name: str) -> tuple[int, int] | None:
        """Return the numbers that an argument of a list takes."""
        definition = self.info.get_field_def()
        type_name = get_named_type(definition.type).name.removesuffix("Connection") if definition else ""
        if type_name not in self.graph.types or name not in ("first", "last", "offset"):
            return None
        return 0, GRAPHQL_MAX_INT if name == "offset" else self.cost.largest_page(type_name)

    def _given(self, definition: GraphQLField | None) -> ObjectType | None:
        """Return the type of the row that a field looks up."""
        return self.graph.types.get(get_named_type(definition.type).name) if definition is not None else None

    def _named(self, name: str) -> ObjectType | None:
        """Return the type of the row that an input names."""
        found = self.inputs.types.get(name)
        return found or (self.graph.types.get(name.removesuffix("Key")) if name.endswith("Key") else None)


def _name_of(parent: Any) -> str:
    """Return the name of the argument or the field that a value stands behind."""
    return str(parent.name.value) if getattr(parent, "name", None) is not None else ""


def usages(schema: GraphSchema, inputs: Inputs, node: DocumentNode, names: Iterable[str]) -> dict[str, Usage]:
    """Return what each variable of a valid document is used for."""
    info = TypeInfo(schema.core)
    finder = _Finder(info, schema.graph, inputs, schema.cost)
    visit(node, TypeInfoVisitor(info, finder))
    return {name: finder.found.get(name, Usage()) for name in names}
