"""Seven bugs that were written when the order of the search had been fixed, and have not changed it since."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

from tests.benchmarks.peer_programs.shape import Program

__all__ = ["BLIND"]


class Members:
    """A set that is looked into before it is added to."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.joined = 0

    def join(self) -> None:
        if "x" not in self.names:
            self.joined += 1
            self.names.add("x")


class Ring:
    """Its index moves on before the slot is written."""

    def __init__(self) -> None:
        self.slots: list[str | None] = [None] * 4
        self.head = 0
        self.got: list[str | None] = []

    def put(self) -> None:
        at = self.head
        self.head = at + 1
        self.slots[at] = "value"

    def get(self) -> None:
        if self.head > 0:
            self.got.append(self.slots[self.head - 1])


class Double:
    """Looks twice, but says that it is made before it is."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made = False
        self.value: object = None
        self.missing = 0

    def get(self) -> None:
        if not self.made:
            with self.lock:
                if not self.made:
                    self.made = True
                    self.value = object()
        if self.value is None:
            self.missing += 1


class Work:
    """Asks whether it was cancelled, then sets the result."""

    def __init__(self) -> None:
        self.future: Future[int] = Future()
        self.errors: list[Exception] = []

    def work(self) -> None:
        try:
            if not self.future.cancelled():
                self.future.set_result(1)
        except Exception as error:  # whichever class it is on this version
            self.errors.append(error)

    def cancel(self) -> None:
        self.future.cancel()


class Readers:
    """Counted under a lock, which is given back between the look and the change."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.readers = 0

    def read(self) -> None:
        with self.lock:
            now = self.readers
        with self.lock:
            self.readers = now + 1
        with self.lock:
            self.readers -= 1


class Semaphores:
    """Three, each taken before the next one by one of three threads."""

    def __init__(self) -> None:
        self.all = [threading.Semaphore(1) for _ in range(3)]

    def take(self, first: int) -> None:
        with self.all[first], self.all[(first + 1) % 3]:
            pass


class Account:
    """Looks, awaits, then takes; two loops in two threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.balance = 100

    def look(self) -> int:
        with self.lock:
            return self.balance

    def take(self, amount: int) -> None:
        with self.lock:
            self.balance -= amount

    async def _pay(self) -> None:
        if self.look() >= 80:
            await asyncio.sleep(0)
            self.take(80)

    def pay(self) -> None:
        asyncio.run(self._pay())


BLIND = (
    Program(
        letter="A",
        what="look into a set, then add to it",
        setup=Members,
        workers=(Members.join, Members.join),
        holds=lambda state: state.joined == 1,
        model="free-threaded",
    ),
    Program(
        letter="B",
        what="index moved before the slot is written",
        setup=Ring,
        workers=(Ring.put, Ring.get),
        holds=lambda state: state.got in ([], ["value"]),
        model="free-threaded",
    ),
    Program(
        letter="C",
        what="double-checked, published too early",
        setup=Double,
        workers=(Double.get, Double.get),
        holds=lambda state: not state.missing,
        model="free-threaded",
    ),
    Program(
        letter="D",
        what="cancelled between a look and a result",
        setup=Work,
        workers=(Work.work, Work.cancel),
        holds=lambda state: not state.errors,
    ),
    Program(
        letter="E",
        what="three readers counted in two steps",
        setup=Readers,
        workers=(Readers.read, Readers.read, Readers.read),
        holds=lambda state: state.readers == 0,
    ),
    Program(
        letter="F",
        what="circle of three semaphores",
        setup=Semaphores,
        workers=(lambda state: state.take(0), lambda state: state.take(1), lambda state: state.take(2)),
        holds=lambda state: True,
        shows="deadlock",
    ),
    Program(
        letter="G",
        what="overdrawn across an await",
        setup=Account,
        workers=(Account.pay, Account.pay),
        holds=lambda state: state.balance >= 0,
    ),
)
