"""`achene demo`: fill the database with demo content of any size."""

import asyncio
import time
from typing import Annotated

import typer

from api.commands.content import bars, refused
from api.data.migrations import migrate
from api.embedded.embedded import session_url
from api.settings import Settings
from schema.content.demo import Loaded, Progress, demo_sizes, load_demo


def demo(
    posts: Annotated[int, typer.Option(help="How many posts.")] = 1000,
    users: Annotated[int | None, typer.Option(help="How many users. [default: a tenth of the posts]")] = None,
    tags: Annotated[int | None, typer.Option(help="How many tags. [default: a hundredth of the posts]")] = None,
    comments: Annotated[int | None, typer.Option(help="How many comments. [default: five a post]")] = None,
    seed: Annotated[int, typer.Option(help="Another one gives other content of the same shape.")] = 1,
    replace: Annotated[bool, typer.Option("--replace", help="Remove what the tables hold.")] = False,
) -> None:
    """Fill the database with demo content: the same for the same numbers and seed, all or nothing.

    Tables that hold rows are left alone unless --replace is given; API keys are never touched.
    """
    settings = Settings()

    async def load(url: str, progress: Progress) -> Loaded:
        if settings.database_url is None:
            await migrate(url)
        return await load_demo(
            url, posts=posts, users=users, tags=tags, comments=comments, seed=seed, replace=replace, progress=progress
        )

    with refused():
        demo_sizes(posts, users=users, tags=tags, comments=comments)  # before anything is started
        with session_url(settings) as url, bars() as progress:
            start = time.perf_counter()
            loaded = asyncio.run(load(url, progress))
            seconds = time.perf_counter() - start
    _tell(loaded, seconds)


def _tell(loaded: Loaded, seconds: float) -> None:
    total = sum(loaded.rows.values())
    if loaded.removed:
        typer.echo("Removed " + ", ".join(f"{count:,} {table}" for table, count in loaded.removed.items()) + ".")
    typer.echo("Loaded " + ", ".join(f"{count:,} {table}" for table, count in loaded.rows.items()) + ".")
    typer.echo(f"{total:,} rows in {seconds:.1f} s: {total / seconds:,.0f} rows/s.")
