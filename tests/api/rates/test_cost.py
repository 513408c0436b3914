"""The budget of cost: charged before an operation runs, and refused before any statement does."""

from typing import Any

import pytest

from tests.api.rates.limited import limited
from tests.api.served import GRAPHQL, Served, serving
from tests.api.test_mutations import rows

POSTS = "query Posts($first: Int!) { posts(first: $first) { nodes { title } } }"
CREATE = 'mutation { createTag(input: {name: "x", slug: "x"}) { __typename } }'


async def ask(web: Served, first: int, **more: Any) -> Any:
    """Ask for so many posts."""
    return await web.ask(POSTS, variables={"first": first}, **more)


async def test_a_budget(web: Served) -> None:
    """Operations are charged what they could read, until too little is left; what fits still runs."""
    with limited(web, rate_cost="100/minute") as clock:
        answers = [await ask(web, first) for first in (60, 30, 20, 10)]
        assert [each.status_code for each in answers] == [200, 200, 429, 200]
        assert [each.headers["ratelimit"] for each in answers] == [
            '"cost";r=40;t=61',
            '"cost";r=10;t=61',
            '"cost";r=10;t=61',
            '"cost";r=0;t=61',
        ]
        assert answers[0].headers["ratelimit-policy"] == '"cost";q=100;qu="rows";w=60'
        assert answers[2].json() == {
            "errors": [
                {
                    "message": "The operation could read 20 rows; 100 rows in 60 seconds are accepted, and 10 "
                    "are left. Try again in 67 seconds.",
                    "extensions": {"code": "RATE_LIMITED"},
                }
            ]
        }
        assert answers[2].headers["retry-after"] == "67"
        assert answers[2].headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
        clock.now += 67
        assert (await ask(web, 10)).status_code == 200


async def test_refused_before_any_statement(web: Served) -> None:
    """An operation that is refused for its cost runs no statement."""
    with limited(web, rate_cost="100/minute"):
        await ask(web, 90)
        await ask(web, 90)
        ran, refused = await web.logged(2)
        assert (ran["statements"], refused["statements"], refused["errors"]) == (1, 0, ["RATE_LIMITED"])


async def test_a_refused_mutation_changes_nothing(database_url: str) -> None:
    """A mutation that is refused for its cost writes nothing, with an Idempotency-Key too, which may be sent again."""
    scopes = ("read", "write", "*")
    async with serving(database_url, anonymous_scopes=scopes) as web:
        with limited(web, rate_cost="1/minute") as clock:
            await web.ask("{ __typename }")
            for headers in ({}, {"Idempotency-Key": "k"}):
                assert (await web.ask(CREATE, headers=headers)).status_code == 429
            kept = "SELECT (SELECT count(*) FROM tags) + (SELECT count(*) FROM idempotency_keys)"
            assert await rows(web, kept) == [(0,)]
            clock.now += 120
            again = await web.ask(CREATE, headers={"Idempotency-Key": "k"})
            assert again.json()["data"] == {"createTag": {"__typename": "CreateTagPayload"}}
            clock.now += 5
            replayed = await web.ask(CREATE, headers={"Idempotency-Key": "k"})
            assert (replayed.status_code, replayed.content) == (200, again.content)


async def test_more_than_the_whole_budget(web: Served) -> None:
    """What will never fit is not told to try again."""
    with limited(web, rate_cost="100/minute"):
        refused = await ask(web, 500)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["extensions"] == {"code": "LIMIT_EXCEEDED"}
        assert "retry-after" not in refused.headers
        assert refused.json()["errors"][0]["message"] == (
            "The operation could read 500 rows; 100 rows in 60 seconds are accepted. Ask for smaller pages."
        )


async def test_rest_has_the_same_budget(web: Served) -> None:
    """A route of REST is charged as its operation is, and refused as problem details."""
    with limited(web, rate_cost="100/minute"):
        answers = [await web.client.get(f"/users/?limit={limit}") for limit in (80, 30)]
        assert [(each.status_code, each.headers["ratelimit"]) for each in answers] == [
            (200, '"cost";r=20;t=61'),
            (429, '"cost";r=20;t=61'),
        ]
        assert answers[1].headers["content-type"] == "application/problem+json"
        assert (answers[1].json()["code"], answers[1].headers["retry-after"]) == ("RATE_LIMITED", "67")


async def test_both_are_said(web: Served) -> None:
    """An answer says what is left of requests and of cost."""
    with limited(web, rate_requests="5/minute", rate_cost="100/minute"):
        answer = await ask(web, 10)
        assert answer.headers["ratelimit"] == '"requests";r=4;t=61, "cost";r=90;t=61'
        assert answer.headers["ratelimit-policy"] == '"requests";q=5;w=60, "cost";q=100;qu="rows";w=60'


@pytest.mark.parametrize("query", ["{ nothing }", "{", "mutation { nothing }"])
async def test_what_is_not_valid_costs_nothing(web: Served, query: str) -> None:
    """A document that cannot run is counted as a request, and charged no rows."""
    with limited(web, rate_requests="5/minute", rate_cost="100/minute"):
        answer = await web.ask(query)
        assert (answer.status_code, answer.headers["ratelimit"]) == (400, '"requests";r=4;t=61')


async def test_charged_once_however_often_it_is_tried(database_url: str) -> None:
    """An operation that is known, and has to be worked out anew as its statement fails, is charged once."""
    settings = {"anonymous_scopes": ("read", "*"), "response_cache_bytes": 1_000_000}
    async with serving(database_url, **settings) as web:
        await web.app.state.parts.caching.watch.known()
        with limited(web, rate_cost="100/minute"):
            first = await ask(web, 10)
            await rows(web, "ALTER TABLE posts RENAME COLUMN title TO heading")
            await rows(web, "UPDATE posts SET body = body")  # so that what was kept is asked for anew
            second = await ask(web, 10)
    assert [each.headers["ratelimit"] for each in (first, second)] == ['"cost";r=90;t=61', '"cost";r=80;t=61']
    assert [error["extensions"]["code"] for error in second.json()["errors"]] == ["INTERNAL"]
