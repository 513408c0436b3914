"""Authentication of a team's own, such as JWT: a FastAPI dependency that says who asks, before keys are looked at.

    ACHENE_AUTHENTICATE=ours.tokens:principal

    def principal(token: Annotated[str | None, Depends(bearer)]) -> Principal | None: ...

It is solved by FastAPI's own machinery, so it may have dependencies, read headers and cookies, be a generator, sync or
async. It returns a `Principal`, or None for a request that it has nothing to say of, whose key is then looked at. It
refuses by an HTTPException. The body it cannot read: who asks is known before that is looked at.

The signature is read once. Where the setting is not used, nothing of this is on the way of a request.
"""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, HTTPException, Request, params
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant, get_flat_params, solve_dependencies
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.security.base import SecurityBase
from starlette.types import Scope
from uvicorn.importer import ImportFromStringError, import_from_string

from api.http.errors import BadRequestError
from schema.errors import ForbiddenError, PublicError, StartError, UnauthenticatedError, UnavailableError
from schema.principal import Principal

REFUSALS: Final = {401: UnauthenticatedError, 403: ForbiddenError}
"""What some statuses of an HTTPException are to us."""


class Authentication:
    """The dependency, ready to be asked."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Read its signature."""

        def asked(found: Annotated[Any, Depends(function)]) -> Any:
            return found

        self._dependant = get_dependant(path="", call=asked)
        self.reads = headers_read(self._dependant)
        """The headers that may say who asks; None where it may be anything. Caches have to know."""
        self.app: FastAPI | None = None
        """The application, whose `dependency_overrides` count."""

    async def identify(self, scope: Scope) -> Principal | None:
        """Return who sends a request, or None where it has nothing to say of it.

        Raises:
            PublicError: It refused the request.
            TypeError: It returned something else.
        """
        async with AsyncExitStack() as stack:
            inner = {**scope, "app": self.app, "fastapi_inner_astack": stack, "fastapi_function_astack": stack}
            try:
                solved = await solve_dependencies(
                    request=Request(inner),
                    dependant=self._dependant,
                    dependency_overrides_provider=self.app,
                    async_exit_stack=stack,
                    embed_body_fields=False,
                )
            except HTTPException as error:
                raise _refusal(error) from error
        if solved.errors:
            raise BadRequestError(
                " ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}." for each in solved.errors)
            )
        found = solved.values["found"]
        if found is not None and not isinstance(found, Principal):
            raise TypeError(f"ACHENE_AUTHENTICATE must return a Principal or None, not {type(found).__name__}")
        return found


def load(name: str) -> Authentication:
    """Return the dependency that a setting names.

    Raises:
        StartError: It names none.
    """
    try:
        function = import_from_string(name)
    except (ImportFromStringError, ModuleNotFoundError) as error:
        raise StartError(f"ACHENE_AUTHENTICATE: {error}") from error
    if not callable(function):
        raise StartError(f"ACHENE_AUTHENTICATE: {name} is no function.")
    return Authentication(function)


def headers_read(dependant: Dependant) -> frozenset[str] | None:
    """Return the headers that a dependency reads, and those that it depends on, as they declare it.

    None where one of them is given the whole request, or a model of headers, and so may read anything.
    """
    found = set[str]()
    for field in get_flat_params(dependant):
        match field.field_info:
            case params.Cookie():
                found.add("Cookie")
            case params.Header(validation_alias=None | str()):
                found.add(field.alias.title())
            case params.Query():  # in the address, by which caches find answers
                pass
            case _:
                return None
    for each in _within(dependant):
        call: object = each.call
        if isinstance(call, SecurityBase) and type(call).__module__.startswith("fastapi.security."):
            found |= _shown_in(call)
        elif each.request_param_name or each.http_connection_param_name:
            return None
    return frozenset(found)


def _within(dependant: Dependant) -> Iterator[Dependant]:
    """Return a dependency, and all that it depends on."""
    yield dependant
    for each in dependant.dependencies:
        yield from _within(each)


def _shown_in(security: SecurityBase) -> set[str]:
    """Return the header that one of FastAPI's own classes reads."""
    match security.model:
        case APIKey(in_=APIKeyIn.header, name=name):
            return {name}
        case APIKey(in_=APIKeyIn.cookie):
            return {"Cookie"}
        case APIKey():
            return set()
        case _:
            return {"Authorization"}


def _refusal(error: HTTPException) -> PublicError:
    """Return a refusal in our form."""
    message = str(error.detail)
    if error.status_code >= 500:
        return UnavailableError(message)
    return REFUSALS.get(error.status_code, BadRequestError)(message)
