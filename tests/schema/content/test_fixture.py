import asyncpg


async def test_content_is_there(content_url: str) -> None:
    """The shared content has the size that its fixture names."""
    connection = await asyncpg.connect(content_url)
    tables = ("users", "posts", "tags", "categories", "comments")
    counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]
    await connection.close()
    assert counts == [40, 400, 40, 12, 2000]
