"""A timeout against a thread that brings the result: whoever comes second must not fail."""

import asyncio
import threading


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(future.set_result, 1))
    thread.start()
    try:
        await asyncio.wait_for(future, 1.0)
    except asyncio.TimeoutError:
        pass
    thread.join()
    await asyncio.sleep(0)


asyncio.run(main())
