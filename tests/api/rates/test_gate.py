"""Requests are counted over a real server: whose, which, and what every answer says."""

import pytest

from tests.api.keyring import execute, keyring, until
from tests.api.rates.limited import limited
from tests.api.served import GRAPHQL, Served, serving
from tests.api.test_endpoint_auth import new_key

QUERY = "{ __typename }"
TWO = {"rate_requests": "2/minute"}


async def test_one_too_many(web: Served) -> None:
    """What is too much is refused in our form and by the standard's headers, and accepted again after the wait."""
    with limited(web, **TWO) as clock:
        answers = [await web.ask(QUERY) for _ in range(3)]
        assert [each.status_code for each in answers] == [200, 200, 429]
        assert [each.headers["ratelimit"] for each in answers] == [
            '"requests";r=1;t=61',
            '"requests";r=0;t=61',
            '"requests";r=0;t=61',
        ]
        assert {each.headers["ratelimit-policy"] for each in answers} == {'"requests";q=2;w=60'}
        refused = answers[2]
        assert refused.json() == {
            "errors": [
                {
                    "message": "Too many requests: 2 requests in 60 seconds are accepted. Try again in 61 seconds.",
                    "extensions": {"code": "RATE_LIMITED"},
                }
            ]
        }
        assert (refused.headers["retry-after"], refused.headers["cache-control"]) == ("61", "no-store")
        assert refused.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
        assert "retry-after" not in answers[1].headers
        clock.now += 61
        assert (await web.ask(QUERY)).status_code == 200


async def test_the_log_says_so(web: Served) -> None:
    """A refused request has its line, with the code."""
    with limited(web, rate_requests="1/minute"):
        await web.ask(QUERY)
        await web.ask(QUERY)
        assert [(line["status"], line.get("errors")) for line in await web.logged(2)] == [
            (200, None),
            (429, ["RATE_LIMITED"]),
        ]


async def test_rest_is_counted_too(web: Served) -> None:
    """REST and the graph share what a caller may ask, and REST is refused with problem details."""
    with limited(web, **TWO):
        assert [(await web.client.get("/")).status_code, (await web.ask(QUERY)).status_code] == [200, 200]
        refused = await web.client.get("/")
        assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
        assert (await web.client.head("/graphql")).content == b""


async def test_one_endpoint(web: Served) -> None:
    """Ten a minute on one endpoint is one line of settings, and leaves the others alone."""
    with limited(web, rate_paths=("POST /users/ = 10/minute",)):
        answers = [await web.client.post(path, json={}) for path in ("/users/", "/users") * 5 + ("/users/",)]
        assert [each.status_code for each in answers] == [422] * 10 + [429]
        assert answers[0].headers["ratelimit-policy"] == '"POST /users/";q=10;w=60'
        refused = answers[10]
        assert (refused.headers["content-type"], refused.headers["retry-after"]) == ("application/problem+json", "61")
        message = "Too many requests for POST /users/: 10 requests in 60 seconds are accepted. Try again in 61 seconds."
        assert refused.json() == {
            "type": "about:blank",
            "title": "Too Many Requests",
            "status": 429,
            "detail": message,
            "code": "RATE_LIMITED",
            "errors": [{"message": message, "code": "RATE_LIMITED"}],
        }
        others = await web.ask(QUERY), await web.client.get("/users/")
        assert [(each.status_code, "ratelimit" in each.headers) for each in others] == [(200, False)] * 2


async def test_health_is_never_limited(web: Served) -> None:
    """Probes are answered however often they ask, and say nothing of rates."""
    with limited(web, rate_requests="1/minute"):
        answers = [await web.client.get(path) for path in ("/health/live", "/health/ready", "/health") * 2]
        assert [(each.status_code, "ratelimit" in each.headers) for each in answers] == [(200, False)] * 6
        assert (await web.ask(QUERY)).status_code == 200


async def test_nothing_is_limited_by_default(web: Served) -> None:
    """Where no rate is set no answer speaks of one."""
    assert not {"ratelimit", "ratelimit-policy"} & set((await web.ask(QUERY)).headers)


async def test_keys_are_counted_apart(database_url: str) -> None:
    """Each key has its own count, and callers without one have theirs by address, with a rate of its own."""
    rates = {"rate_requests": "1/minute", "rate_anonymous_requests": "2/minute"}
    async with serving(database_url) as web:
        with limited(web, **rates):
            keys = [{"X-API-Key": (await new_key(web, "read"))[1]} for _ in range(2)]
            for headers in keys:
                assert [(await web.ask(QUERY, headers=headers)).status_code for _ in range(2)] == [200, 429]
            assert [(await web.ask(QUERY)).status_code for _ in range(3)] == [200, 200, 429]


async def test_wrong_keys_count_for_the_address(web: Served) -> None:
    """Who shows keys that do not hold, or are none, is counted by address, and refused in the end as anybody is."""
    with limited(web, rate_requests="3/minute", rate_anonymous_requests="2/minute"):
        wrong = [{"X-API-Key": f"ach_{number:010}_{'0' * 49}"} for number in range(2)]
        statuses = [(await web.ask(QUERY, headers=headers)).status_code for headers in (*wrong, {"X-API-Key": ""}, {})]
        assert statuses == [401, 401, 429, 429]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_spoofed_addresses_do_not_help(web: Served, header: str) -> None:
    """Who claims another address with each request is counted by its own."""
    with limited(web, **TWO):
        answers = [await web.ask(QUERY, headers={header: f"203.0.113.{number}"}) for number in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 429, 429]


async def test_a_proxy_that_nobody_named(content_url: str) -> None:
    """Where visitors may be counted as one, behind a proxy that is not trusted, the log says so once."""
    async with serving(content_url) as web:
        with limited(web, rate_requests="1/minute"):
            for number in range(3):
                await web.ask(QUERY, headers={"X-Forwarded-For": f"203.0.113.{number}"})
        hints = [line for line in await web.logged(4) if line["event"] != "request"]
        assert [(line["address"], line["setting"]) for line in hints] == [("127.0.0.1", "ACHENE_TRUSTED_PROXIES")]


async def test_clients_behind_a_trusted_proxy(content_url: str) -> None:
    """Behind a proxy that is named each client has its own count, whatever it claims; IPv6 clients by their /64."""
    async with serving(content_url, trusted_proxies=("127.0.0.1",)) as web:
        with limited(web, rate_requests="1/minute"):

            async def ask(forwarded: str) -> int:
                return (await web.ask(QUERY, headers={"X-Forwarded-For": forwarded})).status_code

            assert [await ask("203.0.113.1"), await ask("203.0.113.2"), await ask("203.0.113.1")] == [200, 200, 429]
            assert [await ask("198.51.100.9, 203.0.113.1"), await ask("198.51.100.9, 203.0.113.3")] == [429, 200]
            assert [await ask("2001:db8:1:2::1"), await ask("2001:db8:1:2:3::4"), await ask("2001:db8:1:3::1")] == [
                200,
                429,
                200,
            ]
            assert [await ask("unknown"), await ask("_hidden")] == [200, 429]


async def test_pages_of_others_may_read_them(web: Served) -> None:
    """A page of an allowed origin may read a refusal and the headers, and its preflights are not counted."""
    with limited(web, rate_requests="1/minute"):
        origin = {"Origin": "http://localhost:3000"}
        preflight = origin | {"Access-Control-Request-Method": "POST"}
        for _ in range(3):
            assert (await web.client.options("/graphql", headers=preflight)).status_code == 200
        assert (await web.ask(QUERY, headers=origin)).status_code == 200
        refused = await web.ask(QUERY, headers=origin)
        exposed = refused.headers["access-control-expose-headers"].split(", ")
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (429, origin["Origin"])
        assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(exposed)


async def test_a_body_that_nobody_reads(web: Served) -> None:
    """A refusal needs no body to be read: the connection is good for the next request."""
    with limited(web, rate_requests="1/minute") as clock:
        await web.ask(QUERY)
        large = await web.ask(QUERY + " " * 500_000)
        assert large.status_code == 429
        clock.now += 120
        assert (await web.ask(QUERY)).status_code == 200


async def test_keys_with_rates_of_their_own(database_url: str) -> None:
    """A key's own numbers go before the settings, and a change of them is heard at once, without a look-up."""
    async with serving(database_url) as web, keyring(database_url) as ring:
        stored, shown = await ring.make(requests_per_minute=2, cost_per_minute=30)
        with limited(web, rate_cost="100/minute"):
            answer = await web.ask("{ tags(first: 10) { nodes { id } } }", headers={"X-API-Key": shown})
            assert answer.headers["ratelimit"] == '"requests";r=1;t=61, "cost";r=20;t=61'
            generation = web.app.state.parts.keys._cache.generation
            await execute(database_url, "UPDATE api_keys SET requests_per_minute = 7 WHERE id = $1", stored.id)
            await until(lambda: web.app.state.parts.keys._cache.generation > generation)
            answer = await web.ask(QUERY, headers={"X-API-Key": shown})
            assert answer.headers["ratelimit-policy"] == '"requests";q=7;w=60, "cost";q=30;qu="rows";w=60'


async def test_a_noted_use_is_no_change(database_url: str) -> None:
    """Writing down when a key was used makes no server forget it."""
    async with keyring(database_url) as ring:
        stored, _ = await ring.make()
        generation = ring.keys._cache.generation
        await execute(database_url, "UPDATE api_keys SET last_used_at = now() WHERE id = $1", stored.id)
        await ring.make("another")
        assert ring.keys._cache.generation == generation + 1
