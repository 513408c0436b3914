"""What one request is told of answers that are there already."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from api.caching.headers import cache_headers, entity_tag, has_tag
from api.http.negotiation import Media
from api.telemetry import Trail
from schema.changes.versions import label, split_label
from schema.documents import Document
from schema.errors import StatementFailedError, UnavailableError
from schema.keeping import Question, Source, Terms
from schema.rights import Facts, Identity, Sight

if TYPE_CHECKING:
    from api.caching.caching import Caching
    from api.http.errors import Headers


Name = tuple[str, str | None, bytes, Facts, tuple[Any, ...]]
"""What a question is remembered by: hash of the document, name of the operation, variables, rules and who asks."""


class Asked(Protocol):
    """What a request asks of a document."""

    @property
    def name(self) -> str | None:
        """Which operation; None where it names none."""

    @property
    def variables(self) -> Mapping[str, Any] | None:
        """Values of its variables."""


class Keeper:
    """The cache, as one request meets it; see `schema.keeping.Keeper`."""

    __slots__ = ("_caching", "_known", "_media", "_name", "_source", "_trail", "anonymous", "headers", "is_unchanged")

    def __init__(
        self,
        caching: "Caching",
        source: Source,
        media: Media,
        trail: Trail,
        known: bytes | None,
        *,
        is_tagged: bool,
    ) -> None:
        """Begin a request; see `Caching.keeper`."""
        self._caching = caching
        self._source = source
        self._media = media
        self._trail = trail
        self._known = known
        self._name: Name | None = None
        self.anonymous = caching.anonymous
        """Who shows no key; None where such a caller is not answered."""
        self.headers: Headers | None = None if is_tagged else ()
        """What is said to caches, once it is known; nothing where it may have no tag."""
        self.is_unchanged = False
        """True once it is known that the client has this answer."""

    def recall(self, document: Document, operation: Asked, sight: Sight, identity: Identity) -> Question | None:
        """Return the question that was worked out of the same operation for the same rules and caller, if any was.

        Args:
            document: A valid document.
            operation: What is asked for of it.
            sight: What the caller sees.
            identity: Who asks.
        """
        if not document.hash:
            return None
        values = orjson.dumps(operation.variables) if operation.variables else b""
        name = document.hash, operation.name, values, sight.facts, (*identity.values(),)
        found = self._caching.questions.get(name)
        if found is None:
            self._name = name
        return found

    async def answer(self, question: Question) -> bytes | None:
        """Return the JSON of an answer, kept or read; None where a field in Python failed."""
        caching, terms = self._caching, question.terms
        if terms is not None and self._name is not None:
            caching.questions[self._name] = question
        if terms is None or not caching.watch.covers(question.compiled.statement.reads):
            return await question.read(self._source)
        try:
            return await self._answer(question, terms)
        except StatementFailedError:  # such as: there are no versions
            self.headers = None
            return await question.read(self._source)

    async def _answer(self, question: Question, terms: Terms) -> bytes | None:
        caching, is_asked = self._caching, self.headers is None and self._known is not None
        place, answers = caching.fingerprint + question.place, caching.answers
        if (is_asked or answers is not None) and (versions := await self._versions()) is not None:
            now = label(question.compiled.statement.reads.tables, versions)
            if is_asked and self._has(place, now, terms):
                return b""
            if answers is not None:
                kept, was_there = await answers.get(place, now, partial(self._read, question, now))
                self._trail.cache = "hit" if was_there else "miss"
                return None if kept is None else self._told(place, *kept, terms)
        data = await question.read_labelled(self._source)
        return None if data is None else self._told(place, *split_label(data), terms)

    async def _versions(self) -> Mapping[str, str] | None:
        """Return the versions of now; None where the primary is away, and a standby answers alone."""
        try:
            return await self._caching.versions.read()
        except UnavailableError:
            if self._source is self._caching.database:
                raise
            return None

    async def _read(self, question: Question, now: bytes) -> bytes | None:
        """Return an answer of the versions that are known, or newer ones, behind its label."""
        data = await question.read_labelled(self._source)
        if self._source is self._caching.database or data is None or data.startswith(now + b"\n"):
            return data
        return await question.read_labelled(self._caching.database)  # a standby was behind

    def _has(self, place: bytes, now: bytes, terms: Terms) -> bool:
        """Return whether the client has the answer of these versions, and note what it is told then."""
        tag = entity_tag(place, now, self._media)
        if self._known is None or not has_tag(self._known, tag):
            return False
        self.headers, self.is_unchanged = cache_headers(terms, tag, self._caching.callers), True
        return True

    def _told(self, place: bytes, found: bytes, answer: bytes, terms: Terms) -> bytes:
        """Return an answer, having noted what is said to caches of it."""
        if self.headers is None:
            self.headers = cache_headers(terms, entity_tag(place, found, self._media), self._caching.callers)
        return answer
