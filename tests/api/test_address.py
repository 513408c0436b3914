"""Addresses of one server and of several, as libpq writes them."""

import asyncio
from typing import Any

import pytest

from api.data.address import Hosts, connect_arguments, each_server, split_addresses, to_asyncpg_url


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("postgresql://u:p@one/db", "one", None),
        ("postgres://u:p@one:1/db", "one", 1),
        ("postgresql://u:p@one:1,two:2/db", ["one", "two"], [1, 2]),
        ("postgresql://u:p@one,two:2/db?sslmode=require", ["one", "two"], [5432, 2]),
        ("postgresql://u:p@[::1]:1,two/db", ["::1", "two"], [1, 5432]),
        ("postgresql://u:p@/db?host=/run/a,/run/b&port=1,2", ["/run/a", "/run/b"], [1, 2]),
        ("postgresql://u:a%2Cb@one/db", "one", None),
    ],
)
def test_hosts(address: str, host: Any, port: Any) -> None:
    """Each host has its port; a comma in a password is none between hosts."""
    arguments = connect_arguments(to_asyncpg_url(address))
    assert (arguments["host"], arguments.get("port")) == (host, port)
    assert (arguments["user"], arguments["database"]) == ("u", "db")


@pytest.mark.parametrize(
    "address", ["postgresql://u@one:1,two:2/db", "postgresql://u@/db?host=one,two&port=1,2&target_session_attrs=any"]
)
def test_each_server_of_an_address(address: str) -> None:
    """Standbys are taken one by one, whatever the address says of which is meant."""
    found = [connect_arguments(url) for url in each_server(to_asyncpg_url(address))]
    assert found == [{"user": "u", "database": "db", "host": f"{at}", "port": n} for at, n in (("one", 1), ("two", 2))]


def test_list_of_addresses() -> None:
    """A comma between two addresses has a scheme behind it; one between two hosts has not."""
    given = "postgresql://one,two/db, postgres://three/db"
    assert split_addresses(given) == ("postgresql://one,two/db", "postgres://three/db")


async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a connection and say nothing."""
    await asyncio.sleep(30)
    writer.close()


async def test_a_first_host_that_hangs_does_not_hide_the_second(database_url: str) -> None:
    """It has its share of the time; then the other is asked, and is asked first from then on."""
    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    folder = connect_arguments(to_asyncpg_url(database_url))["host"]
    name = to_asyncpg_url(database_url).database
    hosts = Hosts(to_asyncpg_url(f"postgresql://postgres@/{name}?host=127.0.0.1,{folder}&port={port},5432"))
    try:
        for timeout in (0.4, 60):  # the second one would be too late, were it to wait for the first again
            async with asyncio.timeout(20):
                connection = await hosts.connect(timeout=timeout)
            assert await connection.fetchval("SELECT 1") == 1
            await connection.close()
    finally:
        listener.close()
