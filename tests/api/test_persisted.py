"""Documents that are called by hash or id: persisted queries, saved operations, and servers that run no others."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.caching.taught import PLACES, LocalTexts, SharedTexts
from api.data.store import connect_store
from api.graphql.operation import Operation
from api.graphql.persisted import Persisted, PersistedQueryNotFoundError
from api.settings import Settings
from schema.documents import Documents, hash_of
from schema.saved import Library
from tests.api.served import GRAPHQL, Served, default_graph, serving
from tests.api.test_endpoint_auth import new_key

SUM = "query Sum($first: Int = 1) { users(first: $first) { totalCount } }"
ANSWER = {"data": {"users": {"totalCount": 40}}}
SAVED = "query Saved { tags { totalCount } }"


def persisted(text: str) -> dict[str, Any]:
    """Return the extension that calls a document by its hash."""
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}


async def post(web: Served, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    """Send a request by POST."""
    return await web.client.post("/graphql", json=body, headers={"Accept": "application/json"} | (headers or {}))


def codes(answer: httpx.Response) -> list[str]:
    """Return the codes of an answer's errors."""
    return [each["extensions"]["code"] for each in answer.json()["errors"]]


async def test_taught_by_a_client(web: Served) -> None:
    """A hash is not known, then sent with its document, and known from then on, by POST and by GET."""
    unknown = await post(web, extensions=persisted(SUM))
    assert unknown.status_code == 200
    assert unknown.json() == {
        "errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]
    }
    assert (await post(web, query=SUM, extensions=persisted(SUM))).json() == ANSWER
    assert (await post(web, extensions=persisted(SUM), variables={"first": 2})).json() == ANSWER
    by_get = await web.client.get("/graphql", params={"extensions": json.dumps(persisted(SUM))})
    assert by_get.json() == ANSWER
    assert [line.get("errors") for line in await web.logged(4)] == [["PERSISTED_QUERY_NOT_FOUND"], None, None, None]


async def test_status_in_the_newer_media_type(web: Served) -> None:
    """There the request is refused with 400, as the specification has it."""
    answer = await post(web, extensions=persisted("{ unknown }"), headers={"Accept": GRAPHQL})
    assert (answer.status_code, codes(answer)) == (400, ["PERSISTED_QUERY_NOT_FOUND"])


async def test_hash_of_another_document(web: Served) -> None:
    """It is refused, and neither is known afterwards."""
    other = "{ tags { totalCount } }"
    answer = await post(web, query=other, extensions=persisted("{ users { totalCount } }"))
    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])
    for text in (other, "{ users { totalCount } }"):
        assert codes(await post(web, extensions=persisted(text))) == ["PERSISTED_QUERY_NOT_FOUND"]


async def test_documents_that_are_not_valid_are_not_kept(web: Served) -> None:
    """Whoever sends one again is told again to send it whole."""
    text = "{ nope }"
    assert codes(await post(web, query=text, extensions=persisted(text))) == ["GRAPHQL_VALIDATION_FAILED"]
    assert codes(await post(web, extensions=persisted(text))) == ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize(
    "extension",
    [
        {"version": 2, "sha256Hash": hash_of(SUM)},
        {"version": 1},
        {"version": 1, "sha256Hash": "abc"},
        {"version": 1, "sha256Hash": 5},
        {"version": 1, "sha256Hash": hash_of(SUM).upper()},
        "abc",
    ],
)
async def test_extensions_that_are_no_hash(web: Served, extension: Any) -> None:
    """What is not Apollo's protocol is refused by its name."""
    answer = await post(web, query=SUM, extensions={"persistedQuery": extension})
    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])
    assert "`extensions.persistedQuery` must be" in answer.json()["errors"][0]["message"]


async def test_ids_that_are_none(web: Served) -> None:
    """An id is a text, stands alone, and is known."""
    assert codes(await post(web, documentId=5)) == ["BAD_REQUEST"]
    assert codes(await post(web, documentId="")) == ["BAD_REQUEST"]
    assert codes(await post(web, documentId="GetUser", query=SUM)) == ["BAD_REQUEST"]
    assert codes(await post(web, documentId="Nobody")) == ["PERSISTED_QUERY_NOT_FOUND"]


async def test_a_mutation_is_not_run_by_get(web: Served) -> None:
    """Not by its hash or id either."""
    answer = await web.client.get("/graphql", params={"id": "DeleteUser", "variables": '{"id": "VXNlcjox"}'})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_memory_is_bounded() -> None:
    """Of all that strangers teach, so many bytes are kept, the last used; what is larger than that is not kept."""
    texts = LocalTexts(most_bytes=100)
    for number in range(1000):
        await texts.put(str(number), f"{number:020}")
    assert [number for number in range(1000) if await texts.get(str(number))] == [995, 996, 997, 998, 999]
    await texts.put("large", "x" * 101)
    assert await texts.get("large") is None


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest as Relay makes it."""
    path = tmp_path_factory.mktemp("saved") / "relay.json"
    path.write_text(json.dumps({"b1a2": SAVED, hash_of(SUM): SUM}))
    return path


@pytest.fixture(scope="module")
async def strict(content_url: str, manifest: Path) -> AsyncIterator[Served]:
    """A server of demo content that runs saved operations only, those of a manifest among them."""
    async with serving(content_url, operations=(manifest,), only_saved_operations=True) as served:
        yield served


@pytest.mark.parametrize("name", ["id", "documentId", "doc_id"])
async def test_saved_operations_by_id(strict: Served, name: str) -> None:
    """Every client's way to call one is understood, by POST and by GET."""
    wanted = {"data": {"tags": {"totalCount": 40}}}
    assert (await post(strict, **{name: "b1a2"})).json() == wanted
    assert (await strict.client.get("/graphql", params={name: "b1a2"})).json() == wanted


async def test_saved_operations_by_hash_and_text(strict: Served) -> None:
    """Apollo's extension calls one as well, and its very text is the operation."""
    assert (await post(strict, extensions=persisted(SUM))).json() == ANSWER
    assert (await post(strict, documentId=f"sha256:{hash_of(SUM)}")).json() == ANSWER
    assert (await post(strict, query=SUM, variables={"first": 3})).json() == ANSWER
    assert (await post(strict, id="GetUser", variables={"id": "VXNlcjox"})).json()["data"]["user"]["id"] == "VXNlcjox"


@pytest.mark.parametrize(
    "text", ["{ users { totalCount } }", SUM + " ", "{ not even GraphQL", "{ __schema { types { name } } }"]
)
async def test_what_is_not_saved_is_not_run(strict: Served, text: str) -> None:
    """It is refused before it is parsed, and no hash of it is learnt."""
    strict.take_log()
    answer = await post(strict, query=text)
    assert (answer.status_code, codes(answer)) == (403, ["OPERATION_NOT_SAVED"])
    for _ in range(2):
        assert codes(await post(strict, query=text, extensions=persisted(text))) == ["OPERATION_NOT_SAVED"]
    assert [line.get("statements", 0) for line in await strict.logged(3)] == [0, 0, 0]


async def test_developers_may_run_others(strict: Served) -> None:
    """A key with the scope for it runs anything."""
    _, key = await new_key(strict, "read", "operations:any")
    assert (await post(strict, query="{ users { totalCount } }", headers={"X-API-Key": key})).json() == ANSWER


async def test_rest_goes_on(strict: Served) -> None:
    """Endpoints of REST are saved operations."""
    assert (await strict.client.get("/users/1")).status_code == 200


async def test_a_server_that_learns_nothing() -> None:
    """Where persisted queries are off a client is told so, and sends documents whole."""
    graph = default_graph()
    for is_on, code in ((True, PersistedQueryNotFoundError.code), (False, "PERSISTED_QUERY_NOT_SUPPORTED")):
        settings = Settings(_env_file=None, persisted_queries=is_on)
        finder = Persisted(Documents(graph.core), Library(), settings)
        with pytest.raises(Exception, match="PersistedQueryNot") as raised:
            await finder.find(Operation("", None, None, None, hash_of(SUM), is_hash=True), None)  # type: ignore[arg-type]
        assert getattr(raised.value, "code", None) == code


async def test_servers_share_what_they_are_taught(content_url: str, valkey_url: str) -> None:
    """What one server was taught another one knows, and each asks the store once."""
    async with (
        serving(content_url, redis_url=valkey_url) as one,
        serving(content_url, redis_url=valkey_url) as other,
    ):
        assert (await post(one, query=SUM, extensions=persisted(SUM))).json() == ANSWER
        assert (await post(other, extensions=persisted(SUM))).json() == ANSWER
        store = connect_store(valkey_url, 5)
        await store.flushall()
        assert (await post(other, extensions=persisted(SUM))).json() == ANSWER
        await store.aclose()


async def test_the_shared_store_is_bounded(valkey_url: str) -> None:
    """However many are taught, so many places are taken; what is in a place and has another hash is not known."""
    store = connect_store(valkey_url, 5)
    texts, documents = SharedTexts(store), [f"{{ a{number} }}" for number in range(500)]
    for text in documents:
        await texts.put(f"{int(hash_of(text)[:8], 16) % 8:08x}{hash_of(text)[8:]}", text)
    assert await store.dbsize() == 8 < PLACES
    await store.set("achene:document:3", "{ poisoned }")
    assert await SharedTexts(store).get(f"{3:08x}" + "0" * 56) is None
    await store.aclose()


async def test_a_store_that_is_away(content_url: str) -> None:
    """Each server goes on by itself."""
    async with serving(content_url, redis_url="redis://127.0.0.1:1/0") as web:
        assert codes(await post(web, extensions=persisted(SUM))) == ["PERSISTED_QUERY_NOT_FOUND"]
        assert (await post(web, query=SUM, extensions=persisted(SUM))).json() == ANSWER
        assert (await post(web, extensions=persisted(SUM))).json() == ANSWER
