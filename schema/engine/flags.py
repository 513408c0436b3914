"""The variables that decide what an operation selects: each of their values is a plan of its own."""

from typing import Any

from graphql import DirectiveNode, OperationDefinitionNode, VariableNode, Visitor, visit

from schema.documents import Document


def flag_names(document: Document, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """Return the names of the variables that stand in `@skip` and `@include`."""
    finder = _Flags()
    for definition in document.definitions_of(operation):
        visit(definition, finder)
    return tuple(sorted(finder.names))


class _Flags(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        if node.name.value in ("skip", "include"):
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    self.names.add(argument.value.name.value)
