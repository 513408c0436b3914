"""`achene serve`: one command from nothing to a GraphQL API over real content.

The order matters: first the port, so that a mistake costs nothing; then the database; then the application.
On the way out it is the other way round. What each step does is elsewhere: `api.http.listen`, `api.embedded.embedded`,
`api.embedded.first_start`, `api.app`, `api.serving`.
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from api.commands.content import bars
from api.commands.migrate import run as migrate_to_head
from api.embedded.embedded import database_url, past_pooler
from api.garbage import loading
from api.health.checks import hindrance
from api.http.listen import base_url, bind, until_stopped
from api.serving.single import begin_anew, run
from api.serving.supervisor import supervise
from api.settings import Settings


@dataclass(frozen=True, slots=True)
class Greeting:
    """What is printed when requests are answered."""

    base: str
    """Address of the server, without a slash at the end."""
    is_graphiql_served: bool
    """Whether GraphiQL is at /graphql."""
    is_rest_described: bool
    """Whether the REST part is at /docs."""
    database: str
    """Where the data is, in words for people."""
    key: str | None
    """Key of the demo; None where there is none."""
    hindrance: str | None
    """What keeps the server from being ready; None where nothing does."""

    def print(self, console: Console) -> None:
        """Print it at once, as workers log meanwhile; long lines stay whole, so that they can be copied."""
        rows = [
            ("GraphiQL" if self.is_graphiql_served else "GraphQL", f"{self.base}/graphql"),
            ("Health", f"{self.base}/health"),
            ("", f"{self.base}/health/live   {self.base}/health/ready   {self.base}/health/startup"),
            *([("REST docs", f"{self.base}/docs")] if self.is_rest_described else []),
            ("Database", self.database),
        ]
        if self.key:
            query = """{"query": "{ posts(first: 3) { nodes { title author { name } } } }"}"""
            rows += [
                ("Demo key", self.key),
                (
                    "Try",
                    f"curl -s {self.base}/graphql -H 'X-API-Key: {self.key}' "
                    f"-H 'Content-Type: application/json' -d '{query}'",
                ),
            ]
        text = Text.assemble("\n", ("Achene", "bold green"), " is serving. Press Ctrl-C to stop.\n\n")
        for name, value in rows:
            text.append(f"  {name:<10}", "bold").append(f"{value}\n")
        if self.hindrance:
            text.append(f"  {'Not ready':<10}", "bold red").append(f"{self.hindrance}\n")
        console.print(text, soft_wrap=True, highlight=False)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 for any free one. [default: 8000]")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="How many processes serve. [default: 1]")] = None,
    migrate: Annotated[
        bool | None,
        typer.Option(
            "--migrate/--no-migrate",
            help="Migrate first. [default: with the embedded database only]",
            show_default=False,
        ),
    ] = None,
    demo: Annotated[
        bool, typer.Option(help="On the first start with the embedded database, load demo content.")
    ] = True,
    demo_posts: Annotated[int, typer.Option(min=0, help="How many demo posts.")] = 1000,
) -> None:
    """Start the server; without DATABASE_URL, with a PostgreSQL of its own and demo content."""
    options = {"host": host, "port": port, "workers": workers}
    given = {name: value for name, value in options.items() if value is not None}
    settings = Settings(**given)  # type: ignore[arg-type]  # named as the fields are
    is_embedded = settings.database_url is None
    is_migrating = is_embedded if migrate is None else migrate
    posts = demo_posts if is_embedded and is_migrating and demo else None
    with until_stopped(), bind(settings.host, settings.port) as listener:
        with database_url(settings) as url:
            if is_migrating:
                migrate_to_head(past_pooler(settings, url))
            key = None if posts is None else _prepare_demo(url, settings, posts)
            is_renewed = _serve(listener, settings, given, url, _greeting(listener, settings, url, key))
        if is_renewed:
            begin_anew(listener)


def _greeting(listener: socket.socket, settings: Settings, url: str, key: str | None) -> Greeting:
    """Return what is to be printed."""
    is_embedded = settings.database_url is None
    return Greeting(
        base_url(listener),
        settings.is_graphiql_served,
        settings.is_rest_described,
        f"embedded PostgreSQL in {settings.data_dir}" if is_embedded else "the one of DATABASE_URL",
        key,
        asyncio.run(hindrance(settings, url)),
    )


def _serve(listener: socket.socket, settings: Settings, given: Mapping[str, Any], url: str, greeting: Greeting) -> bool:
    """Serve until told to stop; return whether this process is to begin anew then."""
    console = Console()
    if settings.workers > 1:
        embedded = url if settings.database_url is None else None
        supervise(listener, settings, given, embedded, lambda: greeting.print(console))
        return False
    with loading():
        from api.app import create_app  # the graph takes a moment to load; the port comes first

        app = create_app(settings, url)
    return run(app, listener, settings, lambda: greeting.print(console), app.state.parts.health.leave, given)


def _prepare_demo(url: str, settings: Settings, posts: int) -> str:
    """Give an embedded database its content and its key, and return the key."""
    from api.embedded.first_start import demo_key, load_once

    with bars() as progress:
        asyncio.run(load_once(url, settings.data_dir, posts, progress))
    return asyncio.run(demo_key(url, settings))
