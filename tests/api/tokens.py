"""Authentication of a team's own, as `docs/keys.md` shows it: tokens that another service has signed."""

from collections.abc import Iterator
from typing import Annotated, Any

import jwt
from fastapi import Depends, Header, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from schema.principal import Principal

SECRET = "a secret of the tests that is long enough for HS256"  # noqa: S105 - of the tests alone
OPENED: list[str] = []
"""What the dependency that is a generator has opened and closed."""


def token(**claims: Any) -> str:
    """Return a signed token."""
    return jwt.encode({"sub": "ann", "user": 1, "scope": "read", **claims}, SECRET, algorithm="HS256")


def keyring() -> Iterator[str]:
    """Give the secret, as a dependency of a dependency that has to be closed."""
    OPENED.append("opened")
    yield SECRET
    OPENED.append("closed")


bearer = HTTPBearer(auto_error=False)


async def principal(
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    secret: Annotated[str, Depends(keyring)],
    x_tenant: Annotated[int | None, Header()] = None,
) -> Principal | None:
    """Return who has signed in; None where a key is shown, or nothing."""
    if shown is None or shown.credentials.startswith("ach_"):
        return None
    try:
        claims = jwt.decode(shown.credentials, secret, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "The token does not hold.") from error
    if claims.get("is_locked") or x_tenant == 0:
        raise HTTPException(403, "The account is locked.")
    looked_at = {name: claims[name] for name in ("tenant", "levels") if name in claims}
    return Principal(
        frozenset(claims["scope"].split()), user_id=claims["user"], subject=claims["sub"], claims=looked_at
    )


def broken() -> str:
    """Return what is no principal."""
    return "ann"
