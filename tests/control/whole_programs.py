"""Ordinary programs, as anybody writes them: correct ones, and ones with a planted bug. None knows of futurefuzz."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import logging
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable

__all__ = ["CORRECT", "STUCK"]

LOCK = threading.Lock()
CONDITION = threading.Condition()
QUEUE: queue.Queue[int] = queue.Queue()
NAME = contextvars.ContextVar("NAME", default="nobody")


# ---- correct: the same result under every schedule ------------------------------------------------------------------


def counter() -> int:
    """Two threads count under a lock."""
    lock, count = threading.Lock(), [0]

    def add() -> None:
        for _ in range(5):
            with lock:
                count[0] += 1

    workers = [threading.Thread(target=add) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not any(worker.is_alive() for worker in workers)
    return count[0]


def reentrant_condition() -> list[int]:
    """A condition on its default lock, taken twice (gh: false deadlocks of other tools)."""
    condition, got = threading.Condition(), []

    def consume() -> None:
        with condition, condition:
            while not got:
                condition.wait()

    worker = threading.Thread(target=consume)
    worker.start()
    with condition:
        got.append(1)
        condition.notify()
    worker.join()
    return got


def everything_of_threading() -> tuple[int, bool, int]:
    """Semaphore, barrier, event and timer."""
    semaphore, barrier, event = threading.BoundedSemaphore(1), threading.Barrier(2), threading.Event()
    inside: list[int] = []

    def work() -> None:
        with semaphore:
            inside.append(1)
        barrier.wait()
        event.wait()

    worker = threading.Thread(target=work)
    worker.start()
    with semaphore:
        inside.append(1)
    barrier.wait()
    timer = threading.Timer(5, event.set)
    timer.start()
    worker.join()
    timer.join()
    return len(inside), event.is_set(), barrier.n_waiting


def queues() -> list[str]:
    """All four kinds."""
    seen = []
    for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue):
        channel = kind()

        def consume(channel=channel) -> None:  # type: ignore[no-untyped-def]
            while channel.get() != 9:
                pass

        worker = threading.Thread(target=consume)
        worker.start()
        channel.put(1)
        channel.put(9)
        worker.join()
        seen.append(kind.__name__)
    return seen


def executor() -> tuple[list[int], list[str], int]:
    """submit, map, wait, as_completed, shutdown."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(lambda number: number * 2, number) for number in range(3)]
        done, pending = concurrent.futures.wait(futures)
        found = sorted(future.result() for future in concurrent.futures.as_completed(futures))
        return found, list(pool.map(str, [1, 2])), len(done) - len(pending)


def executor_left_open() -> int:
    """Nobody shuts the pool down: the end of the process does."""
    pool = concurrent.futures.ThreadPoolExecutor(2)
    return pool.submit(int, "7").result()


def loop_in_thread() -> int:
    """An idle loop in a thread, and a coroutine sent to it."""
    loop = asyncio.new_event_loop()
    worker = threading.Thread(target=loop.run_forever)
    worker.start()

    async def answer() -> int:
        await asyncio.sleep(3)
        return 7

    found = asyncio.run_coroutine_threadsafe(answer(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    worker.join()
    loop.close()
    return found


def loop_in_daemon() -> int:
    """The same, and nobody stops the loop."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def answer() -> int:
        return 7

    return asyncio.run_coroutine_threadsafe(answer(), loop).result()


def bridge() -> int:
    """A thread resolves a future of the loop, as one should."""

    async def main() -> int:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, 1)).start()
        return int(await future)

    return asyncio.run(main())


def asyncio_all() -> tuple[list[int], str, bool, int]:
    """gather, to_thread, wait_for, TaskGroup, run_in_executor, locks, queues."""

    async def main() -> tuple[list[int], str, bool, int]:
        async def later(number: int) -> int:
            await asyncio.sleep(number)
            return number

        found = await asyncio.gather(later(1), later(2))
        try:
            await asyncio.wait_for(asyncio.get_running_loop().create_future(), 10)
        except TimeoutError:
            found.append(10)
        async with asyncio.TaskGroup() as group:
            group.create_task(later(1))
        lock, channel = asyncio.Lock(), asyncio.Queue[int](1)

        async def produce() -> None:
            for number in range(3):
                async with lock:
                    await channel.put(number)

        task = asyncio.create_task(produce())
        found += [await channel.get() for _ in range(3)]
        await task
        thread = await asyncio.to_thread(lambda: threading.current_thread() is threading.main_thread())
        length = await asyncio.get_running_loop().run_in_executor(None, len, "four")
        return found, NAME.get(), thread, length

    NAME.set("somebody")
    try:
        return asyncio.run(main())
    finally:
        NAME.set("nobody")


def sockets() -> bytes:
    """Real descriptors in a loop, written to by a thread."""
    ours, theirs = socket.socketpair()

    async def main() -> bytes:
        reader, writer = await asyncio.open_connection(sock=ours)
        worker = threading.Thread(target=theirs.sendall, args=(b"hello\n",))
        worker.start()
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        worker.join()
        return line

    with ours, theirs:
        return asyncio.run(main())


def polling() -> bool:
    """Waits by looking again and again, with and without a sleep."""
    flag: list[int] = []

    def work() -> None:
        time.sleep(0.1)
        flag.append(1)

    worker = threading.Thread(target=work)
    worker.start()
    while not flag:
        time.sleep(0.01)
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        pass
    worker.join()
    return time.time() > 1e9


def polling_with_a_timeout() -> int:
    """A worker looks into its queue again and again, and holds the lock for most of the time (as aiosqlite's does)."""
    channel: queue.Queue[int] = queue.Queue()
    got: list[int] = []

    def work() -> None:
        while not got:
            try:
                got.append(channel.get(timeout=0.001))
            except queue.Empty:
                continue

    worker = threading.Thread(target=work)
    worker.start()
    channel.put(7)
    worker.join()
    return got[0]


def locals_of_threads() -> list[bool]:
    """A thread begins without what others have stored."""
    local, seen = threading.local(), []

    def work() -> None:
        seen.append(hasattr(local, "mark"))
        local.mark = 1

    for _ in range(2):
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
    return seen


def older_locks() -> int:
    """A lock, a condition and a queue that were made when the module was imported; and logging's."""
    count = []

    def work() -> None:
        with LOCK:
            time.sleep(1)
            count.append(1)
        logging.getLogger("tests.whole").info("done")
        with CONDITION:
            CONDITION.notify_all()
        QUEUE.put(1)

    worker = threading.Thread(target=work)
    worker.start()
    with LOCK:
        time.sleep(1)
        count.append(1)
    with CONDITION:
        CONDITION.wait_for(lambda: len(count) == 2)
    worker.join()
    return len(count) + QUEUE.get()


#: program -> what it returns under every schedule
CORRECT: dict[Callable[[], object], object] = {
    counter: 10,
    reentrant_condition: [1],
    everything_of_threading: (2, True, 0),
    queues: ["Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"],
    executor: ([0, 2, 4], ["1", "2"], 3),
    executor_left_open: 7,
    loop_in_thread: 7,
    loop_in_daemon: 7,
    bridge: 1,
    asyncio_all: ([1, 2, 10, 0, 1, 2], "somebody", False, 4),
    polling: True,
    polling_with_a_timeout: 7,
    locals_of_threads: [False, False],
    older_locks: 3,
}
if sys.platform != "win32":
    CORRECT[sockets] = b"hello\n"


# ---- wrong: under some schedules nobody can go on --------------------------------------------------------------------


def crossed_locks() -> None:
    """Two locks, taken in both orders."""
    one, other = threading.Lock(), threading.Lock()

    def forth() -> None:
        with one, other:
            pass

    def back() -> None:
        with other, one:
            pass

    workers = [threading.Thread(target=forth, name="forth"), threading.Thread(target=back, name="back")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def lost_notification() -> None:
    """Waits without looking whether it has happened already."""
    condition = threading.Condition()

    def work() -> None:
        with condition:
            condition.notify()

    worker = threading.Thread(target=work)
    worker.start()
    with condition:
        condition.wait()
    worker.join()


def careless_bridge() -> int:
    """Resolves a loop's future from a thread, directly: the loop is not woken."""

    async def main() -> int:
        future = asyncio.get_running_loop().create_future()
        threading.Thread(target=lambda: future.set_result(1)).start()
        return int(await future)

    return asyncio.run(main())


def articles_bridge() -> int:
    """Asks for the running loop in the worker, where there is none: the thread dies, the future is never resolved."""

    async def main() -> int:
        future = asyncio.get_running_loop().create_future()

        def work() -> None:
            asyncio.get_running_loop().call_soon_threadsafe(future.set_result, 1)

        threading.Thread(target=work, name="worker").start()
        return int(await future)

    return asyncio.run(main())


def cancelled_unnotified() -> None:
    """gh-92001: `wait` on a future that was cancelled, but of whose cancellation nobody was notified."""
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    future.cancel()
    concurrent.futures.wait([future])


STUCK: tuple[Callable[[], object], ...] = (
    crossed_locks,
    lost_notification,
    careless_bridge,
    articles_bridge,
    cancelled_unnotified,
)


def check_then_act() -> str:
    """`if not done(): set_result` against `cancel`."""
    future: concurrent.futures.Future[int] = concurrent.futures.Future()

    def resolve() -> None:
        if not future.done():
            future.set_result(1)

    worker = threading.Thread(target=resolve, name="resolver")
    worker.start()
    future.cancel()
    worker.join()
    return "over"
