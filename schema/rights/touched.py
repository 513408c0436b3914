"""Which places of the schema an operation touches: fields, input fields and enum values, wherever they stand."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    get_named_type,
    type_from_ast,
    visit,
)

from schema.documents import Document
from schema.rights.refusals import Forbidden, Place


def refused(
    core: GraphQLSchema,
    document: Document,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    forbidden: Forbidden,
) -> list[tuple[str, Node | None]]:
    """Return why an operation is refused, with where it says so: each reason once; nothing where it is not.

    Args:
        core: The schema.
        document: A valid document.
        operation: One of its operations.
        variables: Values of its variables, as they were sent.
        forbidden: What is refused.
    """
    touched = _known(core, document, operation)
    reasons: dict[str, Node | None] = {}
    for each in forbidden.keys() & touched.keys():
        reasons.setdefault(forbidden[each], touched[each])
    for each, definition in _in_variables(core, document, operation, variables):
        if each in forbidden:
            reasons.setdefault(forbidden[each], definition)
    return sorted(reasons.items(), key=lambda item: item[0])


def is_touching(core: GraphQLSchema, document: Document, operation: OperationDefinitionNode) -> bool:
    """Return whether values of variables can touch a place, and so decide whether an operation is refused."""
    return bool(_reaching(core, document, operation))


def touched_places(
    core: GraphQLSchema, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> set[Place]:
    """Return the places that an operation touches; see `refused`."""
    inside = (each for each, _ in _in_variables(core, document, operation, variables))
    return {*_known(core, document, operation), *inside}


def _in_variables(
    core: GraphQLSchema, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Iterator[tuple[Place, Node]]:
    for name, type_, definition in _reaching(core, document, operation):
        for each in _in_value(type_, variables.get(name)):
            yield each, definition


def _reaching(
    core: GraphQLSchema, document: Document, operation: OperationDefinitionNode
) -> list[tuple[str, Any, VariableDefinitionNode]]:
    """Return the variables whose values can touch a place, with their types; found out once a document.

    Plain scalars, such as the id of a row, touch none.
    """
    place = _reaching, id(operation)
    reaching: list[tuple[str, Any, VariableDefinitionNode]] | None = document.memo.get(place)
    if reaching is None:
        typed = ((each, type_from_ast(core, each.type)) for each in operation.variable_definitions or ())
        reaching = document.memo[place] = [
            (each.variable.name.value, type_, each)
            for each, type_ in typed
            if isinstance(get_named_type(type_), GraphQLInputObjectType | GraphQLEnumType)
        ]
    return reaching


def _known(core: GraphQLSchema, document: Document, operation: OperationDefinitionNode) -> dict[Place, Node]:
    """Return the places that the text of an operation touches; found out once a document."""
    place = refused, id(operation)
    touched: dict[Place, Node] | None = document.memo.get(place)
    if touched is None:
        touched = document.memo[place] = _touched(core, document, operation)
    return touched


def _touched(core: GraphQLSchema, document: Document, operation: OperationDefinitionNode) -> dict[Place, Node]:
    """Return the places that the text of an operation touches, each with where it first does."""
    found = dict[Place, Node]()
    for definition in document.definitions_of(operation):
        info = TypeInfo(core)
        visit(definition, TypeInfoVisitor(info, _Finder(info, found)))
    return found


class _Finder(Visitor):
    def __init__(self, info: TypeInfo, found: dict[Place, Node]) -> None:
        super().__init__()
        self._info = info
        self._found = found

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, type_ = self._info.get_parent_type(), self._info.get_type()
        if parent is not None:
            self._found.setdefault((parent.name, node.name.value), node)
            self._found.setdefault((parent.name, ""), node)
        if type_ is not None:
            self._found.setdefault((get_named_type(type_).name, ""), node)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        parent = get_named_type(self._info.get_parent_input_type())
        if parent is not None:
            self._found.setdefault((parent.name, node.name.value), node)
            self._found.setdefault((parent.name, ""), node)

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        type_ = get_named_type(self._info.get_input_type())
        if type_ is not None:
            self._found.setdefault((type_.name, node.value), node)
            self._found.setdefault((type_.name, ""), node)


def _in_value(type_: Any, value: Any) -> Iterator[Place]:
    """Yield the places that the value of a variable touches."""
    waiting = [(type_, value)]
    while waiting:
        type_, value = waiting.pop()
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
        if isinstance(type_, GraphQLList):
            waiting += [(type_.of_type, each) for each in (value if isinstance(value, list) else [value])]
        elif isinstance(type_, GraphQLInputObjectType) and isinstance(value, dict):
            yield type_.name, ""
            for name, each in value.items():
                if name in type_.fields:
                    yield type_.name, name
                    waiting.append((type_.fields[name].type, each))
        elif isinstance(type_, GraphQLEnumType) and isinstance(value, str):
            yield type_.name, ""
            yield type_.name, value
