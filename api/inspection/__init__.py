"""Whether a server as it is set up is fit for production: what `achene check` looks at.

Each look is a function of a `Scene` that returns its findings. To add one, write it in the file of its subject and name
it in `LOOKS`. A look never raises for what it finds; what it may raise is what a database that goes away raises.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from api.inspection import configuration, connections, database, hearing, operations, store, tables
from api.inspection.finding import Finding
from api.inspection.scene import LOST, Scene, opened
from api.settings import Settings

Look = Callable[[Scene], Awaitable[list[Finding]]]

LOOKS: Final[tuple[Look, ...]] = (
    configuration.environment,
    configuration.hosts,
    configuration.anonymous,
    configuration.browsers,
    configuration.limits,
    configuration.logs,
    configuration.times,
    configuration.processors,
    database.reachable,
    database.version,
    database.login,
    database.encryption,
    database.clock,
    database.standbys,
    connections.enough,
    tables.migrations,
    tables.privileges,
    tables.indexes,
    tables.triggers,
    hearing.changes,
    hearing.keys,
    store.reachable,
    operations.graph,
)
"""Every look, in the order in which findings are told."""


async def inspect(settings: Settings, looks: Sequence[Look] = LOOKS) -> list[Finding]:
    """Look at everything.

    Args:
        settings: Of the server. Without DATABASE_URL nothing of a database is looked at.
        looks: At what.

    Returns:
        What was found, good and bad, in the order of the looks.
    """
    found: list[Finding] = []
    async with opened(settings) as scene:
        for look in looks:
            try:
                found += await look(scene)
            except LOST as error:
                found.append(
                    Finding.fail(look.__name__, f"The database went away ({type(error).__name__}).", "Try again.")
                )
    return found
