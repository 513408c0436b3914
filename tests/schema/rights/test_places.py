"""Wherever a mutation can name a row, one that is hidden is told as one that is not there, and nothing is changed."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Final

import orjson
import pytest
from graphql import GraphQLObjectType, parse
from sqlalchemy import text

from api.data.database import Database
from schema.build import GraphSchema
from schema.context import Context, Transaction
from schema.documents import Documents
from schema.opaque import encode
from schema.principal import Principal
from schema.values import dump
from tests.conftest import clone, drop
from tests.schema.rights.conftest import filled
from tests.schema.rights.places import EACH, Place, Places
from tests.schema.rights.test_writing import SECRET, TABLES
from tests.schema.rights.walk import Walk

CALLER: Final = Principal(frozenset({"read", "write"}), key_id=1, user_id=1)

OWN: Final = {
    "Member": encode("Member:1"),
    "Note": encode("Note:5001"),
    "Remark": encode("Remark:5001"),
    "Label": encode("Label:1"),
    "Vault": encode("Vault:1"),
}
"""Rows that the caller may write, which lead to each other."""

FAMILY: Final = f"""
UPDATE labels SET name = 'quite hidden' WHERE id = 3;
UPDATE members SET boss_id = 1, favourite_id = NULL WHERE id IN (1, 5);
INSERT INTO notes (id, title, text, stars, member_id) VALUES (5001, 'own', 'x', 1, 1);
INSERT INTO remarks (id, body, likes, note_id, member_id) VALUES
    (5002, 'own', 1, 5001, 1), (5003, 'hidden', 0, 5001, 2);
INSERT INTO remarks (id, body, likes, note_id, member_id, answered_id) VALUES (5001, 'own', 1, 5001, 1, 5002);
INSERT INTO note_labels VALUES (5001, 1), (5001, 3), ({SECRET}, 1) ON CONFLICT DO NOTHING;
UPDATE members SET favourite_id = {SECRET} WHERE id = 2;
UPDATE members SET favourite_id = 5001 WHERE id = 1;
"""
"""The caller's rows, with hidden ones that hang on them."""

HIDDEN: Final = {
    ("Note", "id"): encode(f"Note:{SECRET}"),
    ("Remark", "id"): encode("Remark:5003"),
    ("Label", "id"): encode("Label:3"),
    ("Vault", "id"): encode("Vault:2"),
}
"""What is not there for the caller; its unique values are read from the database. Of members it is the address."""

STATE: Final = text(
    "SELECT md5(string_agg(line, '|')) FROM ("
    + " UNION ALL ".join(f"(SELECT '{name}' || {name}::text AS line FROM {name} ORDER BY 1)" for name in TABLES)
    + ") AS lines"
)


@dataclass
class House:
    """The house in one transaction, of which each mutation is a part that is undone."""

    schema: GraphSchema
    database: Database
    transaction: Transaction
    documents: Documents
    places: Places
    hidden: dict[tuple[str, str], str]
    before: str = ""

    async def told(self, place: Place, value: str) -> tuple[str, str]:
        """Return what a mutation tells with a value in a place, the value taken out; and what the tables are then."""
        root = self.schema.core.mutation_type
        assert root is not None
        type_ = root.fields[place.mutation].args["input"].type
        document = self.documents.get(
            f"mutation ($input: {type_}) {{ it: {place.mutation}(input: $input) "
            f"{{ ... on UserError {{ __typename message code path }} {self.places.selection(place.mutation)} }} }}"
        )
        context = Context(CALLER, self.database, self.schema.new_loaders(self.database, CALLER), "test")
        async with self.transaction.nested() as part:
            context.whole = part
            answered = await self.schema.answer(
                document, operation_name=None, variables={"input": place.filled(value)}, context=context
            )
            assert answered.result is not None
            errors = [error.message for error in answered.result.errors or ()]
            ((state,),) = await part.fetch(STATE)
            await part.roll_back()
        return orjson.dumps([answered.result.data, errors]).decode().replace(orjson.dumps(value).decode(), '"@"'), state


@pytest.fixture(scope="module")
async def house(server_url: Callable[[str], str], house_graph: GraphSchema) -> AsyncIterator[House]:
    """The house with a family of the caller's rows, to be written to and never changed."""
    name = await clone(server_url, "template0")
    database = await filled(server_url(name), [])
    async with database.writer.begin() as connection:
        for statement in FAMILY.strip().split(";\n"):
            await connection.exec_driver_sql(statement)
        unique = {
            ("Note", "title"): f"SELECT title FROM notes WHERE id = {SECRET}",
            ("Label", "name"): "SELECT name FROM labels WHERE id = 3",
            ("Vault", "code"): "SELECT code FROM vaults WHERE id = 2",
            ("Member", "email"): "SELECT email FROM members WHERE id = 5",
        }
        found = {key: (await connection.exec_driver_sql(sql)).scalar_one() for key, sql in unique.items()}
        for table in TABLES:
            if table != "note_labels":
                await connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 9000)")
    places = Places(house_graph.core, house_graph.sights.of(CALLER), OWN)
    async with database.transaction() as transaction:
        house = House(house_graph, database, transaction, Documents(house_graph.core), places, HIDDEN | found)
        ((house.before,),) = await transaction.fetch(STATE)
        yield house
        await transaction.roll_back()
    await database.close()
    await drop(server_url, name)


async def test_hidden_is_absent(house: House) -> None:
    """By id, unique key and filter, at every place of every mutation: the same bytes, and nothing is changed."""
    mutations = set[str]()
    for place in house.places.all():
        value = house.hidden.get((place.names, place.by))
        if place.is_given or value is None:
            continue
        absent = encode(f"{place.names}:9999") if place.by == "id" else "no such"
        hidden, control = await house.told(place, value), await house.told(place, absent)
        assert hidden == control, str(place)
        is_of_others = not {"none", "every"}.isdisjoint(place.path)  # which may be changed, and are by both
        assert is_of_others or hidden[1] == house.before, str(place)
        assert is_of_others or is_reached(place, hidden[0]), f"{place}: {hidden[0]}"
        mutations.add(place.mutation)
    root = house.schema.core.mutation_type
    assert root is not None
    # of members no row is hidden, so what names only a member by its id has nothing to hide
    assert root.fields.keys() - mutations == {"deleteMember"} or not EACH


def is_reached(place: Place, told: str) -> bool:
    """Return whether a mutation looked for the row, and was not refused for another reason before."""
    if "vault" in place.path:
        return "needs the scope `vaults`" in told
    found = orjson.loads(told)[0]["it"]
    if "filter" in place.path:
        return bool(found["affectedCount"] == 0)
    named = tuple(step for step in found["path"][1:] if isinstance(step, str))
    if found["message"].startswith(f"A {place.names} must lead to") or "set" in place.path[-2:]:
        return place.path[: len(named)] == named  # whichever it is: it, or one that is there, cannot be let go
    return bool(found["__typename"] == "NotFoundError" and named == place.path)


async def test_unique_values_tell_of_themselves_alone(house: House) -> None:
    """Who may give a row a value is told that it is taken, in the same words for all; others are told nothing."""
    kinds = set[str]()
    for place in house.places.all():
        value = house.hidden.get((place.names, place.by))
        if not place.is_given or value is None:
            continue
        (hidden, state), (control, _) = await house.told(place, value), await house.told(place, "no such")
        assert state == house.before, str(place)
        taken, free = orjson.loads(hidden)[0]["it"], orjson.loads(control)[0]["it"]
        kinds.add(taken["__typename"])
        if hidden == control:
            assert taken["__typename"] == "ForbiddenError", str(place)
            continue
        assert (taken["__typename"], taken["code"]) == ("ConflictError", "NOT_UNIQUE"), str(place)
        row = [step for step in taken["path"] if step != place.by]
        # the row itself could be written so, were the value free: only what it hangs on may be refused then
        assert free["__typename"].endswith("Payload") or len(free["path"]) < len(row), f"{place}: {control}"
    assert kinds == {"ConflictError", "ForbiddenError"}


@pytest.mark.parametrize("type_name", ["Member", "Note", "Remark", "Label"])
async def test_selections_of_payloads(house: House, type_name: str) -> None:
    """What a mutation answers of a row, and of all rows around it, is what a query answers of it."""
    type_, walk = house.schema.graph.types[type_name], Walk(house.schema.core, house.schema.graph, ())
    core = house.schema.core.type_map[type_name]
    assert isinstance(core, GraphQLObjectType)
    selection = walk.selection(core, 1)
    context = Context(CALLER, house.database, house.schema.new_loaders(house.transaction, CALLER), "test")
    context.loaders.sight = replace(context.loaders.sight, forbidden={})
    found = []
    for text_ in (
        f"mutation ($id: ID!) {{ it: update{type_name}(input: {{id: $id}}) {{ ... on Update{type_name}Payload "
        f"{{ {type_.singular} {{ {selection} }} }} ... on UserError {{ message }} }} }}",
        f"query ($id: ID!) {{ {type_.singular}(id: $id) {{ {selection} }} }}",
    ):
        context.whole = house.transaction
        result = await house.schema.execute(
            parse(text_), operation_name=None, variables={"id": OWN[type_name]}, context=context
        )
        assert not result.errors, result.errors
        assert result.data is not None
        data = orjson.loads(dump(result.data))
        found.append((data.get("it") or data)[type_.singular])
    assert found[0] == found[1]
    assert "quite hidden" not in repr(found)
