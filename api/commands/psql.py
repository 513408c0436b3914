"""`achene psql`: PostgreSQL's own client on the database, also on the embedded one, whose socket is hidden."""

import os
import signal
import subprocess
from typing import Annotated

import typer

from api.data.address import to_asyncpg_url
from api.embedded.embedded import binaries, session_url
from api.settings import Settings


def psql(
    arguments: Annotated[list[str] | None, typer.Argument(help="For psql, as in: achene psql -c 'SELECT 1'")] = None,
) -> None:
    """Open psql on the database; the embedded server is started for it where it does not run."""
    settings = Settings()
    program = binaries() / "psql"
    with session_url(settings) as url:
        interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for psql
        address = to_asyncpg_url(url).set(drivername="postgresql")
        login = {"PGPASSWORD": address.password} if address.password else {}  # not for `ps` to show
        command = [str(program), address.set(password=None).render_as_string(), *(arguments or [])]
        try:
            done = subprocess.run(command, check=False, env=os.environ | login)  # noqa: S603 - the wheel's own
        finally:
            signal.signal(signal.SIGINT, interrupted)
    raise typer.Exit(done.returncode)
