"""Rows that a trigger silently keeps from being written: the mutation is refused, and nothing of it is left."""

import asyncpg
import pytest

from schema.opaque import encode
from tests.schema.mutations.conftest import ANN, Writes, post, refusals, refused

TRIGGER = """
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF coalesce(OLD.slug, NEW.slug) <> 'kept' THEN RETURN coalesce(NEW, OLD); END IF;
        INSERT INTO categories (name, slug) VALUES ('Tried', 'tried');
        RETURN NULL;
    END $$;
    CREATE TRIGGER keep BEFORE INSERT OR UPDATE OR DELETE ON tags FOR EACH ROW EXECUTE FUNCTION keep()
"""

KEPT = {"slug": "kept", "name": "Kept"}
OTHER = {"slug": "other", "name": "Other"}
UNWRITTEN = ("ConflictError", "NOT_WRITTEN")
MISSING = ("NotFoundError", "NOT_FOUND")
THIRD = {"slug": "third", "name": "Third"}


@pytest.fixture
async def kept(write: Writes) -> Writes:
    """A database with two tags, of which a trigger lets nobody touch the first."""
    await write("createUser", ANN, "__typename")
    await write("createTags", {"tags": [KEPT, OTHER]}, "__typename")
    await run(write, TRIGGER)
    return write


async def run(write: Writes, sql: str) -> None:
    """Run SQL as another client does."""
    connection = await asyncpg.connect(write.url)
    await connection.execute(sql)
    await connection.close()


async def test_one_row(kept: Writes) -> None:
    """Created, changed, deleted or upserted: its place is told, and what the trigger wrote itself is undone."""
    id_ = encode("Tag:1")
    for mutation, given, *path in (
        ("updateTag", {"id": id_, "name": "x"}, "input", "id"),
        ("deleteTag", {"id": id_}, "input", "id"),
        ("upsertTag", {"tag": KEPT, "by": "SLUG"}, "input", "tag"),
        ("createPost", post(tags={"create": [THIRD, KEPT]}), "input", "tags", "create", 1),
    ):
        assert await refused(kept, mutation, given) == [("ConflictError", "NOT_WRITTEN", path)]
    await run(kept, "ALTER TABLE tags DISABLE TRIGGER keep; DELETE FROM tags WHERE id = 1")
    await run(kept, "ALTER TABLE tags ENABLE TRIGGER keep")
    for mutation, given, *path in (
        ("createTag", KEPT, "input"),
        ("upsertTag", {"tag": KEPT, "by": "SLUG"}, "input", "tag"),
    ):
        assert await refused(kept, mutation, given) == [("ConflictError", "NOT_WRITTEN", path)]
    assert (await kept("createTag", THIRD, "tag { slug }"))["tag"] == {"slug": "third"}
    assert (await kept("updateTag", {"id": encode("Tag:2"), "name": "y"}, "tag { name }"))["tag"] == {"name": "y"}


async def test_several_rows(kept: Writes) -> None:
    """One of them that is not written refuses all; where the input names it, by its place."""
    for mutation, given, *path in (
        ("updateTags", {"filter": {}, "atMost": 5, "set": {"name": "x"}}, "input", "filter"),
        ("deleteTags", {"filter": {}, "atMost": 5}, "input", "filter"),
        ("upsertTags", {"tags": [THIRD, KEPT, OTHER], "by": "SLUG"}, "input", "tags", 1),
    ):
        assert await refused(kept, mutation, given) == [("ConflictError", "NOT_WRITTEN", path)]
    await run(kept, "ALTER TABLE tags DISABLE TRIGGER keep; DELETE FROM tags")
    await run(kept, "ALTER TABLE tags ENABLE TRIGGER keep")
    for mutation, given in (
        ("createTags", {"tags": [OTHER, THIRD, KEPT]}),
        ("upsertTags", {"tags": [OTHER, THIRD, KEPT], "by": "SLUG"}),
    ):
        assert await refused(kept, mutation, given) == [("ConflictError", "NOT_WRITTEN", ["input", "tags", 2])]
    found = await kept("upsertTags", {"tags": [OTHER, THIRD], "by": "SLUG"}, "affectedCount")
    assert found["affectedCount"] == 2


async def test_a_trigger_that_has_just_come(write: Writes) -> None:
    """Also the statement that creates a row by itself, since it knew of no trigger, is refused by name."""
    await write("createTag", OTHER, "__typename")
    await run(write, TRIGGER.replace("INSERT INTO categories (name, slug) VALUES ('Tried', 'tried');", ""))
    assert await refused(write, "createTag", KEPT) == [("ConflictError", "NOT_WRITTEN", ["input"])]


async def test_rows_that_bring_their_keys(club: Writes) -> None:
    """Where SQLAlchemy puts new rows in order by their keys, and misses one, it is found as well."""
    await run(club, TRIGGER.replace("slug", "code").replace("tags", "teams").replace("INSERT INTO categories", "--"))
    teams = [{"code": code} for code in ("a", "kept", "b")]
    assert await refusals(club, "createTeams", {"teams": teams}) == [
        ("ConflictError", "NOT_WRITTEN", ["input", "teams", 1])
    ]
    assert await club.rows("SELECT * FROM teams") == []


async def test_rows_that_hang_on_another(club: Writes) -> None:
    """Connected, let go, changed or deleted: what is passed over is told apart from what is not there."""
    await club("createPerson", {"name": "Ann", "notes": {"create": [{"text": "a"}]}}, "__typename")
    await club("createPerson", {"name": "Bo"}, "__typename")
    await run(
        club,
        """CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
           CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON notes FOR EACH ROW EXECUTE FUNCTION keep()""",
    )
    here, none = ({"id": encode(f"Note:{number}")} for number in (1, 2))
    for person, notes, kind, *path in (
        (1, {"delete": [here]}, UNWRITTEN, "delete", 0, "id"),
        (1, {"delete": [none]}, MISSING, "delete", 0, "id"),
        (2, {"delete": [here]}, MISSING, "delete", 0, "id"),
        (1, {"disconnect": [here]}, UNWRITTEN, "disconnect", 0, "id"),
        (2, {"disconnect": [here]}, MISSING, "disconnect", 0, "id"),
        (2, {"connect": [here]}, UNWRITTEN, "connect", 0, "id"),
        (2, {"connect": [here, none]}, MISSING, "connect", 1, "id"),
        (1, {"update": [here | {"text": "b"}]}, UNWRITTEN, "update", 0, "id"),
    ):
        given = {"id": encode(f"Person:{person}"), "name": "New", "notes": notes}
        assert await refusals(club, "updatePerson", given) == [(*kind, ["input", "notes", *path])]
    assert await club.rows("SELECT text, name FROM notes JOIN people ON people.id = owner_id") == [("a", "Ann")]
