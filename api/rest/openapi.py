"""The endpoints of saved operations in OpenAPI 3.1, with schemas made from the operations themselves."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI
from graphql import GraphQLSchema

from api.context import READ
from api.http.problems import Problem, problem_body
from api.rest.answers import Home
from api.rest.examples import example_of
from api.rest.route import Parameter, Place, Route
from api.rest.schemas import Schemas
from api.rest.usage import Inputs
from schema.graph import Graph
from schema.principal import WRITE

PROBLEM: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "What is wrong, as RFC 9457 has it.",
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": {"type": "string", "description": "Always `about:blank`: `code` says more."},
        "title": {"type": "string", "description": "What the status means."},
        "status": {"type": "integer", "description": "The status of the answer."},
        "detail": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "description": "A stable word for programs."},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemEntry"}, "minItems": 1},
    },
}
"""The schema of all refusals."""

ENTRY: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "One thing that is wrong.",
    "required": ["message", "code"],
    "properties": {
        "message": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "description": "A stable word for programs, such as `NOT_UNIQUE`."},
        "pointer": {"type": "string", "description": "Where in the body, as a JSON Pointer: `#/email`."},
        "parameter": {"type": "string", "description": "Which parameter of the address."},
    },
}
"""The schema of an entry of `errors`."""

SECURITY: Final[Mapping[str, Any]] = {
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key. `Authorization: Bearer` takes it as well.",
    },
}
"""How callers say who they are."""

_REASONS: Final[Mapping[int, str]] = {
    400: "The request is not formed as it should be, or asks for too much",
    401: "A key is needed",
    403: "The key does not give what is needed",
    404: "There is no such row, or an id or a cursor names nothing",
    406: "The client accepts no JSON",
    408: "The body did not arrive in time",
    409: "Other rows stand against it",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "A value is not what is taken; every fault is told with its place",
    429: "The caller asks too much for now",
    500: "The server failed; the request id names the log line",
    503: "The database cannot be reached, or took too long",
}


def extend_openapi(
    app: FastAPI,
    core: GraphQLSchema,
    graph: Graph,
    routes: Iterable[Route],
    homes: Mapping[str, Home],
    anonymous: frozenset[str],
) -> None:
    """Let an application's OpenAPI have the endpoints of saved operations.

    Args:
        app: The application.
        core: The schema.
        graph: Its description.
        routes: The endpoints.
        homes: Where rows are found that they create.
        anonymous: Scopes of callers without a key.
    """
    plain: Callable[[], dict[str, Any]] = app.openapi
    writer = _Writer(Schemas(core, Inputs.of(graph)), tuple(routes), homes, anonymous)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            writer.add_to(plain())
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it


class _Writer:
    """Writes endpoints into a document."""

    def __init__(
        self, schemas: Schemas, routes: tuple[Route, ...], homes: Mapping[str, Home], anonymous: frozenset[str]
    ) -> None:
        self._schemas = schemas
        self._routes = routes
        self._homes = homes
        self._anonymous = anonymous

    def add_to(self, document: dict[str, Any]) -> None:
        """Add everything to a document."""
        paths = document.setdefault("paths", {})
        components = document.setdefault("components", {})
        named = components.setdefault("schemas", {})
        named |= {"Problem": dict(PROBLEM), "ProblemEntry": dict(ENTRY)}
        named |= {route.name: self._answer(route) for route in self._routes if route.status != 204}
        for route in self._routes:
            paths.setdefault(route.path, {})[route.method.lower()] = self._operation(route, named)
        named |= self._schemas.components
        components["securitySchemes"] = dict(SECURITY)

    def _answer(self, route: Route) -> dict[str, Any]:
        shape, fragments = route.shape, route.saved.document.fragments
        if shape.can_miss:
            return self._schemas.object(route.shape.shown.type, shape.shown, fragments)
        if not shape.keys or (shape.is_mutation and len(shape.keys) == 1):
            return self._schemas.object(shape.shown.type, shape.shown, fragments)
        return self._schemas.output(shape.shown, fragments)

    def _operation(self, route: Route, named: Mapping[str, Any]) -> dict[str, Any]:
        summary, _, rest = (route.saved.source.description or route.name).partition("\n")
        found: dict[str, Any] = {
            "operationId": route.name,
            "summary": summary.strip(),
            "tags": [route.path.strip("/").partition("/")[0]],
            "parameters": [self._parameter(each) for each in route.at(Place.PATH, Place.QUERY)],
            "responses": self._responses(route, named),
            "security": self._security(route),
        }
        if rest.strip():
            found["description"] = rest.strip()
        if route.has_body:
            found["requestBody"] = self._body(route)
        return found

    def _security(self, route: Route) -> list[dict[str, list[str]]]:
        needed = {READ, WRITE} if route.is_mutation else {READ}
        keys: list[dict[str, list[str]]] = [{name: []} for name in SECURITY]
        return [*keys, {}] if needed <= self._anonymous else keys

    def _parameter(self, parameter: Parameter) -> dict[str, Any]:
        schema = self._value(parameter)
        found: dict[str, Any] = {
            "name": parameter.name,
            "in": parameter.place.value,
            "required": parameter.is_required,
            "schema": schema,
        }
        if parameter.place is Place.QUERY and "$ref" in schema.get("anyOf", [schema])[0]:
            reference = schema.get("anyOf", [schema])[0]["$ref"].rpartition("/")[2]
            if self._schemas.components[reference]["type"] == "object":
                del found["schema"]
                found["content"] = {"application/json": {"schema": schema}}
        if parameter.usage.description:
            found["description"] = parameter.usage.description
        if (type_ := parameter.usage.key_of) is not None and len(type_.primary_key) == 1:
            found["description"] = f"The id of a {type_.name}, as answers give it, or its primary key."
        return found

    def _value(self, parameter: Parameter) -> dict[str, Any]:
        """Return the schema of a parameter or a field of a body; no text of an address is null."""
        schema = self._schemas.input(parameter.type, parameter.usage.written)
        if parameter.place in (Place.PATH, Place.QUERY):
            schema = present(schema)
        if parameter.usage.range is not None:
            schema |= dict(zip(("minimum", "maximum"), parameter.usage.range, strict=True))
        return schema | ({"default": parameter.default} if parameter.default is not None else {})

    def _body(self, route: Route) -> dict[str, Any]:
        whole, fields = route.at(Place.WHOLE), route.at(Place.FIELD)
        if whole:
            schema = self._schemas.input(whole[0].type)
        else:
            properties = {each.name: self._field(each) for each in fields}
            schema = {"type": "object", "properties": properties, "additionalProperties": False}
            if required := [each.name for each in fields if each.is_required]:
                schema["required"] = required
        is_required = any(each.is_required for each in (*whole, *fields))
        content = {"schema": schema, "example": example_of(schema, self._schemas.components)}
        return {"required": is_required, "content": {"application/json": content}}

    def _field(self, parameter: Parameter) -> dict[str, Any]:
        described = {"description": parameter.usage.description} if parameter.usage.description else {}
        return self._value(parameter) | described

    def _responses(self, route: Route, named: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
        if route.status != 204:
            schema = {"$ref": f"#/components/schemas/{route.name}"}
            example = example_of(named[route.name], self._schemas.components)
            answer["content"] = {"application/json": {"schema": schema, "example": example}}
        if route.name in self._homes:
            answer["headers"] = {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}
        statuses = [status for status in _REASONS if _can_answer(route, status)]
        return {str(route.status): answer} | {str(status): _refusal(status) for status in statuses}


def present(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without null."""
    match schema:
        case {"type": [str() as type_, "null"]}:
            return {**schema, "type": type_}
        case {"anyOf": [dict() as first, {"type": "null"}]}:
            return {**{name: value for name, value in schema.items() if name != "anyOf"}, **first}
        case _:
            return dict(schema)


def _can_answer(route: Route, status: int) -> bool:
    match status:
        case 404:
            is_named = any(each.usage.range is None for each in route.at(Place.PATH, Place.QUERY))
            return route.is_mutation or route.shape.can_miss or is_named
        case 409:
            return route.is_mutation
        case 408 | 413 | 415:
            return route.has_body
        case _:
            return True


def _refusal(status: int) -> dict[str, Any]:
    reason = _REASONS[status]
    example = orjson.loads(problem_body(status, [Problem(f"{reason}.", HTTPStatus(status).name)]))
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": reason, "content": {"application/problem+json": {"schema": schema, "example": example}}}
