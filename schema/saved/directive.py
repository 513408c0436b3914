"""The directive `@route`, by which a saved operation says at which address of REST it answers.

It is part of the schema so that editors and code generators know it. Running an operation does not look at it.
"""

from enum import Enum
from typing import Any

import strawberry
from strawberry.directive import DirectiveLocation, DirectiveValue


def _method(name: str, what: str) -> Any:
    return strawberry.enum_value(name, description=what)


@strawberry.enum(description="How a route is asked.")
class RouteMethod(Enum):
    """The methods of HTTP that a route can have."""

    GET = _method("GET", "Reads; for queries.")
    POST = _method("POST", "Creates, or does something else.")
    PUT = _method("PUT", "Writes a row anew.")
    PATCH = _method("PATCH", "Changes some of a row.")
    DELETE = _method("DELETE", "Deletes a row.")


@strawberry.directive(
    locations=[DirectiveLocation.QUERY, DirectiveLocation.MUTATION],
    description='A saved operation answers here as well: `@route(method: GET, path: "/users/{id}")`.',
)
def route(
    value: DirectiveValue[object],
    method: RouteMethod,  # noqa: ARG001 - read when saved operations are loaded, as the others are
    path: str,  # noqa: ARG001 - GraphQL reads it
    status: int | None = strawberry.UNSET,  # noqa: ARG001 - GraphQL reads it
) -> object:
    """Do nothing to a value."""
    return value
