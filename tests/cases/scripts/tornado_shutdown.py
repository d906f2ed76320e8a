"""A pool is shut down while work still waits for a thread; whoever waits for that work is told."""

import asyncio
import concurrent.futures

from tornado.concurrent import run_on_executor


class Service:
    def __init__(self):
        self.executor = concurrent.futures.ThreadPoolExecutor(1)

    @run_on_executor
    def answer(self):
        return 42


async def main():
    service = Service()
    answers = [service.answer() for _ in range(2)]
    service.executor.shutdown(wait=False, cancel_futures=True)
    await asyncio.gather(*answers, return_exceptions=True)


asyncio.run(main())
