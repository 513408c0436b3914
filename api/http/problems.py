"""Errors of REST as problem details: RFC 9457, `application/problem+json`.

    {"type": "about:blank", "title": "Conflict", "status": 409, "detail": "...", "code": "NOT_UNIQUE",
     "errors": [{"message": "...", "code": "NOT_UNIQUE", "pointer": "#/email"}]}

`code` and `errors` are members of ours. An error about the body has its place as a JSON Pointer (RFC 6901), one about a
parameter names it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson

from api.http.errors import INTERNAL, HttpError, entries_of
from schema.errors import PublicError

INVALID: Final = 422
"""The status of values that are not what is taken."""

STATUS_OF: Final[Mapping[str, int]] = {
    "BAD_INPUT": INVALID,
    "BAD_ID": INVALID,
    "BAD_CURSOR": INVALID,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "UNAVAILABLE": 503,
    "RATE_LIMITED": 429,
    INTERNAL: 500,
}
"""The statuses of codes; all others are 400."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request."""

    message: str
    """A sentence for people."""

    code: str
    """A stable word for programs."""

    pointer: str | None = None
    """Where in the body, as a JSON Pointer in a fragment: `#/email`."""

    parameter: str | None = None
    """Which parameter of the address."""

    more: Mapping[str, Any] | None = None
    """What else is known of it."""

    def shown(self) -> dict[str, Any]:
        """Return it as an entry of `errors`."""
        places = {"pointer": self.pointer, "parameter": self.parameter}
        known = {name: value for name, value in places.items() if value is not None}
        return {"message": self.message, "code": self.code, **known, **(self.more or {})}


class InvalidRequestError(HttpError):
    """Values of a request are not what the operation takes."""

    status = INVALID
    code = "BAD_INPUT"

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Take what is wrong; at least one problem."""
        super().__init__(problems[0].message)
        self._problems = tuple(problems)

    @property
    def entries(self) -> Sequence[Mapping[str, Any]]:
        """Return every problem, its place among what stands beside its code."""
        return [
            {"message": entry.pop("message"), "extensions": entry}
            for each in self._problems
            for entry in [each.shown()]
        ]


def pointer(steps: Iterable[str | int]) -> str:
    """Return a place in a body as a JSON Pointer in a fragment."""
    return "#" + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def problem_body(status: int, problems: Sequence[Problem], detail: str | None = None) -> bytes:
    """Return the body of a refusal."""
    first = problems[0]
    found = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
        "detail": detail or first.message,
        "code": first.code,
        "errors": [each.shown() for each in problems],
    }
    return orjson.dumps(found)


def problems_of(error: PublicError) -> list[Problem]:
    """Return all that an error says."""
    return [problem_of_entry(entry) for entry in entries_of(error)]


def problem_of_entry(entry: Mapping[str, Any]) -> Problem:
    """Return an entry of `errors`, as GraphQL has it, as a problem."""
    more = dict(entry.get("extensions", {}))
    return Problem(entry["message"], more.pop("code", INTERNAL), more=more)


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
