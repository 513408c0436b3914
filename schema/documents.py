"""GraphQL documents: parsed and validated once for each text, and refused before they can cost much.

The order is the point. Tokens are counted while the text is read; then the nesting is measured, in time linear
in the document; only then do the rules of the specification run, some of which compare fields pair by pair.
Running a document is the affair of others.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import OverlappingFieldsCanBeMergedRule, ValidationContext
from graphql.validation.validate import ValidationAbortedError

from schema.errors import DocumentError, DocumentSyntaxError, LimitError, OperationError

CACHE_BYTES: Final = 64 * 1024 * 1024
"""Most memory of all cached documents together, as estimated from the next constant and the text."""

TOKEN_BYTES: Final = 400
"""Memory that a token takes with its node of the tree; measured with Python 3.11 and graphql-core 3.3."""

COMPARISONS: Final = 50_000
"""Most comparisons of fields with the same name before a document is refused. 200 fragments side by side in
one place take 40,000, and 0.2 s; a document of 10,000 tokens can be made to take more than is worth waiting for."""

MOST_CHARACTERS: Final = 250_000
"""Most characters of a document; large values belong in variables. Reading as long a string takes 0.1 s."""

MOST_ERRORS: Final = 20
"""Errors after which a document is not looked at further."""

SHOWN_NAMES: Final = 10
"""Most operation names that a message lists."""


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """How large a document may be."""

    tokens: int = 10_000
    """Most tokens, comments included."""

    depth: int = 20
    """Most levels that fields may nest, fragments followed."""


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


class Documents:
    """The documents of one schema."""

    def __init__(
        self, core: GraphQLSchema, limits: DocumentLimits | None = None, cache_bytes: int = CACHE_BYTES
    ) -> None:
        """Begin without any document.

        Args:
            core: What documents are valid under.
            limits: How large they may be.
            cache_bytes: Most memory of those that are kept.
        """
        self._core = core
        self._limits = limits or DocumentLimits()
        self._cache: LRUCache[str, Document] = LRUCache(cache_bytes, getsizeof=_size)

    def get(self, text: str) -> Document:
        """Return the document of a text; parsed and validated the first time only.

        Raises:
            DocumentSyntaxError: It is not GraphQL.
            LimitError: It is too large, nests too deeply, or is too complex to check.
            DocumentError: It is not valid under the schema.
        """
        document = self._cache.get(text)
        if document is None:
            document = self._read(text)
            if _size(document) <= self._cache.maxsize:
                self._cache[text] = document
        return document

    def _read(self, text: str) -> Document:
        node = _parse(text, self._limits.tokens)
        _check_depth(node, self._limits.depth)
        errors = validate(self._core, node, RULES, max_errors=MOST_ERRORS)
        if errors:
            raise _refusal(errors)
        document = to_document(node, hash_of(text))
        if not document.operations:
            raise OperationError("The document has no operation.")
        return document


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal digits, as clients name documents by it."""
    return hashlib.sha256(text.encode()).hexdigest()


def to_document(node: DocumentNode, hash_: str = "") -> Document:
    """Return a document from a syntax tree that is known to be valid."""
    operations = [definition for definition in node.definitions if isinstance(definition, OperationDefinitionNode)]
    fragments = [definition for definition in node.definitions if isinstance(definition, FragmentDefinitionNode)]
    return Document(
        node,
        {_name(operation): operation for operation in operations},
        {_name(fragment): fragment for fragment in fragments},
        hash_,
    )


class _OverlappingFields(OverlappingFieldsCanBeMergedRule):
    """The rule that costs most, with less patience."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = 2 * COMPARISONS  # one costs two


RULES: Final = tuple(
    _OverlappingFields if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules
)
"""The rules of the specification."""


def _size(document: Document) -> int:
    """Return about how many bytes a document takes; texts inside it are there twice."""
    text = document.node.loc.source.body if document.node.loc else ""
    return TOKEN_BYTES * (document.node.token_count or 1) + 2 * len(text)


def _refusal(errors: list[GraphQLError]) -> DocumentError | LimitError:
    if len(errors) == 1 and isinstance(errors[0], ValidationAbortedError):
        return LimitError(
            "The document is too complex to check: it asks for a field in too many places at once, or its fragments "
            "spread each other too deeply."
        )
    return DocumentError(errors)


def _name(definition: ExecutableDefinitionNode) -> str:
    return definition.name.value if definition.name else ""


def _parse(text: str, tokens: int) -> DocumentNode:
    if len(text) > MOST_CHARACTERS:
        raise LimitError(
            f"The document has more than {MOST_CHARACTERS:,} characters, the most that is accepted; pass large values "
            "in `variables`."
        )
    try:
        return parse(text, max_tokens=tokens)
    except GraphQLSyntaxError as error:
        if error.message.endswith("tokens. Parsing aborted."):
            raise LimitError(f"The document has more than {tokens:,} tokens, the most that is accepted.") from error
        raise DocumentSyntaxError([error]) from error
    except GraphQLError as error:
        raise LimitError("The document nests too deeply to be read.") from error


def _check_depth(node: DocumentNode, limit: int) -> None:
    """Refuse a document whose fields nest too deeply, in time linear in the document.

    Each definition is walked once. It is as deep as its own fields, or as the fields above a spread and the
    fragment together; fragments are added up in the order in which they build on each other.

    Raises:
        LimitError: It is deeper than the limit.
        DocumentError: A fragment spreads itself.
    """
    definitions = [definition for definition in node.definitions if isinstance(definition, ExecutableDefinitionNode)]
    walked = [(definition, *_walk(definition)) for definition in definitions]
    fragments: dict[str, tuple[int, dict[str, int]]] = {}
    for definition, own, spreads in walked:
        if isinstance(definition, FragmentDefinitionNode):
            fragments[_name(definition)] = own, spreads
    depths: dict[str, int] = {}
    for name in _inner_first({name: list(spreads) for name, (_, spreads) in fragments.items()}):
        depths[name] = _deepest(*fragments.get(name, (0, {})), depths)
    for definition, own, spreads in walked:
        if (depth := _deepest(own, spreads, depths)) > limit:
            called = f" `{_name(definition)}`" if definition.name else ""
            kind = "Fragment" if isinstance(definition, FragmentDefinitionNode) else "Operation"
            raise LimitError(f"{kind}{called} nests fields {depth} levels deep; {limit} are accepted.")


def _walk(definition: ExecutableDefinitionNode) -> tuple[int, dict[str, int]]:
    """Return how deep a definition's own fields nest, and the depth at which it spreads each fragment."""
    deepest, spreads = 0, dict[str, int]()
    stack = [(definition.selection_set, 0)]
    while stack:
        selection_set, depth = stack.pop()
        for selection in selection_set.selections:
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                spreads[name] = max(depth, spreads.get(name, 0))
                continue
            inner = depth + isinstance(selection, FieldNode)
            deepest = max(deepest, inner)
            if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set is not None:
                stack.append((selection.selection_set, inner))
    return deepest, spreads


def _deepest(own: int, spreads: Mapping[str, int], depths: Mapping[str, int]) -> int:
    return max([own, *(depth + depths.get(name, 0) for name, depth in spreads.items())])


def _inner_first(uses: Mapping[str, list[str]]) -> list[str]:
    """Return fragments so that each comes after those that it spreads."""
    try:
        return list(TopologicalSorter(uses).static_order())
    except CycleError as error:
        names = " in ".join(f"`{name}`" for name in error.args[1][:SHOWN_NAMES])
        raise DocumentError([GraphQLError(f"Fragments must not spread themselves: {names}.")]) from error
