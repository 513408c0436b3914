"""Reads and shows how people write the claims of a key: `tenant=7`, and `teams=[1, 2]` for a list."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from schema.errors import BadInputError


def parse_claims(given: Iterable[str]) -> dict[str, Any]:
    """Return claims by name. A value is a text, which rules read as what they take it for; or a list, as JSON.

    Raises:
        BadInputError: One is not written so, or named twice.
    """
    found: dict[str, Any] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or name in found:
            raise BadInputError("--claim takes a name and a value such as tenant=7, and each name once.")
        found[name] = _list(value) if value.startswith("[") else value
    return found


def spelled(claims: Mapping[str, Any]) -> str:
    """Return claims as they are written."""
    return ", ".join(
        f"{name}={value if isinstance(value, str) else orjson.dumps(value).decode()}" for name, value in claims.items()
    )


def _list(value: str) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise BadInputError("--claim takes a list as JSON, such as teams=[1,2].") from error
