"""What servers read and write of keys on the way of a request: look-ups, and the time of the last use.

The clock is the database's: a key's end arrives here as seconds that are left, so that a server whose own
clock is wrong lets no key live longer.
"""

import hmac
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from sqlalchemy import ARRAY, Executable, Float, Row, Text, any_, bindparam, cast, func, select, text

from api.keys.format import hash_of
from api.keys.places import Places, places
from schema.context import WriteSession
from schema.errors import BadInputError
from schema.models.api_key import ApiKey
from schema.principal import Principal

SELECT_KEYS: Final = select(
    ApiKey.id,
    ApiKey.prefix,
    ApiKey.secret_hash,
    ApiKey.scopes,
    ApiKey.user_id,
    ApiKey.origins,
    ApiKey.networks,
    ApiKey.requests_per_minute,
    ApiKey.cost_per_minute,
    ApiKey.claims,
    cast(  # of numbers, as PostgreSQL before 17 cannot subtract an infinite time
        func.extract("epoch", func.least(ApiKey.expires_at, ApiKey.revoked_at))
        - func.extract("epoch", func.clock_timestamp()),
        Float(53),
    ).label("seconds_left"),
).where(ApiKey.prefix == any_(bindparam("prefixes", type_=ARRAY(Text))))

RECORD_USES: Final = text("""
WITH used AS (
    SELECT id, now() - age * interval '1 second' AS at
    FROM unnest(CAST(:ids AS bigint[]), CAST(:ages AS double precision[])) AS uses (id, age)
), locked AS (
    SELECT id FROM api_keys WHERE id = ANY (CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE
)
UPDATE api_keys SET last_used_at = used.at
FROM locked JOIN used USING (id)
WHERE api_keys.id = locked.id AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at < used.at)
""")


@dataclass(frozen=True, slots=True)
class Record:
    """What a server remembers of a key."""

    principal: Principal
    """Who shows it."""

    secret_hash: bytes = field(repr=False)
    """SHA-256 of the key."""

    ends_at: float
    """When it stops working, by expiry or by being taken back: seconds of `time.monotonic`."""

    read_at: float = -inf
    """When the database was asked for it: seconds of `time.monotonic`."""

    places: Places | None = None
    """Where it may be used from; anywhere where None."""

    def fits(self, presented: str) -> bool:
        """Return whether a key is this one, in a time that does not tell how much of it is right."""
        return hmac.compare_digest(hash_of(presented), self.secret_hash)


NOBODY: Final = Record(Principal(), bytes(32), -inf)
"""What is remembered of a prefix that no key has."""


async def record_uses(session: WriteSession, ages: Mapping[int, float]) -> None:
    """Write down when keys were last used, in one statement. Times only move forward.

    Rows are locked in the order of their ids, so that servers that write at once never wait for each other
    in a circle.

    Args:
        session: Where it is written.
        ages: Seconds since the last use, by the primary key of the key.
    """
    await session.execute(RECORD_USES, {"ids": list(ages), "ages": list(ages.values())})


def select_keys(prefixes: Iterable[str]) -> Executable:
    """Return the statement that looks up keys; its text is the same for any number of them."""
    return SELECT_KEYS.params(prefixes=list(prefixes))


def to_records(rows: Iterable[Row[Any]], asked_at: float) -> dict[str, Record]:
    """Return what `select_keys` found, by prefix.

    Args:
        rows: What it returned.
        asked_at: `time.monotonic()` before it was sent. What is left of a key's time counts from then.
    """
    found: dict[str, Record] = {}
    for row in rows:
        with suppress(BadInputError):  # of claims that somebody wrote by SQL: such a key does not hold
            found[row.prefix] = _to_record(row, asked_at)
    return found


def _to_record(row: Row[Any], asked_at: float) -> Record:
    return Record(
        Principal(
            frozenset(row.scopes),
            row.id,
            row.user_id,
            row.prefix,
            requests_per_minute=row.requests_per_minute,
            cost_per_minute=row.cost_per_minute,
            claims=row.claims,
        ),
        row.secret_hash,
        inf if row.seconds_left is None else asked_at + row.seconds_left,
        asked_at,
        places(row.origins, row.networks),
    )
