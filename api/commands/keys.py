"""`achene keys`: make, list, revoke and rotate API keys.

A new key alone goes to standard output, for `KEY=$(achene keys create ...)`; what people want to know of it goes
to standard error. Arguments are looked at before anything is started. A running server hears of each change
from the database.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from api.commands.content import refused
from api.data.database import Database
from api.data.migrations import migrate
from api.data.node import sqlstate
from api.embedded.embedded import session_url
from api.keys import store
from api.keys.claims import parse_claims, spelled
from api.keys.expiry import expiry, grace
from api.keys.format import named
from api.keys.places import check_networks, check_origins
from api.rates.policy import LARGEST
from api.settings import Settings
from schema.errors import StartError
from schema.models.api_key import ApiKey

Result = TypeVar("Result")

UNDEFINED_TABLE: Final = "42P01"
"""PostgreSQL's code for a table that is not there."""

WIDTH: Final = 200
"""Columns of a table that goes to no terminal."""

Prefix = Annotated[str, typer.Argument(help="Names the key: the characters after ach_.", show_default=False)]

app = typer.Typer(no_args_is_help=True, help="Make, list, revoke and rotate API keys.")


@app.command("create")
def create(
    name: Annotated[str, typer.Option(help="What the key is for.", show_default=False)],
    scopes: Annotated[str, typer.Option(help="What it may do, such as read,posts:write.", show_default=False)],
    expires: Annotated[str, typer.Option(help="A time span such as 90d, a day such as 2027-01-31, or never.")] = "90d",
    user: Annotated[str | None, typer.Option(help="E-mail address of the user whose key it is.")] = None,
    origins: Annotated[
        str,
        typer.Option(help="Pages that may use it, such as https://app.example.com. [default: any]", show_default=False),
    ] = "",
    networks: Annotated[
        str, typer.Option(help="Where it may be used from, such as 10.0.0.0/8. [default: anywhere]", show_default=False)
    ] = "",
    requests_per_minute: Annotated[
        int | None, typer.Option(min=1, max=LARGEST, help="Requests that it may make. [default: as any key]")
    ] = None,
    cost_per_minute: Annotated[
        int | None,
        typer.Option(min=1, max=LARGEST, help="Rows that its operations may be able to read. [default: as any key]"),
    ] = None,
    claim: Annotated[
        list[str] | None, typer.Option(help="What rules may look at beside, such as tenant=7; may be repeated.")
    ] = None,
) -> None:
    """Make a key and print it, this once."""

    async def work(database: Database) -> tuple[ApiKey, str]:
        async with database.write() as session:
            owner = await store.owner(session, user) if user is not None else None
            return await store.create(
                session,
                checked_name,
                checked_scopes,
                expires_at,
                owner,
                origins=checked_origins,
                networks=checked_networks,
                requests_per_minute=requests_per_minute,
                cost_per_minute=cost_per_minute,
                claims=checked_claims,
            )

    with refused():
        checked_claims = store.check_claims(parse_claims(claim or ()))
        checked_name = store.check_name(name)
        checked_scopes = store.check_scopes(_words(scopes))
        checked_origins, checked_networks = check_origins(_words(origins)) or (), check_networks(_words(networks)) or ()
        expires_at = expiry(expires, datetime.now(UTC))
        key, shown = _on_database(work)
    _hand_over(key, shown)


@app.command("list")
def list_(
    json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show all keys; what is secret of them is not known."""

    async def work(database: Database) -> Sequence[tuple[ApiKey, str | None]]:
        async with database.read() as session:
            return await store.list_all(session)

    with refused():
        keys = _on_database(work)
    now = datetime.now(UTC)
    if json:
        typer.echo(orjson.dumps([_as_json(key, owner, now) for key, owner in keys], option=orjson.OPT_INDENT_2))
        return
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    console.print(_table(keys, now))


@app.command("revoke")
def revoke(prefix: Prefix) -> None:
    """Take a key back, at once and for ever."""

    async def work(database: Database) -> ApiKey:
        async with database.write() as session:
            return await store.revoke(session, wanted)

    with refused():
        wanted = named(prefix)
        key = _on_database(work)
    typer.echo(f"The key {key.prefix} ({key.name}) is revoked since {_time(key.revoked_at)}.")


@app.command("rotate")
def rotate(
    prefix: Prefix,
    grace_: Annotated[
        str | None,
        typer.Option("--grace", help="How much longer the old key works, such as 24h. [default: not at all]"),
    ] = None,
) -> None:
    """Replace a key: print a new one with its name, scopes, owner, expiry and rates, and stop the old one."""

    async def work(database: Database) -> tuple[ApiKey, str]:
        async with database.write() as session:
            return await store.rotate(session, wanted, left)

    with refused():
        wanted = named(prefix)
        left = timedelta() if grace_ is None else grace(grace_)
        key, shown = _on_database(work)
    _hand_over(key, shown)
    ends = f"works for another {grace_}" if left else "has stopped"
    typer.echo(f"The old key {wanted} {ends}.", err=True)


@app.command("scopes")
def scopes_(
    prefix: Prefix,
    scopes: Annotated[
        str, typer.Argument(help="What it may do from now on, such as read,posts:all.", show_default=False)
    ],
) -> None:
    """Change what a key may do, at once; all that it has then is named."""

    async def work(database: Database) -> tuple[ApiKey, list[str]]:
        async with database.write() as session:
            return await store.rescope(session, wanted, checked)

    with refused():
        wanted, checked = named(prefix), store.check_scopes(_words(scopes))
        key, before = _on_database(work)
    typer.echo(f"The key {key.prefix} ({key.name}) has {', '.join(key.scopes)} now. It had {', '.join(before)}.")


@app.command("claims")
def claims_(
    prefix: Prefix,
    claims: Annotated[
        list[str] | None,
        typer.Argument(help="What rules may look at from now on, such as tenant=7; none at all without."),
    ] = None,
) -> None:
    """Change the claims of a key, at once; all that it has then are named."""

    async def work(database: Database) -> tuple[ApiKey, dict[str, Any]]:
        async with database.write() as session:
            return await store.reclaim(session, wanted, checked)

    with refused():
        wanted, checked = named(prefix), store.check_claims(parse_claims(claims or ()))
        key, before = _on_database(work)
    typer.echo(
        f"The key {key.prefix} ({key.name}) has {spelled(key.claims) or 'no claims'} now. "
        f"It had {spelled(before) or 'none'}."
    )


def _words(given: str) -> list[str]:
    return [word.strip() for word in given.split(",") if word.strip()]


def _on_database(work: Callable[[Database], Awaitable[Result]]) -> Result:
    """Do something on the database, the embedded one where there is no other.

    Raises:
        StartError: There is no database, or it is not migrated, or it refused.
        UnavailableError: It cannot be reached.
    """
    settings = Settings()

    async def run(url: str) -> Result:
        if settings.database_url is None:
            await migrate(url)
        database = Database(url, settings)
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        with session_url(settings) as url:
            return asyncio.run(run(url))
    except (SQLAlchemyError, asyncpg.PostgresError) as error:
        if isinstance(error, DBAPIError) and sqlstate(error) == UNDEFINED_TABLE:
            raise StartError("The database has no table of keys yet. Run `achene migrate` first.") from error
        raise StartError(f"The database refused: {getattr(error, 'orig', None) or error}") from error


def _hand_over(key: ApiKey, shown: str) -> None:
    typer.echo(shown)
    typer.echo(
        f"This is the key {key.prefix} ({key.name}); it is shown only now. "
        f"Scopes: {', '.join(key.scopes)}. Expires: {_time(key.expires_at)}.",
        err=True,
    )


def _state(key: ApiKey, now: datetime) -> str:
    """Return how a key is: active, ending (was rotated and works for a while), expired or revoked."""
    if key.revoked_at is not None and key.revoked_at <= now:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "active" if key.revoked_at is None else "ending"


def _as_json(key: ApiKey, owner: str | None, now: datetime) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "scopes": key.scopes,
        "owner": owner,
        "origins": key.origins,
        "networks": key.networks,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "requests_per_minute": key.requests_per_minute,
        "cost_per_minute": key.cost_per_minute,
        "claims": key.claims,
        "state": _state(key, now),
    }


def _table(keys: Iterable[tuple[ApiKey, str | None]], now: datetime) -> Table:
    table = Table(
        "prefix", "name", "scopes", "claims", "owner", "created", "expires", "last used", "from", "a minute", "state"
    )
    table.columns[0].no_wrap = True
    for key, owner in keys:
        times = (_time(at) for at in (key.created_at, key.expires_at, key.last_used_at))
        cells = (
            key.prefix,
            key.name,
            ", ".join(key.scopes),
            spelled(key.claims),
            owner or "",
            *times,
            _places(key),
            _rates(key),
            _state(key, now),
        )
        table.add_row(*(Text(cell) for cell in cells))  # Text: a name may look like markup
    return table


def _places(key: ApiKey) -> str:
    """Return where a key may be used from, where that is not anywhere."""
    return ", ".join([*(key.origins or ()), *(key.networks or ())])


def _rates(key: ApiKey) -> str:
    """Return what a key may use a minute, where it has numbers of its own."""
    rates = (key.requests_per_minute, "requests"), (key.cost_per_minute, "rows")
    return ", ".join(f"{number:,} {unit}" for number, unit in rates if number is not None)


def _time(at: datetime | None) -> str:
    """Return a time for people, to the minute."""
    return "never" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
