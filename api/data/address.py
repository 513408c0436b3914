"""Addresses of PostgreSQL, as libpq writes them, and the way from an address to a connection.

One address may name several servers, of which one takes writes at a time; which one that is can change:

    postgresql://achene@one:5432,two:5432/achene

The driver can go through such a list, too, but has one time limit for all of it, so that a first server that hangs
hides the second. Here each has a share of the time, and where a connection was had last is tried first.

Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
"""

import re
from inspect import signature
from typing import Any, Final

import asyncpg
from asyncpg.exceptions import CannotConnectNowError, PostgresConnectionError, TargetServerAttributeNotMatched
from sqlalchemy import URL, make_url
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import ArgumentError

NETLOC: Final = re.compile(r"^(?P<before>[a-z+]+://(?:[^@/?]*@)?)(?P<hosts>[^@/?]*,[^@/?]*)(?P<after>[/?].*|)$")
"""An address with several hosts between the user and the database."""

BETWEEN: Final = re.compile(r",\s*(?=postgres(?:ql)?(?:\+asyncpg)?://)")
"""The comma between two addresses; one within an address has no scheme behind it."""

PORT: Final = "5432"
"""Where PostgreSQL listens, where an address does not say."""

SKIPPED: Final = (OSError, PostgresConnectionError, CannotConnectNowError, TargetServerAttributeNotMatched)
"""What one server of several may raise, so that the next is tried; `TimeoutError` is an `OSError`."""

EXAMPLE: Final = "It should look like postgresql://user:password@host:5432/name"

KNOWN_PARAMETERS: Final = frozenset(signature(asyncpg.connect).parameters) | {"prepared_statement_cache_size"}
"""What may stand after the question mark of an address."""


def to_asyncpg_url(address: str, name: str = "DATABASE_URL") -> URL:
    """Return a PostgreSQL address as SQLAlchemy wants it for asyncpg.

    `postgres://` and `postgresql://`, as hosts give them, are both taken, and several hosts as libpq takes them.

    Args:
        address: The address.
        name: The setting that it stands in, for messages.

    Raises:
        ValueError: The address is not one of PostgreSQL.
    """
    address = address.replace("postgres://", "postgresql://", 1) if address.startswith("postgres://") else address
    url = make_url(_one_host(address))
    if url.get_backend_name() != "postgresql":
        raise ValueError(f"{name} names {url.get_backend_name()}; Achene works on postgresql:// only.")
    if "sslmode" in url.query:  # what libpq calls it, and so what hosts put into their addresses
        mode = url.query["sslmode"]
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return url.set(drivername="postgresql+asyncpg")


def check_address(given: str, name: str = "DATABASE_URL") -> None:
    """Raise where a setting has no address of PostgreSQL; the message never repeats it, it has a password.

    Args:
        given: The address.
        name: The setting.

    Raises:
        ValueError: It is malformed, or names another kind of database.
    """
    try:
        unknown = sorted(set(to_asyncpg_url(given, name).query) - KNOWN_PARAMETERS)
    except ArgumentError as error:
        raise ValueError(f"{name} is not an address. {EXAMPLE}") from error
    except ValueError as error:
        if name in str(error):
            raise
        raise ValueError(f"{name} has a port that is not a number. {EXAMPLE}") from error
    if unknown:
        raise ValueError(
            f"{name} has parameters that the driver does not know: {', '.join(unknown)}. Remove them. "
            "For encryption, sslmode is understood."
        )


def split_addresses(given: str) -> tuple[str, ...]:
    """Return the addresses of a list with commas between them."""
    return tuple(address.strip() for address in BETWEEN.split(given) if address.strip())


def each_server(url: URL) -> tuple[URL, ...]:
    """Return an address of its own for each server that an address names."""
    url = url.difference_update_query(["target_session_attrs"])
    bare = url.difference_update_query(["host", "port"])
    hosts, ports = url.query.get("host"), url.query.get("port")
    if hosts is None or (isinstance(hosts, str) and "," not in hosts):
        return (url,)
    names = hosts.split(",") if isinstance(hosts, str) else hosts
    more = ports.split(",") if isinstance(ports, str) else ports or ()
    if len(more) == len(names):
        return tuple(
            bare.update_query_dict({"host": host, "port": port}) for host, port in zip(names, more, strict=True)
        )
    return tuple(bare.update_query_dict({"host": host}) for host in names)


def connect_arguments(url: URL) -> dict[str, Any]:
    """Return what `asyncpg.connect` takes for an address, as SQLAlchemy reads it."""
    arguments: dict[str, Any] = dict(PGDialect_asyncpg().create_connect_args(url)[1])  # type: ignore[no-untyped-call]  # it has no types
    return {name: value for name, value in arguments.items() if not name.startswith("prepared_statement_")}


class Hosts:
    """The servers that one address names. Of several, the one that takes writes is meant, where it does not say."""

    def __init__(self, url: URL) -> None:
        """Note them; nothing is connected."""
        self._arguments = connect_arguments(url)
        host, port = self._arguments.get("host"), self._arguments.get("port")
        self._each: list[dict[str, Any]] = [{}]
        if isinstance(host, list):
            ports = port if isinstance(port, list) else [port] * len(host)
            self._each = [{"host": one, "port": int(at)} for one, at in zip(host, ports, strict=True)]
            self._arguments.setdefault("target_session_attrs", "primary")
        if self._arguments.get("target_session_attrs") == "read-write":
            # the same, but that a connection which we ourselves keep read-only does not count as one of a standby
            self._arguments["target_session_attrs"] = "primary"
        self._last = 0

    async def connect(self, *, timeout: float, **more: Any) -> Any:  # noqa: ASYNC109 - one for each server
        """Return a new connection to one of the servers.

        Args:
            timeout: Seconds that all of it may take.
            more: What else `asyncpg.connect` is to know.

        Raises:
            OSError: None could be reached in time, or none takes writes.
            PostgresError: One refused us.
        """
        failure: BaseException | None = None
        for step in range(len(self._each)):
            at = (self._last + step) % len(self._each)
            try:
                connection = await asyncpg.connect(
                    **self._arguments | self._each[at] | more, timeout=timeout / len(self._each)
                )
            except SKIPPED as error:
                failure = error
            else:
                self._last = at
                return connection
        if isinstance(failure, TargetServerAttributeNotMatched):
            raise ConnectionRefusedError("no server of the address is what it asks for") from failure
        assert failure is not None  # noqa: S101 - there is at least one server
        raise failure


def _one_host(address: str) -> str:
    """Return an address with several hosts in the form in which SQLAlchemy takes them."""
    found = NETLOC.match(address)
    if found is None:
        return address
    pairs = [_host_and_port(each) for each in found["hosts"].split(",")]
    path, _, query = found["after"].partition("?")
    hosts = ",".join(host for host, _ in pairs)
    ports = ",".join(port for _, port in pairs)
    return f"{found['before']}{path or '/'}?{query}{'&' if query else ''}host={hosts}&port={ports}"


def _host_and_port(text: str) -> tuple[str, str]:
    if text.startswith("["):  # an IPv6 address
        host, _, port = text[1:].partition("]")
        return host, port.lstrip(":") or PORT
    host, _, port = text.partition(":")
    return host, port or PORT
