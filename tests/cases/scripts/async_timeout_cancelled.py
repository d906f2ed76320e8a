"""A task that works under a timeout is cancelled; it must not go on as if nothing had happened."""

import asyncio

import async_timeout


async def work():
    try:
        async with async_timeout.timeout(1.0):
            await asyncio.sleep(10.0)
    except asyncio.TimeoutError:
        pass
    await asyncio.sleep(0.0)


async def main():
    task = asyncio.create_task(work())
    await asyncio.sleep(1.0)
    if task.cancel():
        await asyncio.wait([task])
        assert task.cancelled(), "the cancellation was swallowed"


asyncio.run(main())
