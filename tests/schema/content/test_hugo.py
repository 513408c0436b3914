import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schema.content import hugo
from schema.content.hugo import import_folder
from schema.content.report import Counts, Report
from schema.errors import BadInputError, ContentError
from tests.schema.content.conftest import Write

SAMPLE = Path(__file__).resolve().parents[3] / "docs" / "sample-site"

POSTS = """
SELECT posts.slug, title, posts.description, draft, published_at::text, users.email AS author,
    categories.slug AS category,
    ARRAY(SELECT tags.slug FROM tags JOIN post_tags ON tag_id = tags.id WHERE post_id = posts.id ORDER BY 1) AS tags
FROM posts JOIN users ON users.id = author_id LEFT JOIN categories ON categories.id = category_id ORDER BY posts.slug
"""


def posts_of(report: Report) -> tuple[int, int, int]:
    """Return how many posts were created, updated and left."""
    counts = report.counts("posts")
    return counts.created, counts.updated, counts.unchanged


async def everything(connection: Any) -> list[list[tuple[Any, ...]]]:
    """Return every row of every table, with the transaction that wrote it."""
    tables = ("users", "categories", "tags", "posts", "post_tags")
    return [[tuple(row) for row in await connection.fetch(f"SELECT xmin, * FROM {table}")] for table in tables]


async def test_the_sample_site(database_url: str, connection: Any) -> None:
    """The site that the documentation shows arrives whole."""
    report = await import_folder(database_url, SAMPLE)
    assert (report.failures, report.notes, report.files) == ([], [], 7)
    assert report.counts("posts") == Counts(created=5, updated=0, unchanged=0)
    assert [tuple(row) for row in await connection.fetch(POSTS)] == [
        ("about", "About this letter", None, False, None, "anonymous@authors.invalid", None, []),
        (
            "koji", "麹のある台所 — a kitchen with koji", None, False, "2025-06-01 09:45:00+00",
            "zuo-teng-mei-xiao@authors.invalid", None, ["fa-xiao", "kitchen"],
        ),
        (
            "leaf-mould", "Leaf mould: two years, one bin",
            "What a heap of wet leaves turns into when nobody disturbs it.", False, "2024-11-03 07:30:00+00",
            "mara@example.org", "soil", ["compost", "how-to"],
        ),
        (
            "pond", "A pond the size of a suitcase", None, False, "2025-04-14 06:00:00+00", "mara@example.org",
            "water", ["how-to", "wildlife"],
        ),
        (
            "seed-swap", "Seed swap in March", None, True, "2025-02-20 10:00:00+00", "tomas-pena@authors.invalid",
            "meetings", ["seeds"],
        ),
    ]  # fmt: skip
    categories = await connection.fetch("SELECT slug, name, description FROM categories ORDER BY slug")
    assert [tuple(row) for row in categories] == [
        ("meetings", "Meetings", None),
        ("soil", "Soil and compost", "The dark half of gardening."),
        ("water", "Water", None),
    ]
    assert await connection.fetchval("SELECT name FROM tags WHERE slug = 'how-to'") == "How to"
    body = await connection.fetchval("SELECT body FROM posts WHERE slug = 'seed-swap'")
    assert body == "Bring what you have too much of. Front matter in TOML is read as well."


async def test_the_second_import_writes_nothing(database_url: str, connection: Any) -> None:
    """An unchanged folder leaves every row untouched and uses up no id."""
    await import_folder(database_url, SAMPLE)
    before = await everything(connection)
    report = await import_folder(database_url, SAMPLE)
    assert await everything(connection) == before
    assert [report.counts(table) for table in ("posts", "users", "tags", "categories")] == [
        Counts(0, 0, 5), Counts(0, 0, 4), Counts(0, 0, 6), Counts(0, 0, 3)
    ]  # fmt: skip
    assert await connection.fetchval("SELECT last_value FROM posts_id_seq") == 5


@pytest.mark.parametrize(
    ("line", "changed", "expected"),
    [
        ("title: T", "title: U", {"title": "U"}),
        ("tags: [a, b]", "tags: [b, c]", {"tags": ["b", "c"]}),
        ("tags: [a, b]", "", {"tags": []}),
        ("draft: true", "draft: false", {"draft": False}),
        ("date: 2024-01-01", "", {"published_at": None}),
        ("categories: [c]", "", {"category": None}),
        ("author: Ann", "author: Bob", {"author": "bob@authors.invalid"}),
        ("description: d", "description: e", {"description": "e"}),
    ],
)
async def test_what_changed_is_updated(
    database_url: str, connection: Any, site: Path, write: Write, line: str, changed: str, expected: dict[str, Any]
) -> None:
    """A changed file updates its post in place; the others stay."""
    lines = "title: T\ntags: [a, b]\ndraft: true\ndate: 2024-01-01\ncategories: [c]\nauthor: Ann\ndescription: d\n"
    text = f"---\n{lines}---\nBody"
    write("a.md", text)
    write("b.md", text)
    await import_folder(database_url, site)
    await connection.execute("UPDATE posts SET view_count = 7")
    before = await connection.fetchrow(POSTS)
    write("a.md", text.replace(line, changed))
    report = await import_folder(database_url, site)
    assert posts_of(report) == (0, 1, 1)
    after = await connection.fetchrow(POSTS)
    assert dict(after) == {**dict(before), **expected}
    assert [row["view_count"] for row in await connection.fetch("SELECT view_count FROM posts")] == [7, 7]


async def test_bad_files_are_named_and_the_rest_is_imported(
    database_url: str, connection: Any, site: Path, write: Write
) -> None:
    """Every bad file has its line in the report, none leaves a trace, and all good ones arrive."""
    write("a/good.md", "---\ntitle: Good\n---\n")
    write("a/same.md", "---\ntitle: First\nslug: same\n---\n")
    write("b/same.md", "---\ntitle: Second\n---\n")
    write("b/slug.md", "---\ntitle: Third\ndraft: false\nslug: Same\n---\n")
    write("yaml.md", "---\ntitle: a: b\n---\n")
    write("title.md", "---\ndate: 2024-01-01\ntags: [lost]\nauthor: Lost\ncategories: [lost]\n---\n")
    write("date.md", "---\ntitle: T\ndate: tomorrow\n---\n")
    write("tags.md", "---\ntitle: T\ntags:\n  a: b\n---\n")
    write("none.md", "No front matter.\n")
    write("categories/c/_index.md", "---\ndescription: d\n---\n")
    (site / "latin.md").write_bytes(b"---\ntitle: T\n---\ncaf\xe9\n")
    (site / "large.md").write_bytes(b"---\ntitle: T\n---\n" + b"x" * 1_000_000)
    report = await import_folder(database_url, site)
    assert [str(failure) for failure in report.failures] == [
        "b/same.md:1: The slug same is taken by a/same.md; give one another.",
        "b/slug.md:4: The slug same is taken by a/same.md; give one another.",
        "categories/c/_index.md:1: title is missing.",
        "date.md:3: date is not a date. Write it as 2024-05-31, 2024-05-31T09:30:00 or 2024-05-31T09:30:00+02:00.",
        "large.md:1: The file is larger than 1,000,000 bytes.",
        "latin.md:4: The file is not UTF-8 text.",
        "none.md:1: The file does not begin with front matter (--- for YAML, +++ for TOML).",
        "tags.md:3: tags must be a list of words; this holds a mapping.",
        "title.md:1: title is missing.",
        "yaml.md:2: The YAML cannot be read: mapping values are not allowed in this context.",
    ]
    rows = await connection.fetch("SELECT slug, title FROM posts ORDER BY slug")
    assert [tuple(row) for row in rows] == [("good", "Good"), ("same", "First")]
    assert await connection.fetchval("SELECT array_agg(email) FROM users") == ["anonymous@authors.invalid"]
    assert await connection.fetchval("SELECT count(*) FROM tags") == 0
    assert await connection.fetchval("SELECT count(*) FROM categories") == 0


async def test_what_only_the_database_refuses_fails_alone(
    database_url: str, connection: Any, site: Path, write: Write
) -> None:
    """A rule that only the database knows costs the one page its place, not the others."""
    await connection.execute("ALTER TABLE posts ADD CONSTRAINT polite CHECK (body !~ 'damn')")
    for number in range(20):
        write(
            f"p{number:02}.md", f"---\ntitle: P{number}\ntags: [t{number}]\n---\n{'damn' if number == 13 else 'dear'}\n"
        )
    report = await import_folder(database_url, site)
    assert [str(failure) for failure in report.failures] == ["p13.md:1: The database refuses the page: polite."]
    assert posts_of(report) == (19, 0, 0)
    assert await connection.fetchval("SELECT count(*) FROM posts") == 19
    assert await connection.fetchval("SELECT count(*) FROM tags") == 19
    assert report.counts("tags") == Counts(19, 0, 0)


async def test_a_dry_run_tells_and_changes_nothing(database_url: str, connection: Any) -> None:
    """The report is the one of the real import; the tables are not touched."""
    before = await everything(connection)
    planned = await import_folder(database_url, SAMPLE, dry_run=True)
    assert await everything(connection) == before
    assert planned == await import_folder(database_url, SAMPLE)


async def test_authors_are_known_by_their_address(database_url: str, connection: Any, site: Path, write: Write) -> None:
    """A user who is there already is taken, whatever the case of the address; without one the name decides."""
    await connection.execute("INSERT INTO users (name, email, age) VALUES ('A. Lee', 'ann@example.org', 40)")
    write("a.md", "---\ntitle: A\nauthor: {name: Ann Lee, email: Ann@Example.org}\n---\n")
    write("b.md", "---\ntitle: B\nauthor: Ann Lee\n---\n")
    write("c.md", "---\ntitle: C\nauthor: ann lee\n---\n")
    report = await import_folder(database_url, site)
    assert report.counts("users") == Counts(created=1, updated=1, unchanged=0)
    rows = await connection.fetch("SELECT name, email, age FROM users ORDER BY email")
    assert [tuple(row) for row in rows] == [
        ("Ann Lee", "ann-lee@authors.invalid", None), ("Ann Lee", "ann@example.org", 40)
    ]  # fmt: skip


async def test_the_default_author_has_a_name(database_url: str, connection: Any, site: Path, write: Write) -> None:
    """Pages without an author belong to whom the caller names."""
    write("a.md", "---\ntitle: A\n---\n")
    await import_folder(database_url, site, default_author=" The  Editors ")
    assert tuple(await connection.fetchrow("SELECT name, email FROM users")) == (
        "The Editors", "the-editors@authors.invalid"
    )  # fmt: skip
    with pytest.raises(BadInputError, match="must have a name"):
        await import_folder(database_url, site, default_author=" ")


async def test_the_first_name_of_a_tag_is_kept(database_url: str, connection: Any, site: Path, write: Write) -> None:
    """Pages that write one tag in two ways do not take turns in renaming it."""
    write("a.md", "---\ntitle: A\ntags: [SQL]\n---\n")
    write("b.md", "---\ntitle: B\ntags: [sql]\n---\n")
    await import_folder(database_url, site)
    report = await import_folder(database_url, site)
    assert report.counts("tags") == Counts(0, 0, 1)
    assert await connection.fetchval("SELECT name FROM tags") == "SQL"


async def test_posts_that_are_not_in_the_folder_stay(
    database_url: str, connection: Any, site: Path, write: Write
) -> None:
    """An import adds and updates; it never deletes."""
    write("a.md", "---\ntitle: A\n---\n")
    await import_folder(database_url, site)
    (site / "a.md").unlink()
    report = await import_folder(database_url, site)
    assert posts_of(report) == (0, 0, 0)
    assert await connection.fetchval("SELECT count(*) FROM posts") == 1


@pytest.mark.parametrize(("pages", "expected"), [(1, 6), (200, 6), (201, 12), (600, 18)])
async def test_statements_grow_with_batches_not_pages(
    database_url: str, site: Path, monkeypatch: pytest.MonkeyPatch, pages: int, expected: int
) -> None:
    """Six statements write 200 pages, however many tags these have; the rest is savepoints."""
    for number in range(pages):
        (site / f"p{number}.md").write_text(f"---\ntitle: P{number}\ntags: [a{number}, b{number % 7}, c]\n---\n")
    statements: list[str] = []
    opened = hugo.connect

    def count(query: Any) -> None:
        statements.append(query.query)

    class Counted:
        async def __aenter__(self) -> Any:
            self.context = opened(database_url)
            connection = await self.context.__aenter__()
            connection.add_query_logger(count)
            return connection

        async def __aexit__(self, *error: Any) -> None:
            await self.context.__aexit__(*error)

    monkeypatch.setattr(hugo, "connect", lambda url: Counted())
    report = await import_folder(database_url, site)
    assert posts_of(report) == (pages, 0, 0)
    assert len([statement for statement in statements if "RETURNING" in statement]) == expected
    assert len(statements) <= expected // 6 * 8 + 6


async def test_a_cancelled_import_leaves_nothing(database_url: str, connection: Any, site: Path) -> None:
    """Cancelled between two batches, the tables are as they were."""
    for number in range(450):
        (site / f"p{number}.md").write_text(f"---\ntitle: P{number}\n---\n")
    before = await everything(connection)

    def cancel(done: int, found: int) -> None:
        task.cancel()

    task = asyncio.create_task(import_folder(database_url, site, progress=cancel))
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 60)
    assert await everything(connection) == before


async def test_two_imports_at_once_agree(database_url: str, connection: Any) -> None:
    """The second waits, and finds that there is nothing left to do."""
    first, second = await asyncio.gather(import_folder(database_url, SAMPLE), import_folder(database_url, SAMPLE))
    assert sorted([posts_of(first), posts_of(second)]) == [(0, 0, 5), (5, 0, 0)]


async def test_an_empty_folder_is_fine_and_a_missing_one_is_not(database_url: str, site: Path) -> None:
    """Nothing to import is no fault; no folder is."""
    report = await import_folder(database_url, site)
    assert (report.files, report.failures) == (0, [])
    with pytest.raises(BadInputError, match="nowhere is not a folder"):
        await import_folder(database_url, site / "nowhere")


async def test_a_database_without_tables_is_named(server_url: Callable[[str], str], site: Path, write: Write) -> None:
    """A database that was never migrated gets a hint, not a stack trace."""
    write("a.md", "---\ntitle: A\n---\n")
    with pytest.raises(ContentError, match="Run `achene migrate` first"):
        await import_folder(server_url("postgres"), site)
