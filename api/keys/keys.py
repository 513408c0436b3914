"""Says who shows a key: what a server asks on each request.

The parts: `format` looks at the key itself, `cache` remembers, `lookup` asks the database, `listener` hears
of changes and says whether what is remembered may be used, `usage` notes the last use.
"""

import time
from typing import Final

from starlette.types import Scope

from api.data.database import Database
from api.http.client_address import client_host
from api.http.headers import Headers, request_headers
from api.keys.cache import Cache
from api.keys.format import LENGTH, PREFIX_PLACE, prefix_of
from api.keys.listener import Listener
from api.keys.lookup import Lookup
from api.keys.records import Record
from api.keys.usage import Usage
from api.settings import Settings
from schema.errors import ForbiddenError, UnauthenticatedError
from schema.principal import Principal

REFUSED: Final = "The API key is unknown, revoked or expired."
"""One message for all three: who does not have the key learns nothing of it."""

BEARER: Final = b"Bearer "
"""How most clients that send `Authorization` begin it; others are looked at more closely."""

ELSEWHERE: Final = "The API key may not be used from where this request comes from."
"""One message for origins and for networks: who has stolen a key learns not which of them to forge."""


class Keys:
    """The keys of one server process. Without `start` it works too, and asks the database each time."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Prepare; nothing is connected yet.

        Args:
            database: Where keys are.
            settings: The ones that begin with `key_`.
        """
        self._cache = Cache(settings.key_cache_size, settings.key_cache_seconds)
        self._lookup = Lookup(database, settings.key_timeout_seconds)
        self._listener = Listener(database, settings.key_staleness_seconds, self._cache.forget)
        self._usage = Usage(database, settings.key_use_seconds, settings.key_timeout_seconds)

    @property
    def is_remembering(self) -> bool:
        """True while changes are heard of, so that a key need not be looked up each time."""
        return self._listener.is_trusted

    @property
    def remembered(self) -> int:
        """How many keys are remembered, those that were shown and do not exist among them."""
        return len(self._cache)

    async def start(self) -> None:
        """Begin to listen for changes and to write down uses. The database need not be there."""
        self._listener.start()
        self._usage.start()

    async def close(self) -> None:
        """Stop both, and write down the uses that are left."""
        await self._listener.close()
        await self._usage.close()

    async def flush(self) -> None:
        """Write down the uses that were noted, now. It never raises."""
        await self._usage.flush()

    def recognize(self, headers: Headers, host: str | None) -> Principal | None:
        """Return who shows a key that was shown before, and holds; None where one has to look closer, see `resolve`.

        Args:
            headers: The headers of a request that has each but once.
            host: The address that it comes from, as text; None where that is not known.
        """
        key = headers.get(b"x-api-key")
        authorization = headers.get(b"authorization")
        if key is None:
            if authorization is None or not authorization.startswith(BEARER):
                return None
            key = authorization[len(BEARER) :]
        elif authorization is not None:
            return None
        now = time.monotonic()
        if len(key) != LENGTH or now >= self._listener.trusted_until:
            return None
        record = self._cache.shown(key, now)
        if record is None or (record.places is not None and not record.places.allow(headers, host)):
            return None
        self._usage.note(record.principal.key_id, now)
        return record.principal

    async def resolve(self, presented: str, scope: Scope | None = None) -> Principal:
        """Return who shows a key.

        Args:
            presented: The key.
            scope: The request; without one the key is shown by who runs the server, from wherever.

        Raises:
            UnauthenticatedError: It is no key, or does not hold. The message does not repeat it.
            ForbiddenError: It may not be used from where the request comes from. The message does not say why.
            UnavailableError: It has to be looked up, and the database did not answer in time.
        """
        known = self._cache.get(presented[PREFIX_PLACE]) if self._listener.is_trusted else None
        # What fits a key that is remembered has the form of one, too.
        record = known if known is not None and known.fits(presented) else await self._looked_at(presented)
        now = time.monotonic()
        if now >= record.ends_at or record.principal.key_id is None:
            raise UnauthenticatedError(REFUSED)
        if scope is not None and not _is_allowed(record, scope):
            raise ForbiddenError(ELSEWHERE)
        if self._listener.is_trusted:
            self._cache.note_shown(presented.encode(), record)
        self._usage.note(record.principal.key_id, now)
        return record.principal

    async def _looked_at(self, presented: str) -> Record:
        """Return the key that is shown, having looked at its form first."""
        prefix = prefix_of(presented)
        record = self._cache.get(prefix) if self._listener.is_trusted else None
        if record is None:
            record = await self._look_up(prefix)
        if not record.fits(presented):
            raise UnauthenticatedError(REFUSED)
        return record

    async def _look_up(self, prefix: str) -> Record:
        generation = self._cache.generation
        record = await self._lookup.find(prefix)
        if self._listener.is_trusted:
            self._cache.put(prefix, record, generation)
        return record


def _is_allowed(record: Record, scope: Scope) -> bool:
    return record.places is None or record.places.allow(request_headers(scope), client_host(scope))
