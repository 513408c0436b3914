"""`achene keys`, as people and programs use it."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app
from api.keys.format import KEY_PATTERN
from tests.api.keyring import execute

MISSING = "postgresql://achene:a-secret@127.0.0.1:1/achene"
"""Nothing listens there."""


def run(url: str, *arguments: str, **variables: str) -> Result:
    """Run `achene keys` on a database."""
    return CliRunner().invoke(app, ("keys", *arguments), env={"DATABASE_URL": url, **variables})


def make(url: str, *arguments: str) -> str:
    """Make a key and return it."""
    made = run(url, "create", "--name", "test", "--scopes", "read", *arguments)
    assert made.exit_code == 0, made.stderr
    return made.stdout.strip()


def sql(url: str, statement: str) -> Any:
    """Run a statement as somebody else would."""
    return asyncio.run(execute(url, statement))


def listed(url: str) -> list[dict[str, Any]]:
    """The keys, as programs get them."""
    found: list[dict[str, Any]] = json.loads(run(url, "list", "--json").stdout)
    return found


def test_create_prints_the_key_alone(database_url: str) -> None:
    """Standard output has the key, for a program to take; the rest is on standard error."""
    made = run(database_url, "create", "--name", "web", "--scopes", "read, posts:write", "--expires", "2030-01-31")
    shown = made.stdout.removesuffix("\n")
    assert made.exit_code == 0
    assert re.fullmatch(KEY_PATTERN, shown)
    assert made.stderr == (
        f"This is the key {shown[4:14]} (web); it is shown only now. "
        "Scopes: read, posts:write. Expires: 2030-01-31 00:00 UTC.\n"
    )


def test_keys_expire_unless_told(database_url: str) -> None:
    """After 90 days by default, never where one says so."""
    make(database_url)
    make(database_url, "--expires", "never")
    ends = [key["expires_at"] for key in listed(database_url)]
    left = datetime.fromisoformat(ends[0]) - datetime.now(UTC)
    assert timedelta(days=89, hours=23) < left <= timedelta(days=90)
    assert ends[1] is None


def test_list_for_programs(database_url: str) -> None:
    """Each key with everything but its secret."""
    sql(database_url, "INSERT INTO users (name, email) VALUES ('Ann', 'ann@example.org')")
    shown = make(database_url, "--expires", "never", "--user", "Ann@Example.org")
    [key] = listed(database_url)
    assert datetime.fromisoformat(key.pop("created_at")) <= datetime.now(UTC)
    assert key == {
        "prefix": shown[4:14],
        "name": "test",
        "scopes": ["read"],
        "owner": "ann@example.org",
        "origins": None,
        "networks": None,
        "expires_at": None,
        "revoked_at": None,
        "last_used_at": None,
        "requests_per_minute": None,
        "cost_per_minute": None,
        "claims": {},
        "state": "active",
    }


def test_list_for_people(database_url: str) -> None:
    """A table with a row a key; a name that looks like markup is a name."""
    shown = make(database_url)
    sql(
        database_url,
        "UPDATE api_keys SET name = '[red]x[/]', created_at = '2026-01-02T03:04:05Z', expires_at = NULL, "
        "last_used_at = '2026-02-03T04:05:06Z'",
    )
    result = run(database_url, "list")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if "│" in line]
    assert rows == [
        [
            shown[4:14],
            "[red]x[/]",
            "read",
            "",
            "",
            "2026-01-02 03:04 UTC",
            "never",
            "2026-02-03 04:05 UTC",
            "",
            "",
            "active",
        ]
    ]


def test_claims(database_url: str) -> None:
    """A key may have claims, which its successor takes over; they are shown, changed and taken away."""
    shown = make(database_url, "--claim", "tenant=7", "--claim", 'teams=["a", 1]')
    assert run(database_url, "rotate", shown[4:14]).exit_code == 0
    old, new = listed(database_url)
    assert old["claims"] == new["claims"] == {"tenant": "7", "teams": ["a", 1]}
    changed = run(database_url, "claims", new["prefix"], "tenant=8")
    assert changed.stdout == (f'The key {new["prefix"]} (test) has tenant=8 now. It had teams=["a",1], tenant=7.\n')
    assert "tenant=8" in run(database_url, "list").stdout
    assert run(database_url, "claims", new["prefix"]).stdout.endswith("has no claims now. It had tenant=8.\n")
    assert listed(database_url)[1]["claims"] == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["tenant"], "--claim takes a name and a value such as tenant=7, and each name once."),
        (["a=1", "a=2"], "--claim takes a name and a value such as tenant=7, and each name once."),
        (["A b=1"], "'A b' is no name of a claim: small letters, digits and _."),
        (["a=[1"], "--claim takes a list as JSON, such as teams=[1,2]."),
        (["a=" + "x" * 2000], "claims may have 2,000 bytes as JSON."),
    ],
)
def test_claims_that_cannot_be_read(database_url: str, given: list[str], message: str) -> None:
    """They are refused as arguments, and no key is made or changed."""
    shown = make(database_url, "--claim", "tenant=7")
    options = [part for each in given for part in ("--claim", each)]
    for result in (
        run(database_url, "create", "--name", "x", "--scopes", "read", *options),
        run(database_url, "claims", shown[4:14], *given),
    ):
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.split())
    assert [key["claims"] for key in listed(database_url)] == [{"tenant": "7"}]


def test_rates(database_url: str) -> None:
    """A key may have numbers of its own, which its successor takes over; nothing below one is taken."""
    shown = make(database_url, "--requests-per-minute", "1200", "--cost-per-minute", "5000000")
    assert run(database_url, "rotate", shown[4:14]).exit_code == 0
    rates = [(key["requests_per_minute"], key["cost_per_minute"]) for key in listed(database_url)]
    assert rates == [(1200, 5_000_000)] * 2
    assert "1,200 requests, 5,000,000 rows" in run(database_url, "list").stdout
    refused = run(database_url, "create", "--name", "x", "--scopes", "read", "--cost-per-minute", "0")
    assert (refused.exit_code, len(listed(database_url))) == (2, 2)


def test_states(database_url: str) -> None:
    """Active, ending within a grace, expired, revoked."""
    keys = [make(database_url)[4:14] for _ in range(4)]
    assert run(database_url, "rotate", keys[1], "--grace", "24h").exit_code == 0
    sql(database_url, f"UPDATE api_keys SET expires_at = now() WHERE prefix = '{keys[2]}'")
    assert run(database_url, "revoke", keys[3]).exit_code == 0
    assert [key["state"] for key in listed(database_url)] == ["active", "ending", "expired", "revoked", "active"]


def test_revoke_by_any_name(database_url: str) -> None:
    """By prefix or by the whole key, as found in a leak, which is not repeated; twice says the same."""
    shown = make(database_url)
    first = run(database_url, "revoke", shown)
    second = run(database_url, "revoke", f"ach_{shown[4:14]}")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert re.fullmatch(
        rf"The key {shown[4:14]} \(test\) is revoked since \d{{4}}-\d\d-\d\d \d\d:\d\d UTC\.\n", first.stdout
    )
    assert first.stdout == second.stdout


def test_rotate(database_url: str) -> None:
    """A new key on standard output, what became of the old one on standard error."""
    old = make(database_url, "--expires", "never")
    result = run(database_url, "rotate", old[4:14])
    new = result.stdout.strip()
    assert re.fullmatch(KEY_PATTERN, new)
    assert result.stderr == (
        f"This is the key {new[4:14]} (test); it is shown only now. Scopes: read. Expires: never.\n"
        f"The old key {old[4:14]} has stopped.\n"
    )
    graceful = run(database_url, "rotate", new[4:14], "--grace", "2d")
    assert graceful.stderr.endswith(f"The old key {new[4:14]} works for another 2d.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("create", "--name", "x", "--scopes", "Read"),
            "'Read' is not a scope. A scope is a word such as read, or two such as posts:write: small letters, digits, "
            "- and _, each word beginning with a letter. * stands for all that rules name.",
        ),
        (("create", "--name", "x", "--scopes", " ,"), "scopes must name at least one scope, such as read."),
        (("create", "--name", " ", "--scopes", "read"), "name must be one line of 1 to 200 printable characters."),
        (
            ("create", "--name", "x", "--scopes", "read", "--expires", "tomorrow"),
            "--expires must be a time span such as 90d or 12h, a day such as 2027-01-31, or never.",
        ),
        (("revoke", "x"), "PREFIX must be the 10 characters after ach_ of a key, as `achene keys list` shows them."),
        (
            ("rotate", "0123456789", "--grace", "9"),
            "--grace must be a time span of at most 365 days: 30m, 24h, 7d or 2w.",
        ),
    ],
)
def test_unusable_arguments(arguments: tuple[str, ...], message: str) -> None:
    """Exit code 2, and one line that says what would be accepted; no database is needed to know."""
    result = run(MISSING, *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"achene: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("revoke", "0123456789"), "There is no key 0123456789. `achene keys list` shows those that there are."),
        (("rotate", "0123456789"), "There is no key 0123456789. `achene keys list` shows those that there are."),
        (
            ("create", "--name", "x", "--scopes", "read", "--user", "nobody@example.org"),
            "--user names nobody: no user has that e-mail address.",
        ),
    ],
)
def test_what_is_not_there(database_url: str, arguments: tuple[str, ...], message: str) -> None:
    """Exit code 1 and one line; nothing is stored."""
    result = run(database_url, *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"achene: {message}\n")
    assert listed(database_url) == []


def test_without_a_usable_database(database_url: str) -> None:
    """A database that is away, missing or not migrated is one line, without the address."""
    sql(database_url, "DROP TABLE api_keys")
    absent = database_url.replace("/achene_", "/absent_")
    results = [run(url, "list") for url in (MISSING, absent, database_url)]
    assert [(result.exit_code, result.stdout) for result in results] == [(1, "")] * 3
    assert [result.stderr for result in results] == [
        "achene: The database cannot be reached.\n",
        f'achene: The database refused: database "{absent.split("/")[3].split("?")[0]}" does not exist\n',
        "achene: The database has no table of keys yet. Run `achene migrate` first.\n",
    ]


@pytest.mark.xdist_group("faults")
def test_on_the_embedded_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without DATABASE_URL the embedded database is made, migrated and used, and keeps the key."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)  # no .env of the checkout
    monkeypatch.setenv("ACHENE_DATA_DIR", str(tmp_path / "data"))
    made = CliRunner().invoke(app, ("keys", "create", "--name", "x", "--scopes", "read"))
    found = CliRunner().invoke(app, ("keys", "list", "--json"))
    assert (made.exit_code, found.exit_code) == (0, 0)
    assert [key["prefix"] for key in json.loads(found.stdout)] == [made.stdout[4:14]]


def test_where_keys_work(database_url: str) -> None:
    """Origins and networks are kept as they are meant, shown, and taken over by the key that replaces theirs."""
    shown = make(database_url, "--origins", "https://A.example.com/", "--networks", "10.0.0.0/8, ::1")
    run(database_url, "rotate", shown)
    assert [(key["origins"], key["networks"]) for key in listed(database_url)] == [
        (["https://a.example.com"], ["10.0.0.0/8", "::1/128"])
    ] * 2
    assert "https://a.example.com, 10.0.0.0/8, ::1/128" in run(database_url, "list", COLUMNS="300").stdout
    refusal = run(database_url, "create", "--name", "x", "--scopes", "read", "--networks", "10.0.0.1/8")
    assert (refusal.exit_code, len(listed(database_url))) == (2, 2)


def test_scopes_change(database_url: str) -> None:
    """All that a key may do from then on is named; a key that is revoked stays as it is."""
    prefix = make(database_url)[4:14]
    changed = run(database_url, "scopes", prefix, "read, posts:all")
    assert changed.stdout == f"The key {prefix} (test) has read, posts:all now. It had read.\n"
    assert [key["scopes"] for key in listed(database_url)] == [["read", "posts:all"]]
    assert run(database_url, "scopes", prefix, "No").exit_code == 2
    run(database_url, "revoke", prefix)
    assert run(database_url, "scopes", prefix, "read").exit_code == 1
    assert [key["scopes"] for key in listed(database_url)] == [["read", "posts:all"]]
