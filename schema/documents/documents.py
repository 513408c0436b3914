"""Reads documents, once for each text, and keeps those that are valid; says in few words what is wrong with others."""

from asyncio import get_running_loop
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import OverlappingFieldsCanBeMergedRule, ValidationContext
from graphql.validation.validate import ValidationAbortedError

from schema.documents.document import Document, hash_of, to_document
from schema.documents.measure import COMPARISONS, DocumentLimits, check_size, too_complex
from schema.errors import DocumentError, DocumentSyntaxError, LimitError, OperationError

CACHE_BYTES: Final = 64 * 1024 * 1024
"""Most memory of all cached documents together, as estimated from the next constant and the text."""

TOKEN_BYTES: Final = 400
"""Memory that a token takes with its node of the tree; measured with Python 3.11 and graphql-core 3.3."""

MOST_CHARACTERS: Final = 250_000
"""Most characters of a document; large values belong in variables. Reading as long a string takes 0.1 s."""

MOST_ERRORS: Final = 10
"""Errors after which a document is not looked at further."""

LONG_TEXT: Final = 2_000
"""Characters beyond which a document is not read while everybody else waits; one as long as that takes 10 ms."""

LONGEST_MESSAGE: Final = 500
"""Most characters of what is said about one error: some messages repeat what they are about, as long as it may be."""

SUGGESTION: Final = " Did you mean "
"""What every suggestion of graphql-core begins with."""


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
        self._reader = ThreadPoolExecutor(1, "documents")

    def get(self, text: str, *, hides_suggestions: bool = False) -> Document:
        """Return the document of a text; parsed and validated the first time only.

        Args:
            text: The document.
            hides_suggestions: Whether errors keep to themselves which names there are that look alike.

        Raises:
            DocumentSyntaxError: It is not GraphQL.
            LimitError: It is larger than a limit, or too complex to check.
            DocumentError: It is not valid under the schema.
        """
        return self._cache.get(text) or self._kept(text, self._read(text, hides_suggestions))

    def known(self, text: str) -> Document | None:
        """Return the document of a text that was read before and is kept; otherwise None."""
        return self._cache.get(text)

    async def find(self, text: str, *, hides_suggestions: bool = False) -> Document:
        """Return the document of a text as `get` does; a long one is read beside all else, and one after the other.

        However many long documents arrive, other requests share the processor with one of them at most.
        """
        document = self._cache.get(text)
        if document is not None:
            return document
        if len(text) <= LONG_TEXT:
            return self._kept(text, self._read(text, hides_suggestions))
        reading = get_running_loop().run_in_executor(self._reader, self._read, text, hides_suggestions)
        return self._kept(text, await reading)

    def _kept(self, text: str, document: Document) -> Document:
        """Remember a document for the next time, if there is room for it."""
        if _size(document) <= self._cache.maxsize:
            self._cache[text] = document
        return document

    def _read(self, text: str, hides_suggestions: bool) -> Document:
        node = _parse(text, self._limits.tokens)
        check_size(node, self._limits)
        errors = validate(self._core, node, RULES, max_errors=MOST_ERRORS, hide_suggestions=hides_suggestions)
        if errors:
            raise _refusal(errors, hides_suggestions)
        document = to_document(node, hash_of(text))
        if not document.operations:
            raise OperationError("The document has no operation.")
        return document


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


def _refusal(errors: list[GraphQLError], hides_suggestions: bool) -> DocumentError | LimitError:
    if len(errors) == 1 and isinstance(errors[0], ValidationAbortedError):
        return too_complex()
    for error in errors:
        if hides_suggestions:  # graphql-core hides those of names, and leaves that a field wants braces
            error.message = error.message.partition(SUGGESTION)[0]
        if len(error.message) > LONGEST_MESSAGE:
            error.message = f"{error.message[:LONGEST_MESSAGE]}..."
    return DocumentError(errors)


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
