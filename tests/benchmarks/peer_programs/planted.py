"""Thirteen bugs of the domain, (a) to (m)."""

from __future__ import annotations

import asyncio
import asyncio.futures
import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any

from tests.benchmarks.peer_programs.shape import Program

__all__ = ["PLANTED"]


# ---- a: lost update ----


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def increment(self) -> None:
        seen = self.value
        self.value = seen + 1


# ---- b, c, m: a Future that checks, then acts ----


class Toy:
    """A Future without a lock."""

    def __init__(self) -> None:
        self.state = "pending"
        self.callbacks: list[Callable[[], object]] = []
        self.called = 0
        self.won: list[str] = []

    def done(self) -> bool:
        return self.state != "pending"

    def call(self) -> None:
        self.called += 1

    def set_result(self) -> None:
        if self.state != "pending":
            return
        self.state = "finished"
        self.won.append("set_result")
        for callback in self.callbacks[:]:
            callback()

    def cancel(self) -> None:
        if self.state != "pending":
            return
        self.state = "cancelled"
        self.won.append("cancel")
        for callback in self.callbacks[:]:
            callback()

    def add_done_callback(self, callback: Callable[[], object]) -> None:
        if self.state == "pending":
            self.callbacks.append(callback)
        else:
            callback()


def _ten_callbacks(toy: Toy) -> None:
    for _ in range(10):
        toy.add_done_callback(toy.call)


def _nine_looks_and_a_result(toy: Toy) -> None:
    for _ in range(9):
        toy.done()
    toy.set_result()


# ---- d: callback called twice ----


class Eager:
    """Registers first and looks afterwards, so that no callback is lost."""

    def __init__(self) -> None:
        self.finished = False
        self.callbacks: list[Callable[[], object]] = []
        self.called = 0

    def call(self) -> None:
        self.called += 1

    def run_callbacks(self) -> None:
        for callback in self.callbacks[:]:
            callback()
        self.callbacks.clear()

    def set_result(self) -> None:
        self.finished = True
        self.run_callbacks()

    def add_done_callback(self, callback: Callable[[], object]) -> None:
        self.callbacks.append(callback)
        if self.finished:
            self.run_callbacks()


# ---- e: two locks in two orders ----


class Locks:
    def __init__(self) -> None:
        self.first = threading.Lock()
        self.second = threading.Lock()
        self.value = 0

    def there(self) -> None:
        with self.first, self.second:
            self.value += 1

    def back(self) -> None:
        with self.second, self.first:
            self.value += 1


# ---- f: lost wake-up ----


class Signal:
    """Looks at the flag before it has the lock."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.ready = False

    def wait(self) -> None:
        if not self.ready:
            with self.condition:
                self.condition.wait()

    def tell(self) -> None:
        self.ready = True
        with self.condition:
            self.condition.notify_all()


# ---- g, j: a look, then set_result, against cancel ----


class StillLoop:
    """As much of a loop as a Future needs; keeps what it is asked to call."""

    def __init__(self) -> None:
        self.asked: list[Callable[..., object]] = []

    def get_debug(self) -> bool:
        return False

    def call_soon(self, callback: Callable[..., object], *args: object, context: object = None) -> None:
        self.asked.append(callback)


class Careful:
    """Sets a result after a look whether it may."""

    def __init__(self, future: Any) -> None:
        self.future = future
        self.errors: list[BaseException] = []

    def set_result(self) -> None:
        try:
            if not self.future.done():
                self.future.set_result("value")
        except (asyncio.InvalidStateError, concurrent.futures.InvalidStateError) as error:
            self.errors.append(error)

    def cancel(self) -> None:
        self.future.cancel()


# ---- h: a result posted to a loop, against cancel on the loop ----


class Bridge:
    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda loop, context: self.errors.append(context))
        self.future = self.loop.create_future()
        self.posted = self.loop.create_future()

    async def main(self) -> None:
        await asyncio.sleep(0)
        self.future.cancel()
        await self.posted

    def run_loop(self) -> None:
        try:
            self.loop.run_until_complete(self.main())
        finally:
            self.loop.close()

    def post(self) -> None:
        self.loop.call_soon_threadsafe(self.future.set_result, "value")
        self.loop.call_soon_threadsafe(self.posted.set_result, None)


# ---- i: three exact preemptions ----


class Handshake:
    def __init__(self) -> None:
        self.a = self.b = self.c = 0
        self.met = False

    def one(self) -> None:
        self.a = 1
        if self.b == 1:
            self.c = 1
            if self.b == 2:
                self.met = True

    def two(self) -> None:
        if self.a == 1:
            self.b = 1
            if self.c == 1:
                self.b = 2


# ---- k: inside asyncio's own Future in Python ----


class Registered:
    """A Future of the standard library's that gets a callback from one thread and its result from another."""

    def __init__(self) -> None:
        self.loop = StillLoop()
        self.future = asyncio.futures._PyFuture(loop=self.loop)  # type: ignore[attr-defined]

    def add(self) -> None:
        self.future.add_done_callback(print)

    def set_result(self) -> None:
        self.future.set_result("value")


# ---- l: one preemption in the middle of long runs ----


class Long:
    def __init__(self) -> None:
        self.value = 0

    def long(self) -> None:
        for _ in range(200):
            self.value = self.value
        seen = self.value
        self.value = seen + 1
        for _ in range(200):
            seen = self.value

    def short(self) -> None:
        self.value = -1000


PLANTED = (
    Program(
        letter="a",
        what="lost update",
        setup=Counter,
        workers=(Counter.increment, Counter.increment),
        holds=lambda state: state.value == 2,
        model="free-threaded",
    ),
    Program(
        letter="b",
        what="set_result against cancel, check then act",
        setup=Toy,
        workers=(Toy.set_result, Toy.cancel),
        holds=lambda state: len(state.won) == 1,
        model="free-threaded",
    ),
    Program(
        letter="c",
        what="callback lost between check and append",
        setup=Toy,
        workers=(lambda state: state.add_done_callback(state.call), Toy.set_result),
        holds=lambda state: state.called == 1,
        model="free-threaded",
    ),
    Program(
        letter="d",
        what="callback called twice",
        setup=Eager,
        workers=(lambda state: state.add_done_callback(state.call), Eager.set_result),
        holds=lambda state: state.called == 1,
        model="gil",
    ),
    Program(
        letter="e",
        what="deadlock of two locks",
        setup=Locks,
        workers=(Locks.there, Locks.back),
        holds=lambda state: state.value == 2,
        shows="deadlock",
    ),
    Program(
        letter="f",
        what="lost wake-up on a Condition",
        setup=Signal,
        workers=(Signal.wait, Signal.tell),
        holds=lambda state: state.ready,
        shows="deadlock",
    ),
    Program(
        letter="g",
        what="if not done(): set_result, concurrent.futures",
        setup=lambda: Careful(concurrent.futures.Future()),
        workers=(Careful.set_result, Careful.cancel),
        holds=lambda state: not state.errors,
    ),
    Program(
        letter="h",
        what="call_soon_threadsafe(set_result) against cancel",
        setup=Bridge,
        workers=(Bridge.post, Bridge.run_loop),
        holds=lambda state: not state.errors,
    ),
    Program(
        letter="i",
        what="three exact preemptions",
        setup=Handshake,
        workers=(Handshake.one, Handshake.two),
        holds=lambda state: not state.met,
        model="free-threaded",
    ),
    Program(
        letter="j",
        what="if not done(): set_result, asyncio.Future in C",
        setup=lambda: Careful(asyncio.Future(loop=StillLoop())),  # type: ignore[arg-type]
        workers=(Careful.set_result, Careful.cancel),
        holds=lambda state: not state.errors,
        model="gil",
    ),
    Program(
        letter="k",
        what="race inside asyncio's Future in Python",
        setup=Registered,
        workers=(Registered.add, Registered.set_result),
        holds=lambda state: len(state.loop.asked) == 1,
        model="gil",
    ),
    Program(
        letter="l",
        what="one preemption within long runs",
        setup=Long,
        workers=(Long.long, Long.short),
        holds=lambda state: state.value in (-1000, -999),
        model="free-threaded",
    ),
    Program(
        letter="m",
        what="lost callback, 3 threads of 10 calls",
        setup=Toy,
        workers=(_ten_callbacks, _ten_callbacks, _nine_looks_and_a_result),
        holds=lambda state: state.called == 20,
        model="free-threaded",
    ),
)
