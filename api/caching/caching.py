"""The cache of one server process: its parts, and what it remembers of requests."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from cachetools import LRUCache

import schema
from api.caching.answers import Answers
from api.caching.headers import BY_KEY, Callers
from api.caching.keeper import Keeper, Name
from api.caching.memory import Memory
from api.caching.shared import Shared
from api.caching.versions import Versions
from api.caching.watch import Watch
from api.data.database import Database
from api.data.store import connect_store
from api.http.negotiation import Media
from api.settings import Settings
from api.telemetry import Trail
from schema.keeping import Question, Source
from schema.principal import Principal

QUESTION_BYTES: Final = 16_000_000
"""About how much memory the questions of requests take that are remembered."""

LEAST_BYTES: Final = 4_000
"""About what a small one takes, with the variables that it is remembered by."""

VALUE_BYTES: Final = 200
"""About what each of its values takes."""


class Caching:
    """What is kept, and what it stands on."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        anonymous: Principal | None,
        tables: Iterable[str] = (),
        callers: Callers = BY_KEY,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            database: Where rows and versions are.
            settings: How much is kept.
            anonymous: Who shows no key; None where such a caller is not answered, or may yet be known otherwise.
            tables: Names of the tables that should be watched.
            callers: How they are told apart.
        """
        self.database = database
        self.anonymous = anonymous
        """Who shows no key; None where such a caller is not answered, or may yet be known otherwise."""
        self.callers = callers
        """How they are told apart."""
        self.versions = Versions(database)
        self.watch = Watch(database, self.versions, tables)
        self.fingerprint = fingerprint()
        self.answers = _answers(settings)
        """The response cache; None where it is off."""
        self.questions: LRUCache[Name, Question] = LRUCache(QUESTION_BYTES, getsizeof=_size)
        """What was worked out of requests."""

    def keeper(
        self, source: Source, media: Media, trail: Trail, known: bytes | None, *, is_tagged: bool
    ) -> Keeper | None:
        """Return what one request is told of answers that are there; None where it need not ask.

        Args:
            source: What it reads from; it may be behind the database.
            media: The media type of the answer.
            trail: What becomes known of the request.
            known: The tags of answers that the client has.
            is_tagged: True where the answer may have a tag: it is asked for in a way that caches know.
        """
        if not is_tagged and self.answers is None:
            return None
        return Keeper(self, source, media, trail, known, is_tagged=is_tagged)

    def start(self) -> None:
        """Begin to look what is watched. The database need not be there."""
        self.watch.start()

    async def close(self) -> None:
        """End what is under way, and close connections."""
        await self.versions.close()
        await self.watch.close()
        if self.answers is not None:
            await self.answers.close()


def _answers(settings: Settings) -> Answers | None:
    if not settings.response_cache_bytes:
        return None
    shared = None
    if settings.response_cache_shared and settings.redis_url is not None:
        store = connect_store(settings.redis_url, settings.redis_timeout_seconds)
        shared = Shared(store, settings.response_cache_seconds)
    return Answers(Memory(settings.response_cache_bytes), shared)


def _size(question: Question) -> int:
    compiled = question.compiled  # its values are about as large as the variables in its name
    return LEAST_BYTES + VALUE_BYTES * len(compiled.arguments) + 2 * sum(map(_length, compiled.arguments))


def _length(value: object) -> int:
    if isinstance(value, list):
        return sum(VALUE_BYTES + _length(each) for each in value)
    return len(value) if isinstance(value, str | bytes) else 0


@cache
def fingerprint() -> bytes:
    """Return what names the code that answers: another release may answer the same question otherwise."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(Path(schema.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()
