"""Keys are in no address and in no log line, whoever put them where."""

import io
import logging

import httpx
import pytest

from api.telemetry import configure_logging, logger
from tests.api.served import Served, make_app

KEY = "ach_0123456789_" + "k" * 49
"""Looks like a key; the same in each worker."""


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/graphql?query={__typename}&api_key=x"),
        ("GET", "/graphql?query={__typename}&apiKey=x"),
        ("GET", "/graphql?X-API-Key=x&query={__typename}"),
        ("GET", "/graphql?access_token=x"),
        ("GET", f"/graphql?query={{__typename}}&anything={KEY}"),
        ("POST", f"/graphql?key={KEY}"),
        ("GET", f"/{KEY}"),
        ("GET", f"/?token={KEY}"),
    ],
)
async def test_keys_in_addresses(web: Served, method: str, address: str) -> None:
    """A key in an address is refused with advice, wherever it stands, and the log line has nothing of it."""
    response = await web.client.request(method, address, json={"query": "{ __typename }"} if method == "POST" else None)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]) == (400, {"code": "KEY_IN_ADDRESS"})
    assert "X-API-Key" in error["message"]
    await web.logged()
    assert KEY[16:] not in web.stream.getvalue()


async def test_addresses_that_only_look_alike(web: Served) -> None:
    """Words that are near to those of keys are no keys."""
    response = await web.client.get("/graphql", params={"query": "{ __typename }", "operationName": "", "keys": "ach_"})
    assert response.json() == {"data": {"__typename": "Query"}}


async def test_key_as_request_id(web: Served) -> None:
    """A key that came as something else, such as the id of a request, is logged by its visible part."""
    await web.client.get("/health/live", headers={"X-Request-Id": KEY})
    (line,) = await web.logged()
    assert line["request_id"] == f"{KEY[:15]}***"


@pytest.mark.parametrize("format_", ["text", "json"])
def test_keys_in_tracebacks(format_: str) -> None:
    """The same holds for all that is logged: words, values, tracebacks, and lines of libraries."""
    stream = io.StringIO()
    configure_logging(format_, stream)  # type: ignore[arg-type]
    try:
        raise RuntimeError(f"no {KEY}")
    except RuntimeError as error:
        logger().error(f"key {KEY}", value=KEY, exc_info=error)
        logging.getLogger("library").exception("key %s", KEY)
    assert KEY[16:] not in stream.getvalue()
    assert stream.getvalue().count(f"{KEY[:15]}***") >= 5


@pytest.mark.parametrize(("scheme", "hsts"), [("http", None), ("https", "max-age=600")])
async def test_hsts(scheme: str, hsts: str | None) -> None:
    """Browsers are told to come by HTTPS alone where the setting says so, and they have come by it."""
    app = make_app("postgresql://127.0.0.1:1/none", io.StringIO(), hsts_seconds=600)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{scheme}://localhost") as client:
        for response in (await client.get("/"), await client.post("/graphql", json={"query": "{ __typename }"})):
            assert response.headers.get("strict-transport-security") == hsts
            assert response.headers["cross-origin-resource-policy"] == "same-origin"
