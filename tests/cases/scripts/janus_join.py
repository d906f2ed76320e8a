"""A thread works off the first item of a queue and a task the second; the loop waits for the end of each."""

import asyncio
import threading

import janus


def work(queue):
    queue.get()
    queue.task_done()


async def work_too(queue):
    await queue.get()
    await asyncio.sleep(0.1)
    queue.task_done()


async def main():
    queue = janus.Queue()
    thread = threading.Thread(target=work, args=(queue.sync_q,))
    thread.start()
    await queue.async_q.put("first")
    await queue.async_q.join()
    task = asyncio.create_task(work_too(queue.async_q))
    await queue.async_q.put("second")
    await queue.async_q.join()
    await task
    thread.join()
    queue.close()
    await queue.wait_closed()


asyncio.run(main())
