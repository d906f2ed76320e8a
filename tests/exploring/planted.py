"""Small programs with and without a bug in them, one for each kind of failure."""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import threading
import time


def lock_order() -> None:
    """Two locks, taken in two orders."""
    a, b = threading.Lock(), threading.Lock()

    def other() -> None:
        with a, b:
            pass

    thread = threading.Thread(target=other, name="other")
    thread.start()
    with b, a:
        pass
    thread.join()


def one_order() -> None:
    """Two locks, taken in one order."""
    a, b = threading.Lock(), threading.Lock()

    def both() -> None:
        with a, b:
            pass

    thread = threading.Thread(target=both)
    thread.start()
    both()
    thread.join()


def done_then_set() -> None:
    """Looks, then sets, while somebody cancels in between."""
    future: concurrent.futures.Future[int] = concurrent.futures.Future()

    def worker() -> None:
        if not future.done():
            future.set_result(1)

    thread = threading.Thread(target=worker, name="worker")
    thread.start()
    future.cancel()
    thread.join()


def split_counter() -> int:
    """Reads under a lock, and writes under the lock, but not both."""
    lock = threading.Lock()
    total = 0

    def add() -> None:
        nonlocal total
        with lock:
            seen = total
        with lock:
            total = seen + 1

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return total


def whole_counter() -> int:
    """Reads and writes under one lock."""
    lock = threading.Lock()
    total = 0

    def add() -> None:
        nonlocal total
        with lock:
            total += 1

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return total


def bare_counter() -> None:
    """No lock at all; a switch between the read and the write does not happen under the GIL."""

    class Account:
        balance = 0

    account = Account()

    def add() -> None:
        account.balance += 1

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.balance == 2


def appended() -> None:
    """A look and a change with a call between them: the GIL lets others in at its return."""
    seen: list[int] = []
    total = [0]

    def add() -> None:
        before = total[0]
        seen.append(before)
        total[0] = before + 1

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == [2]


def spinning() -> None:
    """Waits for a flag that nobody sets."""
    flag = threading.Event()
    lock = threading.Lock()

    def spin() -> None:
        while not flag.is_set():
            with lock:
                pass

    thread = threading.Thread(target=spin)
    thread.start()
    thread.join()


def late_livelock() -> None:
    """A thread goes round for ever when it has looked between two changes."""
    lock = threading.Lock()
    seen: list[int] = []

    def first() -> None:
        with lock:
            seen.append(1)
        with lock:
            seen.append(2)

    def second() -> None:
        with lock:
            lost = seen == [1]
        while lost:
            with lock:
                pass

    threads = [threading.Thread(target=each, name=each.__name__) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def swallowing() -> None:
    """Waits for ever, and takes no end for an answer."""
    lock = threading.Lock()
    lock.acquire()
    while True:
        try:  # noqa: SIM105  # as people write it
            lock.acquire()
        except BaseException:
            pass


def swallowing_twice() -> None:
    """The same behind a second wall."""
    while True:
        try:  # noqa: SIM105  # as people write it
            swallowing()
        except BaseException:
            pass


def polling() -> None:
    """Waits in a loop for a flag that somebody sets: ends under every fair schedule."""
    flag = threading.Event()
    lock = threading.Lock()
    thread = threading.Thread(target=flag.set)
    thread.start()
    while not flag.is_set():
        with lock:
            pass
    thread.join()


async def foreign_set() -> None:
    """Sets a loop's future from another thread without waking the loop."""
    future = asyncio.get_running_loop().create_future()
    threading.Thread(target=lambda: future.set_result(1)).start()
    await future


async def posted_set() -> None:
    """The same through the loop."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, 1)).start()
    await future


async def posted_set_and_cancel() -> None:
    """The future is cancelled before the posted result arrives: the loop's handler hears of it."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, 1))
    thread.start()
    future.cancel()
    await asyncio.sleep(1)
    thread.join()


async def never_retrieved() -> None:
    """A task fails, and nobody asks."""

    async def fail() -> None:
        raise KeyError("lost")

    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task


async def never_awaited() -> None:
    """A coroutine is made and dropped."""
    asyncio.sleep(1)  # type: ignore[unused-coroutine]


async def impatient() -> None:
    """A timeout that may strike although the answer is on its way."""

    async def answer() -> int:
        await asyncio.sleep(0.5)
        return 1

    await asyncio.wait_for(answer(), 1.0)


def queued() -> list[int]:
    """A queue between two threads."""
    items: queue.Queue[int] = queue.Queue()
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.extend(items.get() for _ in range(2)))
    thread.start()
    items.put(1)
    items.put(2)
    thread.join()
    return got


def pooled() -> list[int]:
    """A thread pool and its map."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda number: number * number, [1, 2]))


def sleeping() -> float:
    """Sleeps for an hour."""
    before = time.monotonic()
    time.sleep(3600)
    return time.monotonic() - before
