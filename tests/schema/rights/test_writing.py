"""Writing under rules: what is not seen is not there, what is seen and not given is forbidden, and nothing changes."""

from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import asyncpg
import pytest

from schema.build import GraphSchema
from schema.opaque import encode
from schema.principal import Principal
from tests.conftest import clone, drop
from tests.schema.mutations.conftest import Writes
from tests.schema.rights.conftest import CALLERS, filled, rows
from tests.schema.rights.models import Note, Remark

TABLES = ("members", "notes", "remarks", "labels", "note_labels", "vaults")

OPEN, SECRET, MINE, UNLIKED = (
    next(row["id"] for row in rows(Random(5))[model] if is_it(row))  # noqa: S311 - the same in each run
    for model, is_it in (
        (Note, lambda row: not row["secret"] and row["member_id"] not in (1, 3)),
        (Note, lambda row: row["secret"] and row["member_id"] not in (1, 3)),
        (Note, lambda row: row["secret"] and row["member_id"] == 1),
        (Remark, lambda row: row["likes"] == 0 and row["member_id"] not in (1, 3)),
    )
)


def writer(caller: str) -> Principal:
    """Return a caller that may write."""
    principal = CALLERS[caller]
    return Principal(principal.scopes | {"read", "write"}, principal.key_id or 9, principal.user_id)


def note(key: int) -> str:
    """Return the id of a note."""
    return encode(f"Note:{key}")


@pytest.fixture
async def house(server_url: Callable[[str], str], house_graph: GraphSchema) -> AsyncIterator[Writes]:
    """The house, to be written to."""
    name = await clone(server_url, "template0")
    await (await filled(server_url(name), [])).close()
    connection = await asyncpg.connect(server_url(name))
    for table in TABLES:
        if table != "note_labels":
            await connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1000)")
    await connection.close()
    writes = Writes(house_graph, server_url(name), writer("one"))
    yield writes
    await writes.database.close()
    await drop(server_url, name)


async def refused(house: Writes, mutation: str, input_: Any) -> tuple[str, str, list[Any]]:
    """Return kind, code and path of a refusal, having seen that nothing changed."""
    everything = " UNION ALL ".join(f"(SELECT {name}::text FROM {name} ORDER BY 1)" for name in TABLES)
    before = await house.rows(everything)
    found = await house(mutation, input_, "__typename")
    assert await house.rows(everything) == before
    return found["__typename"], found.get("code", ""), found.get("path", [])


ABSENT = note(9999)
REFUSED: dict[str, tuple[str, str, Any, tuple[str, str, list[Any]]]] = {
    "a row that is seen": (
        "one", "updateNote", {"id": note(OPEN), "title": "x"}, ("ForbiddenError", "FORBIDDEN", ["input", "id"]),
    ),
    "a row that is hidden": (
        "one", "updateNote", {"id": note(SECRET), "title": "x"}, ("NotFoundError", "NOT_FOUND", ["input", "id"]),
    ),
    "a row that is not there": (
        "one", "updateNote", {"id": ABSENT, "title": "x"}, ("NotFoundError", "NOT_FOUND", ["input", "id"]),
    ),
    "to delete what is seen": (
        "one", "deleteNote", {"id": note(OPEN)}, ("ForbiddenError", "FORBIDDEN", ["input", "id"]),
    ),
    "to delete what is hidden": (
        "one", "deleteNote", {"id": note(SECRET)}, ("NotFoundError", "NOT_FOUND", ["input", "id"]),
    ),
    "to give a row away": (
        "one", "updateNote", {"id": note(MINE), "member": {"connect": {"id": encode("Member:2")}}},
        ("ForbiddenError", "FORBIDDEN", ["input"]),
    ),
    "to create for another": (
        "one", "createNote", {"title": "x", "text": "y", "member": {"connect": {"id": encode("Member:2")}}},
        ("ForbiddenError", "FORBIDDEN", ["input"]),
    ),
    "to create for another among many": (
        "one", "createNotes",
        {"notes": [
            {"title": f"x{key}", "text": "y", "member": {"connect": {"id": encode(f"Member:{key}")}}} for key in (1, 2)
        ]},
        ("ForbiddenError", "FORBIDDEN", ["input", "notes", 1]),
    ),
    "to remark on what is hidden": (
        "one", "createRemark",
        {"body": "x", "note": {"connect": {"id": note(SECRET)}}, "member": {"connect": {"id": encode("Member:1")}}},
        ("NotFoundError", "NOT_FOUND", ["input", "note", "connect", "id"]),
    ),
    "to remark on what is not there": (
        "one", "createRemark",
        {"body": "x", "note": {"connect": {"id": ABSENT}}, "member": {"connect": {"id": encode("Member:1")}}},
        ("NotFoundError", "NOT_FOUND", ["input", "note", "connect", "id"]),
    ),
    "to answer what is hidden": (
        "one", "updateRemark", {"id": encode(f"Remark:{UNLIKED}"), "body": "x"},
        ("NotFoundError", "NOT_FOUND", ["input", "id"]),
    ),
    "to take in a row of another": (
        "one", "updateMember", {"id": encode("Member:1"), "notes": {"connect": [{"id": note(OPEN)}]}},
        ("ForbiddenError", "FORBIDDEN", ["input", "notes", "connect", 0, "id"]),
    ),
    "to take in a hidden row": (
        "one", "updateMember", {"id": encode("Member:1"), "notes": {"connect": [{"id": note(SECRET)}]}},
        ("NotFoundError", "NOT_FOUND", ["input", "notes", "connect", 0, "id"]),
    ),
    "to label with what is hidden": (
        "one", "updateNote", {"id": note(MINE), "labels": {"connect": [{"id": encode("Label:3")}]}},
        ("NotFoundError", "NOT_FOUND", ["input", "labels", "connect", 0, "id"]),
    ),
    "a column that is another's": (
        "staff", "updateMember", {"id": encode("Member:1"), "email": "x"},
        ("ForbiddenError", "FORBIDDEN", ["input", "id"]),
    ),
    "a column that nobody has": (
        "one", "updateMember", {"id": encode("Member:1"), "wages": "1"},
        ("ForbiddenError", "FORBIDDEN", ["input", "id"]),
    ),
    "to change many of which one is another's": (
        "one", "updateNotes", {"filter": {"secret": {"eq": False}}, "atMost": 100, "set": {"title": "x"}},
        ("ForbiddenError", "FORBIDDEN", ["input", "filter"]),
    ),
    "to delete many of which one is another's": (
        "one", "deleteNotes", {"filter": {}, "atMost": 100}, ("ForbiddenError", "FORBIDDEN", ["input", "filter"]),
    ),
    "to delete without the scope": (
        "one", "deleteMember", {"id": encode("Member:7")}, ("ForbiddenError", "FORBIDDEN", ["input", "id"]),
    ),
    "to connect by a column that is hidden": (
        "one", "createNote", {"title": "x", "text": "y", "member": {"connect": {"email": "nobody@example.org"}}},
        ("NotFoundError", "NOT_FOUND", ["input", "member", "connect", "email"]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
async def test_refused(house: Writes, what: str) -> None:
    """By name and place, and nothing is written."""
    caller, mutation, input_, expected = REFUSED[what]
    house.principal = writer(caller)
    assert await refused(house, mutation, input_) == expected


async def test_own_rows(house: Writes) -> None:
    """A row of one's own is created, read, changed and deleted, secret as it is."""
    me = {"connect": {"id": encode("Member:1")}}
    made = await house("createNote", {"title": "mine", "text": "x", "secret": True, "member": me}, "note { id text }")
    key = made["note"]["id"]
    assert made["note"]["text"] == "x"
    changed = await house("updateNote", {"id": key, "text": "z"}, "note { text member { email } }")
    assert changed["note"]["text"] == "z"
    house.principal = writer("two")
    assert await refused(house, "updateNote", {"id": key, "text": "w"}) == (
        "NotFoundError",
        "NOT_FOUND",
        ["input", "id"],
    )
    house.principal = writer("one")
    assert (await house("deleteNote", {"id": key}, "deletedId"))["deletedId"] == key


async def test_many_of_ones_own(house: Writes) -> None:
    """A filter finds what the caller sees; where that is its own, it is changed, and nothing beside."""
    before = await house.rows("SELECT count(*) FROM notes WHERE title LIKE 'done%'")
    mine = {"member": {"id": {"eq": encode("Member:1")}}}
    found = await house("updateNotes", {"filter": mine, "atMost": 100, "set": {"stars": 7}}, "affectedCount")
    assert before == [(0,)]
    assert await house.rows(
        "SELECT count(*) FILTER (WHERE stars = 7), bool_and(member_id = 1) FROM notes WHERE stars = 7"
    ) == [(found["affectedCount"], True)]


async def test_hidden_rows_stay_where_they_are(house: Writes) -> None:
    """`set` lets go of what the caller sees; what is hidden hangs on as before."""
    house.principal = writer("counter")
    ((key, hidden),) = await house.rows(
        """SELECT note_id, count(*) FROM note_labels JOIN labels ON id = label_id WHERE hidden
        GROUP BY 1 ORDER BY 1 LIMIT 1"""
    )
    await house("updateNote", {"id": note(key), "labels": {"set": []}}, "note { labels { totalCount } }")
    left = await house.rows("SELECT count(*) FROM note_labels WHERE note_id = $1", key)
    assert left == [(hidden,)]


async def test_upserts(house: Writes) -> None:
    """One's own row is changed, another's forbidden, a hidden one taken; a new one is made."""
    titles = dict(await house.rows("SELECT id, title FROM notes"))
    me = {"connect": {"id": encode("Member:1")}}

    def given(title: str) -> dict[str, Any]:
        return {"by": "TITLE", "note": {"title": title, "text": "upserted", "member": me}}

    assert (await refused(house, "upsertNote", given(titles[OPEN])))[:2] == ("ForbiddenError", "FORBIDDEN")
    assert (await refused(house, "upsertNote", given(titles[SECRET])))[:2] == ("ConflictError", "NOT_UNIQUE")
    assert (await house("upsertNote", given(titles[MINE]), "note { id }"))["note"]["id"] == note(MINE)
    assert (await house("upsertNote", given("quite new"), "note { text }"))["note"]["text"] == "upserted"
    away = given(titles[MINE])
    away["note"] |= {"secret": True, "member": {"connect": {"id": encode("Member:2")}}}
    assert await refused(house, "upsertNote", away) == ("ForbiddenError", "FORBIDDEN", ["input", "note"])
    other = given("for another") | {}
    other["note"]["member"] = {"connect": {"id": encode("Member:2")}}
    assert (await refused(house, "upsertNote", other))[:2] == ("ForbiddenError", "FORBIDDEN")


ME = encode("Member:1")

ALIKE: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "to change": ("one", "updateNote", lambda id_: {"id": id_, "title": "x"}),
    "to change what it leads to": ("one", "updateNote", lambda id_: {"id": id_, "member": {"update": {"name": "x"}}}),
    "to change what leads to it": (
        "one", "updateNote", lambda id_: {"id": id_, "labels": {"connect": [{"id": encode("Label:1")}]}},
    ),
    "to change nothing of it": ("one", "updateNote", lambda id_: {"id": id_}),
    "to delete": ("one", "deleteNote", lambda id_: {"id": id_}),
    "to change what is found": (
        "one", "updateNotes", lambda id_: {"filter": {"id": {"eq": id_}}, "atMost": 1, "set": {"title": "x"}},
    ),
    "to delete what is found": ("one", "deleteNotes", lambda id_: {"filter": {"id": {"eq": id_}}, "atMost": 1}),
    "to connect it": (
        "one", "createRemark",
        lambda id_: {
            "body": "x", "note": {"connect": {"id": id_}}, "member": {"connect": {"id": encode("Member:1")}}
        },
    ),
    "to lead to it": ("one", "updateMember", lambda id_: {"id": encode("Member:1"), "favouriteId": id_}),
    "to lead to it from new rows": (
        "staff", "createMember", lambda id_: {"name": "x", "email": "x@example.org", "favouriteId": id_},
    ),
    "to take it in": ("one", "updateMember", lambda id_: {"id": ME, "notes": {"connect": [{"id": id_}]}}),
    "to have it alone": ("one", "updateMember", lambda id_: {"id": ME, "notes": {"set": [{"id": id_}]}}),
    "to change it below": (
        "one", "updateMember", lambda id_: {"id": ME, "notes": {"update": [{"id": id_, "title": "x"}]}},
    ),
    "to delete it below": (
        "one", "updateMember", lambda id_: {"id": ME, "notes": {"delete": [{"id": id_}]}},
    ),
    "to let it go": (
        "one", "updateMember", lambda id_: {"id": ME, "notes": {"disconnect": [{"id": id_}]}},
    ),
    "to label it": ("one", "createLabel", lambda id_: {"name": "new", "notes": {"connect": [{"id": id_}]}}),
    "to take a label off": (
        "one", "updateLabel", lambda id_: {"id": encode("Label:1"), "notes": {"disconnect": [{"id": id_}]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ALIKE)
async def test_hidden_is_absent(house: Writes, what: str) -> None:
    """A row that is hidden and one that is not there are answered by the same words, at the same place."""
    caller, mutation, input_ = ALIKE[what]
    house.principal = writer(caller)
    hidden, absent = [await house(mutation, input_(id_), "__typename") for id_ in (note(SECRET), ABSENT)]
    assert hidden == absent


async def test_what_is_beyond_a_hidden_row(house: Writes) -> None:
    """Whether a row leads anywhere is not told where it is hidden; nor whether it leads nowhere or to a hidden row."""
    await house.rows(
        f"""INSERT INTO remarks (id, body, note_id, member_id, answered_id)
        VALUES (901, 'x', {OPEN}, 1, {UNLIKED}), (902, 'x', {OPEN}, 1, NULL)"""
    )
    for change in ({"delete": True}, {"update": {"body": "x"}}):
        for pair in ((UNLIKED, 9999), (901, 902)):
            answers = [
                await house("updateRemark", {"id": encode(f"Remark:{key}"), "answered": change}, "__typename")
                for key in pair
            ]
            assert answers[0] == answers[1]
            assert answers[0]["__typename"] == "NotFoundError"


async def test_a_unique_key_tells_nothing_to_who_may_not_create(house: Writes) -> None:
    """Who may not create a row is told that, whether or not there is one with the same unique key."""
    house.principal = writer("two")
    title = dict(await house.rows("SELECT id, title FROM notes"))[SECRET]
    other = {"text": "y", "member": {"connect": {"id": encode("Member:1")}}}
    mine = {"text": "y", "member": {"connect": {"id": encode("Member:2")}}}
    kinds = {
        name: [
            await refused(house, mutation, input_({"title": given} | row))
            for row in (other, mine)
            for given in ((title, "new") if row is other else (title,))
        ]
        for name, (mutation, input_) in {
            "one": ("createNote", lambda row: row),
            "many": ("createNotes", lambda row: {"notes": [row | {"title": "free"}, row]}),
            "upsert": ("upsertNote", lambda row: {"by": "TITLE", "note": row}),
            "below": (
                "createRemark",
                lambda row: {
                    "body": "x",
                    "note": {"connectOrCreate": {"by": "TITLE", "create": row}},
                    "member": {"connect": {"id": encode("Member:2")}},
                },
            ),
        }.items()
    }
    for name, (taken, free, may) in kinds.items():
        assert taken == free, name
        assert taken[0] == "ForbiddenError"
        assert may[:2] == ("ConflictError", "NOT_UNIQUE"), name


async def test_a_key_that_is_not_seen_names_nothing(house: Writes) -> None:
    """An upsert by an address that the caller does not see tells that it is taken, and of whom it is not."""
    house.principal = Principal(frozenset({"read", "write", "staff"}), 9, 3)
    ((email,),) = await house.rows("SELECT email FROM members WHERE id = 5")
    given = {"by": "EMAIL", "member": {"name": "x", "email": email}}
    assert (await refused(house, "upsertMember", given))[:2] == ("ConflictError", "NOT_UNIQUE")
    made = await house("upsertMember", {"by": "EMAIL", "member": {"name": "x", "email": "new"}}, "member { email }")
    assert made["member"] == {"email": None}
    ((mine,),) = await house.rows("SELECT email FROM members WHERE id = 3")
    own = {"by": "EMAIL", "member": {"name": "me", "email": mine}}
    assert (await house("upsertMember", own, "member { name email }"))["member"] == {"name": "me", "email": mine}
