"""Ids and cursors: every key comes back, of every type, also through PostgreSQL; nothing else is taken for one."""

import base64
import enum
import json
import math
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Enum,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    Time,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.dialects.postgresql import CHAR, REAL
from sqlalchemy.orm import DeclarativeBase, mapped_column

from api.data.database import Database
from api.settings import Settings
from schema.build import build_graph_schema
from schema.errors import BadCursorError, BadIdError
from schema.graph import EnumMember, EnumType, Graph, Kind, Scalar, read_graph
from schema.models.base import expose
from schema.opaque import LONGEST, decode, encode, read_cursor, read_id, read_id_of, write_cursor, write_id
from tests.conftest import clone, drop
from tests.schema.both import both
from tests.schema.conftest import Asker
from tests.schema.zoo import Zoo


class Size(enum.Enum):
    """How large."""

    SMALL = "s"
    VERY_LARGE = "x:l"


def _scalar(kind: Kind) -> Scalar:
    return Scalar(kind, Text())


MEMBERS = tuple(EnumMember(member.name, member.value, member) for member in Size)
ENUM = Scalar(Kind.ENUM, Text(), enum=EnumType("Size", None, MEMBERS, Size))
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)
KEYS: list[tuple[Scalar, st.SearchStrategy[Any]]] = [
    (_scalar(Kind.TEXT), TEXTS),
    (_scalar(Kind.INTEGER), st.integers(-(2**31), 2**31 - 1)),
    (_scalar(Kind.BIGINT), st.integers(-(2**63), 2**63 - 1)),
    (_scalar(Kind.NUMERIC), st.decimals(allow_nan=False, places=4, min_value=-(10**12), max_value=10**12)),
    (_scalar(Kind.FLOAT), st.floats(allow_nan=False)),
    (_scalar(Kind.BOOLEAN), st.booleans()),
    (_scalar(Kind.DATE), st.dates()),
    (_scalar(Kind.TIME), st.times()),
    (_scalar(Kind.TIMESTAMP), st.datetimes(timezones=st.just(UTC))),
    (_scalar(Kind.LOCAL_TIMESTAMP), st.datetimes()),
    (_scalar(Kind.UUID), st.uuids()),
    (_scalar(Kind.BYTES), st.binary(max_size=30)),
    (_scalar(Kind.JSON), st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS, st.lists)),
    (ENUM, st.sampled_from(Size)),
]
GRAPH: Graph = read_graph(Zoo)
LINE = "6fa459ea-ee8a-4ca4-894e-db77e160355e"


def _rows_of(keys: list[tuple[Scalar, st.SearchStrategy[Any]]]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just([scalar for scalar, _ in keys]), st.tuples(*(st.none() | values for _, values in keys)))


ROWS = st.lists(st.sampled_from(KEYS), min_size=1, max_size=4).flatmap(_rows_of)


@given(ROWS)
def test_cursors_hold_every_kind_of_value(row: tuple[Sequence[Scalar], tuple[Any, ...]]) -> None:
    """What a cursor was made of comes out of it, null and nothing told apart."""
    scalars, values = row
    cursor = write_cursor("Thing:id", scalars, values)
    # JSON's own null is read as Python's None; it never stands in an order.
    assert read_cursor("Thing:id", scalars, cursor, "after", [True] * len(values)) == values
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.lists(st.tuples(st.uuids(), st.integers(-(2**31), 2**31 - 1)), max_size=5), TEXTS)
def test_ids_hold_keys_of_one_and_of_several_columns(lines: list[tuple[UUID, int]], code: str) -> None:
    """What an id was made of comes out of it, with its type."""
    line, label = GRAPH.types["Line"], GRAPH.types["Label"]
    for key in lines:
        assert read_id(GRAPH.types, write_id(line, key)) == (line, key)
        assert read_id_of(line, write_id(line, key), "id") == key
    assert read_id(GRAPH.types, write_id(label, (code,))) == (label, (code,))


def test_forms_that_clients_and_postgresql_can_make() -> None:
    """Ids are base64url of `Type:key`; padding and the other alphabet of base64 do no harm."""
    assert write_id(GRAPH.types["Person"], (7,)) == base64.urlsafe_b64encode(b"Person:7").decode().rstrip("=")
    key = (UUID("6fa459ea-ee8a-4ca4-894e-db77e160355e"), 2)
    assert decode(write_id(GRAPH.types["Line"], key)) == 'Line:["6fa459ea-ee8a-4ca4-894e-db77e160355e", "2"]'
    label = GRAPH.types["Label"]
    for spelled in (base64.standard_b64encode, base64.urlsafe_b64encode):
        assert read_id(GRAPH.types, spelled(b"Label:\xc3\xbe\xc3\xbf??>>").decode()) == (label, ("þÿ??>>",))


def bombs() -> list[str]:
    """Return texts that are built to hurt whoever reads them."""
    return [
        "", "=", "====", "a", "!!!!", "\x00", "ü", "💐", "\ud800", "a" * LONGEST, "a" * (LONGEST + 1), "A" * 10_000_000,
        "%00", "../../etc/passwd", "'; DROP TABLE users; --", "-_-_", "+/+/", " ", "\n",
        *(encode(text) for text in (
            "", ":", "Person", "Person:", "Person:x", "Person:1.5", "Person:1e3", "Person: 1", "Person:1\n", "Person:٣",
            "Person:99999999999999999999", "Person:2147483648", "Person:None", "Person:null", "person:1", "Nobody:1",
            "__class__:1", "Person:" + "9" * 3000, "Line:", "Line:1", "Line:null", "Line:{}", "Line:[]", "Line:[1, 2]",
            'Line:["x", "1"]', f'Line:["{LINE}"]', f'Line:["{LINE}", null]', f'Line:["{LINE}", "1", "2"]',
            f'Line:{{"{LINE}": 1, "1": 1}}', "Line:" + "[" * 3000, 'Line:[["6fa4"], "1"]',
            "Line:" + '{"a":' * 500, "Line:NaN", "Line:" + "1" * 2500, "Label:\x00",
            "Person:id", '["Person:id"]', '["Person:id", null]', '["Person:id", 1]', '["Person:id", "x"]', "[]", "[[]]",
            '[null, "1"]', '[1, "1"]', '{"Person:id": 1, "1": 2}', '"Person:id"', "5", "NaN", "[" * 3000,
            '["Person:id", ["1"]]', '["Person:id", "1", "2"]', '["Line:id", "1"]', "Specimen:1e400",
            "Specimen:" + "9" * 20,
        )),
        base64.urlsafe_b64encode(b"Label:\xff\xfe").decode(), base64.urlsafe_b64encode(b"\xed\xa0\x80").decode(),
        base64.urlsafe_b64encode(json.dumps(["Person:id", "\ud800"]).encode()).decode(),
        base64.urlsafe_b64encode(b'Line:["\\ud800", "1"]').decode(),
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(len(bombs())))
def test_what_is_no_id_or_cursor(number: int) -> None:
    """Texts that were built to do harm are refused, in a line that repeats little of them."""
    text = bombs()[number]
    with pytest.raises(BadIdError) as bad_id:
        read_id(GRAPH.types, text)
    with pytest.raises(BadIdError) as bad_id_of:
        read_id_of(GRAPH.types["Person"], text, "id")
    with pytest.raises(BadCursorError) as bad_cursor:
        read_cursor("Person:id", [GRAPH.types["Person"].primary_key[0].scalar], text, "after")
    for raised in (bad_id, bad_id_of, bad_cursor):
        message = str(raised.value)
        assert message.isprintable()
        assert len(message) < 300


JSON = st.recursive(
    st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
ANYTHING = (
    st.text()
    | st.text("ABCDEFabcdef0123456789-_=")
    | st.text().map(lambda text: encode(text.encode("utf-8", "replace").decode()))
    | st.sampled_from(list(GRAPH.types)).flatmap(lambda name: TEXTS.map(lambda rest: encode(f"{name}:{rest}")))
    | JSON.map(lambda value: encode(json.dumps(value)))
    | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)  # fmt: skip


@given(ANYTHING)
def test_anything_is_an_id_or_refused(text: str) -> None:
    """Reading raises nothing but BadIdError and BadCursorError, and what it reads it would write."""
    try:
        type_, key = read_id(GRAPH.types, text)
    except BadIdError:
        pass
    else:
        assert read_id(GRAPH.types, write_id(type_, key)) == (type_, key)
    for kind in (Kind.TEXT, Kind.TIMESTAMP, Kind.NUMERIC, Kind.UUID, Kind.BYTES, Kind.FLOAT):
        try:
            read_cursor("Thing:id", [_scalar(kind)], text, "after")
        except BadCursorError:
            continue


@given(st.sampled_from([scalar for scalar, _ in KEYS]), st.text() | st.text('0123456789-+:.eTZ=[]"{}naift'))
def test_cursors_of_any_text_are_read_or_refused(scalar: Scalar, text: str) -> None:
    """Whatever stands where a value should, nothing but BadCursorError comes of it."""
    cursor = base64.urlsafe_b64encode(json.dumps(["Thing:id", text]).encode()).decode()
    try:
        (value,) = read_cursor("Thing:id", [scalar], cursor, "after", [True])
    except BadCursorError:
        return
    again = read_cursor("Thing:id", [scalar], write_cursor("Thing:id", [scalar], [value]), "after", [True])
    assert again == (value,) or value != value


def test_messages() -> None:
    """Each tells the argument, what was sent, and what would be accepted."""
    person, line = GRAPH.types["Person"], GRAPH.types["Line"]
    scalars = [person.primary_key[0].scalar]
    with pytest.raises(BadIdError, match=r"^'rubbish' is not an id of this API; pass one as a field `id` gave it\.$"):
        read_id(GRAPH.types, "rubbish")
    id_ = write_id(person, (1,))
    with pytest.raises(BadIdError, match=rf"^Argument `id` takes the id of a Line; '{id_}' is the id of a Person\.$"):
        read_id_of(line, id_, "id")
    with pytest.raises(BadIdError, match=r"^Argument `id`: 'x\?y' is not an id of this API; pass one as a field `id`"):
        read_id_of(line, "x\ny", "id")
    with pytest.raises(
        BadCursorError,
        match=r"^Argument `after`: 'zz' is not a cursor; pass one as `cursor`, `startCursor` or `endCursor` gave it\.$",
    ):
        read_cursor("Person:id", scalars, "zz", "after")
    other = write_cursor("Line:id", scalars, [1])
    with pytest.raises(
        BadCursorError,
        match=r"^Argument `before`: the cursor belongs to another list or order; a cursor is good only for the list "
        r"and the order that it came from\.$",
    ):
        read_cursor("Person:id", scalars, other, "before")
    null = write_cursor("Person:id", scalars, [None])
    with pytest.raises(BadCursorError, match=rf"^Argument `after`: '{null}' is not a cursor of this list\.$"):
        read_cursor("Person:id", scalars, null, "after")


class Trimmed(TypeDecorator[str]):
    """Text without spaces around it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
        return None if value is None else value.strip()


class Keys(DeclarativeBase):
    """Models whose primary keys are of every type."""


# Each with values at the edges of the type, in the order of the database.
KEYED: dict[str, tuple[Any, list[Any]]] = {
    "KeyText": (Text(), ["", " ", "a:b", "ünï", "💐"]),
    "KeyVarchar": (String(9), ["a", "b"]),
    "KeyChar": (CHAR(3), ["abc", "xyz"]),
    "KeyTrimmed": (Trimmed(), ["a", "b"]),
    "KeySmall": (SmallInteger(), [-32768, 0, 32767]),
    "KeyBig": (BigInteger(), [-(2**63), 0, 2**63 - 1]),
    "KeyNumeric": (Numeric(), [Decimal("-100000000000000000000"), Decimal("0.10"), Decimal("0.2"), Decimal("NaN")]),
    "KeyDouble": (Double(), [-math.inf, -1e300, 0.1, 5e-324 + 1, math.inf]),
    "KeyReal": (REAL(), [0.10000000149011612, 1.5]),
    "KeyBool": (Boolean(), [False, True]),
    "KeyDate": (Date(), [date(1, 1, 2), date(9999, 12, 30)]),
    "KeyTime": (Time(), [time(0), time(23, 59, 59, 999999)]),
    "KeyMoment": (DateTime(timezone=True), [datetime(1, 1, 1, tzinfo=UTC), datetime(9, 9, 9, 0, 0, 0, 1, UTC)]),
    "KeyLocal": (DateTime(), [datetime(1, 1, 2), datetime(9999, 12, 30, 23, 59, 59, 999999)]),
    "KeyUuid": (Uuid(), [UUID(int=0), UUID(int=2**128 - 1)]),
    "KeyUuidText": (Uuid(as_uuid=False), [str(UUID(int=0)), str(UUID(int=2**128 - 1))]),
    "KeyBytes": (LargeBinary(), [b"", b"\x00\xff", b"\xff"]),
    "KeySize": (Enum(Size, name="size"), list(Size)),
    "KeyLoose": (Enum("b b", "a", name="loose", native_enum=False), ["a", "b b"]),
}  # fmt: skip
MODELS = {
    name: type(name, (Keys,), {
        "__tablename__": name.lower(), "__graph__": expose("key"), "key": mapped_column("key", type_, primary_key=True)
    })
    for name, (type_, _) in KEYED.items()
}  # fmt: skip


@pytest.fixture(scope="module")
async def ask_keys(server_url: Callable[[str], str]) -> AsyncIterator[Asker]:
    """A graph of types whose ids are of every type."""
    name = await clone(server_url, "template0")
    database = Database(server_url(name), Settings(database_url=server_url(name)))
    async with database.writer.begin() as connection:
        await connection.run_sync(Keys.metadata.create_all)
    async with database.write() as session:
        session.add_all(MODELS[model](key=value) for model, (_, values) in KEYED.items() for value in values)
    yield Asker(build_graph_schema(Keys, own=()), database)
    await database.close()
    await drop(server_url, name)


@pytest.mark.parametrize("name", KEYED)
async def test_keys_of_every_type_find_their_rows(ask_keys: Asker, name: str) -> None:
    """Ids find their rows and cursors the rows behind them, in the order of the database."""
    type_, values = ask_keys.schema.graph.types[name], KEYED[name][1]
    asking = ask_keys if name == "KeyReal" else partial(both, ask_keys)  # Python spells its digits otherwise
    key = "__typename" if name == "KeyDouble" else "key"  # GraphQL's Float has no infinity
    edges = f"edges {{ cursor node {{ id {key} }} }}"
    query = f"query($after: String) {{ {type_.plural}(first: 1, after: $after) {{ {edges} }} }}"
    found, cursor = [], None
    for _ in values:
        answer = await asking(query, after=cursor)
        assert answer.errors == []
        (edge,) = answer.data[type_.plural]["edges"]
        found.append(edge["node"])
        cursor = edge["cursor"]
    assert (await asking(query, after=cursor)).data == {type_.plural: {"edges": []}}
    again = await asking(f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on {name} {{ {key} }} }} }}",
                           ids=[node["id"] for node in found])  # fmt: skip
    assert (again.errors, again.statements) == ([], 1)
    assert again.data["nodes"] == found
    assert len({node["id"] for node in found}) == len(values)
    keys = [read_id(ask_keys.schema.graph.types, node["id"])[1][0] for node in found]
    assert [str(value).removesuffix("+00:00") for value in keys] == [
        str(value).removesuffix("+00:00") for value in values
    ]


async def test_numbers_beyond_a_small_key_name_no_row(ask_keys: Asker) -> None:
    """A key of 16 bits takes any Int: there is no such row, which is no error."""
    answer = await ask_keys(
        "query($id: ID!) { node(id: $id) { id } keySmall(id: $id) { id } }", id=encode("KeySmall:40000")
    )
    assert (answer.errors, answer.data) == ([], {"node": None, "keySmall": None})


async def test_ids_of_other_types_and_rubbish_through_the_graph(ask_zoo: Asker) -> None:
    """Each refusal is an error of its field, runs no statement and says what would be accepted."""
    person, label = encode("Person:1"), encode("Label:a:b/c")
    answer = await ask_zoo(
        f'{{ label(id: "{person}") {{ id }} node(id: "rubbish") {{ id }} good: label(id: "{label}") {{ code }} }}'
    )
    assert answer.data == {"label": None, "node": None, "good": {"code": "a:b/c"}}
    assert dict(zip([path[0] for path in answer.paths], answer.errors, strict=True)) == {
        "label": f"Argument `id` takes the id of a Label; '{person}' is the id of a Person.",
        "node": "'rubbish' is not an id of this API; pass one as a field `id` gave it.",
    }
    assert answer.statements == 1


async def test_one_bad_id_among_many(ask_zoo: Asker) -> None:
    """`nodes` refuses the whole list for an id that is none; ids that name no row give null in their places."""
    good, gone = encode("Person:1"), encode("Person:99")
    answer = await ask_zoo("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[gone, good, good, gone])
    assert (answer.errors, answer.statements) == ([], 1)
    assert answer.data == {"nodes": [None, {"id": good}, {"id": good}, None]}
    answer = await ask_zoo("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[good, "rubbish"])
    assert answer.errors == ["'rubbish' is not an id of this API; pass one as a field `id` gave it."]
    assert (answer.data, answer.statements) == (None, 0)
    answer = await ask_zoo("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[good] * 1001)
    assert answer.errors == ["Argument `ids` takes at most 1000 ids; 1001 were given."]
    assert isinstance(GRAPH.types, MappingProxyType)
