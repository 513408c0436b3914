"""Rates and rules as operators write them."""

import pytest
from pydantic import ValidationError

from api.rates.policy import Policy, parse_rate, parse_rules
from api.settings import Settings


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [
        ("600/minute", 600, 60),
        ("10 per minute", 10, 60),
        ("5 per 10 seconds", 5, 10),
        ("1/second", 1, 1),
        (" 1000000 / hour ", 1_000_000, 3600),
    ],
)
def test_rates(text: str, amount: int, seconds: int) -> None:
    """A rate is a number, and a time."""
    rate = parse_rate(text)
    assert rate is not None
    assert (rate.amount, rate.get_expiry()) == (amount, seconds)


def test_unlimited() -> None:
    """Any number has a word."""
    assert parse_rate("Unlimited") is None


@pytest.mark.parametrize(
    "text", ["many", "600", "600/fortnight", "0/minute", "-1/minute", "1/second; 9/minute", "9" * 40]
)
def test_what_is_no_rate(text: str) -> None:
    """What cannot be a rate stops the start, by the name of the setting."""
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, rate_requests=text)
    assert refused.value.errors()[0]["loc"] == ("rate_requests",)
    assert "write" in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("rule", "method", "path", "is_counted"),
    [
        ("POST /users/ = 10/minute", "POST", "/users/", True),
        ("POST /users/ = 10/minute", "GET", "/users/", False),
        ("POST /users/ = 10/minute", "POST", "/users", True),
        ("POST /users = 10/minute", "POST", "/users/", True),
        ("GET / = 10/minute", "GET", "/", True),
        ("POST /users/ = 10/minute", "POST", "/users/1", False),
        ("/users/{id} = 10/minute", "DELETE", "/users/1", True),
        ("/users/{id} = 10/minute", "GET", "/users/1/posts", False),
        ("/files/{rest:path}=10/minute", "GET", "/files/a/b", True),
        ("GET /reports = 1/second", "HEAD", "/reports", True),
    ],
)
def test_rules(rule: str, method: str, path: str, is_counted: bool) -> None:
    """A rule counts the requests whose method and path are its own, as FastAPI writes paths."""
    (parsed,) = parse_rules([rule])
    assert parsed.counts(method, path) is is_counted


@pytest.mark.parametrize(
    "rule",
    [
        "POST /users/",
        "users = 10/minute",
        "/a = often",
        "/a = unlimited",
        "/a/{b = 1/minute",
        "/a/{b}/{b} = 1/minute",
        "/a/{b:word} = 1/minute",
        "/a\x7f = 1/minute",
    ],
)
def test_what_is_no_rule(rule: str) -> None:
    """A rule that cannot be read stops the start, by the name of the setting."""
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, rate_paths=(rule,))
    assert refused.value.errors()[0]["loc"] == ("rate_paths",)


def test_in_words() -> None:
    """A policy says itself in words."""
    (rule,) = parse_rules(["POST /users/ = 1/second"])
    rate = parse_rate("1000/minute")
    assert rate is not None
    assert (str(rule.policy), str(Policy("cost", rate, "rows"))) == (
        "1 request in 1 second",
        "1,000 rows in 60 seconds",
    )


@pytest.mark.parametrize("url", ["http://localhost", "localhost:6379", "redis://localhost:port"])
def test_what_is_no_store(url: str) -> None:
    """An address that is none stops the start."""
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"REDIS_URL": url})
    assert refused.value.errors()[0]["loc"] == ("REDIS_URL",)
