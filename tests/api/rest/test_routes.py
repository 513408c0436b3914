"""Routes of one's own: what they may say, what is refused at the start, and what becomes of each kind of variable."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from api.rest.route import RESERVED, Route, read_routes
from schema.documents import Documents
from schema.errors import DefinitionError
from schema.saved import load_library
from tests.api.served import Served, default_graph, serving
from tests.conftest import clone, drop
from tests.schema.saved.test_files import write

OWN = """
# Tags that a filter finds.
query FindTags($filter: TagFilter, $order: [TagOrder!], $first: Int = 5) @route(method: GET, path: "/tags") {
  tags(filter: $filter, orderBy: $order, first: $first) { nodes { name } }
}

query ByNames($name: [String!]!, $state: OrderDirection!) @route(method: GET, path: "/tags/named/{state}") {
  tags(filter: {name: {in: $name}}, orderBy: [{name: $state}]) { nodes { name } totalCount }
}

query Two @route(method: GET, path: "/figures") { users { totalCount } tags { totalCount } }

query Any($id: ID!) @route(method: GET, path: "/any/{id}") {
  node(id: $id) { id ... on Tag { name } ... on User { age } }
}

mutation NewPost($input: CreatePostInput!, $silent: Boolean = false) @route(method: POST, path: "/posts", status: 202) {
  createPost(input: $input) {
    ... on CreatePostPayload { post { slug body @skip(if: $silent) tags { nodes { name } } } }
  }
}

mutation Rename($id: ID!, $title: String!) @route(method: POST, path: "/posts/{id}/rename") {
  updatePost(input: {id: $id, title: $title}) { ... on UpdatePostPayload { post { title author { name } } } }
}
"""


def routes(folder: Path) -> list[Route]:
    """Read the routes of a folder."""
    graph, documents = default_graph(), Documents(default_graph().core)
    return read_routes(graph, documents, load_library(graph.core, documents, graph.cost, [folder]))


def query(route: str, variables: str = "", body: str = "users { totalCount }") -> str:
    """Return an operation with a route."""
    return f"query A{variables} @route({route}) {{ {body} }}"


MUTATION = 'deleteTag(input: {id: "x"}) { __typename }'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (query('method: GET, path: "users/x"'), "must begin with one slash, such as"),
        (query('method: GET, path: "//x"'), "must begin with one slash, such as"),
        (query('method: GET, path: "/x/{id}"'), r"\{id\} is no variable of A"),
        (query('method: GET, path: "/x/{id}/{id}"', "($id: ID!)", "user(id: $id) { id }"), "stands in it twice"),
        (query('method: GET, path: "/x/a{id}"', "($id: ID!)", "user(id: $id) { id }"), "'a{id}' must be a plain word"),
        (
            query('method: GET, path: "/x/{n}"', "($n: Int)", "users(first: $n) { totalCount }"),
            "its type must end in `!`",
        ),
        (
            query('method: GET, path: "/x/{f}"', "($f: UserFilter!)", "users(filter: $f) { totalCount }"),
            "scalars and enums",
        ),
        (query('method: POST, path: "/x"'), "A: a query takes GET, not POST"),
        (f'mutation A @route(method: GET, path: "/x") {{ {MUTATION} }}', "a mutation takes POST, PUT, PATCH or DELETE"),
        (f'mutation A @route(method: POST, path: "/x") {{ {MUTATION} b: {MUTATION} }}', "one root field, not 2"),
        (query('method: GET, path: "/x", status: 404'), "status: 404; it can be 200, 201, 202, 204"),
        (query('method: GET, path: "/graphql"'), "is kept for the server itself"),
        (
            query('method: GET, path: "/x"', body="users @skip(if: true) { totalCount }"),
            "without fragments or directives",
        ),
        (
            query('method: GET, path: "/x"') + 'query B @route(method: GET, path: "/x/") { tags { totalCount } }',
            "B and A",
        ),
        (
            query('method: GET, path: "/x"', body="route_kind: users { totalCount }") + "query C { nope }",
            "field 'nope'",
        ),
        ('query A @route(path: "/x") { users { totalCount } }', "of type 'RouteMethod!' is required"),
    ],
)
def test_routes_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """The start ends with a message that names file, line and what would be accepted."""
    with pytest.raises(DefinitionError, match=message) as raised:
        routes(write(tmp_path, a=text))
    assert f"{tmp_path}/a.graphql:1:" in str(raised.value)


def test_paths_that_differ_in_a_name_alone(tmp_path: Path) -> None:
    """One path calls its parts alike for all methods."""
    write(tmp_path, a='query A($id: ID!) @route(method: GET, path: "/x/{id}") { tag(id: $id) { id } }')
    write(tmp_path, b='query B($key: ID!) @route(method: GET, path: "/x/{key}/") { tag(id: $key) { id } }')
    with pytest.raises(DefinitionError, match=r"/x/\{key\}/ and /x/\{id\} name a part of one path differently"):
        routes(tmp_path)


async def test_reserved_paths(web: Served) -> None:
    """What the server itself serves is kept."""
    own = {route.path.strip("/").partition("/")[0] for route in web.app.router.routes if hasattr(route, "path")}
    saved = {route.path.strip("/").partition("/")[0] for route in routes(default_graph().operations[0])}
    assert own - saved <= RESERVED


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of operations with routes."""
    return write(tmp_path_factory.mktemp("own"), own=OWN)


@pytest.fixture(scope="module")
async def server(server_url: Callable[[str], str], content_template: str, folder: Path) -> AsyncIterator[Served]:
    """A server of them, over demo content."""
    name = await clone(server_url, content_template)
    scopes = ("read", "write", "*")
    async with serving(server_url(name), anonymous_scopes=scopes, operations=(folder,)) as served:
        yield served
    await drop(server_url, name)


async def get(web: Served, path: str, **parameters: Any) -> tuple[int, Any]:
    """Send a GET; return the status and the body."""
    answer = await web.client.get(path, params=parameters)
    return answer.status_code, answer.json()


async def test_input_objects_as_json(rest: Served) -> None:
    """A filter is JSON in the address, and what is wrong within it is told."""
    both = json.dumps({"name": {"in": ["sql", "soil"]}})
    status, found = await get(rest, "/tags", filter=both, order='{"name": "DESC"}')
    assert (status, [tag["name"] for tag in found]) == (200, sorted((tag["name"] for tag in found), reverse=True))
    assert (await get(rest, "/tags", filter="{"))[1]["errors"] == [
        {"message": "`filter` takes JSON.", "code": "BAD_INPUT", "parameter": "filter"}
    ]
    status, said = await get(rest, "/tags", filter='{"nope": 1}')
    assert (status, said["detail"]) == (422, "`filter`: There is no field `nope`.")


async def test_lists_and_enums(rest: Served) -> None:
    """A list is a parameter that is repeated; an enum goes by its name."""
    names = [tag["name"] for tag in (await get(rest, "/tags", first=2))[1]]
    status, found = await get(rest, "/tags/named/DESC", name=names)
    assert (status, found["totalCount"]) == (200, 2)
    assert [tag["name"] for tag in found["nodes"]] == sorted(names, reverse=True)
    assert (await get(rest, "/tags/named/SIDEWAYS", name=names))[0] == 422
    status, said = await get(rest, "/tags/named/ASC")
    assert (status, said["detail"]) == (422, "Parameter `name` is missing.")


async def test_several_root_fields(rest: Served) -> None:
    """They are all shown."""
    status, found = await get(rest, "/figures")
    assert (status, list(found), found["users"]) == (200, ["users", "tags"], {"totalCount": 40})


async def test_interfaces(rest: Served) -> None:
    """Of an object that may be of several types what is selected of its own is shown, and described as optional."""
    assert (await get(rest, "/any/VXNlcjox"))[1] == {"id": "VXNlcjox", "age": 20}
    assert (await get(rest, "/any/VXNlcjo5OTk"))[0] == 404
    described = (await rest.client.get("/openapi.json")).json()["components"]["schemas"]["Any"]
    assert (list(described["properties"]), described["required"]) == (["id", "name", "age"], ["id"])


async def test_nested_writes(rest: Served) -> None:
    """A body may hold what hangs on a row; the place of a fault leads into it."""
    body = {"title": "T", "slug": "t-1", "body": "B", "author": {"connect": {"id": "VXNlcjox"}}}
    made = await rest.client.post(
        "/posts?silent=true", json={**body, "tags": {"create": [{"name": "new", "slug": "new"}]}}
    )
    assert (made.status_code, made.json()) == (202, {"slug": "t-1", "tags": {"nodes": [{"name": "new"}]}})
    tags = {"create": [{"name": "fine", "slug": "fine"}, {"name": "", "slug": "x"}]}
    faulty = await rest.client.post("/posts?silent=true", json={**body, "slug": "t-2", "tags": tags})
    assert (faulty.status_code, faulty.json()["errors"][0]["pointer"]) == (422, "#/tags/create/1/name")
    lost = await rest.client.post("/posts", json={**body, "slug": "t-3", "author": {"connect": {"id": "VXNlcjo5OTk"}}})
    assert (lost.status_code, lost.json()["errors"][0]["pointer"]) == (422, "#/author/connect/id")


async def test_fields_of_a_body(rest: Served) -> None:
    """Without `$input` variables are fields of the body, and errors of arguments find their way back to them."""
    renamed = await rest.client.post("/posts/1/rename", json={"title": "New"})
    assert (renamed.status_code, renamed.json()) == (200, {"title": "New", "author": {"name": "Erik Hansen"}})
    empty = await rest.client.post("/posts/1/rename", json={"title": ""})
    assert (empty.status_code, empty.json()["errors"][0]["pointer"]) == (422, "#/title")
    assert (await rest.client.post("/posts/1/rename")).json()["errors"][0]["pointer"] == "#/title"


async def test_openapi_of_one_route(rest: Served) -> None:
    """It has what the operation says: summary, parameters with their types, and a schema of the answer."""
    document = (await rest.client.get("/openapi.json")).json()
    found = document["paths"]["/tags"]["get"]
    assert (found["operationId"], found["summary"], found["tags"]) == (
        "FindTags",
        "Tags that a filter finds.",
        ["tags"],
    )
    parameters = {each["name"]: each for each in found["parameters"]}
    assert parameters["filter"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/TagFilter"}
    assert parameters["first"]["schema"] | {"format": ""} == {
        "type": "integer",
        "format": "",
        "minimum": 0,
        "maximum": 1000,
        "default": 5,
    }
    answer = document["components"]["schemas"]["FindTags"]
    assert (answer["type"], answer["items"]["required"]) == ("array", ["name"])
    assert document["components"]["schemas"]["OrderDirection"]["enum"][0] == "ASC"
    assert found["security"] == [{"ApiKey": []}, {}]
