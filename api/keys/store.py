"""What people do with keys: make, list, take back, replace.

Running servers are not told of it from here: a trigger on the table does that as a change commits, whoever
made it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import DateTime, func, select
from sqlalchemy.dialects.postgresql import insert

from api.keys.format import make
from api.keys.places import check_networks, check_origins
from schema.context import ReadSession, WriteSession
from schema.errors import BadInputError, StartError
from schema.models.api_key import ApiKey
from schema.models.claims import NAME
from schema.models.user import User
from schema.principal import EVERY, Claims

SCOPE: Final = re.compile(r"[a-z][a-z0-9_-]*(:[a-z][a-z0-9_-]*)?")
LONGEST_SCOPE: Final = 100
LONGEST_NAME: Final = 200
LARGEST_CLAIMS: Final = 2_000

KEPT: Final = (
    "name",
    "scopes",
    "expires_at",
    "user_id",
    "origins",
    "networks",
    "requests_per_minute",
    "cost_per_minute",
    "claims",
)
"""What a key that replaces another takes over from it."""


async def create(
    session: WriteSession,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    user: User | None = None,
    *,
    origins: Iterable[str] = (),
    networks: Iterable[str] = (),
    requests_per_minute: int | None = None,
    cost_per_minute: int | None = None,
    claims: Mapping[str, Any] | None = None,
) -> tuple[ApiKey, str]:
    """Make a key.

    Args:
        session: Where it is stored.
        name: What it is for.
        scopes: What it may do, at least one.
        expires_at: When it stops working, with a time zone; None for never.
        user: Whose key it is, where it is someone's.
        origins: Origins of the pages that may use it; without any, whoever has it may.
        networks: Addresses and networks from which it may be used; without any, from anywhere.
        requests_per_minute: Requests that it may make in a minute; None for as many as any key.
        cost_per_minute: Rows that its operations may be able to read in a minute; None for as many as those of any key.
        claims: What rules and policies may look at beside, by name.

    Returns:
        The stored key, and the key itself, which is nowhere else and cannot be had again.

    Raises:
        BadInputError: A name, scope, origin, network or claim is not what it may be.
    """
    return await _insert(
        session,
        {
            "name": check_name(name),
            "scopes": check_scopes(scopes),
            "expires_at": expires_at,
            "user_id": user.id if user else None,
            "origins": check_origins(origins),
            "networks": check_networks(networks),
            "requests_per_minute": requests_per_minute,
            "cost_per_minute": cost_per_minute,
            "claims": dict(check_claims(claims or {})),
        },
    )


async def list_all(session: ReadSession | WriteSession) -> Sequence[tuple[ApiKey, str | None]]:
    """Return every key in the order in which they were made, with the e-mail address of its owner."""
    rows = await session.execute(
        select(ApiKey, User.email).outerjoin(User, User.id == ApiKey.user_id).order_by(ApiKey.id)
    )
    return [(key, email) for key, email in rows]


async def revoke(session: WriteSession, prefix: str) -> ApiKey:
    """Take a key back, at once. One that was taken back before stays as it is.

    Raises:
        StartError: There is no such key.
    """
    key = await _lock(session, prefix)
    now = await _now(session)
    if key.revoked_at is None or key.revoked_at > now:
        key.revoked_at = now
        await session.flush()
    return key


async def rotate(session: WriteSession, prefix: str, grace: timedelta = timedelta()) -> tuple[ApiKey, str]:
    """Make another key with the name, scopes, owner, expiry and rates of one, which is taken back.

    Args:
        session: Where both are stored.
        prefix: Names the old key.
        grace: How much longer the old key works.

    Returns:
        The new key as stored, and the key itself, which cannot be had again.

    Raises:
        StartError: There is no such key, or it is revoked, expired or was rotated before.
    """
    key = await _lock(session, prefix)
    now = await _now(session)
    if key.revoked_at is not None:
        was = "was rotated already" if key.revoked_at > now else "is revoked"
        raise StartError(f"The key {prefix} {was}. Make a new one with `achene keys create`.")
    if key.expires_at is not None and key.expires_at <= now:
        raise StartError(f"The key {prefix} has expired, and so would its successor. Make a new one.")
    key.revoked_at = now + grace
    await session.flush()
    return await _insert(session, {name: getattr(key, name) for name in KEPT})


async def rescope(session: WriteSession, prefix: str, scopes: Iterable[str]) -> tuple[ApiKey, list[str]]:
    """Give a key other scopes, at once.

    Returns:
        The key, and the scopes that it had.

    Raises:
        BadInputError: A scope is not written as scopes are, or there are none.
        StartError: There is no such key, or it is revoked.
    """
    wanted = check_scopes(scopes)
    key = await _lock_working(session, prefix)
    before, key.scopes = key.scopes, wanted
    await session.flush()
    return key, before


async def reclaim(session: WriteSession, prefix: str, claims: Mapping[str, Any]) -> tuple[ApiKey, dict[str, Any]]:
    """Give a key other claims, at once.

    Returns:
        The key, and the claims that it had.

    Raises:
        BadInputError: A claim is not written as claims are, or they are too large.
        StartError: There is no such key, or it is revoked.
    """
    wanted = dict(check_claims(claims))
    key = await _lock_working(session, prefix)
    before, key.claims = key.claims, wanted
    await session.flush()
    return key, before


async def owner(session: WriteSession, email: str) -> User:
    """Return the user with an e-mail address, in whatever case it is written.

    Raises:
        StartError: There is none.
    """
    if user := await session.scalar(select(User).where(User.email == email.strip().lower())):
        return user
    raise StartError("--user names nobody: no user has that e-mail address.")


def check_name(name: str) -> str:
    """Return a name without blanks around it.

    Raises:
        BadInputError: It is empty, too long, or has characters that cannot be printed.
    """
    name = name.strip()
    if 0 < len(name) <= LONGEST_NAME and name.isprintable():
        return name
    raise BadInputError(f"name must be one line of 1 to {LONGEST_NAME} printable characters.")


def check_scopes(scopes: Iterable[str]) -> list[str]:
    """Return scopes without repetition, in their order.

    Raises:
        BadInputError: There are none, or one is not written as scopes are.
    """
    found = list(dict.fromkeys(scopes))
    for scope in found:
        if scope != EVERY and (len(scope) > LONGEST_SCOPE or not SCOPE.fullmatch(scope)):
            raise BadInputError(
                f"{scope[:LONGEST_SCOPE]!r} is not a scope. A scope is a word such as read, or two such as "
                "posts:write: small letters, digits, - and _, each word beginning with a letter. "
                "* stands for all that rules name."
            )
    if not found:
        raise BadInputError("scopes must name at least one scope, such as read.")
    return found


def check_claims(claims: Mapping[str, Any]) -> Claims:
    """Return claims that a key may have.

    Raises:
        BadInputError: One has a name that no rule could read, or they are too large, or no JSON.
    """
    for name in claims:
        if not NAME.fullmatch(name):
            raise BadInputError(f"{name[:LONGEST_SCOPE]!r} is no name of a claim: small letters, digits and _.")
    found = Claims(claims)
    if len(found.json) > LARGEST_CLAIMS:
        raise BadInputError(f"claims may have {LARGEST_CLAIMS:,} bytes as JSON.")
    return found


async def _insert(session: WriteSession, values: Mapping[str, Any]) -> tuple[ApiKey, str]:
    """Store a new key with these values, drawing another where its prefix is taken."""
    while True:
        new = make()
        key = await session.scalar(
            insert(ApiKey)
            .values(prefix=new.prefix, secret_hash=new.secret_hash, **values)
            .on_conflict_do_nothing(index_elements=[ApiKey.prefix])
            .returning(ApiKey)
        )
        if key is not None:
            return key, new.shown


async def _lock(session: WriteSession, prefix: str) -> ApiKey:
    """Return a key and keep it from changing until the session ends."""
    if key := await session.scalar(select(ApiKey).where(ApiKey.prefix == prefix).with_for_update()):
        return key
    raise StartError(f"There is no key {prefix}. `achene keys list` shows those that there are.")


async def _lock_working(session: WriteSession, prefix: str) -> ApiKey:
    """Return a key that works, and keep it from changing until the session ends."""
    key = await _lock(session, prefix)
    if key.revoked_at is not None and key.revoked_at <= await _now(session):
        raise StartError(f"The key {prefix} is revoked. Make a new one with `achene keys create`.")
    return key


async def _now(session: WriteSession) -> datetime:
    """Return the database's clock, which all servers go by."""
    return (await session.execute(select(func.clock_timestamp(type_=DateTime(timezone=True))))).scalar_one()
