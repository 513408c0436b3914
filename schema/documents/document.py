"""A document that is valid under one schema, and which of its operations is run."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    Visitor,
    visit,
)

from schema.errors import OperationError

Definition = OperationDefinitionNode | FragmentDefinitionNode
"""What has selections of its own."""

SHOWN_NAMES: Final = 10
"""Most operation names that a message lists."""

INTROSPECTIVE: Final = frozenset({"__schema", "__type"})
"""Root fields that tell of the schema. `__typename` tells only what the client has named itself."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is valid under one schema."""

    node: DocumentNode
    """The syntax tree."""

    operations: Mapping[str, OperationDefinitionNode]
    """The operations by name; the one without a name is ''."""

    fragments: Mapping[str, FragmentDefinitionNode]
    """The fragments by name."""

    hash: str = ""
    """SHA-256 of its text, in hexadecimal digits; empty where it was made from a tree."""

    introspective: frozenset[str] = frozenset()
    """Names of the operations that ask for the schema itself."""

    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What others have worked out of it; it is forgotten together with the document."""

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to run.

        Args:
            name: Which; None where the document has only one.

        Raises:
            OperationError: There is none of that name, or there are several and none was named.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name and name in self.operations:
            return self.operations[name]
        names = ", ".join(list(filter(None, self.operations))[:SHOWN_NAMES])
        if not names:
            raise OperationError("`operationName` must be left out: the document's operation has no name.")
        raise OperationError(f"`operationName` must name an operation of the document: {names}.")

    def definitions_of(self, operation: OperationDefinitionNode) -> list[Definition]:
        """Return one of the operations and the fragments that it spreads, directly or not.

        A fragment that only another operation spreads has another operation's variables in it.
        """
        found: dict[str, Definition] = {"": operation}
        finder, waiting = _Spreads(), [*found.values()]
        while waiting:
            visit(waiting.pop(), finder)
            new = {name: self.fragments[name] for name in finder.names if name not in found}
            found |= new
            waiting += new.values()
            finder.names.clear()
        return list(found.values())


class _Spreads(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.names.append(node.name.value)


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal digits, as clients name documents by it."""
    return hashlib.sha256(text.encode()).hexdigest()


def to_document(node: DocumentNode, hash_: str = "") -> Document:
    """Return a document from a syntax tree that is known to be valid."""
    operations = {name_of(each): each for each in node.definitions if isinstance(each, OperationDefinitionNode)}
    fragments = {name_of(each): each for each in node.definitions if isinstance(each, FragmentDefinitionNode)}
    introspective = frozenset(
        name for name, each in operations.items() if not INTROSPECTIVE.isdisjoint(_root_fields(each, fragments))
    )
    return Document(node, operations, fragments, hash_, introspective)


def name_of(definition: ExecutableDefinitionNode) -> str:
    """Return the name of an operation or fragment; '' where it has none."""
    return definition.name.value if definition.name else ""


def _root_fields(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[str]:
    """Yield the names of an operation's root fields; each fragment is looked at once."""
    stack, seen = [operation.selection_set], set[str]()
    while stack:
        for selection in stack.pop().selections:
            if isinstance(selection, FieldNode):
                yield selection.name.value
            elif isinstance(selection, InlineFragmentNode):
                stack.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and (name := selection.name.value) not in seen:
                seen.add(name)
                stack.append(fragments[name].selection_set)
