"""Every type of column and every kind of relation, over models that are not in the default graph."""

import base64

from schema.opaque import encode
from tests.schema.conftest import Asker

FIRST = encode("Order:6fa459ea-ee8a-4ca4-894e-db77e160355e")
SECOND = encode("Order:00000000-0000-0000-0000-000000000001")
SCALARS = (
    "id text varchar small integer big numeric double flag day clock moment local span uuid mood state document "
    "words numbers moods moments raw code maybeText maybeBig maybeMoment maybeSpan maybeDocument maybeWords "
    "maybeMood maybeRaw"
)


async def test_scalars_at_the_edges_of_their_ranges(ask_zoo: Asker) -> None:
    """Each kind of column is written in its format, with nothing lost."""
    answer = await ask_zoo(f'{{ specimen(id: "{encode("Specimen:1")}") {{ {SCALARS} }} }}')
    assert answer.errors == []
    assert answer.data["specimen"] == {
        "id": encode("Specimen:1"),
        "text": 'quote " backslash \\ newline \n tab \t bell \x07 é 漢 💐   ',
        "varchar": "",
        "small": -32768,
        "integer": 2147483647,
        "big": "9223372036854775807",
        "numeric": "-12345678901234.5670",
        "double": 0.1,
        "flag": True,
        "day": "9999-12-30",
        "clock": "23:59:59.99999",
        "moment": "2026-03-01T06:30:00.5Z",
        "local": "2026-03-29T02:30:00",
        "span": "P400DT3H4M5.6S",
        "uuid": "6fa459ea-ee8a-4ca4-894e-db77e160355e",
        "mood": "VERY_ANGRY",
        "state": "_2ND_DRAFT",
        "document": {"a": {"deep": True}, "b": [1, 2.5, None, "é\u2028"]},
        "words": ["one", "", 'with "quotes"', "and,comma"],
        "numbers": ["1", None, "-9223372036854775808"],
        "moods": ["CALM", "VERY_ANGRY"],
        "moments": ["2000-01-01T00:00:00Z"],
        "raw": base64.b64encode(bytes(range(256))).decode(),
        "code": "SHOUT",
        "maybeText": "there",
        "maybeBig": "0",
        "maybeMoment": "1066-10-14T09:00:00Z",
        "maybeSpan": "PT0S",
        "maybeDocument": [],
        "maybeWords": [],
        "maybeMood": "CALM",
        "maybeRaw": "",
    }


async def test_scalars_that_are_empty_or_null(ask_zoo: Asker) -> None:
    """Nothing, zero and null are three different things."""
    answer = await ask_zoo(f'{{ specimen(id: "{encode("Specimen:2")}") {{ {SCALARS} }} }}')
    assert answer.errors == []
    assert answer.data["specimen"] == {
        "id": encode("Specimen:2"), "text": "", "varchar": "", "small": 0, "integer": 0, "big": "0",
        "numeric": "0.0000", "double": -1e300, "flag": False, "day": "0001-01-01", "clock": "00:00:00",
        "moment": "1970-01-01T00:00:00Z", "local": "1970-01-01T00:00:00", "span": "P-1DT23H59M59S",
        "uuid": "00000000-0000-0000-0000-000000000001", "mood": "CALM", "state": "_TRUE", "document": {}, "words": [],
        "numbers": [], "moods": [], "moments": [], "raw": "", "code": "", "maybeText": None, "maybeBig": None,
        "maybeMoment": None, "maybeSpan": None, "maybeDocument": None, "maybeWords": None, "maybeMood": None,
        "maybeRaw": None,
    }  # fmt: skip


async def test_names_that_are_kept_elsewhere(ask_zoo: Asker) -> None:
    """A table `order`, columns `class`, `__typename`, `select` and `count` are fields like any others."""
    answer = await ask_zoo(f'{{ order(id: "{FIRST}") {{ __typename id class typename select count }} }}')
    assert answer.errors == []
    assert answer.data == {
        "order": {
            "__typename": "Order", "id": FIRST, "class": "first", "typename": "odd", "select": "all", "count": 3
        }
    }  # fmt: skip


async def test_many_to_many_shows_a_pair_that_stands_twice_once(ask_zoo: Asker) -> None:
    """An association table without a key may hold a pair twice; the list and the count do not."""
    answer = await ask_zoo("{ orders { nodes { class labels { totalCount nodes { code } } } } }")
    assert (answer.errors, answer.statements) == ([], 2)
    assert answer.data["orders"]["nodes"] == [
        {"class": "second", "labels": {"totalCount": 0, "nodes": []}},
        {"class": "first", "labels": {"totalCount": 2, "nodes": [{"code": "a:b/c"}, {"code": "ünï 💐"}]}},
    ]


async def test_text_keys_of_any_form(ask_zoo: Asker) -> None:
    """Ids of keys with colons, JSON and emoji in them find their rows."""
    listed = await ask_zoo("{ labels { nodes { id code } } }")
    ids = [label["id"] for label in listed.data["labels"]["nodes"]]
    found = await ask_zoo("query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Label { code } } }", ids=ids)
    assert (found.errors, found.statements) == ([], 1)
    assert found.data["nodes"] == listed.data["labels"]["nodes"]
    assert {label["code"] for label in found.data["nodes"]} == {"a:b/c", '["x"]', "ünï 💐"}


async def test_composite_keys(ask_zoo: Asker) -> None:
    """Ids, unique keys, pages and relations work over keys of two columns; half a foreign key leads nowhere."""
    line = encode('Line:["6fa459ea-ee8a-4ca4-894e-db77e160355e", "2"]')
    answer = await ask_zoo(
        """query($order: ID!, $line: ID!) {
          line(id: $line) { id number orderId order { class } notes { nodes { text } } }
          lineByOrderIdAndArticle(orderId: $order, article: "article 3") { number }
          notes { nodes { text line { article } } }
          lines(first: 2) { nodes { number } pageInfo { endCursor } }
        }""",
        order=FIRST,
        line=line,
    )
    assert answer.errors == []
    cursor = answer.data["lines"]["pageInfo"].pop("endCursor")
    assert answer.data == {
        "line": {
            "id": line,
            "number": 2,
            "orderId": FIRST,
            "order": {"class": "first"},
            "notes": {"nodes": [{"text": "fragile"}, {"text": "heavy"}]},
        },
        "lineByOrderIdAndArticle": {"number": 3},
        "notes": {
            "nodes": [
                {"text": "fragile", "line": {"article": "article 2"}},
                {"text": "heavy", "line": {"article": "article 2"}},
                {"text": "loose", "line": None},
                {"text": "half a key", "line": None},
            ]
        },
        "lines": {"nodes": [{"number": 1}, {"number": 1}], "pageInfo": {}},
    }
    rest = await ask_zoo("query($c: String) { lines(after: $c) { nodes { number } } }", c=cursor)
    assert rest.data == {"lines": {"nodes": [{"number": 2}, {"number": 3}]}}


async def test_self_references_both_ways(ask_zoo: Asker) -> None:
    """One table is both ends: by a foreign key, which is shown as the other's id, and by an association table."""
    answer = await ask_zoo(
        "{ people { nodes { name bossId boss { name } reports { nodes { name } } friends { nodes { name } } "
        "friendOf { nodes { name } } } } }"
    )
    assert (answer.errors, answer.statements) == ([], 5)
    assert answer.data["people"]["nodes"] == [
        {"name": "Ada", "bossId": None, "boss": None, "reports": {"nodes": [{"name": "Bo"}, {"name": "Cy"}]},
         "friends": {"nodes": [{"name": "Bo"}, {"name": "Cy"}]}, "friendOf": {"nodes": [{"name": "Bo"}]}},
        {"name": "Bo", "bossId": encode("Person:1"), "boss": {"name": "Ada"}, "reports": {"nodes": []},
         "friends": {"nodes": [{"name": "Ada"}]}, "friendOf": {"nodes": [{"name": "Ada"}]}},
        {"name": "Cy", "bossId": encode("Person:1"), "boss": {"name": "Ada"}, "reports": {"nodes": []},
         "friends": {"nodes": []}, "friendOf": {"nodes": [{"name": "Ada"}]}},
    ]  # fmt: skip


async def test_one_to_one_from_both_ends(ask_zoo: Asker) -> None:
    """The end without the foreign key is null where the other row is missing."""
    answer = await ask_zoo("{ people { nodes { passport { number person { name } } } } }")
    assert (answer.errors, answer.statements) == ([], 3)
    assert answer.data["people"]["nodes"] == [
        {"passport": None},
        {"passport": {"number": "X1", "person": {"name": "Bo"}}},
        {"passport": None},
    ]


async def test_two_relations_between_the_same_tables(ask_zoo: Asker) -> None:
    """Home and away lead to their own rows."""
    answer = await ask_zoo(
        "{ teams { nodes { homeMatches { nodes { goals away { name } } } awayMatches { nodes { goals } } } } }"
    )
    assert (answer.errors, answer.statements) == ([], 4)
    assert answer.data["teams"]["nodes"] == [
        {
            "homeMatches": {
                "nodes": [{"goals": 3, "away": {"name": "Blues"}}, {"goals": 5, "away": {"name": "Greens"}}]
            },
            "awayMatches": {"nodes": [{"goals": 0}]},
        },
        {"homeMatches": {"nodes": [{"goals": 0, "away": {"name": "Reds"}}]}, "awayMatches": {"nodes": [{"goals": 3}]}},
        {"homeMatches": {"nodes": []}, "awayMatches": {"nodes": [{"goals": 5}]}},
    ]


async def test_an_association_with_columns_of_its_own(ask_zoo: Asker) -> None:
    """The association is a type between the two others."""
    answer = await ask_zoo("{ people(first: 1) { nodes { memberships { nodes { id role since team { name } } } } } }")
    assert (answer.errors, answer.statements) == ([], 3)
    assert answer.data["people"]["nodes"][0]["memberships"]["nodes"] == [
        {"id": encode('Membership:["1", "1"]'), "role": "captain", "since": "2020-02-29", "team": {"name": "Reds"}},
        {"id": encode('Membership:["1", "2"]'), "role": None, "since": "2021-01-01", "team": {"name": "Blues"}},
    ]


async def test_lookups_by_other_unique_keys(ask_zoo: Asker) -> None:
    """A unique UUID is a root field, whatever the case of its letters; a secret column is nowhere in the schema."""
    answer = await ask_zoo('{ specimenByUuid(uuid: "6FA459EA-EE8A-4CA4-894E-DB77E160355E") { code } }')
    assert (answer.errors, answer.statements) == ([], 1)
    assert answer.data == {"specimenByUuid": {"code": "SHOUT"}}
    assert "password" not in ask_zoo.schema.print()
