"""REST errors in our form: what routes raise becomes problem details, never plain text.

What no route foresaw is caught further out, in `api.http.middleware`.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.context import trail_of
from api.http.errors import headers_of, status_of
from api.http.negotiation import Media
from api.http.problems import Problem, pointer, problem_body, problems_of
from schema.errors import PublicError


def take_errors(app: FastAPI) -> None:
    """Give an application our answers to errors."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(PublicError, _public)


async def _http(request: Request, error: Exception) -> Response:
    """Answer what FastAPI and Starlette raise, such as for a path that is not served."""
    if not isinstance(error, HTTPException):
        raise TypeError
    try:
        code = HTTPStatus(error.status_code).name
    except ValueError:
        code = "HTTP_ERROR"
    message = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND and message == HTTPStatus.NOT_FOUND.phrase:
        message = "Nothing is served at this path. What is, stands at /."
    return _respond(request, error.status_code, code, message, error.headers)


async def _validation(request: Request, error: Exception) -> Response:
    """Answer a request whose parameters or body are not what a route takes."""
    if not isinstance(error, RequestValidationError):
        raise TypeError
    trail_of(request.scope).codes.append("BAD_INPUT")
    return _response(422, [_problem(each) for each in error.errors()])


async def _public(request: Request, error: Exception) -> Response:
    """Answer an error of ours."""
    if not isinstance(error, PublicError):
        raise TypeError
    trail_of(request.scope).codes.append(error.code)
    headers = {name.decode(): value.decode() for name, value in headers_of(error)}
    return _response(status_of(error), problems_of(error), headers)


def _respond(request: Request, status: int, code: str, message: str, headers: Any) -> Response:
    trail_of(request.scope).codes.append(code)
    if status in (204, 304):
        return Response(status_code=status, headers=headers)
    return _response(status, [Problem(message, code)], headers)


def _problem(found: Any) -> Problem:
    """Return what Pydantic found wrong, with its place in the body or the name of the parameter."""
    where, *steps = found["loc"]
    message = f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
    if where == "body":
        return Problem(message, "BAD_INPUT", pointer=pointer(steps))
    return Problem(message, "BAD_INPUT", parameter=".".join(map(str, steps)) or str(where))


def _response(status: int, problems: Sequence[Problem], headers: Any = None) -> Response:
    return Response(problem_body(status, problems), status, headers, Media.PROBLEM)
