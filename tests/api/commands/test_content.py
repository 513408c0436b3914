from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app

SAMPLE = Path(__file__).resolve().parents[3] / "docs" / "sample-site"


def run(url: str, *arguments: str) -> Result:
    """Run `achene` on a database."""
    return CliRunner().invoke(app, arguments, env={"DATABASE_URL": url})


def test_demo_fills_an_empty_database(database_url: str) -> None:
    """The command says what it loaded and how fast."""
    result = run(database_url, "demo", "--posts", "20", "--users", "3")
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first == "Loaded 12 categories, 40 tags, 3 users, 20 posts, 60 post_tags, 100 comments."
    assert second.startswith("235 rows in ")
    assert second.endswith(" rows/s.")


def test_demo_replaces_only_when_told(database_url: str) -> None:
    """Rows that are there stop the command, which says what it would remove; --replace removes them."""
    run(database_url, "demo", "--posts", "1")
    refused = run(database_url, "demo", "--posts", "2")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == (
        "achene: The tables hold 12 categories, 40 tags, 1 users, 1 posts, 3 post_tags, 5 comments. "
        "Nothing was changed; --replace would remove them.\n"
    )
    replaced = run(database_url, "demo", "--posts", "2", "--replace")
    assert replaced.exit_code == 0
    assert replaced.stdout.splitlines()[0] == (
        "Removed 12 categories, 40 tags, 1 users, 1 posts, 3 post_tags, 5 comments."
    )


def test_import_tells_what_became_of_the_files(database_url: str) -> None:
    """First all is new, then nothing changed, and a dry run says the same without doing it."""
    dry = run(database_url, "import", str(SAMPLE), "--dry-run")
    first = run(database_url, "import", str(SAMPLE))
    second = run(database_url, "import", str(SAMPLE))
    created = (
        "posts       5 created, 0 updated, 0 unchanged, 0 failed\n"
        "users       4 created, 0 updated, 0 unchanged\n"
        "tags        6 created, 0 updated, 0 unchanged\n"
        "categories  3 created, 0 updated, 0 unchanged\n"
    )
    assert (dry.exit_code, dry.stdout) == (0, "Dry run, nothing was changed. It would be:\n" + created)
    assert (first.exit_code, first.stdout, first.stderr) == (0, created, "")
    assert second.stdout.splitlines()[0] == "posts       0 created, 0 updated, 5 unchanged, 0 failed"


def test_import_fails_when_a_file_failed(database_url: str, tmp_path: Path) -> None:
    """Bad files are on standard error with their lines, and the exit code is 1."""
    (tmp_path / "good.md").write_text("---\ntitle: Good\nauthors: [A, B]\n---\n")
    (tmp_path / "bad.md").write_text("---\ntitle: Bad\ndate: never\n---\n")
    result = run(database_url, "import", str(tmp_path))
    assert result.exit_code == 1
    assert result.stderr == (
        "note: good.md:3: A post has one author; the first was taken, 1 left out.\n"
        "error: bad.md:3: date is not a date. "
        "Write it as 2024-05-31, 2024-05-31T09:30:00 or 2024-05-31T09:30:00+02:00.\n"
    )
    assert result.stdout.splitlines()[0] == "posts       1 created, 0 updated, 0 unchanged, 1 failed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("demo", "--posts", "-1"), "achene: posts must be between 0 and 20,000,000, not -1.\n"),
        (("import", "/nowhere"), "achene: /nowhere is not a folder.\n"),
        (("import", "--author", " ", str(SAMPLE)), "achene: The default author must have a name.\n"),
    ],
)
def test_unusable_arguments_give_exit_code_2(database_url: str, arguments: tuple[str, ...], message: str) -> None:
    """One line says what was wrong."""
    result = run(database_url, *arguments)
    assert (result.exit_code, result.stderr) == (2, message)
