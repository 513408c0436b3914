"""Decides rules as far as it can be done without looking at rows."""

from collections.abc import Callable
from dataclasses import dataclass

from schema.models.access import AnyRule, EveryRule, Nobody, OwnerRule, Rule, ScopeRule


@dataclass(frozen=True, slots=True)
class Facts:
    """All of a caller that decides what SQL looks like. Who it is, is a parameter."""

    scopes: frozenset[str] = frozenset()
    """Those of its scopes that rules name."""

    is_user: bool = False
    """True where its key is a user's."""

    sees_all: bool = False
    """True for who runs the server, whom no rule concerns."""


def decide(rule: Rule | None, facts: Facts, is_free: Callable[[Rule], bool]) -> Rule | bool:
    """Return whether a rule gives something to a caller, or what is left of it where rows decide.

    Args:
        rule: The rule; None gives everything.
        facts: What is known of the caller.
        is_free: Whether a rule that looks at rows gives them all, for this caller.
    """
    match rule:
        case None:
            return True
        case ScopeRule(scope):
            return scope in facts.scopes
        case Nobody():
            return False
        case AnyRule(parts):
            return _joined([decide(part, facts, is_free) for part in parts], AnyRule, decisive=True)
        case EveryRule(parts):
            return _joined([decide(part, facts, is_free) for part in parts], EveryRule, decisive=False)
        case OwnerRule() if not facts.is_user:
            return False
        case _:
            return is_free(rule) or rule


def _joined(decided: list[Rule | bool], kind: type[AnyRule] | type[EveryRule], *, decisive: bool) -> Rule | bool:
    if decisive in decided:
        return decisive
    left = tuple(each for each in decided if isinstance(each, Rule))
    return (left[0] if len(left) == 1 else kind(left)) if left else not decisive
