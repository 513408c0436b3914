"""The answer of the graph becomes the answer of a route: the rows and their status, or problem details.

What the engine wrote is cut, not read: the frame around the rows is known beforehand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from urllib.parse import quote

import orjson
from graphql import FieldNode, ListValueNode, ObjectValueNode, VariableNode, get_named_type

from api.http.answer import UNCACHED, Answer
from api.http.negotiation import Media
from api.http.problems import INVALID, STATUS_OF, Problem, pointer, problem_of_entry
from api.rest.route import Place, Route
from api.rest.selected import fields_of
from api.rest.shape import KIND, PROBLEM
from schema.values import dump

REFUSALS: Final[Mapping[str, int]] = {
    "ValidationError": INVALID,
    "ConflictError": 409,
    "NotFoundError": 404,
    "ForbiddenError": 403,
}
"""The statuses of what a mutation is refused by."""

NOWHERE: Final = frozenset({"BAD_ID", "BAD_CURSOR"})
"""Codes of what names nothing: where an address holds it, nothing is there."""

_OF_ROWS: Final = (b"etag", b"cache-control")
"""Headers of an answer that are not those of a refusal."""

_OPENING: Final = b'{"data":'


@dataclass(frozen=True, slots=True)
class Home:
    """Where a row that was created is found."""

    before: str
    """Its path up to the id."""

    after: str
    """The rest of its path."""

    key: str
    """Where the answer has the id."""


def homes(routes: Iterable[Route], core: Any) -> dict[str, Home]:
    """Return where rows are found that a route creates, by the name of its operation."""
    routes = list(routes)
    found = dict[str, Home]()
    for route in routes:
        type_ = get_named_type(route.shape.shown.type)
        if route.status != 201:
            continue
        selected = fields_of(core, type_, route.shape.shown.selections, route.saved.document.fragments)
        key = next((key for key, each in selected.items() if each.field is core.get_field(type_, "id")), None)
        reader = next((each for each in routes if _reads(each, type_.name)), None)
        if key is not None and reader is not None:
            before, _, rest = reader.path.partition("{")
            found[route.name] = Home(before, rest.partition("}")[2], key)
    return found


def _reads(route: Route, type_name: str) -> bool:
    """Return whether a route gives the row of a type by its id alone."""
    places = route.at(Place.PATH)
    needed = [each for each in route.parameters.values() if each.is_required]
    if route.method != "GET" or places != needed or len(places) != 1:
        return False
    key_of = places[0].usage.key_of
    return key_of is not None and key_of.name == type_name and route.shape.can_miss


def translated(route: Route, answer: Answer, home: Home | None = None) -> Answer:
    """Return the answer of a route.

    Args:
        route: The route.
        answer: What the graph answered.
        home: Where the row is found, where the route creates one.
    """
    if answer.status == 304:
        return answer
    if (data := _written(answer)) is not None and (cut := _cut(route, data)) is not None:
        return _missing(route, answer) if route.shape.can_miss and cut == b"null" else _done(route, answer, cut)
    said = orjson.loads(answer.whole)
    if said.get("errors"):
        return _failed(answer, said["errors"], is_read=not route.is_mutation)
    if not route.shape.keys:
        return _done(route, answer, dump(said["data"]))
    found = said["data"][route.shape.keys[0]]
    if route.shape.is_mutation and found is not None:
        kind = found.pop(KIND)
        if f"{PROBLEM}_code" in found:
            return _refused(route, answer, kind, found)
    if found is None and route.shape.can_miss:
        return _missing(route, answer)
    for key in route.shape.keys[1:]:
        found = None if found is None else found[key]
    done = _done(route, answer, dump(found))
    if home is None or not isinstance(found, dict):
        return done
    place = f"{home.before}{quote(str(found[home.key]), safe='')}{home.after}"
    return replace(done, headers=(*done.headers, (b"location", place.encode())))


def _written(answer: Answer) -> bytes | None:
    """Return the JSON of `data` where the answer holds it in one piece, and nothing else."""
    pieces = answer.body
    is_framed = isinstance(pieces, tuple) and len(pieces) == 3 and pieces[0] == _OPENING and pieces[2] == b"}"
    return cast("bytes", pieces[1]) if is_framed else None


def _cut(route: Route, data: bytes) -> bytes | None:
    """Return what is shown of finished JSON; None where it has to be read."""
    shape = route.shape
    if shape.is_mutation:
        return None
    opening = b"".join(b'{"%b":' % key.encode() for key in shape.keys)
    closing = b"}" * len(shape.keys)
    if not (data.startswith(opening) and data.endswith(closing)):
        return None
    return data[len(opening) : len(data) - len(closing)]


def _done(route: Route, answer: Answer, body: bytes) -> Answer:
    if route.status == 204:
        return Answer(204, b"", b"", answer.headers)
    return Answer.json(route.status, body, answer.headers, Media.JSON)


def _missing(route: Route, answer: Answer) -> Answer:
    name = get_named_type(route.shape.shown.type).name
    parameters = route.at(Place.PATH)
    problem = Problem(f"There is no such {name}.", "NOT_FOUND", parameter=parameters[0].name if parameters else None)
    headers = [each for each in answer.headers if each[0] not in _OF_ROWS]
    return Answer.problem(404, [problem], (UNCACHED[0], *headers))


def _failed(answer: Answer, errors: Sequence[Mapping[str, Any]], *, is_read: bool) -> Answer:
    """Answer what could not be run, or failed while it ran."""
    problems = [problem_of_entry(each) for each in errors]
    if answer.status >= 400:
        return Answer.problem(answer.status, problems, answer.headers)
    statuses = [404 if is_read and each.code in NOWHERE else STATUS_OF.get(each.code, 400) for each in problems]
    worst = 500 if 500 in statuses else statuses[0]
    return Answer.problem(worst, problems, answer.headers)


def _refused(route: Route, answer: Answer, kind: str, found: Mapping[str, Any]) -> Answer:
    """Answer a mutation that was refused."""
    told = found.get(f"{PROBLEM}_errors") or [
        {name: found[f"{PROBLEM}_{name}"] for name in ("message", "code", "path")}
    ]
    problems = [_problem(route, each) for each in told]
    status = REFUSALS.get(kind, INVALID)
    if status == 404 and problems[0].pointer is not None:
        status = INVALID  # the address leads somewhere; what the body names is not there
    if problems[0].parameter is not None and problems[0].code in NOWHERE:
        status = 404
    return Answer.problem(status, problems, answer.headers)


def _problem(route: Route, error: Mapping[str, Any]) -> Problem:
    steps, parameter = _place(route, error["path"])
    where = None if steps is None else pointer(steps)
    return Problem(error["message"], error["code"], where, parameter)


def _place(route: Route, path: Sequence[str | int]) -> tuple[Sequence[str | int] | None, str | None]:
    """Return the place in the request that a place in the arguments was filled from: in the body, or a parameter."""
    node: Any = route.saved.operation.selection_set.selections[0]
    for index, step in enumerate(path):
        node = _inner(node, step)
        if isinstance(node, VariableNode):
            parameter, rest = route.parameters[node.name.value], path[index + 1 :]
            if parameter.place is Place.WHOLE:
                return rest, None
            return ((parameter.name, *rest), None) if parameter.place is Place.FIELD else (None, parameter.name)
    return None, None


def _inner(node: Any, step: str | int) -> Any:
    """Return the value below an argument's value, or an argument of a field; None where there is none."""
    if isinstance(node, ListValueNode):
        return node.values[step] if isinstance(step, int) and step < len(node.values) else None
    named = node.arguments if isinstance(node, FieldNode) else node.fields if isinstance(node, ObjectValueNode) else ()
    return next((each.value for each in named or () if each.name.value == step), None)
