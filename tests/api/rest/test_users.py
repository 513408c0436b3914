"""The user endpoints, as a client of REST meets them: what is answered, and that what is refused changed nothing."""

import asyncio
from typing import Any

import pytest

from tests.api.served import Served
from tests.api.test_mutations import rows

ANN = {"name": "Ann", "email": "ann@example.org", "age": 31}
PROBLEM = "application/problem+json"


async def users(web: Served) -> list[tuple[object, ...]]:
    """Return all users as they are in the table."""
    return await rows(web, "SELECT id, name, email, age, bio FROM users ORDER BY id")


async def refused(web: Served, method: str, path: str, body: Any = None) -> tuple[int, list[dict[str, Any]]]:
    """Send a request that is refused, see that nothing changed, and return the status and what is wrong."""
    before = await users(web)
    answer = await web.client.request(method, path, json=body)
    said = answer.json()
    assert answer.headers["content-type"] == PROBLEM
    assert said["status"] == answer.status_code
    assert (said["detail"], said["code"]) == (said["errors"][0]["message"], said["errors"][0]["code"])
    assert await users(web) == before
    return answer.status_code, said["errors"]


async def test_a_user_lives_and_dies(rest: Served) -> None:
    """It is created, found where Location says, changed, written anew, and deleted."""
    made = await rest.client.post("/users/", json=ANN)
    assert made.status_code == 201
    user = made.json()
    assert {**user, "id": "", "createdAt": ""} == {"id": "", "createdAt": "", "bio": None, **ANN}
    home = made.headers["location"]
    assert home == f"/users/{user['id']}"
    assert (await rest.client.get(home)).json() == user
    changed = await rest.client.patch(home, json={"age": 32})
    assert (changed.status_code, changed.json()) == (200, user | {"age": 32})
    anew = await rest.client.put(home, json={"name": "Bo", "email": "bo@example.org"})
    assert anew.json() == user | {"name": "Bo", "email": "bo@example.org", "age": None}
    gone = await rest.client.delete(home)
    assert (gone.status_code, gone.content) == (204, b"")
    assert "content-type" not in gone.headers
    assert (await rest.client.get(home)).status_code == 404


async def test_one_user_by_either_id(rest: Served) -> None:
    """It is found by the id that answers give, and by its primary key."""
    by_key, by_id = await rest.client.get("/users/1"), await rest.client.get("/users/VXNlcjox")
    assert by_key.status_code == 200
    assert by_key.json() == by_id.json()
    assert list(by_key.json()) == ["id", "name", "email", "age", "bio", "createdAt"]


async def test_one_user_is_cut_from_the_engines_answer(rest: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what GraphQL answers, byte for byte, takes the one statement that it takes there, and is not parsed."""
    document = '{ user(id: "VXNlcjox") { id name email age bio createdAt } }'
    by_graph = (await rest.ask(document)).content
    monkeypatch.setattr("api.rest.answers.orjson", None)
    by_rest = (await rest.client.get("/users/1")).content
    assert by_graph == b'{"data":{"user":' + by_rest + b"}}"
    lines = await rest.logged(2)
    assert [(line["way"], line["statements"]) for line in lines] == [("engine", 1)] * 2


async def test_list_of_users(rest: Served) -> None:
    """It is a list, by skip and limit, with a slash at the end or without."""
    whole = (await rest.client.get("/users/")).json()
    assert len(whole) == 20
    page = await rest.client.get("/users/", params={"skip": 2, "limit": 3})
    assert page.json() == whole[2:5]
    assert (await rest.client.get("/users?skip=2&limit=3")).content == page.content


async def test_head(rest: Served) -> None:
    """HEAD answers as GET does, without the body."""
    answer, told = await rest.client.get("/users/1"), await rest.client.head("/users/1")
    assert (told.status_code, told.content) == (200, b"")
    assert told.headers["content-length"] == str(len(answer.content))


async def test_who_is_not_there(rest: Served) -> None:
    """There is no such user."""
    for method, body in (("GET", None), ("PATCH", {"age": 3}), ("DELETE", None)):
        status, (problem,) = await refused(rest, method, "/users/4711", body)
        assert (status, problem["code"], problem["parameter"]) == (404, "NOT_FOUND", "id")


async def test_address_that_is_taken(rest: Served) -> None:
    """It is a conflict, with its place in the body."""
    email = (await users(rest))[0][2]
    conflict = {"message": "`email` is taken: another User has the same.", "code": "NOT_UNIQUE", "pointer": "#/email"}
    assert await refused(rest, "POST", "/users/", {**ANN, "email": email}) == (409, [conflict])
    assert await refused(rest, "PATCH", "/users/2", {"email": email}) == (409, [conflict])


async def test_user_with_posts_stays(rest: Served) -> None:
    """Whoever has written is not deleted."""
    status, (problem,) = await refused(rest, "DELETE", "/users/1")
    assert (status, problem["code"], problem["parameter"]) == (409, "STILL_REFERENCED", "id")


async def test_values_that_break_rules(rest: Served) -> None:
    """All of them are told at once, each with its place."""
    status, problems = await refused(rest, "POST", "/users/", {"name": "", "email": "ann", "age": 200})
    assert status == 422
    assert {(each["pointer"], each["code"]) for each in problems} == {
        ("#/name", "EMPTY"),
        ("#/email", "INVALID"),
        ("#/age", "OUT_OF_RANGE"),
    }


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, {"#/name", "#/email"}),
        ({**ANN, "admin": True}, {"#/admin"}),
        ({**ANN, "age": "31"}, {"#/age"}),
        ({**ANN, "name": None}, {"#/name"}),
        ([], {"#"}),
        ("x", {"#"}),
    ],
)
async def test_bodies_of_another_form(rest: Served, body: Any, places: set[str]) -> None:
    """What is missing, unknown or of another type is told with its place."""
    status, problems = await refused(rest, "POST", "/users/", body)
    assert (status, {each["pointer"] for each in problems}) == (422, places)
    status, problems = await refused(rest, "PUT", "/users/2", body)
    assert (status, {each["pointer"] for each in problems}) == (422, places)


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        ("/users/?limit=x", "limit"),
        ("/users/?limit=1.5", "limit"),
        ("/users/?limit=", "limit"),
        ("/users/?limit=99999999999999999999999", "limit"),
        ("/users/?limit=1&limit=2", "limit"),
        ("/users/?page=2", "page"),
        ("/users/1?name=x", "name"),
    ],
)
async def test_parameters_that_are_not_taken(rest: Served, address: str, parameter: str) -> None:
    """They are refused by name."""
    status, (problem,) = await refused(rest, "GET", address)
    assert (status, problem["code"], problem["parameter"]) == (422, "BAD_INPUT", parameter)


async def test_what_is_no_body(rest: Served) -> None:
    """A body is JSON, says so, and is there."""
    before = await users(rest)
    post = rest.client.post
    json = {"Content-Type": "application/json"}
    answers = [
        await post("/users/", content=b"{", headers=json),
        await post("/users/", content=b"{}"),
        await post("/users/", data={"name": "Ann"}),
        await post("/users/", content=b"", headers=json),
        await post("/users/", content=b"[" * 100_000, headers=json),
        await post("/users/", content=b" " * 1_000_001, headers=json),
    ]
    assert [answer.status_code for answer in answers] == [400, 415, 415, 422, 400, 413]
    assert {answer.headers["content-type"] for answer in answers} == {PROBLEM}
    assert await users(rest) == before


async def test_methods_that_are_not_there(rest: Served) -> None:
    """They are told apart from paths that are not."""
    answer = await rest.client.post("/users/1", json=ANN)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PATCH, PUT, DELETE, HEAD")
    assert answer.json()["code"] == "METHOD_NOT_ALLOWED"
    assert (await rest.client.get("/users/1/friends")).status_code == 404


async def test_accept(rest: Served) -> None:
    """Who takes no JSON is told so."""
    answer = await rest.client.get("/users/1", headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (406, PROBLEM)


async def test_sent_twice_with_a_key(rest: Served) -> None:
    """With an Idempotency-Key it is written once and answered twice alike, status and Location too."""
    headers = {"Idempotency-Key": "one"}
    body = {**ANN, "email": "twice@example.org"}
    first, second = [await rest.client.post("/users/", json=body, headers=headers) for _ in range(2)]
    assert first.status_code == second.status_code == 201
    assert (first.content, first.headers["location"]) == (second.content, second.headers["location"])
    assert second.headers["idempotency-replayed"] == "true"
    other = await rest.client.post("/users/", json=body | {"name": "Bo"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len([user for user in await users(rest) if user[2] == "twice@example.org"]) == 1
    await rows(rest, "DELETE FROM users WHERE email = 'twice@example.org'")


async def test_log_line(rest: Served) -> None:
    """It names the operation, and the errors."""
    await rest.client.post("/users/", json={})
    (line,) = await rest.logged()
    assert (line["method"], line["path"], line["status"], line["errors"]) == ("POST", "/users/", 422, ["BAD_INPUT"])


async def test_posts(rest: Served) -> None:
    """A list of posts is a page with a cursor, filtered by author and words."""
    page = (await rest.client.get("/posts?limit=2")).json()
    assert list(page) == ["nodes", "pageInfo", "totalCount"]
    following = await rest.client.get("/posts", params={"limit": 2, "after": page["pageInfo"]["endCursor"]})
    assert [post["id"] for post in following.json()["nodes"]] != [post["id"] for post in page["nodes"]]
    found = await rest.client.get("/posts", params={"author": page["nodes"][0]["author"]["id"], "search": "zones"})
    assert {post["author"]["id"] for post in found.json()["nodes"]} == {page["nodes"][0]["author"]["id"]}
    slug = page["nodes"][0]["slug"]
    assert (await rest.client.get(f"/posts/{slug}")).json()["slug"] == slug
    assert (await rest.client.get("/posts/no-such-post")).status_code == 404


@pytest.mark.parametrize("id_", ["abc", "undefined", "0x1", "1.5", "UG9zdDox", "99999999999999999999", "%00", "ä"])
async def test_ids_that_are_none(rest: Served, id_: str) -> None:
    """What is no id of a user names nothing, whatever it is asked for."""
    for method, body in (("GET", None), ("PATCH", {"age": 3}), ("DELETE", None)):
        status, (problem,) = await refused(rest, method, f"/users/{id_}", body)
        assert (status, problem["code"]) == (404, "BAD_ID"), method


async def test_sizes_of_pages(rest: Served) -> None:
    """They are refused under the name that REST has for them."""
    status, (problem,) = await refused(rest, "GET", "/users/?limit=1001")
    wanted = {"message": "`limit`: It takes a whole number from 0 to 1,000.", "code": "BAD_INPUT", "parameter": "limit"}
    assert (status, problem) == (422, wanted)
    assert (await refused(rest, "GET", "/users/?skip=-1"))[1][0]["parameter"] == "skip"
    assert (await refused(rest, "GET", "/posts?after=abc"))[1][0]["code"] == "BAD_CURSOR"


async def test_etags(rest: Served) -> None:
    """An answer that is known is not sent again, until the row has changed; what is not there has no tag."""
    async with asyncio.timeout(20):  # a server that has just started has yet to see what is watched
        while "etag" not in (answer := await rest.client.get("/users/3")).headers:  # noqa: ASYNC110 - asked again
            await asyncio.sleep(0.01)
    headers = {"If-None-Match": answer.headers["etag"]}
    again = await rest.client.get("/users/3", headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    assert (await rest.client.patch("/users/3", json={"age": 77})).status_code == 200
    changed = await rest.client.get("/users/3", headers=headers)
    assert (changed.status_code, changed.json()["age"]) == (200, 77)
    missing = await rest.client.get("/users/4711")
    assert (missing.status_code, "etag" in missing.headers) == (404, False)
