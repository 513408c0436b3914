"""How much of what a caller may use in which time, as the settings say it.

    ACHENE_RATE_REQUESTS=600/minute
    ACHENE_RATE_COST=1000000/minute
    ACHENE_RATE_PATHS=POST /users/ = 10/minute, GET /reports/{year} = 1/second

A rate is text that `limits` reads. Counters belong to one caller and one policy.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from limits import RateLimitItem, parse
from starlette.routing import compile_path

UNLIMITED: Final = "unlimited"
"""The word for any number."""

REQUESTS: Final = "requests"
"""Name of the policy that counts requests to any path."""

COST: Final = "cost"
"""Name of the policy that counts what operations could read."""

Unit = Literal["requests", "rows"]
"""What is counted."""

UNITS: Final[Mapping[str, Unit]] = {REQUESTS: "requests", COST: "rows"}
"""What these two count."""

LARGEST: Final = 999_999_999_999_999
"""Largest number in a structured field. Source: RFC 9651 section 3.3.1."""

RULE: Final = re.compile(r"(?:(?P<method>[A-Z]+)\s+)?(?P<path>/\S*)\s*=\s*(?P<rate>.+)")
"""One rule of ACHENE_RATE_PATHS."""


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """How much may be used, of what, and in which time. Each is its own, as answers look up how it is written."""

    name: str
    """What clients know it by: `requests`, `cost`, or the method and path of a rule."""

    rate: RateLimitItem
    """How much in which time."""

    unit: Unit = "requests"
    """What is counted."""

    amount: int = field(init=False)
    """How much may be used in the time of a window."""

    seconds: int = field(init=False)
    """Length of a window."""

    counted_as: str = field(init=False)
    """What is another for another rate, so that a rate which is changed begins to count anew."""

    quoted: str = field(init=False)
    """Its name as a structured field writes text. Source: RFC 9651 section 3.3.3."""

    def __post_init__(self) -> None:
        """Work out once what each request asks for."""
        name = self.name.replace("\\", "\\\\").replace('"', '\\"')
        object.__setattr__(self, "quoted", f'"{name}"')
        object.__setattr__(self, "amount", self.rate.amount)
        object.__setattr__(self, "seconds", self.rate.get_expiry())
        object.__setattr__(self, "counted_as", self.rate.key_for(self.name))

    def __str__(self) -> str:
        """Return the rate in words, such as `10 requests in 60 seconds`."""
        unit = self.unit.removesuffix("s") if self.amount == 1 else self.unit
        return f"{self.amount:,} {unit} in {self.seconds:,} second{'s' if self.seconds > 1 else ''}"


@dataclass(frozen=True, slots=True)
class PathRule:
    """A policy for requests to some paths, beside the one for all requests."""

    methods: frozenset[str]
    """Methods that it counts; all where empty."""

    pattern: re.Pattern[str]
    """Paths that it counts."""

    policy: Policy
    """How many."""

    def counts(self, method: str, path: str) -> bool:
        """Return whether a request is one of those; a path with and without a slash at its end is the same."""
        return (not self.methods or method in self.methods) and self.pattern.match(_bare(path)) is not None


def parse_rate(text: str) -> RateLimitItem | None:
    """Return a rate such as `600/minute` or `5 per 10 seconds`; None for `unlimited`.

    Raises:
        ValueError: It is none; the message says what would be accepted.
    """
    if text.strip().lower() == UNLIMITED:
        return None
    try:
        rate = parse(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no rate; write `600/minute`, `5 per 10 seconds` or `{UNLIMITED}`") from error
    if "," in text or ";" in text or "|" in text:
        raise ValueError(f"{text!r} is more than one rate; write one, such as `600/minute`")
    if not 0 < rate.amount <= LARGEST or not rate.get_expiry():
        raise ValueError(f"{text!r} lets nothing through or everything; write a number from 1 to {LARGEST:,}")
    return rate


def parse_rules(texts: Iterable[str]) -> tuple[PathRule, ...]:
    """Return rules for paths, each `METHOD /path = rate`; without a method for all methods.

    Paths are written as FastAPI writes them: `/users/{id}` counts all users together, `/files/{rest:path}` all below.

    Raises:
        ValueError: One cannot be read; the message says what would be accepted.
    """
    return tuple(_rule(text.strip()) for text in texts)


def _rule(text: str) -> PathRule:
    found = RULE.fullmatch(text)
    if found is None or not text.isascii() or not text.isprintable():
        raise ValueError(f"{text!r} is no rule for a path; write `POST /users/ = 10/minute`")
    method, path = found["method"], found["path"]
    rate = parse_rate(found["rate"])
    if rate is None:
        raise ValueError(f"{text!r} limits nothing; leave it out")
    methods = frozenset({"GET": ("GET", "HEAD")}.get(method, (method,)) if method else ())
    return PathRule(methods, _pattern(path), Policy(f"{method} {path}" if method else path, rate))


def _bare(path: str) -> str:
    return path.removesuffix("/") or "/"


def _pattern(path: str) -> re.Pattern[str]:
    refusal = f"{path!r} is no path as FastAPI writes them, such as `/users/{{id}}`"
    try:
        pattern, _, parameters = compile_path(_bare(path))
    except (AssertionError, ValueError) as error:
        raise ValueError(refusal) from error
    if len(parameters) != path.count("{"):
        raise ValueError(refusal)
    return pattern
