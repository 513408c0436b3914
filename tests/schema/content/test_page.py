import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.content.front_matter import PageError
from schema.content.page import Author, Page, Term, author_of, read_page
from schema.content.slugs import to_slug

NOBODY = author_of("Nobody")


def page_of(*lines: str, name: str = "some-file", body: str = "B") -> Page:
    """Read a page with these lines of front matter."""
    return read_page("\n".join(("---", *lines, "---", body)), "a.md", name, NOBODY)


def test_a_whole_page() -> None:
    """Everything that Hugo writes finds its place."""
    page = page_of(
        'title: "Crème brûlée: a   field guide"',
        "date: 2024-05-31T09:30:00+02:00",
        "draft: yes",
        "description: What it is.",
        "categories: [Sweet things]",
        "tags: [Cream, How to, cream]",
        "author: {name: Zoë Nowak, email: Zoe@Example.ORG}",
        name="creme",
    )
    assert page == Page(
        path="a.md",
        slug="creme",
        slug_line=1,
        title="Crème brûlée: a field guide",
        description="What it is.",
        body="B",
        draft=True,
        published_at=datetime(2024, 5, 31, 7, 30, tzinfo=UTC),
        author=Author("Zoë Nowak", "zoe@example.org"),
        category=Term("Sweet things", "sweet-things"),
        tags=(Term("Cream", "cream"), Term("How to", "how-to")),
    )


def test_a_title_is_enough() -> None:
    """All else has a default: no draft, no date, no category, no tags, the default author."""
    page = page_of("title: T")
    assert (page.draft, page.published_at, page.category, page.tags, page.description) == (False, None, None, (), None)
    assert page.author == Author("Nobody", "nobody@authors.invalid")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-05-31", datetime(2024, 5, 31, tzinfo=UTC)),
        ("2024-05-31T09:30:00", datetime(2024, 5, 31, 9, 30, tzinfo=UTC)),
        ("2024-05-31 09:30:00.25Z", datetime(2024, 5, 31, 9, 30, 0, 250_000, tzinfo=UTC)),
        ("2024-05-31 09:30:00 -0700", datetime(2024, 5, 31, 16, 30, tzinfo=UTC)),
        ("'2024-05-31T09:30:00+02:00'", datetime(2024, 5, 31, 7, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        ("~", None),
    ],
)
def test_dates_become_moments_in_utc(written: str, expected: datetime | None) -> None:
    """A date without an offset is in UTC, and Hugo's zero date is none."""
    assert page_of("title: T", f"date: {written}").published_at == expected


def test_the_publication_date_goes_before_the_date() -> None:
    """Hugo lists a page from `publishDate` on."""
    page = page_of("title: T", "date: 2024-01-01", "publishDate: 2025-01-01")
    assert page.published_at == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["author: Ann Lee"], Author("Ann Lee", "ann-lee@authors.invalid")),
        (["author: 佐藤 美咲"], Author("佐藤 美咲", "zuo-teng-mei-xiao@authors.invalid")),
        (["author: {name: Ann, email: ann@x.org}"], Author("Ann", "ann@x.org")),
        (["author: {email: ann@x.org}"], Author("ann@x.org", "ann@x.org")),
        (["authors: [Ann]"], Author("Ann", "ann@authors.invalid")),
        (["authors: [{name: Ann, email: ann@x.org}]"], Author("Ann", "ann@x.org")),
        (["params: {author: Ann}"], Author("Ann", "ann@authors.invalid")),
        (["author: ''"], None),
        (["author: []"], NOBODY),
        (["author: ~"], NOBODY),
    ],
)
def test_authors_in_every_form(lines: list[str], expected: Author | None) -> None:
    """A name, a name with an address, or a list of these."""
    if expected is None:
        with pytest.raises(PageError, match="author must be a name"):
            page_of("title: T", *lines)
    else:
        assert page_of("title: T", *lines).author == expected


def test_what_a_post_cannot_hold_is_noted() -> None:
    """A second author or category is left out, and the report says so."""
    page = page_of("title: T", "authors: [Ann, Bob]", "categories: [A, B, C]")
    assert (page.author.name, page.category) == ("Ann", Term("A", "a"))
    assert page.notes == (
        (3, "A post has one author; the first was taken, 1 left out."),
        (4, "A post has one category; the first was taken, 2 left out."),
    )


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (["date: 2024-01-01"], 1, "title is missing."),
        (["x: 1", "title: ' '"], 3, "title is missing."),
        (["title: [a]"], 2, "title must be text, not a list."),
        (["title: " + "x" * 1001], 2, "title is longer than 1,000 characters."),
        (['title: "a\\0b"'], 2, "title holds a character that the database cannot store."),
        (["title: T", "date: soon"], 3, "date is not a date."),
        (["title: T", "date: 2024-13-45"], 3, "date is not a date."),
        (["title: T", "date: [2024-01-01]"], 3, "date must be text, not a list."),
        (["title: T", "date: 0001-01-01T00:00:00+05:00"], 3, "date is not a date."),
        (["title: T", "draft: maybe"], 3, "draft must be true or false."),
        (["title: T", "tags: {a: b}"], 3, "tags must be a list of words; this holds a mapping."),
        (["title: T", "tags: [a, [b]]"], 3, "tags must be a list of words; this holds a list."),
        (["title: T", "tags: [a, ~]"], 3, "tags must be a list of words; this holds nothing."),
        (["title: T", "tags: [a, ' ']"], 3, "tags must be a list of words; this holds blank text."),
        (["title: T", "tags: [" + "a," * 101 + "]"], 3, "tags holds more than 100 entries."),
        (["title: T", "categories: [" + "x" * 201 + "]"], 3, "categories holds a name longer than 200 characters."),
        (["title: T", "slug: " + "x" * 201], 3, "slug is longer than 200 characters."),
        (["title: T", "author: {email: ann}"], 3, "author.email must look like ann@example.org."),
        (["title: T", "author: {name: A, email: é@x.org}"], 3, "author.email must look like ann@example.org."),
        (["title: T", "author: {name: A, email: [a]}"], 3, "author.email must look like ann@example.org."),
        (["title: T", "author: {}"], 3, "author must be a name, or name and email; this holds nothing."),
    ],
)
def test_bad_values_are_named_with_their_line(lines: list[str], line: int, message: str) -> None:
    """Each value that the database would refuse is refused here."""
    with pytest.raises(PageError) as caught:
        page_of(*lines)
    assert caught.value.line == line
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", "hello-world"),
        ("Crème brûlée", "creme-brulee"),
        ("日本", "ri-ben"),
        ("Привет, мир", "privet-mir"),
        ("C", "c"),
        ("C++", "cplusplus"),
        ("C#", "csharp"),
        ("salt + pepper", "salt-pepper"),
        ("🎉", "u1f389"),
        ("---", "u2d-u2d-u2d"),
        ("UPPER_case", "upper-case"),
        ("word " * 60, "-".join(["word"] * 40)),
    ],
)
def test_slugs_work_in_any_script(text: str, expected: str) -> None:
    """Slugs have the form that the tables ask for, and tell C, C++ and C# apart."""
    assert to_slug(text) == expected


MATTER = st.text(
    st.sampled_from("---+{}[]&*!|>:,#'\"\n\t =ab0é\0\x85\u2028") | st.characters(codec="utf-8"), max_size=60
).map(lambda text: f"---\ntitle: T\n{text}\n---\n")


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), max_size=80) | MATTER, name=st.text(min_size=1, max_size=40))
def test_any_text_is_a_page_or_a_fault(text: str, name: str) -> None:
    """Whatever stands in a file, there is a page that the tables take, or a line and a reason."""
    fault = None
    try:
        page = read_page(text, "a.md", name, NOBODY)
    except PageError as error:
        fault = error
    if fault:
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.message.endswith(".")
    else:
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", page.slug)
        assert page.title
        assert "\0" not in page.title
