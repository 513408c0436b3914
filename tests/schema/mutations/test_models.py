"""Writing of models with odd keys, and of every type of column."""

# ruff: noqa: E501 - a case stands on one line, as long as it is

import asyncio
from typing import Any

import pytest

from schema.opaque import encode
from tests.schema.mutations.conftest import Writes, refusals


async def test_an_association_with_columns(club: Writes) -> None:
    """A key of two columns is made of two links; a nested row leads back by where it stands."""
    await club("createTeam", {"code": "a/b:c"}, "__typename")
    given = {
        "name": " Ann ",
        "class": "A",
        "memberships": {"create": [{"role": "captain", "team": {"connect": {"id": encode("Team:a/b:c")}}}]},
    }
    found = await club("createPerson", given, "person { name class memberships { nodes { id role team { code } } } }")
    assert found["person"]["name"] == "Ann"
    (membership,) = found["person"]["memberships"]["nodes"]
    assert membership == {"id": encode('Membership:["1", "a/b:c"]'), "role": "captain", "team": {"code": "a/b:c"}}
    changed = await club(
        "updateMembership", {"id": membership["id"], "role": "player"}, "membership { role person { name } }"
    )
    assert changed["membership"] == {"role": "player", "person": {"name": "Ann"}}
    again = {"role": "x", "team": {"connect": {"id": encode("Team:a/b:c")}}, "person": {"connect": {"name": "Ann"}}}
    assert await refusals(club, "createMembership", again) == [("ConflictError", "NOT_UNIQUE", ["input"])]
    gone = {"id": encode("Person:1"), "memberships": {"delete": [{"id": membership["id"]}]}}
    assert (await club("updatePerson", gone, "person { memberships { totalCount } }"))["person"] == {
        "memberships": {"totalCount": 0}
    }


async def test_a_one_to_one(club: Writes) -> None:
    """The second passport of a person is refused at the place that leads to the person."""
    given = {"number": "1", "person": {"create": {"name": "Ann"}}}
    found = await club("createPassport", given, "passport { number person { name passport { number } } }")
    assert found["passport"]["person"] == {"name": "Ann", "passport": {"number": "1"}}
    path = ["input", "person", "connect", "name"]
    assert await refusals(club, "createPassport", {"number": "2", "person": {"connect": {"name": "Ann"}}}) == [
        ("ConflictError", "NOT_UNIQUE", path)
    ]


VALUES = {
    "small": 2, "price": "999.99", "share": 0.1, "flag": True, "day": "2020-02-29", "at": "2020-02-29T12:00:00Z", "span": "P1DT2H",
    "uuid": "6fa459ea-ee8a-4ca4-894e-db77e160355e", "color": "RED", "data": {"a": [1, None, "x"]}, "words": ["a", "b"], "bytes": "aGVsbG8=",
}  # fmt: skip


async def test_every_type(club: Writes) -> None:
    """What is written is read back as it was given, and so are nulls."""
    selection = f"sample {{ {' '.join(VALUES)} }}"
    assert (await club("createSample", VALUES, selection))["sample"] == VALUES
    empty = dict.fromkeys(VALUES, None) | {"small": 4}
    assert (await club("updateSample", {"id": encode("Sample:1"), **empty}, selection))["sample"] == empty
    found = await club(
        "createSamples", {"samples": [VALUES, VALUES | {"small": 6, "words": []}]}, f"samples {{ {' '.join(VALUES)} }}"
    )
    assert found["samples"] == [VALUES, VALUES | {"small": 6, "words": []}]
    changed = {"by": "SMALL_AND_COLOR", "sample": VALUES | {"price": "1.50", "data": [1]}}
    assert (await club("upsertSample", changed, selection))["sample"] == VALUES | {"price": "1.50", "data": [1]}
    assert await club.rows("SELECT count(*) FROM samples") == [(3,)]


@pytest.mark.parametrize(
    ("mutation", "input_", "expected"),
    [
        ("createSample", VALUES | {"small": 3}, [("ValidationError", "INVALID", ["input", "small"])]),
        ("createSample", VALUES | {"small": 40_000}, [("ValidationError", "OUT_OF_RANGE", ["input", "small"])]),
        ("createSample", VALUES | {"price": "1000"}, [("ValidationError", "OUT_OF_RANGE", ["input", "price"])]),
        ("createSample", VALUES | {"price": "999.995"}, [("ValidationError", "OUT_OF_RANGE", ["input", "price"])]),
        ("createSample", VALUES | {"data": {"a": ["\0"]}}, [("ValidationError", "INVALID", ["input", "data"])]),
        ("createSample", VALUES | {"data": {"\0": 1}}, [("ValidationError", "INVALID", ["input", "data"])]),
        ("createSample", VALUES | {"small": 20, "price": "5"}, [("ValidationError", "CHECK", ["input"])]),
        ("createSamples", {"samples": [VALUES, VALUES | {"small": 20, "price": "5"}]}, [("ValidationError", "CHECK", ["input", "samples", 1])]),
        ("createPerson", {"name": "x" * 11}, [("ValidationError", "TOO_LONG", ["input", "name"])]),
        ("createMembership", {"person": {"connect": {"name": "No"}}, "team": {"connect": {"id": encode("Team:no")}}}, [("NotFoundError", "NOT_FOUND", ["input", "person", "connect", "name"])]),
        ("updateMembership", {"id": encode('Membership:["1", "x"]'), "role": "x"}, [("NotFoundError", "NOT_FOUND", ["input", "id"])]),
        ("deleteMembership", {"id": encode('Membership:["1", "x"]')}, [("NotFoundError", "NOT_FOUND", ["input", "id"])]),
        ("deleteMembership", {"id": encode('Membership:["1"]')}, [("ValidationError", "BAD_ID", ["input", "id"])]),
    ],
)  # fmt: skip
async def test_refusals(club: Writes, mutation: str, input_: Any, expected: list[tuple[str, str, list[Any]]]) -> None:
    """Each says what is wrong and where."""
    assert await refusals(club, mutation, input_) == expected


@pytest.mark.parametrize(
    ("day", "at"),
    [("9999-12-31", "9999-12-31T23:59:59.999999Z"), ("0001-01-01", "0001-01-01T00:00:00Z"), (None, "infinity")],
)
async def test_ends_of_time(club: Writes, day: str | None, at: str) -> None:
    """The last day and the first are what is written, found and read, and not the infinite ones, which are others."""
    await club.rows("INSERT INTO samples (small, day, at) VALUES (2, '-infinity', '-infinity')")
    text = at.replace("T", " ").replace("Z", "+00")
    for mutation, given in (("createSample", {"small": 4}), ("updateSample", {"id": encode("Sample:2"), "small": 6})):
        found = await club(mutation, given | {"day": day, "at": at}, "sample { day at }")
        assert found["sample"] == {"day": day, "at": at}
        assert await club.rows("SELECT day::text, at::text FROM samples WHERE id = 2") == [(day, text)]
    query = "query ($at: DateTime!) { samples(filter: {at: {eq: $at}}) { nodes { day at } } }"
    found = await club.answer(query, at=at)
    assert found["data"] == {"samples": {"nodes": [{"day": day, "at": at}]}}


async def test_versions(club: Writes) -> None:
    """A change counts; one of a version that is past is refused, with the row as it is."""
    made = await club("createPage", {"text": "a", "code": "x"}, "page { id version }")
    assert made["page"]["version"] == 1
    id_ = made["page"]["id"]
    changed = await club("updatePage", {"id": id_, "version": 1, "text": "b"}, "page { version text }")
    assert changed["page"] == {"version": 2, "text": "b"}
    stale = "... on ConflictError { code path current { id ... on Page { text share version } } }"
    for mutation, more in (("updatePage", {"text": "c"}), ("deletePage", {})):
        name = mutation[0].upper() + mutation[1:]
        document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {stale} }} }}"
        answer = await club.answer(document, input={"id": id_, "version": 1, **more})
        expected = {
            "code": "STALE_VERSION",
            "path": ["input", "id"],
            "current": {"id": id_, "text": "b", "share": 0.1, "version": 2},
        }
        assert answer == {"data": {mutation: expected}, "errors": []}
    assert (await club("updatePages", {"filter": {}, "atMost": 1, "set": {"text": "d"}}, "pages { version }"))[
        "pages"
    ] == [{"version": 3}]
    assert (await club("deletePage", {"id": id_, "version": 3}, "deletedId"))["deletedId"] == id_
    assert await refusals(club, "updatePage", {"id": id_, "version": 3}) == [
        ("NotFoundError", "NOT_FOUND", ["input", "id"])
    ]


async def test_two_who_change_one_version(club: Writes) -> None:
    """Of two who read the same version, one changes the row."""
    await club("createPage", {"text": "a", "code": "x"}, "__typename")
    given = {"id": encode("Page:1"), "version": 1}
    found = await asyncio.gather(*(club("updatePage", given | {"text": text}, "page { text }") for text in "bcd"))
    assert sorted(each["__typename"] for each in found) == ["ConflictError", "ConflictError", "UpdatePagePayload"]
    assert await club.rows("SELECT version FROM pages") == [(2,)]


async def test_a_constraint_that_is_put_off(club: Writes) -> None:
    """It is told as any other, before the answer is read."""
    await club("createPage", {"text": "a", "code": "x"}, "__typename")
    assert await refusals(club, "createPage", {"text": "b", "code": "x"}) == [
        ("ConflictError", "NOT_UNIQUE", ["input", "code"])
    ]
    assert await club.rows("SELECT count(*) FROM pages") == [(1,)]


async def test_the_row_is_looked_for(club: Writes) -> None:
    """Where PostgreSQL does not say which of many rows breaks a rule, it is found out."""
    good = [VALUES | {"small": 2 * number % 10, "color": None} for number in range(100)]
    for place in (0, 37, 99):
        given = [*good]
        given[place] = VALUES | {"small": 20, "price": "5"}
        path = ["input", "samples", place]
        assert await refusals(club, "createSamples", {"samples": given}) == [("ValidationError", "CHECK", path)]
    assert await club.rows("SELECT count(*) FROM samples") == [(0,)]


async def test_children_are_moved(club: Writes) -> None:
    """Rows that hold the key are taken in, let go and replaced; those that must lead somewhere are only moved."""
    for name in ("Ann", "Bob"):
        duties = {"create": [{"text": f"{name} 1"}, {"text": f"{name} 2"}]}
        await club("createPerson", {"name": name, "duties": duties, "notes": duties}, "__typename")

    async def texts(name: str, id_: str, **change: Any) -> list[str]:
        found = await club(
            "updatePerson", {"id": encode(id_), name: change}, f"person {{ {name} {{ nodes {{ text }} }} }}"
        )
        return [node["text"] for node in found["person"][name]["nodes"]]

    assert await texts("notes", "Person:1", connect=[{"text": "Bob 1"}]) == ["Ann 1", "Ann 2", "Bob 1"]
    assert await texts("notes", "Person:2") == ["Bob 2"]
    assert await texts("notes", "Person:1", disconnect=[{"text": "Ann 1"}]) == ["Ann 2", "Bob 1"]
    assert await texts("notes", "Person:1", set=[{"text": "Ann 1"}]) == ["Ann 1"]
    assert await texts("notes", "Person:1", delete=[{"text": "Ann 1"}]) == []
    assert await club.rows("SELECT text, owner_id FROM notes ORDER BY id") == [
        ("Ann 2", None),
        ("Bob 1", None),
        ("Bob 2", 2),
    ]
    assert await texts("duties", "Person:1", connect=[{"text": "Bob 1"}]) == ["Ann 1", "Ann 2", "Bob 1"]
    path = ["input", "duties"]
    for change, place in (
        ({"disconnect": [{"text": "Ann 1"}]}, ["disconnect", 0, "text"]),
        ({"set": [{"text": "Ann 1"}]}, ["set"]),
    ):
        asked = {"id": encode("Person:1"), "duties": change}
        assert await refusals(club, "updatePerson", asked) == [("ValidationError", "REQUIRED", [*path, *place])]
    asked = {"id": encode("Person:2"), "notes": {"disconnect": [{"text": "Ann 2"}]}}
    assert await refusals(club, "updatePerson", asked) == [
        ("NotFoundError", "NOT_FOUND", ["input", "notes", "disconnect", 0, "text"])
    ]
    asked = {"id": encode("Person:2"), "notes": {"connect": [{"text": "Bob 2"}, {"text": "no"}]}}
    assert await refusals(club, "updatePerson", asked) == [
        ("NotFoundError", "NOT_FOUND", ["input", "notes", "connect", 1, "text"])
    ]


async def test_several_rows_that_bring_their_keys(club: Writes) -> None:
    """Each has its own, of one column or of two, and they come back in the order of the input."""
    teams = [{"code": code} for code in ("c", "a", "b")]
    assert (await club("createTeams", {"teams": teams}, "teams { code }"))["teams"] == teams
    roles = [{"role": code, "team": {"connect": {"id": encode(f"Team:{code}")}}} for code in "bca"]
    await club("createPerson", {"name": "Ann", "memberships": {"create": roles}}, "__typename")
    assert await club.rows("SELECT team_code, role FROM memberships ORDER BY 1") == [(each, each) for each in "abc"]
