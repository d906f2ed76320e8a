"""A query that is given up because it takes too long; the connection is used again afterwards."""

import asyncio

import aiosqlite


async def main():
    async with aiosqlite.connect(":memory:") as database:
        try:
            await asyncio.wait_for(database.execute("SELECT 1"), 1.0)
        except asyncio.TimeoutError:
            pass
        cursor = await database.execute("SELECT 2")
        assert await cursor.fetchone() == (2,)


asyncio.run(main())
