"""/schema.graphql: the SDL, for whoever may see the schema."""

from schema.build import SDL
from tests.api.served import Served, serving
from tests.api.test_endpoint_auth import new_key


async def test_sdl(web: Served) -> None:
    """It is the printed schema, and is not sent again to whoever has it."""
    answer = await web.client.get("/schema.graphql")
    assert (answer.status_code, answer.text) == (200, SDL.read_text())
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    for known in (answer.headers["etag"], f'"x", W/{answer.headers["etag"]}', "*"):
        again = await web.client.get("/schema.graphql", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    assert (await web.client.get("/schema.graphql", headers={"If-None-Match": '"x"'})).status_code == 200


async def test_where_the_schema_is_hidden(content_url: str) -> None:
    """Whoever may not ask the graph for it is not shown it here; a key that may is."""
    async with serving(content_url, environment="production", trusted_hosts=("*",)) as web:
        _, reader = await new_key(web, "read")
        _, tool = await new_key(web, "read", "introspect")
        keys = [{}, {"X-API-Key": reader}, {"X-API-Key": tool}]
        answers = [await web.client.get("/schema.graphql", headers=headers) for headers in keys]
    assert [answer.status_code for answer in answers] == [401, 403, 200]
    assert "type Query" not in answers[0].text + answers[1].text
