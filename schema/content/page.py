"""What the front matter of a page means: title, date, draft, description, slug, author, categories, tags.

One function, from text to a `Page` or a `PageError`, without files and without a database. Everything that the
database would refuse is refused here, with the line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from schema.content.front_matter import Document, Field, PageError, Value, read_document
from schema.content.slugs import to_slug

LONGEST_NAME: Final = 200
"""Most characters of a name: of a person, a tag or a category."""

LONGEST_TITLE: Final = 1000
"""Most characters of a title."""

MOST_TAGS: Final = 100
"""Most tags of a page."""

EMAIL_FORM: Final = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+")
"""The form that the database asks for, in printable ASCII: `lower()` of other letters depends on its locale."""

UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
"""What PostgreSQL's text cannot hold: U+0000, and halves of surrogate pairs."""

BOOLEANS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
"""How YAML writes true and false."""

DATES: Final = "2024-05-31, 2024-05-31T09:30:00 or 2024-05-31T09:30:00+02:00"
"""What a date may look like."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a page."""

    name: str
    """The name shown to readers."""

    email: str
    """What the author is known by; made from the name where the page gives none."""


@dataclass(frozen=True, slots=True)
class Term:
    """A tag or a category."""

    name: str
    """The name shown to readers."""

    slug: str
    """What it is known by."""

    description: str | None = None
    """A sentence, from the `_index.md` of a category."""


@dataclass(frozen=True, slots=True)
class Page:
    """A post as a file has it."""

    path: str
    """The file, from the folder on."""

    slug: str
    slug_line: int
    title: str
    description: str | None
    body: str
    draft: bool
    published_at: datetime | None
    author: Author
    category: Term | None
    tags: tuple[Term, ...]

    notes: tuple[tuple[int, str], ...] = field(default=())
    """Lines on which the file says more than a post can hold, and what was left out."""


def read_page(text: str, path: str, name: str, default_author: Author) -> Page:
    """Make a page of a file.

    Args:
        text: The whole file, with line feeds as line ends.
        path: The file, for messages.
        name: File or bundle name, which gives the slug where the front matter has none.
        default_author: Who wrote it where the front matter does not say.

    Raises:
        PageError: Something in it cannot be imported.
    """
    document = read_document(text)
    fields = document.fields
    title = read_title(document)
    authors = _authors(fields) or [default_author]
    categories = _terms(fields, "categories")
    notes = [
        (fields[key].line, f"A post has one {word}; the first was taken, {len(values) - 1} left out.")
        for key, word, values in (
            (next((key for key in ("author", "authors", "params") if key in fields), ""), "author", authors),
            ("categories", "category", categories),
        )
        if len(values) > 1
    ]
    return Page(
        path=path,
        slug=to_slug(_text(fields, "slug", LONGEST_NAME) or name),
        slug_line=fields["slug"].line if "slug" in fields else 1,
        title=title,
        description=_text(fields, "description", 10 * LONGEST_TITLE),
        body=document.body,
        draft=_is_draft(fields),
        published_at=_date(fields, "publishdate") or _date(fields, "date"),
        author=authors[0],
        category=categories[0] if categories else None,
        tags=tuple(_terms(fields, "tags")),
        notes=tuple(notes),
    )


def read_term(text: str, name: str) -> Term:
    """Make a tag or category of its `_index.md`; `name` is its folder."""
    document = read_document(text)
    description = _text(document.fields, "description", 10 * LONGEST_TITLE) or document.body or None
    return Term(read_title(document)[:LONGEST_NAME], to_slug(name), description)


def read_title(document: Document) -> str:
    """Return the title, on one line.

    Raises:
        PageError: There is none.
    """
    title = _text(document.fields, "title", LONGEST_TITLE)
    if title is None:
        raise PageError(document.fields["title"].line if "title" in document.fields else 1, "title is missing.")
    return " ".join(title.split())


def author_of(name: str, email: str | None = None) -> Author:
    """Return an author, known by the e-mail address or else by `<slug of the name>@authors.invalid`."""
    return Author(name, email.lower() if email else f"{to_slug(name)}@authors.invalid")


def _text(fields: Mapping[str, Field], key: str, longest: int) -> str | None:
    """Return the text of a key; None where it is absent or blank."""
    given = fields.get(key)
    if given is None or given.value is None:
        return None
    if not isinstance(given.value, str):
        raise PageError(given.line, f"{key} must be text, not {_kind(given.value)}.")
    if len(given.value) > longest:
        raise PageError(given.line, f"{key} is longer than {longest:,} characters.")
    if UNSTORABLE.search(given.value):
        raise PageError(given.line, f"{key} holds a character that the database cannot store.")
    return given.value.strip() or None


def _is_draft(fields: Mapping[str, Field]) -> bool:
    given = _text(fields, "draft", LONGEST_NAME)
    if given is None:
        return False
    if given.lower() not in BOOLEANS:
        raise PageError(fields["draft"].line, "draft must be true or false.")
    return BOOLEANS[given.lower()]


def _date(fields: Mapping[str, Field], key: str) -> datetime | None:
    """Return a moment in UTC; where no offset is given, UTC was meant. Hugo's zero date is no date."""
    given = _text(fields, key, LONGEST_NAME)
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d|Z$)", "", given))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise PageError(fields[key].line, f"{key} is not a date. Write it as {DATES}.") from error
    return None if moment.year == 1 else moment


def _terms(fields: Mapping[str, Field], key: str) -> list[Term]:
    """Return tags or categories in the order written, each once."""
    given = fields.get(key)
    if given is None or given.value is None:
        return []
    values = given.value if isinstance(given.value, list) else [given.value]
    if len(values) > MOST_TAGS:
        raise PageError(given.line, f"{key} holds more than {MOST_TAGS} entries.")
    terms: dict[str, Term] = {}
    for value in values:
        name = _name(value, given.line, key, "a list of words")
        terms.setdefault(to_slug(name), Term(name, to_slug(name)))
    return list(terms.values())


def _authors(fields: Mapping[str, Field]) -> list[Author]:
    """Return the authors: `author` or `authors`, or `params.author`, where newer sites keep it."""
    given = fields.get("author") or fields.get("authors")
    params = fields.get("params")
    if given is None and params is not None and isinstance(params.value, dict):
        given = Field(params.line, params.value.get("author") or params.value.get("authors"))
    if given is None or given.value is None:
        return []
    values = given.value if isinstance(given.value, list) else [given.value]
    return [_author(value, given.line) for value in values]


def _author(value: Value, line: int) -> Author:
    if not isinstance(value, dict):
        return author_of(_name(value, line, "author", "a name, or name and email"))
    email = value.get("email")
    if email is not None and not (isinstance(email, str) and EMAIL_FORM.fullmatch(email.strip())):
        raise PageError(line, "author.email must look like ann@example.org.")
    name = _name(value.get("name") or email, line, "author", "a name, or name and email")
    return author_of(name, email.strip() if isinstance(email, str) else None)


def _name(value: Value, line: int, key: str, accepted: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise PageError(line, f"{key} must be {accepted}; this holds {_kind(value)}.")
    if len(value) > LONGEST_NAME:
        raise PageError(line, f"{key} holds a name longer than {LONGEST_NAME} characters.")
    if UNSTORABLE.search(value):
        raise PageError(line, f"{key} holds a character that the database cannot store.")
    return " ".join(value.split())


def _kind(value: Value) -> str:
    match value:
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case None:
            return "nothing"
        case _:
            return "text" if value.strip() else "blank text"
