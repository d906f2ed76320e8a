"""Sixteen more bugs, of other kinds: they say whether what helps with the first
thirteen helps elsewhere, too (`python -m tests.benchmarks.held_out`)."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import Any

from tests.benchmarks.peer_programs.shape import Program

__all__ = ["HELD_OUT"]


class Tally:
    """A count for each word, in a dictionary."""

    def __init__(self) -> None:
        self.counts = {"word": 0}

    def add(self) -> None:
        self.counts["word"] = self.counts["word"] + 1


class Bag:
    """One item, and two who want it."""

    def __init__(self) -> None:
        self.items = ["item"]
        self.errors: list[Exception] = []

    def take(self) -> None:
        try:
            if len(self.items) > 0:
                self.items.pop()
        except IndexError as error:
            self.errors.append(error)


class Lazy:
    """Made when first asked for."""

    def __init__(self) -> None:
        self.made = 0
        self.instance: object = None

    def make(self) -> object:
        self.made += 1
        return object()

    def get(self) -> None:
        if self.instance is None:
            self.instance = self.make()


class Published:
    """Says that it is ready before it is."""

    def __init__(self) -> None:
        self.ready = False
        self.value: int | None = None
        self.seen: list[int | None] = []

    def publish(self) -> None:
        self.ready = True
        self.value = 7

    def look(self) -> None:
        if self.ready:
            self.seen.append(self.value)


class Stack:
    """Linked, with compare-and-set of its head: A, B, then A again deceives it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.head: str | None = "a"
        self.below: dict[str | None, str | None] = {"a": "b", "b": None}
        self.freed: list[str | None] = []

    def _read(self) -> str | None:
        with self.lock:
            return self.head

    def _set(self, old: str | None, new: str | None) -> bool:
        with self.lock:
            if self.head != old:
                return False
            self.head = new
            return True

    def pop(self) -> str | None:
        while (top := self._read()) is not None:
            below = self.below[top]
            if self._set(top, below):
                return top
        return None

    def pop_two_and_push_one(self) -> None:
        one = self.pop()
        other = self.pop()
        self.freed.append(other)
        self.below[one] = None
        while not self._set(None, one):
            if self._read() is not None:
                return


class Bell:
    """Clears the event after it has looked."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.items: list[int] = []

    def consume(self) -> None:
        if not self.items:
            self.event.clear()
            self.event.wait()

    def produce(self) -> None:
        self.items.append(1)
        self.event.set()


class Started:
    """Starts a thread, then makes what it needs."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.errors: list[Exception] = []

    def use(self) -> None:
        try:
            with self.lock:
                self.connection  # type: ignore[attr-defined]  # noqa: B018
        except AttributeError as error:
            self.errors.append(error)

    def start(self) -> None:
        thread = threading.Thread(target=self.use)
        thread.start()
        with self.lock:
            self.connection = "open"
        thread.join()


class Accounts:
    """Each balance has a lock, but not the two together."""

    def __init__(self) -> None:
        self.first, self.second = threading.Lock(), threading.Lock()
        self.here, self.there = 100, 0
        self.sum = 100

    def transfer(self) -> None:
        with self.first:
            self.here -= 50
        with self.second:
            self.there += 50

    def audit(self) -> None:
        with self.first:
            here = self.here
        with self.second:
            there = self.there
        self.sum = here + there


class Relay:
    """Three threads hand a stage on; the first must not be in the middle of it when the last has it."""

    def __init__(self) -> None:
        self.stage = 0
        self.busy = False
        self.wrong = False

    def one(self) -> None:
        self.busy = True
        self.stage = 1
        self.busy = False

    def two(self) -> None:
        if self.stage == 1:
            self.stage = 2

    def three(self) -> None:
        if self.stage == 2 and self.busy:
            self.wrong = True


class Talk:
    """Two threads in three steps each, every one under a lock: wrong only when they take exact turns."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.said: list[str] = []

    def _say(self, word: str, after: list[str]) -> None:
        with self.lock:
            if self.said == after:
                self.said.append(word)

    def one(self) -> None:
        self._say("a", [])
        self._say("c", ["a", "b"])

    def two(self) -> None:
        self._say("b", ["a"])
        self._say("d", ["a", "b", "c"])


class Shared:
    """Closed by the last who leaves, if that is one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 2
        self.closed = 0

    def left(self) -> int:
        return self.users

    def leave(self) -> None:
        with self.lock:
            self.users -= 1
        if self.left() == 0:
            self.closed += 1


class Table:
    """Three philosophers."""

    def __init__(self) -> None:
        self.forks = [threading.Lock() for _ in range(3)]

    def eat(self, seat: int) -> None:
        with self.forks[seat], self.forks[(seat + 1) % 3]:
            pass


class Orders:
    """Two workers who look whether there is anything before they wait for it."""

    def __init__(self) -> None:
        self.queue: queue.Queue[int] = queue.Queue()
        self.queue.put(1)

    def work(self) -> None:
        if not self.queue.empty():
            self.queue.get()


class Registry:
    """Goes through a dictionary that another thread adds to."""

    def __init__(self) -> None:
        self.entries: dict[str, int] = {"a": 1, "b": 2, "c": 3}
        self.errors: list[Exception] = []

    def total(self) -> None:
        try:
            found = 0
            for value in self.entries.values():
                found += abs(value)
        except RuntimeError as error:
            self.errors.append(error)

    def add(self) -> None:
        self.entries.setdefault("d", 4)


class Shop:
    """Two customers wait with `if`, not `while`."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.goods: list[str] = []
        self.errors: list[Exception] = []

    def buy(self) -> None:
        with self.condition:
            if not self.goods:
                self.condition.wait(5)
            try:
                self.goods.pop()
            except IndexError as error:
                self.errors.append(error)

    def deliver(self) -> None:
        for _ in range(2):
            with self.condition:
                self.goods.append("bread")
                self.condition.notify()


class Closing:
    """Posts to a loop that may have been closed."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.errors: list[Exception] = []

    def run(self) -> None:
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def post(self) -> None:
        if not self.loop.is_closed():
            try:
                self.loop.call_soon_threadsafe(str)
            except RuntimeError as error:
                self.errors.append(error)


def _no_errors(state: Any) -> bool:
    return not state.errors


HELD_OUT = (
    Program(
        letter="1",
        what="lost update of an item",
        setup=Tally,
        workers=(Tally.add, Tally.add),
        holds=lambda state: state.counts == {"word": 2},
        model="free-threaded",
    ),
    Program(
        letter="2",
        what="look, then pop",
        setup=Bag,
        workers=(Bag.take, Bag.take),
        holds=_no_errors,
        model="gil",
    ),
    Program(
        letter="3",
        what="made twice",
        setup=Lazy,
        workers=(Lazy.get, Lazy.get),
        holds=lambda state: state.made == 1,
        model="gil",
    ),
    Program(
        letter="4",
        what="published too early",
        setup=Published,
        workers=(Published.publish, Published.look),
        holds=lambda state: state.seen in ([], [7]),
        model="free-threaded",
    ),
    Program(
        letter="5",
        what="ABA",
        setup=Stack,
        workers=(Stack.pop, Stack.pop_two_and_push_one),
        holds=lambda state: state.head not in state.freed or state.head is None,
    ),
    Program(
        letter="6",
        what="event cleared after it was set",
        setup=Bell,
        workers=(Bell.consume, Bell.produce),
        holds=lambda state: True,
        shows="deadlock",
    ),
    Program(
        letter="7",
        what="used before it is made",
        setup=Started,
        workers=(Started.start,),
        holds=_no_errors,
    ),
    Program(
        letter="8",
        what="two balances, each with its lock",
        setup=Accounts,
        workers=(Accounts.transfer, Accounts.audit),
        holds=lambda state: state.sum == 100,
    ),
    Program(
        letter="9",
        what="three threads hand a stage on",
        setup=Relay,
        workers=(Relay.one, Relay.two, Relay.three),
        holds=lambda state: not state.wrong,
        model="free-threaded",
    ),
    Program(
        letter="10",
        what="three exact preemptions between locks",
        setup=Talk,
        workers=(Talk.one, Talk.two),
        holds=lambda state: state.said != ["a", "b", "c", "d"],
    ),
    Program(
        letter="11",
        what="closed twice",
        setup=Shared,
        workers=(Shared.leave, Shared.leave),
        holds=lambda state: state.closed == 1,
        model="gil",
    ),
    Program(
        letter="12",
        what="three philosophers",
        setup=Table,
        workers=(lambda state: state.eat(0), lambda state: state.eat(1), lambda state: state.eat(2)),
        holds=lambda state: True,
        shows="deadlock",
    ),
    Program(
        letter="13",
        what="look into a queue, then wait for it",
        setup=Orders,
        workers=(Orders.work, Orders.work),
        holds=lambda state: True,
        shows="deadlock",
    ),
    Program(
        letter="14",
        what="dictionary changed under a loop",
        setup=Registry,
        workers=(Registry.total, Registry.add),
        holds=_no_errors,
        model="gil",
    ),
    Program(
        letter="15",
        what="woken, but another was faster",
        setup=Shop,
        workers=(Shop.buy, Shop.buy, Shop.deliver),
        holds=_no_errors,
    ),
    Program(
        letter="16",
        what="posted to a loop that was closed meanwhile",
        setup=Closing,
        workers=(Closing.post, Closing.run),
        holds=_no_errors,
        model="gil",
    ),
)
