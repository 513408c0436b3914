"""Which document a request means: one that it brings, one that was saved, or one that the server was taught before.

- A saved operation is called by its id, or sent as it was saved; see `schema.saved`.
- Automatic persisted queries, Apollo's protocol: a client sends the SHA-256 of a document alone, is told that it is not
  known, and sends both. Only documents that are valid are remembered, and only so many bytes of them.
- Where only saved operations are run, all else is refused before it is parsed.

Source: https://www.apollographql.com/docs/apollo-server/performance/apq
"""

from dataclasses import replace
from typing import ClassVar, Final

from graphql import GraphQLError

from api.caching.taught import LocalTexts, Texts
from api.graphql.operation import Operation
from api.http.errors import BadRequestError
from api.settings import Settings
from schema.context import Context
from schema.documents import Document, Documents, hash_of
from schema.errors import DocumentError, ForbiddenError
from schema.saved import Library

ANY_OPERATION: Final = "operations:any"
"""The scope that may run what is not saved, where others may not."""


class PersistedError(DocumentError):
    """A document that is called by a hash or an id cannot be had."""

    word: ClassVar[str]
    """What Apollo's clients look for, beside the code."""

    def __init__(self) -> None:
        """Say the word."""
        super().__init__([GraphQLError(self.word)])


class PersistedQueryNotFoundError(PersistedError):
    """The server does not know the hash or the id; it may be taught a hash."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    word = "PersistedQueryNotFound"


class PersistedQueryNotSupportedError(PersistedError):
    """The server is not to be taught anything."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"
    word = "PersistedQueryNotSupported"


class NotSavedError(ForbiddenError):
    """Only saved operations are run, and this is none."""

    code = "OPERATION_NOT_SAVED"


class Persisted:
    """Finds the documents of requests."""

    def __init__(self, documents: Documents, library: Library, settings: Settings, texts: Texts | None = None) -> None:
        """Note where documents come from.

        Args:
            documents: Parses those that are brought.
            library: The saved ones.
            settings: Which are accepted.
            texts: Remembers those that the server is taught.
        """
        self._documents = documents
        self._library = library
        self._takes_saved_only = settings.only_saved_operations
        self._is_taught = settings.persisted_queries
        self._texts = texts or LocalTexts()

    def name_of(self, document: Document) -> str | None:
        """Return the name of a document that is a saved operation; None where it is not."""
        return self._library.name_of(document.hash)

    def known(self, operation: Operation) -> Document | None:
        """Return the document of a request where it is at hand: saved, or read before; otherwise None."""
        if operation.document is not None:
            return operation.document
        if operation.id is not None:
            saved = None if operation.query else self._library.get(operation.id)
            return None if saved is None else saved.document
        if (saved := self._library.of_text(operation.query)) is not None:
            return saved.document
        return None if self._takes_saved_only else self._documents.known(operation.query)

    async def find(self, operation: Operation, context: Context) -> tuple[Operation, Document]:
        """Return the document of a request, and the request with its text.

        Raises:
            PersistedQueryNotFoundError: It is called by what the server does not know.
            PersistedQueryNotSupportedError: It is called by a hash, and the server learns none.
            NotSavedError: Only saved operations are run, and it is none.
            BadRequestError: The text has another hash than the request says.
            DocumentError: It is not valid.
            LimitError: It is too large.
        """
        if operation.document is not None:
            return operation, operation.document
        if operation.id is not None and operation.query:
            _check_same(operation.id, operation.query, is_hash=operation.is_hash)
        saved = self._library.get(operation.id) if operation.id else self._library.of_text(operation.query)
        if saved is not None:
            return replace(operation, query=saved.source.text), saved.document
        if self._takes_saved_only and not context.principal.may(ANY_OPERATION):
            raise NotSavedError(
                "This server runs saved operations only, and this is none; a key with the scope "
                f"`{ANY_OPERATION}` may run others."
            )
        if operation.id is None:
            return operation, await self._brought(operation.query, context)
        return await self._called(operation, operation.id, context)

    async def _called(self, operation: Operation, id_: str, context: Context) -> tuple[Operation, Document]:
        """Return a document that is called by a hash."""
        if not operation.is_hash:
            raise PersistedQueryNotFoundError
        if not self._is_taught:
            raise PersistedQueryNotSupportedError
        if operation.query:
            document = await self._brought(operation.query, context)
            await self._texts.put(id_, operation.query)
            return operation, document
        text = await self._texts.get(id_)
        if text is None:
            raise PersistedQueryNotFoundError
        return replace(operation, query=text), await self._brought(text, context)

    async def _brought(self, text: str, context: Context) -> Document:
        return await self._documents.find(text, hides_suggestions=not context.shows_schema)


def _check_same(id_: str, text: str, *, is_hash: bool) -> None:
    if not is_hash:
        raise BadRequestError("The request has a document and the id of one; send one of them.")
    if hash_of(text) != id_:
        raise BadRequestError("`extensions.persistedQuery.sha256Hash` is not the SHA-256 of `query`.")
