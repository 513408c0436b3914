"""Who a caller is, as rules look at it: the values of the parameters that stand for it in statements.

Statements, and what is kept of them, have the names of these parameters and never a value.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, bindparam, inspect, literal
from sqlalchemy.types import TypeEngine

from schema.graph import Graph
from schema.models.access import ClaimRule, WhereRule, Who
from schema.models.claims import Claim, claim_as
from schema.principal import Principal

USER_ID: Final = "who_user_id"
"""Name of the parameter that is the caller's user."""

PREFIX: Final = "who_"
"""What the names of all of them begin with."""

Identity = Mapping[str, Any]
"""The values by the names of the parameters, always in the same order."""


def _parameter(name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    claim = claim_as(name, type_)
    return bindparam(claim.parameter, type_=claim.type_)


WHO: Final = Who(bindparam(USER_ID, type_=BigInteger()), _parameter)
"""The caller, in conditions of statements that are kept."""


def who_is(identity: Identity) -> Who:
    """Return a caller, put into conditions as values."""

    def value(name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
        claim = claim_as(name, type_)
        return literal(identity[claim.parameter], claim.type_)

    return Who(literal(identity[USER_ID], BigInteger()), value)


def identity_of(principal: Principal, claims: Mapping[Claim, Any]) -> Identity:
    """Return who a caller is.

    Args:
        principal: The caller.
        claims: The claims that rules look at.

    Raises:
        ForbiddenError: A claim is something else than the rules take it for.
    """
    found: dict[str, Any] = {USER_ID: principal.user_id}
    for claim in claims:
        found[claim.parameter] = claim.of(principal.claims)
    return found


def claims_in(graph: Graph) -> dict[Claim, list[str]]:
    """Return the claims that rules look at, each with the names of the types whose rules do.

    Conditions are asked once to find out, which shows at start what is wrong with one.

    Raises:
        DefinitionError: A claim has no name that one can have, or is read as what none is.
    """
    found: dict[Claim, list[str]] = {}
    for type_ in graph.types.values():

        def note(name: str, as_type: TypeEngine[Any], type_name: str = type_.name) -> ColumnElement[Any]:
            names = found.setdefault(claim_as(name, as_type), [])
            if type_name not in names:
                names.append(type_name)
            return _parameter(name, as_type)

        who, mapper = Who(WHO.user_id, note), inspect(type_.model)
        for rule in () if type_.access is None else type_.access.rules():
            for leaf in rule.leaves():
                if isinstance(leaf, ClaimRule):
                    who.claim(leaf.name, mapper.columns[leaf.attribute].type)
                elif isinstance(leaf, WhereRule):
                    leaf.condition(type_.model, who)
    return found
