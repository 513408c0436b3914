"""The house full of rows, and copies of it from which everything is gone that a caller may not see."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest
from graphql import parse, validate
from sqlalchemy import insert

from api.data.database import Database
from api.settings import Settings
from schema.build import GraphSchema, build_graph_schema
from schema.context import Context
from schema.documents import Document, to_document
from schema.loaders import Loaders
from schema.principal import Principal
from schema.rights import Sight
from tests.conftest import clone, drop
from tests.schema.rights.models import House, Label, Member, Note, Remark, Vault, note_labels

CALLERS = {
    "nobody": Principal(),
    "one": Principal(key_id=1, user_id=1),
    "two": Principal(frozenset({"mail"}), key_id=2, user_id=2),
    "counter": Principal(frozenset({"notes", "wages"}), key_id=3),
    "staff": Principal(frozenset({"self", "staff", "vaults", "unheard-of"}), key_id=4, user_id=3),
}
"""Who asks."""

WORDS = ("sql", "Garden", "the", "compost", "frost", "ü")


def rows(random: Random) -> dict[Any, list[dict[str, Any]]]:
    """Return the rows of every table."""

    def text(length: int) -> str:
        return " ".join(random.choice(WORDS) for _ in range(length))

    members = [
        {
            "id": key, "name": text(1), "email": f"{random.choice(WORDS)}{key}@example.org", "diary": text(3),
            "wages": random.choice([None, 100, 200, 300]), "boss_id": random.choice([None, *range(1, key)]),
        }
        for key in range(1, 9)
    ]  # fmt: skip
    notes = [
        {
            "id": key, "title": f"{text(2)} {key}", "text": text(random.randint(1, 4)), "stars": random.randint(0, 3),
            "secret": random.random() < 0.4, "member_id": random.randint(1, 8),
            "written_at": f"20{random.randint(18, 22)}-0{random.randint(1, 9)}-11T10:00:00Z",
        }
        for key in range(1, 41)
    ]  # fmt: skip
    remarks = [
        {
            "id": key, "body": text(2), "likes": random.randint(0, 2), "note_id": random.randint(1, 40),
            "member_id": random.randint(1, 8), "answered_id": random.choice([None, *range(1, key)]),
        }
        for key in range(1, 81)
    ]  # fmt: skip
    labels = [{"id": key, "name": f"{WORDS[key - 1]}", "hidden": key % 3 == 0} for key in range(1, 7)]
    pairs = random.sample([(note, label) for note in range(1, 41) for label in range(1, 7)], 90)
    vaults = [{"id": key, "code": f"c{key}", "worth": key * 10, "member_id": key + 1} for key in range(1, 5)]
    return {
        Member: members, Note: notes, Remark: remarks, Label: labels, Vault: vaults,
        note_labels: [{"note_id": note, "label_id": label} for note, label in pairs],
    }  # fmt: skip


def gone(principal: Principal) -> list[str]:
    """Return the statements that take away what a caller may not see: the rules once more, in plain SQL."""
    scopes, user = principal.scopes, principal.user_id or 0
    found = [
        "ALTER TABLE notes ALTER COLUMN words DROP EXPRESSION, ALTER COLUMN text DROP NOT NULL",
        "ALTER TABLE notes ALTER COLUMN words DROP NOT NULL",
        "ALTER TABLE members ALTER COLUMN email DROP NOT NULL",
        "UPDATE members SET diary = NULL",
    ]
    if "notes" not in scopes:
        found.append(f"DELETE FROM notes WHERE secret AND member_id <> {user}")
    found += [
        f"UPDATE notes SET text = NULL, words = NULL WHERE NOT (stars > 0 OR member_id = {user})",
        "UPDATE members SET favourite_id = NULL WHERE favourite_id NOT IN (SELECT id FROM notes)",
        f"DELETE FROM remarks WHERE note_id NOT IN (SELECT id FROM notes) OR NOT (likes > 0 OR member_id = {user})",
        "UPDATE remarks SET answered_id = NULL WHERE answered_id NOT IN (SELECT id FROM remarks)",
    ]
    if "mail" not in scopes:
        found.append(f"UPDATE members SET email = NULL WHERE id <> {user}")
    if "wages" not in scopes:
        found.append(f"UPDATE members SET wages = NULL WHERE id <> {user if 'self' in scopes else 0}")
    if "staff" not in scopes:
        found.append("DELETE FROM labels WHERE hidden")
    if "vaults" not in scopes:
        found.append("DELETE FROM vaults")
    return found


@dataclass(frozen=True, slots=True)
class Houses:
    """The graph of the house, the database with everything, and one with what each caller may see."""

    schema: GraphSchema
    whole: Database
    seen: dict[str, Database]
    documents: dict[str, Document] = field(default_factory=dict)
    """What was asked before, as a server knows it again: who asks next must not be answered by another's plan."""
    unrefused: dict[str, Sight] = field(default_factory=dict)
    """What each caller sees where nothing is refused by name."""
    copied: dict[tuple[str, str], Any] = field(default_factory=dict)
    """Answers of the copies, by caller and document; the copies stay as they are."""

    def context(self, caller: str, *, is_refused: bool = True) -> Context:
        """Return a request to the whole house; without refusals by name, rules are all that hides anything."""
        principal = CALLERS[caller]
        sight = self.schema.sights.of(principal)
        if not is_refused:
            if caller not in self.unrefused:
                self.unrefused[caller] = replace(sight, forbidden={})
            sight = self.unrefused[caller]
        loaders = Loaders(sight, self.schema.sights.identity(principal), self.schema.records, self.whole)
        return Context(principal, self.whole, loaders, "test")

    def context_of_copy(self, caller: str) -> Context:
        """Return a request without rules to a copy that has nothing but what a caller may see."""
        database = self.seen[caller]
        return Context(
            CALLERS[caller], database, Loaders(self.schema.sights.whole, {}, self.schema.records, database), "test"
        )

    async def ask_copy(self, caller: str, text: str) -> Any:
        """Return what a copy answers to a document without variables: data and messages."""
        if (caller, text) not in self.copied:
            self.copied[caller, text] = await self.ask(self.context_of_copy(caller), text)
        return self.copied[caller, text]

    async def ask(self, context: Context, text: str, *, by_engine: bool = True, **variables: Any) -> Any:
        """Return data and messages."""
        document = self.documents.get(text)
        if document is None:
            node = parse(text)
            errors = validate(self.schema.core, node)
            assert not errors, errors
            document = self.documents[text] = to_document(node)
        if by_engine:
            answered = await self.schema.answer(document, operation_name=None, variables=variables, context=context)
            if answered.data is not None:
                return orjson.loads(answered.data), []
            result = answered.result
            assert result is not None
        else:
            result = await self.schema.execute(document.node, operation_name=None, variables=variables, context=context)
        return orjson.loads(orjson.dumps(result.data)), sorted(error.message for error in result.errors or ())


async def filled(url: str, more: list[str]) -> Database:
    database = Database(url, Settings(database_url=url, pool_size=2))
    async with database.writer.begin() as connection:
        await connection.run_sync(House.metadata.create_all)
        for table, values in rows(Random(5)).items():  # noqa: S311 - the same in each run
            await connection.execute(insert(table), [_parsed(value) for value in values])
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("UPDATE members SET favourite_id = id * 4 WHERE id % 3 > 0")
        if more:
            found = await connection.fetch(
                "SELECT conrelid::regclass::text AS t, conname AS c FROM pg_constraint WHERE contype = 'f'"
            )
            for row in found:
                await connection.execute(f'ALTER TABLE {row["t"]} DROP CONSTRAINT "{row["c"]}"')
        for statement in more:
            await connection.execute(statement)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return database


def _parsed(value: dict[str, Any]) -> dict[str, Any]:
    if "written_at" in value:
        value["written_at"] = datetime.fromisoformat(value["written_at"].replace("Z", "+00:00"))
    return value


@pytest.fixture(scope="session")
def house_graph() -> GraphSchema:
    """The graph of the house."""
    return build_graph_schema(House, own=())


@pytest.fixture(scope="session")
async def houses(server_url: Callable[[str], str], house_graph: GraphSchema) -> AsyncIterator[Houses]:
    """The house, and a copy for each caller."""
    names = [await clone(server_url, "template0") for _ in range(len(CALLERS) + 1)]
    whole = await filled(server_url(names[0]), [])
    seen = {
        caller: await filled(server_url(name), gone(principal))
        for name, (caller, principal) in zip(names[1:], CALLERS.items(), strict=True)
    }
    yield Houses(house_graph, whole, seen)
    for database in (whole, *seen.values()):
        await database.close()
    for name in names:
        await drop(server_url, name)
