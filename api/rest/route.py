"""What an operation with a route says, read and checked once at start.

    query GetUser($id: ID!) @route(method: GET, path: "/users/{id}") { user(id: $id) { name } }

A variable that stands in the path comes from there. The others come from the query component of the address, or, for
POST, PUT and PATCH, from the JSON body: a variable `$input` is the body itself, and without one each variable is a
field of it. What is not declared is refused by name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, cast

from graphql import (
    DirectiveNode,
    GraphQLEnumType,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
    get_nullable_type,
    print_ast,
    type_from_ast,
    value_from_ast_untyped,
)

from api.rest.shape import Shape, asking, shape_of
from api.rest.usage import Inputs, Usage, usages
from schema.build import GraphSchema
from schema.documents import Document, Documents
from schema.errors import DefinitionError, DocumentError, LimitError
from schema.saved import Library, Saved
from schema.saved.files import place_of

ROUTE: Final = "route"
"""The directive."""

WHOLE: Final = "input"
"""The variable that is the body itself."""

RESERVED: Final = frozenset(
    {"", "docs", "graphiql", "graphql", "health", "metrics", "openapi.json", "redoc", "schema.graphql"}
)
"""First parts of paths that the server keeps for itself."""

STATUSES: Final = (200, 201, 202, 204)
"""What a route may answer with where all went well."""

_LITERAL: Final = re.compile(r"[A-Za-z0-9._~-]+")
_PARAMETER: Final = re.compile(r"\{([_A-Za-z][_0-9A-Za-z]*)\}")
_WITH_BODY: Final = ("POST", "PUT", "PATCH")


class Place(StrEnum):
    """Where the value of a variable comes from."""

    PATH = "path"
    QUERY = "query"
    WHOLE = "whole"
    FIELD = "field"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A variable of an operation with a route."""

    name: str
    """Its name."""

    type: Any
    """Its GraphQL type."""

    place: Place
    """Where its value comes from."""

    is_required: bool
    """True where it must be given."""

    default: Any
    """What it is where it is not given, None where nothing is said."""

    usage: Usage
    """What it is used for."""


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint."""

    saved: Saved
    """The operation."""

    method: str
    """The method of HTTP."""

    path: str
    """The path, with names in braces."""

    status: int
    """What is answered where all went well."""

    parameters: Mapping[str, Parameter]
    """The variables by name."""

    document: Document
    """What is run."""

    shape: Shape
    """What is shown of the answer."""

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.saved.source.name

    @property
    def is_mutation(self) -> bool:
        """True where it changes something."""
        return self.saved.operation.operation is OperationType.MUTATION

    @property
    def has_body(self) -> bool:
        """True where a JSON body is read."""
        return any(each.place in (Place.WHOLE, Place.FIELD) for each in self.parameters.values())

    @property
    def stem(self) -> str:
        """The path without a slash at its end: both forms are served."""
        return self.path.rstrip("/")

    def at(self, *places: Place) -> list[Parameter]:
        """Return the parameters that come from somewhere."""
        return [each for each in self.parameters.values() if each.place in places]


def read_routes(schema: GraphSchema, documents: Documents, library: Library) -> list[Route]:
    """Return the endpoints of saved operations, in their order.

    Args:
        schema: The graph.
        documents: Parses what is run.
        library: The saved operations.

    Raises:
        DefinitionError: A route cannot be served; the message names file and line.
    """
    inputs = Inputs.of(schema.graph)
    routes = list[Route]()
    for saved in library.operations:
        node = _directive(saved.source.operation)
        if node is not None:
            routes.append(_read(schema, documents, saved, node, inputs))
    _refuse_clashes(routes)
    return routes


def _directive(operation: OperationDefinitionNode) -> DirectiveNode | None:
    return next((each for each in operation.directives or () if each.name.value == ROUTE), None)


def _read(schema: GraphSchema, documents: Documents, saved: Saved, node: DirectiveNode, inputs: Inputs) -> Route:
    place = place_of(node)
    given: dict[str, Any] = {each.name.value: value_from_ast_untyped(each.value) for each in node.arguments or ()}
    method, path = given["method"], given["path"]
    is_mutation = saved.operation.operation is OperationType.MUTATION
    if is_mutation is (method == "GET"):
        what = "a mutation takes POST, PUT, PATCH or DELETE" if is_mutation else "a query takes GET"
        raise DefinitionError(f"{place}: {saved.source.name}: {what}, not {method}.")
    names = _path_names(path, place)
    parameters = _parameters(schema, saved, inputs, method, names, place)
    shape = shape_of(schema.core, schema.graph, saved)
    document = saved.document
    if shape.is_mutation:
        document = _prepared(documents, saved, place)
    created = method == "POST" and shape.is_mutation and saved_root(saved).startswith("create")
    status = given.get("status") or (201 if created else 200)
    if status not in STATUSES:
        raise DefinitionError(f"{place}: status: {status}; it can be {', '.join(map(str, STATUSES))}.")
    return Route(saved, method, path, status, parameters, document, shape)


def _prepared(documents: Documents, saved: Saved, place: str) -> Document:
    try:
        return documents.get(print_ast(asking(saved)))
    except (DocumentError, LimitError) as error:
        raise DefinitionError(f"{place}: {saved.source.name} cannot have a route: {error}") from error


def saved_root(saved: Saved) -> str:
    """Return the name of the first root field."""
    return str(getattr(saved.operation.selection_set.selections[0], "name").value)  # noqa: B009 - a field, as shape_of holds


def _path_names(path: str, place: str) -> list[str]:
    """Return the names in the braces of a path."""
    example = 'such as "/users/{id}"'
    if not path.startswith("/") or "//" in path:
        raise DefinitionError(f"{place}: path: {path!r} must begin with one slash, {example}.")
    parts = path.strip("/").split("/")
    if parts[0] in RESERVED:
        raise DefinitionError(f"{place}: path: {path!r} is kept for the server itself; choose another beginning.")
    names = list[str]()
    for part in parts:
        if (found := _PARAMETER.fullmatch(part)) is not None:
            names.append(found[1])
        elif not _LITERAL.fullmatch(part):
            raise DefinitionError(f"{place}: path: {part!r} must be a plain word or a name in braces, {example}.")
    for name in names:
        if names.count(name) > 1:
            raise DefinitionError(f"{place}: path: {{{name}}} stands in it twice.")
    return names


def _parameters(
    schema: GraphSchema, saved: Saved, inputs: Inputs, method: str, names: list[str], place: str
) -> dict[str, Parameter]:
    definitions = {each.variable.name.value: each for each in saved.operation.variable_definitions or ()}
    for name in names:
        if name not in definitions:
            raise DefinitionError(f"{place}: path: {{{name}}} is no variable of {saved.source.name}.")
    used = usages(schema, inputs, saved.document.node, definitions)
    found = dict[str, Parameter]()
    for name, definition in definitions.items():
        where = Place.PATH if name in names else _place(name, method, definitions)
        found[name] = _parameter(schema.core, definition, where, used[name], place)
    return found


def _place(name: str, method: str, names: Iterable[str]) -> Place:
    """Return where a variable comes from that does not stand in the path."""
    if method not in _WITH_BODY:
        return Place.QUERY
    if WHOLE not in names:
        return Place.FIELD
    return Place.WHOLE if name == WHOLE else Place.QUERY


def _parameter(
    core: GraphQLSchema, definition: VariableDefinitionNode, where: Place, usage: Usage, place: str
) -> Parameter:
    name, type_ = definition.variable.name.value, cast("Any", type_from_ast(core, definition.type))
    is_required = isinstance(type_, GraphQLNonNull) and definition.default_value is None
    if where is Place.PATH:
        if not is_required:
            raise DefinitionError(
                f"{place}: ${name} stands in the path, so its type must end in `!`, without a default."
            )
        if not isinstance(get_nullable_type(type_), GraphQLScalarType | GraphQLEnumType):
            raise DefinitionError(f"{place}: ${name} stands in the path, which takes scalars and enums only.")
    default = None if definition.default_value is None else value_from_ast_untyped(definition.default_value)
    return Parameter(name, type_, where, is_required, default, usage)


def _refuse_clashes(routes: Iterable[Route]) -> None:
    """Refuse two operations that answer the same requests, and paths that differ in what a part is called."""
    known: dict[tuple[str, str], Route] = {}
    stems: dict[str, Route] = {}
    for route in routes:
        form = re.sub(_PARAMETER, "{}", route.stem)
        first = stems.setdefault(form, route)
        if first.stem != route.stem:
            raise DefinitionError(
                f"{route.saved.source.place}: {route.path} and {first.path} name a part of one path differently; "
                f"see {first.saved.source.place}."
            )
        other = known.setdefault((route.method, form), route)
        if other is not route:
            raise DefinitionError(
                f"{route.saved.source.place}: {route.name} and {other.name} both answer {route.method} {route.path}; "
                f"see {other.saved.source.place}."
            )
