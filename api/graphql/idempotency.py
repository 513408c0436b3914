"""The header Idempotency-Key: a mutation that a client sends again is run once, and answered twice, byte for byte.

The first request puts its key into a table, and so makes whoever comes with the same key wait; it runs, and its answer
is kept in the transaction that wrote. The second finds the answer there. Where the first failed, or its server died,
nothing is kept and nothing was written, and the second runs.

Source: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
"""

import hashlib
import re
from datetime import timedelta
from typing import Any, Final

import orjson
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from api.graphql.operation import Operation
from api.http.errors import BadRequestError, HttpError
from schema.context import Transaction
from schema.errors import UnavailableError
from schema.models.idempotency_key import IdempotencyKey
from schema.principal import Principal
from schema.writing.violations import ConflictingWrites

HEADER: Final = b"idempotency-key"
"""The header."""

SWEPT: Final = 100
"""Most keys that have expired which a request takes away."""

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}")

_TABLE: Final = IdempotencyKey.metadata.tables[IdempotencyKey.__tablename__]


class KeyReusedError(HttpError):
    """The key belongs to another request."""

    status = 422
    code = "IDEMPOTENCY_KEY_REUSED"


def key_in(headers: dict[bytes, bytes]) -> str | None:
    """Return the key that a request names, None where it names none.

    Raises:
        BadRequestError: It is empty, too long, or has characters that do not print.
    """
    given = headers.get(HEADER)
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        raise BadRequestError("Idempotency-Key takes 1 to 255 printable ASCII characters without spaces.")
    return given.decode()


class Kept:
    """The answer to one request, as it is kept."""

    def __init__(self, transaction: Transaction, principal: Principal, key: str, operation: Operation) -> None:
        """Name the request.

        Args:
            transaction: What it writes in.
            principal: Who asks; keys of one do not meet those of another.
            key: The key.
            operation: What is asked.
        """
        self._transaction = transaction
        if principal.key_id is None and not principal.is_anonymous:  # whom a team's own authentication knows
            own = f"{principal.user_id}/{principal.subject}".encode()
            if principal.claims:  # of one tenant, where a user has several
                own += b"/" + principal.claims_json
            key = f"{hashlib.sha256(own).hexdigest()} {key}"  # no client's key has a space in it
        self._names = {"owner": principal.key_id or 0, "key": key}
        asked = [operation.query, operation.name, operation.variables or None]
        self._hash = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).digest()
        self._is_it = [_TABLE.c[name] == value for name, value in self._names.items()]

    async def claim(self, hours: float) -> tuple[str, bytes] | None:
        """Take the key, once nobody else holds it; return the content type and the body that it was answered with.

        Args:
            hours: How long keys hold.

        Raises:
            KeyReusedError: It was taken for another request.
            UnavailableError: Another transaction stood in the way.
        """
        try:
            return await self._claim(hours)
        except ConflictingWrites as error:
            raise UnavailableError("Other writes stood in the way; try again.") from error

    async def _claim(self, hours: float) -> tuple[str, bytes] | None:
        is_old = _TABLE.c.created_at < func.now() - timedelta(hours=hours)
        old = select(_TABLE.c.owner, _TABLE.c.key).where(is_old).limit(SWEPT).with_for_update(skip_locked=True).cte()
        both = (_TABLE.c.owner == old.c.owner) & (_TABLE.c.key == old.c.key)
        await self._transaction.run(delete(_TABLE).where(both))
        await self._transaction.run(delete(_TABLE).where(*self._is_it, is_old))
        values = self._names | {"request_hash": self._hash}
        taken = insert(_TABLE).values(values).on_conflict_do_nothing().returning(_TABLE.c.key)
        if await self._transaction.run(taken):
            return None
        columns = (_TABLE.c.request_hash, _TABLE.c.media, _TABLE.c.answer)
        found: Any = await self._transaction.run(select(*columns).where(*self._is_it))
        ((hash_, media, answer),) = found
        if hash_ != self._hash:
            raise KeyReusedError("The Idempotency-Key was sent with another request before; choose a new one.")
        return media, answer

    async def keep(self, media: str, answer: bytes) -> None:
        """Keep the answer."""
        values = {"media": media, "answer": answer}
        await self._transaction.run(update(_TABLE).where(*self._is_it).values(values))
