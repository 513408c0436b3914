"""Imports a folder of Markdown files, as Hugo keeps them, again and again without duplicates.

The folder is the truth about what it holds: posts are known by their slugs, made or brought up to date, and
left alone where nothing changed; what is not in the folder stays as it is. A file that cannot be imported
becomes a line of the report, and the rest is imported. All of it is one transaction: readers see
the site before or after, and a cancelled import leaves nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from schema.content.connection import Connection, connect
from schema.content.folder import Source, content_folder, find_sources, read_text
from schema.content.front_matter import PageError
from schema.content.page import Author, Page, Term, author_of, read_page, read_term
from schema.content.report import Remark, Report
from schema.content.upserts import Changes, put_categories, put_posts, put_tags, put_users
from schema.errors import BadInputError

BATCH_PAGES: Final = 200
"""Most pages that are written at once."""

BATCH_CHARACTERS: Final = 4_000_000
"""Most text that is written at once, give or take one page, so that memory does not grow with the folder."""

IMPORT_LOCK: Final = 0x48554745
"""An arbitrary number, the same in every process: imports wait for each other."""

Progress = Callable[[int, int], None]
"""Called with files done and files found."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Pages to write at once."""

    pages: list[Page]
    """The pages."""

    files: int
    """Files read so far, those of earlier batches and failed ones among them."""


async def import_folder(
    url: str,
    folder: Path,
    *,
    default_author: str = "Anonymous",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Import a folder of Markdown files into users, posts, tags and categories.

    Args:
        url: PostgreSQL address.
        folder: The top of a Hugo site, its `content/`, or any folder of such files.
        default_author: Name of the author of pages that name none.
        dry_run: Do everything, then take it back.
        progress: Called now and then with files done and files found.

    Raises:
        BadInputError: The folder is none, or the default author is blank.
        ContentError: The database was not migrated, or is held by somebody else.
        UnavailableError: The database cannot be reached.
    """
    pages = await asyncio.to_thread(_pages_of, folder)
    if not default_author.strip():
        raise BadInputError("The default author must have a name.")
    async with connect(url) as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", IMPORT_LOCK)
            report = await _Import(connection, pages, default_author).run(progress)
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.rollback() if dry_run else transaction.commit())
    report.failures.sort()
    report.notes.sort()
    return report


def _pages_of(folder: Path) -> Path:
    if not folder.is_dir():
        raise BadInputError(f"{folder} is not a folder.")
    return content_folder(folder.resolve())


class _Import:
    """One import under way: what was read so far, so that pages agree on names and no two take one slug."""

    def __init__(self, connection: Connection, folder: Path, default_author: str) -> None:
        self._connection, self._folder = connection, folder
        self._default_author = author_of(" ".join(default_author.split()))
        self._report = Report()
        self._paths: dict[str, str] = {}
        self._names: dict[tuple[str, str], str] = {}

    async def run(self, progress: Progress | None) -> Report:
        """Read and write, batch by batch."""
        sources, unreadable = await asyncio.to_thread(find_sources, self._folder)
        self._report.files = len(sources)
        for path, reason in unreadable:
            self._fail(path, 0, f"The folder cannot be read: {reason}.")
        await self._write_terms([source for source in sources if source.kind != "page"])
        batches = self._batches([source for source in sources if source.kind == "page"])
        while batch := await asyncio.to_thread(next, batches, None):
            await self._write(batch.pages)
            if progress:
                progress(batch.files, len(sources))
        return self._report

    def _batches(self, sources: list[Source]) -> Iterator[Batch]:
        """Read pages until there are enough to write; bad ones go to the report."""
        done = self._report.files - len(sources)
        pages: list[Page] = []
        characters = 0
        for source in sources:
            done += 1
            if page := self._read(source):
                pages.append(page)
                characters += len(page.body)
            if len(pages) == BATCH_PAGES or characters > BATCH_CHARACTERS:
                yield Batch(pages, done)
                pages, characters = [], 0
        yield Batch(pages, done)

    def _read(self, source: Source) -> Page | None:
        try:
            page = read_page(read_text(source.path), source.shown, source.name, self._default_author)
            if other := self._paths.get(page.slug):
                raise PageError(page.slug_line, f"The slug {page.slug} is taken by {other}; give one another.")
        except PageError as error:
            self._fail(source.shown, error.line, error.message)
            return None
        self._paths[page.slug] = source.shown
        self._report.notes += [Remark(source.shown, line, note) for line, note in page.notes]
        return page

    def _fail(self, path: str, line: int, message: str) -> None:
        self._report.failures.append(Remark(path, line, message))

    async def _write_terms(self, sources: list[Source]) -> None:
        """Write the tags and categories that have an `_index.md`; its names hold for all pages."""
        found: dict[str, dict[str, Term]] = {"tags": {}, "categories": {}}
        for source in sources:
            table = "tags" if source.kind == "tag" else "categories"
            try:
                term = read_term(read_text(source.path), source.name)
            except PageError as error:
                self._fail(source.shown, error.line, error.message)
                continue
            found[table].setdefault(term.slug, term)
            self._names.setdefault((table, term.slug), term.name)
        if found["tags"]:
            self._record("tags", found["tags"], await put_tags(self._connection, found["tags"].values()))
        if found["categories"]:
            changes = await put_categories(self._connection, found["categories"].values())
            self._record("categories", found["categories"], changes)

    async def _write(self, pages: list[Page]) -> None:
        """Write pages, all or none; where the database refuses, half and half until the bad one is found."""
        if not pages:
            return
        try:
            async with self._connection.transaction():
                await self._put(pages)
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            if len(pages) == 1:
                reason = error.constraint_name or "a value does not fit its column"
                self._fail(pages[0].path, 1, f"The database refuses the page: {reason}.")
                return
            middle = len(pages) // 2
            await self._write(pages[:middle])
            await self._write(pages[middle:])

    async def _put(self, pages: list[Page]) -> None:
        """Write what pages refer to, then the pages; the first name met for a key is the one."""
        authors = {page.author.email: self._name("users", page.author.email, page.author.name) for page in pages}
        tags = {tag.slug: self._name("tags", tag.slug, tag.name) for page in pages for tag in page.tags}
        filed = [page.category for page in pages if page.category]
        categories = {term.slug: self._name("categories", term.slug, term.name) for term in filed}
        connection = self._connection
        users = await put_users(connection, [Author(name, email) for email, name in authors.items()])
        new_tags = await put_tags(connection, [Term(name, slug) for slug, name in tags.items()])
        shelves = await put_categories(connection, [Term(name, slug) for slug, name in categories.items()])
        posts = await put_posts(connection, pages)
        self._record("users", authors, users)
        self._record("tags", tags, new_tags)
        self._record("categories", categories, shelves)
        self._record("posts", [page.slug for page in pages], posts)

    def _name(self, table: str, key: str, name: str) -> str:
        return self._names.setdefault((table, key), name)

    def _record(self, table: str, keys: Iterable[str], changes: Changes) -> None:
        states = self._report.states[table]
        for key in keys:
            states.setdefault(key, changes.get(key))
