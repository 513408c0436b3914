"""The demo rows themselves: what stands in each column, as a function of sizes, seed and row number alone.

No row depends on another having been made, so that they stream in constant memory; how they reach the
database is the affair of `schema.content.demo`. Numbers of rows begin at 0 and ids at 1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unicodedata import normalize

from schema.content.draw import Draw, Shares, Shuffle
from schema.content.people import (
    ANSWERS,
    BIOS,
    FIRST_NAMES,
    FOLLOW_UPS,
    LAST_NAMES,
    MAIL_HOSTS,
    OTHER_NAMES,
    REMARKS,
)
from schema.content.words import DESCRIPTIONS, HEADINGS, SUBTITLES, TAG_MODIFIERS, THEMES, TITLES, Theme

COLUMNS: Final = {
    "categories": ("id", "name", "slug", "description"),
    "tags": ("id", "name", "slug"),
    "users": ("id", "name", "email", "age", "bio", "created_at"),
    "posts": (
        "id", "title", "slug", "description", "body", "draft", "published_at", "view_count", "author_id",
        "category_id",
    ),
    "post_tags": ("post_id", "tag_id"),
    "comments": ("id", "body", "created_at", "post_id", "author_id", "parent_id"),
}  # fmt: skip
"""Tables in the order of loading, each with its columns in the order of its rows."""

CATEGORIES: Final = tuple(category for theme in THEMES for category in theme.categories)
"""Name and description of every category."""

LARGEST_TAGS: Final = len(THEMES) * len(THEMES[0].tags) * (1 + len(TAG_MODIFIERS))
"""How many tags there are words for."""

FIRST_DAY: Final = datetime(2019, 1, 1, tzinfo=UTC)
"""When the demo site began; nothing reads the clock."""

DAYS: Final = 2000
"""Over how many days posts appeared."""

DRAFTS: Final = (7, 16)
"""Which of twenty posts are drafts."""

POST_SHARES: Final = (1, 1, 2, 1, 0, 1, 1, 1, 1, 1)
"""Weights by which posts fall to users: most write the average, one in ten twice that, one in ten nothing."""

COMMENT_SHARES: Final = (1, 1, 2, 1, 1, 1, 0, 0, 1, 1, 1, 3, 1, 1, 1, 1, 0, 1, 1, 1)
"""Weights by which comments fall to posts, in step with `DRAFTS`, which get none."""

TAG_COUNTS: Final = (3, 3, 2, 4, 3, 3, 0, 3, 4, 5)
"""How many tags posts have: three on average."""

PLAIN_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "\u0131": "i", "æ": "ae", "'": None})
"""Letters that do not fall into a plain one and an accent."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows each table gets."""

    posts: int
    """Posts; they need users."""

    users: int
    """Users."""

    tags: int
    """Tags, at most `LARGEST_TAGS`."""

    comments: int
    """Comments; they need posts and users."""

    @property
    def categories(self) -> int:
        """All there are, or none where there is nothing to file."""
        return len(CATEGORIES) if self.posts else 0


class Rows:
    """The rows of all tables for one size and seed."""

    def __init__(self, sizes: Sizes, seed: int, first_user: int = 1) -> None:
        """Work out who gets what; nothing is made yet.

        Args:
            sizes: How many rows.
            seed: Another one gives other content of the same shape.
            first_user: Id of the first user, for a table that keeps some.
        """
        self.sizes, self.seed, self.first_user = sizes, seed, first_user
        self._post_order = Shuffle(sizes.posts or 1)
        self._authors = Shares(sizes.posts or 1, sizes.users or 1, POST_SHARES)
        self._comment_order = Shuffle(sizes.comments or 1)
        self._comments = Shares(sizes.comments or 1, sizes.posts or 1, COMMENT_SHARES)

    def of(self, table: str) -> Iterator[Row]:
        """Make the rows of a table one after the other, columns as in `COLUMNS`."""
        match table:
            case "categories":
                return map(self._category, range(self.sizes.categories))
            case "tags":
                return map(self._tag, range(self.sizes.tags))
            case "users":
                return map(self._user, range(self.first_user, self.first_user + self.sizes.users))
            case "posts":
                return map(self._post, range(self.sizes.posts))
            case "post_tags":
                return (pair for number in range(self.sizes.posts) for pair in self._post_tags(number))
            case "comments":
                return map(self._comment, range(self.sizes.comments))
        raise LookupError(f"There is no demo content for {table}.")

    def expected(self, table: str) -> int:
        """Return how many rows a table gets; for `post_tags` about how many."""
        return self.sizes.posts * 3 if table == "post_tags" else int(getattr(self.sizes, table))

    def _category(self, number: int) -> Row:
        name, description = CATEGORIES[number]
        return number + 1, name, plain(name), description

    def _tag(self, number: int) -> Row:
        index, theme = divmod(number, len(THEMES))
        turn, word = divmod(index, len(THEMES[theme].tags))
        name = THEMES[theme].tags[word] if turn == 0 else f"{TAG_MODIFIERS[turn - 1]} {THEMES[theme].tags[word]}"
        return number + 1, name, plain(name)

    def _user(self, user_id: int) -> Row:
        draw = Draw(self.seed, "users", user_id)
        if draw.below(16) == 0:
            name, latin = draw.pick(OTHER_NAMES)
        else:
            name = f"{draw.pick(FIRST_NAMES)} {draw.pick(LAST_NAMES)}"
            latin = plain(name).replace("-", ".")
        email = f"{latin}{user_id}@{draw.pick(MAIL_HOSTS)}"
        age = None if draw.below(7) == 0 else 16 + draw.below(70)
        bio = None if draw.below(4) == 0 else draw.pick(BIOS)
        joined = FIRST_DAY - timedelta(days=draw.below(700), seconds=draw.below(86_400))
        return user_id, name, email, age, bio, joined

    def _post(self, number: int) -> Row:
        draw = Draw(self.seed, "posts", number)
        theme, subject, category_id = self._about(number)
        is_draft = number % 20 in DRAFTS
        title = draw.pick(TITLES).format(subject) + draw.pick(SUBTITLES)
        title = title[0].upper() + title[1:]
        description = None if draw.below(5) == 0 else draw.pick(DESCRIPTIONS).format(subject)
        published_at = None if is_draft and draw.below(4) else self._published_at(number)
        views = 0 if is_draft else draw.below(40) ** 3
        slug = f"{plain(title)}-{number + 1}"
        author = self._authors.owner(self._post_order.place(number)) + self.first_user
        body = _body(draw, theme, subject)
        return number + 1, title, slug, description, body, is_draft, published_at, views, author, category_id

    def _about(self, number: int) -> tuple[Theme, str, int | None]:
        """Return theme, subject and category id of a post, which its comments and tags know, too."""
        category = (number * 7 + number // 12) % len(CATEGORIES)
        theme = THEMES[category // 3]
        subject = theme.subjects[(number * 5 + number // 7 + self.seed) % len(theme.subjects)]
        return theme, subject, None if number % 13 == 5 else category + 1

    def _published_at(self, number: int) -> datetime:
        """Return when a post appears: roughly in order, and one in ten at the moment of the one before."""
        number -= number % 10 == 9
        day = DAYS * number // self.sizes.posts + (number * 2_654_435_761 >> 7) % 90
        return FIRST_DAY + timedelta(days=day, minutes=number * 40_503 % 1440 if number % 3 else 540)

    def _post_tags(self, number: int) -> Iterator[Row]:
        """Make the tags of a post: of its theme, none twice, the first tags most often."""
        themes = len(THEMES) if self.sizes.tags >= len(THEMES) else 1
        theme = THEMES.index(self._about(number)[0]) % themes
        choices = -(-(self.sizes.tags - theme) // themes)
        count = min(TAG_COUNTS[number % len(TAG_COUNTS)], choices)
        if count == 0:
            return
        draw = Draw(self.seed, "post_tags", number)
        start = min(draw.below(choices), draw.below(choices))
        step = 1 + draw.below((choices - 1) // (count - 1)) if count > 1 else 1
        for turn in range(count):
            yield number + 1, (start + turn * step) % choices * themes + theme + 1

    def _comment(self, number: int) -> Row:
        draw = Draw(self.seed, "comments", number)
        place = self._comment_order.place(number)
        post = self._comments.owner(place)
        neighbour = self._comment_order.number(place - 1) if place > self._comments.start(post) else number
        parent = neighbour if neighbour < number and draw.below(2) else None
        phrases = REMARKS if parent is None else ANSWERS
        opening = draw.pick(phrases).replace("{}", self._about(post)[1])
        body = f"{opening} {draw.pick(FOLLOW_UPS)}".rstrip()
        after = timedelta(minutes=30 + 43_200 * number // self.sizes.comments)
        author = self.first_user + draw.below(self.sizes.users)
        parent_id = None if parent is None else parent + 1
        return number + 1, body, self._published_at(post) + after, post + 1, author, parent_id


def _body(draw: Draw, theme: Theme, subject: str) -> str:
    """Write a post: three paragraphs, a heading, a list, and now and then the example of the theme."""
    sentences = draw.some(theme.sentences, 7 + draw.below(5))
    parts = [
        " ".join(sentences[:3]),
        f"## {draw.pick(HEADINGS)}",
        " ".join(sentences[3:6]),
        "\n".join(f"- {step}" for step in draw.some(theme.steps, 3 + draw.below(3))),
        " ".join(sentences[6:]),
    ]
    if draw.below(4) == 0:
        parts.append(theme.example)
    return "\n\n".join(parts).replace("{}", subject)


def plain(text: str) -> str:
    """Return a text as lower-case ASCII words joined by hyphens; other scripts fall out.

    The same for ever, as rows must be, which a library that improves does not promise; texts that
    people write go through `schema.content.slugs`.
    """
    ascii_text = normalize("NFKD", text.lower().translate(PLAIN_LETTERS)).encode("ascii", "ignore").decode()
    return "-".join(re.findall("[a-z0-9]+", ascii_text))
