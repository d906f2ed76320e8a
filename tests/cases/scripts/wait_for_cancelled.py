"""A task waits under a timeout; it is cancelled in the tick in which what it waits for is there (gh-86296)."""

import asyncio


async def main():
    future = asyncio.get_running_loop().create_future()

    async def work():
        await asyncio.wait_for(future, 1.0)
        await asyncio.sleep(0)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    future.set_result(1)
    assert task.cancel()
    await asyncio.wait([task])
    assert task.cancelled(), "the cancellation was swallowed"


asyncio.run(main())
