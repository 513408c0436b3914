"""GraphQL's errors as a client may see them: ours as they are, everything else as INTERNAL with the request id.

What graphql-core itself found wrong with a request (a variable of the wrong type, an argument that is missing) is
the client's affair and is shown. What a resolver or a scalar raised is shown only if it is a
`schema.errors.PublicError`: any other message may hold SQL, a driver's words, or values that are nobody's business.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from graphql import GraphQLError

from api.http.errors import INTERNAL, internal
from api.telemetry import logger
from schema.errors import BadInputError, PublicError, UnavailableError
from schema.variables import PLACE

MOST_SHOWN: Final = 100
"""Most errors of one answer; a list of 1,000 rows would repeat the same one as often."""


REFUSED_VALUE: Final = "A value is not what its type takes."
"""What stands for the words of a scalar that raised some exception of Python's."""

MOST_LOGGED: Final = 5
"""Most tracebacks of one answer."""


def masked(errors: Sequence[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """Return the errors of one answer as `errors` lists them, and log what they do not show.

    Each exception is logged once, however many fields it ended.
    """
    _log_hidden(errors, request_id)
    return [_entry(error, request_id) for error in errors[:MOST_SHOWN]]


def is_unavailable(error: GraphQLError) -> bool:
    """Return whether an error says that the database cannot be reached, or took too long."""
    return isinstance(_cause(error), UnavailableError)


def located(error: GraphQLError, code: str) -> dict[str, Any]:
    """Return what is wrong with a document or a variable; it has places, but no path of the answer."""
    entry = _with_places(error, {"message": error.message if _is_plain(error) else REFUSED_VALUE}, code)
    if (place := (error.extensions or {}).get(PLACE)) is not None:
        entry["extensions"][PLACE] = place
    return entry


def _entry(error: GraphQLError, request_id: str) -> dict[str, Any]:
    cause = _cause(error)
    if isinstance(cause, PublicError):
        return _with_places(error, {"message": str(cause)}, cause.code)
    if error.path is None:
        return located(error, BadInputError.code)
    if _is_of_core(error):
        return _with_places(error, {"message": error.message}, BadInputError.code)
    return _with_places(error, {"message": ""}, INTERNAL) | internal(request_id)


def _with_places(error: GraphQLError, entry: dict[str, Any], code: str) -> dict[str, Any]:
    if error.locations:
        entry["locations"] = [place.formatted for place in error.locations]
    if error.path is not None:
        entry["path"] = error.path
    entry["extensions"] = {"code": code}
    return entry


def _cause(error: GraphQLError) -> BaseException | None:
    """Return what was raised, below the wrapping of graphql-core."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_plain(error: GraphQLError) -> bool:
    """Return whether the words of an error are graphql-core's, or a scalar's that chose them for clients."""
    return isinstance(_cause(error), GraphQLError | None)


def _is_of_core(error: GraphQLError) -> bool:
    """Return whether graphql-core itself refused an argument while it ran the operation.

    Its errors point into the document; those that resolvers and scalars raise do not.
    """
    cause = _cause(error)
    return isinstance(cause, GraphQLError) and bool(cause.nodes)


def _is_hidden(error: GraphQLError) -> bool:
    if isinstance(_cause(error), PublicError):
        return False
    return not (_is_plain(error) if error.path is None else _is_of_core(error))


def _log_hidden(errors: Iterable[GraphQLError], request_id: str) -> None:
    logged: set[int] = set()
    for error in errors:
        cause = _cause(error)
        if not _is_hidden(error) or id(cause) in logged:
            continue
        if len(logged) == MOST_LOGGED:
            break
        logged.add(id(cause))
        path = ".".join(map(str, error.path or ()))
        logger().error("unexpected error", request_id=request_id, path=path, exc_info=cause or error)
