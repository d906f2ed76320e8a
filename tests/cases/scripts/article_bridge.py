"""The bridge as the article has it: the worker asks for the running loop, and there is none in its thread."""

import asyncio
import threading


def work(future):
    try:
        asyncio.get_running_loop().call_soon_threadsafe(future.set_result, 42)
    except Exception as error:
        asyncio.get_running_loop().call_soon_threadsafe(future.set_exception, error)


async def main():
    future = asyncio.get_running_loop().create_future()
    threading.Thread(target=work, args=(future,)).start()
    assert await future == 42


asyncio.run(main())
