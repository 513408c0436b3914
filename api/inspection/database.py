"""The database itself: can it be reached, is it one that we know, and is the login no more than it has to be."""

import time
from typing import Final

from api.data.address import split_addresses
from api.health.probe import reason
from api.inspection.finding import Finding
from api.inspection.scene import LOST, Scene, connect

OLDEST: Final = 15
"""The oldest PostgreSQL that is supported."""

CLOCK_SECONDS: Final = 2.0
"""How far the database's clock may be from ours."""


async def reachable(scene: Scene) -> list[Finding]:
    """Look whether there is a database."""
    if scene.connection is not None:
        return [Finding.ok("database", "It answers.")]
    if not scene.refusal:
        return []
    return [Finding.fail("database", scene.refusal, "Look at DATABASE_URL, and whether PostgreSQL lets us in.")]


async def version(scene: Scene) -> list[Finding]:
    """Look whether it is one that we know."""
    if scene.connection is None:
        return []
    number = int(await scene.connection.fetchval("SHOW server_version_num"))
    encoding = await scene.connection.fetchval("SHOW server_encoding")
    if number < OLDEST * 10_000:
        says = f"PostgreSQL {number // 10_000} is older than {OLDEST}."
        return [Finding.fail("version", says, f"Upgrade to {OLDEST} or newer.")]
    if encoding != "UTF8":
        return [Finding.fail("version", f"Its encoding is {encoding}.", "Make the database with ENCODING 'UTF8'.")]
    return [Finding.ok("version", f"PostgreSQL {number // 10_000}.{number % 10_000}, {encoding}.")]


async def login(scene: Scene) -> list[Finding]:
    """Look whether the login may do much more than a server has to."""
    if scene.connection is None:
        return []
    query = "SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    row = await scene.connection.fetchrow(query)
    words = ("is a superuser", "may make roles", "passes by row-level security")
    too_much = [word for word, has in zip(words, row, strict=True) if has]
    if too_much:
        remedy = "Let the server log in as a role of its own, without these rights."
        return [Finding.warn("login", f"The login {too_much[0]}.", remedy)]
    return [Finding.ok("login", "The login is an ordinary one.")]


async def encryption(scene: Scene) -> list[Finding]:
    """Look whether what goes over a network is encrypted."""
    if scene.connection is None:
        return []
    row = await scene.connection.fetchrow(
        "SELECT ssl, inet_server_addr() IS NULL OR inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1'"
        " FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    )
    if row is None or row[0]:
        return [Finding.ok("encryption", "The connection is encrypted.")] if row else []
    if row[1]:
        return [Finding.ok("encryption", "The connection does not leave this machine.")]
    return [Finding.warn("encryption", "The connection is not encrypted.", "Add ?sslmode=require to DATABASE_URL.")]


async def clock(scene: Scene) -> list[Finding]:
    """Look whether the database and we agree on what time it is; keys expire by its clock and are cached by ours."""
    if scene.connection is None:
        return []
    before = time.time()
    theirs = float(await scene.connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8"))
    off = max(before - theirs, theirs - time.time(), 0.0)
    if off > CLOCK_SECONDS:
        return [Finding.warn("clock", f"The database's clock is {off:.0f} s from ours.", "Keep both by NTP.")]
    return [Finding.ok("clock", "The database's clock is as ours.")]


async def standbys(scene: Scene) -> list[Finding]:
    """Look whether the servers that are read from can be reached, and are standbys."""
    found = []
    for number, address in enumerate(split_addresses(scene.settings.database_read_urls or ""), start=1):
        part = f"standby {number}"
        try:
            connection = await connect(address, scene.settings)
        except LOST as error:
            found.append(Finding.warn(part, reason(error), "Reads go to the others meanwhile: see DATABASE_READ_URLS."))
            continue
        try:
            is_standby = await connection.fetchval("SELECT pg_is_in_recovery()")
        finally:
            connection.terminate()
        says = "It answers, and is a standby." if is_standby else "It answers, and is no standby."
        remedy = "Name standbys in DATABASE_READ_URLS, or nothing."
        found.append(Finding.ok(part, says) if is_standby else Finding.warn(part, says, remedy))
    return found
