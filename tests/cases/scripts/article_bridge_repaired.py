"""The repaired bridge: the loop is taken along, and asked on its own thread whether somebody still waits."""

import asyncio
import threading


def resolve(future, value):
    if not future.done():
        future.set_result(value)


def work(loop, future):
    try:
        loop.call_soon_threadsafe(resolve, future, 42)
    except RuntimeError:
        pass  # the loop was closed: nobody waits any more


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    thread = threading.Thread(target=work, args=(loop, future))
    thread.start()
    try:
        assert await asyncio.wait_for(future, 1.0) == 42
    except asyncio.TimeoutError:
        pass


asyncio.run(main())
