"""Rows for the models of `zoo`: every edge of every type, empty lists, nulls, pairs that stand twice."""

# ruff: noqa: E501 - rows in SQL, in as few lines as they fit in

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.schema.zoo import Label, Line, Match, Membership, Mood, Note, Order, Passport, Person, Specimen, Team

FIRST_ORDER = UUID("6fa459ea-ee8a-4ca4-894e-db77e160355e")
SECOND_ORDER = UUID("00000000-0000-0000-0000-000000000001")


def rows() -> list[Any]:
    """Return new instances of all models, in an order in which they can be inserted."""
    labels = [Label(code="a:b/c"), Label(code='["x"]'), Label(code="ünï 💐")]
    orders = [
        Order(id=FIRST_ORDER, class_="first", typename__="odd", select="all", count=3, labels=[labels[0], labels[2]]),
        Order(id=SECOND_ORDER, class_="second"),
    ]
    lines = [Line(order_id=FIRST_ORDER, number=number, article=f"article {number}", notes=[]) for number in range(1, 4)]
    lines.append(Line(order_id=SECOND_ORDER, number=1, article="article 1"))
    notes = [
        Note(id=1, order_id=FIRST_ORDER, number=2, text="fragile"),
        Note(id=2, order_id=FIRST_ORDER, number=2, text="heavy"),
        Note(id=3, text="loose"),
        Note(id=4, order_id=FIRST_ORDER, number=None, text="half a key"),
    ]
    people = [Person(id=1, name="Ada"), Person(id=2, name="Bo", boss_id=1), Person(id=3, name="Cy", boss_id=1)]
    people[0].friends = [people[1], people[2]]
    people[1].friends = [people[0]]
    teams = [Team(id=1, name="Reds"), Team(id=2, name="Blues"), Team(id=3, name="Greens")]
    return [
        _full(),
        _bare(),
        *orders,
        *lines,
        *notes,
        *people,
        Passport(person_id=2, number="X1"),
        *teams,
        Match(id=1, home_id=1, away_id=2, goals=3),
        Match(id=2, home_id=2, away_id=1, goals=0),
        Match(id=3, home_id=1, away_id=3, goals=5),
        Membership(person_id=1, team_id=1, role="captain", since=date(2020, 2, 29)),
        Membership(person_id=1, team_id=2, since=date(2021, 1, 1)),
        Membership(person_id=2, team_id=1, since=date(2022, 12, 31)),
        *labels,
    ]


def _full() -> Specimen:
    return Specimen(
        id=1,
        text='quote " backslash \\ newline \n tab \t bell \x07 é 漢 💐   ',
        varchar="",
        small=-32768,
        integer=2147483647,
        big=9223372036854775807,
        numeric=Decimal("-12345678901234.5670"),
        double=0.1,
        flag=True,
        day=date(9999, 12, 30),
        clock=time(23, 59, 59, 999_990),
        moment=datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        local=datetime(2026, 3, 29, 2, 30),  # an hour that does not exist in much of Europe
        span=timedelta(days=400, hours=3, minutes=4, seconds=5, microseconds=600_000),
        uuid=FIRST_ORDER,
        mood=Mood.VERY_ANGRY,
        state="2nd draft",
        document={"b": [1, 2.50, None, "é\u2028"], "a": {"deep": True}},
        words=["one", "", 'with "quotes"', "and,comma"],
        numbers=[1, None, -9223372036854775808],
        moods=[Mood.CALM, Mood.VERY_ANGRY],
        moments=[datetime(2000, 1, 1, tzinfo=UTC)],
        raw=bytes(range(256)),
        code="shout",
        maybe_text="there",
        maybe_big=0,
        maybe_moment=datetime(1066, 10, 14, 9, tzinfo=UTC),
        maybe_span=timedelta(0),
        maybe_document=[],
        maybe_words=[],
        maybe_mood=Mood.CALM,
        maybe_raw=b"",
        password="never to be seen",  # noqa: S106 - no password
    )


def _bare() -> Specimen:
    return Specimen(
        id=2, text="", varchar="", small=0, integer=0, big=0, numeric=Decimal(0), double=-1e300, flag=False,
        day=date(1, 1, 1), clock=time(0), moment=datetime(1970, 1, 1, tzinfo=UTC), local=datetime(1970, 1, 1),
        span=timedelta(seconds=-1), uuid=SECOND_ORDER, mood=Mood.CALM, state="true", document={}, words=[],
        numbers=[], moods=[], moments=[], raw=b"", code="",
    )  # fmt: skip


COLUMNS = (
    "id", "text", "varchar", "small", "integer", "big", "numeric", "double", "flag", "day", "clock", "moment", "local",
    "span", "uuid", "mood", "state", "document", "words", "numbers", "moods", "moments", "raw", "code",
)  # fmt: skip

EXTREME: tuple[tuple[str, ...], ...] = (
    (
        "3", r"E'\\x01\\x1f\\x7f\\u2028\\uffff\\U0010ffff</script>'", "'  padded  '", "32767", "-2147483648", "-9223372036854775808",
        "9999999999999999.9999", "5e-324", "true", "'infinity'", "'23:59:59.5'", "'infinity'", "'infinity'",
        "'100 years 25:01:01.000001'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'calm'", "'in review'",
        """'{"big": 123456789012345678901234567890.10, "e": 1e400, "\\u2028": "\\"", "n": null}'""",
        """ARRAY['NULL', '{}', E'a\\nb', '💐', ' ']""", "'{9223372036854775807,-9223372036854775808}'", "'{very angry,very angry}'",
        "'{0001-01-01 00:00:00+00,9999-12-31 23:59:59.999999+00}'", "decode(repeat('00ff', 300), 'hex')", "'ÄÖ'",
    ),
    (
        "4", "repeat('long \"text\" ', 1000)", "'12345678901234567890'", "0", "1", "1", "-0.0001", "1.7976931348623157e308",
        "false", "'-infinity'", "'00:00:00.000001'", "'-infinity'", "'-infinity'", "'-1 year -2 mons +3 days -04:05:06.7'",
        "gen_random_uuid()", "'very angry'", "'2nd draft'", "'null'", "'[0:1]={a,b}'", "'[5:6]={1,2}'", "'{calm}'",
        "'{}'", "'\\x'", "''",
    ),
    (
        "5", "'x'", "'é'", "-1", "-1", "9007199254740993", "0.1000", "'-0'", "true", "'0001-01-01'", "'23:59:59.999999'",
        "'0001-01-01 00:00:00+00'", "'9999-12-31 23:59:59.999999'", "'1 mon -1 day'", "gen_random_uuid()", "'calm'",
        "'true'", "'[1.0, 1.10, 1e3, -0.0, \"\\\\\"]'", "'{}'", "'{NULL,NULL}'", "'{}'", "'{2000-02-29 12:00:00.5+00}'",
        "decode(repeat('fb', 57), 'hex')", "'a'",
    ),
    (
        "6", "' '", "'%_'", "1", "0", "0", "100", "1e16", "false", "'9999-12-31'", "'12:00'", "'9999-12-31 23:59:59.999999+00'",
        "'0001-01-01 00:00:00'", "'-00:00:00.000001'", "gen_random_uuid()", "'calm'", "'true'", "'\"text\"'", "'{a}'", "'{0}'",
        "'{calm}'", "'{}'", "'\\x00'", "'b'",
    ),
)  # fmt: skip
"""Values of the columns of a specimen, in SQL."""

EXTREMES: tuple[str, ...] = (
    *(
        f"INSERT INTO specimens ({', '.join(f'{name}' for name in COLUMNS)}) VALUES ({', '.join(row)})"
        for row in EXTREME
    ),
    "UPDATE specimens SET maybe_text = text, maybe_big = big, maybe_moment = moment, maybe_span = span, "
    "maybe_document = document, maybe_words = words, maybe_mood = mood, maybe_raw = raw WHERE id IN (3, 5)",
    r"""INSERT INTO labels VALUES (''), (' '), ('"'), ('\'), (E'line\n\t'), (repeat('long ', 40)), ('Label:a'), ('[1]')""",
    "INSERT INTO order_labels SELECT '00000000-0000-0000-0000-000000000001', code FROM labels WHERE code > 'a'",
    """INSERT INTO "order" (id, class, "select", count) VALUES ('ffffffff-0000-4000-8000-000000000000', '', '', -1)""",
    "INSERT INTO people (id, name, boss_id) VALUES (4, '', 4), (5, 'Ada', 2), (6, 'Ada', 5)",
    "INSERT INTO friends VALUES (4, 4), (4, 5), (5, 4)",
    "INSERT INTO passports VALUES (4, ''), (5, 'X1')",
)
"""Statements that add the first and last values of each type, keys of any form, and rows that lead to themselves."""
