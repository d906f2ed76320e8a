"""Programs with planted bugs, and twins without."""

from __future__ import annotations

from futurefuzz.explorers.base import Pending
from tests.explorers.machine import Block, Body, Machine, Program, events


def read(name: str) -> Pending:
    """The point before a read."""
    return Pending("read", name, False)


def write(name: str) -> Pending:
    """The point before a write."""
    return Pending("write", name, True)


def lost_update(machine: Machine) -> None:
    """Two actors increment a counter without a lock."""
    variables = machine.variables
    variables["x"] = 0

    def body() -> Body:
        yield read("x")
        seen = variables["x"]
        yield write("x")
        variables["x"] = seen + 1

    machine.spawn(body())
    machine.spawn(body())

    def finish() -> None:
        assert variables["x"] == 2, "lost update"

    machine.finish = finish


def locked_update(machine: Machine) -> None:
    """The same with a lock: no bug."""
    variables = machine.variables
    variables["x"] = 0

    def body() -> Body:
        yield from machine.acquire("lock")
        yield read("x")
        seen = variables["x"]
        yield write("x")
        variables["x"] = seen + 1
        yield from machine.release("lock")

    machine.spawn(body())
    machine.spawn(body())

    def finish() -> None:
        assert variables["x"] == 2, "lost update"

    machine.finish = finish


def check_then_act(machine: Machine) -> None:
    """`if not done: resolve` against a cancellation, behind some steps of its own."""
    variables = machine.variables
    variables["done"] = False

    def resolver() -> Body:
        for _ in range(5):
            yield write("mine")
        yield read("done")
        if not variables["done"]:
            yield write("done")
            assert not variables["done"], "InvalidStateError"
            variables["done"] = True

    def canceller() -> Body:
        yield write("done")
        variables["done"] = True

    machine.spawn(resolver())
    machine.spawn(canceller())


def deadlock(machine: Machine) -> None:
    """Two locks, taken in opposite orders."""

    def body(first: str, second: str) -> Body:
        yield from machine.acquire(first)
        yield from machine.acquire(second)
        yield from machine.release(second)
        yield from machine.release(first)

    machine.spawn(body("a", "b"))
    machine.spawn(body("b", "a"))


def behind_a_long_thread(noise: int) -> Program:
    """A long actor does something just before its end that a short one must hit."""

    def program(machine: Machine) -> None:
        variables = machine.variables
        variables["open"] = False

        def long() -> Body:
            for _ in range(noise):
                yield write("mine")
            yield write("flag")
            variables["open"] = True
            yield write("flag")
            variables["open"] = False

        def short() -> Body:
            yield read("flag")
            assert not variables["open"], "seen open"

        machine.spawn(long())
        machine.spawn(short())

    return program


def three_preemptions(machine: Machine) -> None:
    """One actor counts to 9; the other must look at exactly 2, 5 and 8 (each look falls into one gap)."""
    variables = machine.variables
    variables["x"] = 0

    def counter() -> Body:
        for value in range(1, 10):
            yield write("x")
            variables["x"] = value

    def observer() -> Body:
        seen = []
        for _ in range(3):
            yield read("x")
            seen.append(variables["x"])
        assert seen != [2, 5, 8], "all three met"

    machine.spawn(counter())
    machine.spawn(observer())


def late_timeout(machine: Machine) -> None:
    """A waiter whose timeout expires while the one who would wake it is at work."""
    variables = machine.variables
    variables["ready"] = False

    def waiter() -> Body:
        yield Pending("wait", "ready", True)
        if not variables["ready"]:
            expired = yield Block("ready", timed=True)
            assert not expired, "timed out"

    def waker() -> Body:
        yield write("ready")
        variables["ready"] = True
        machine.wake("ready")

    machine.spawn(waiter())
    machine.spawn(waker())


def spawning(machine: Machine) -> None:
    """A main actor that starts two others in the middle and one of them a third."""

    def main() -> Body:
        yield write("x")
        machine.spawn(child(3, last=False))
        yield write("x")
        machine.spawn(child(2, last=True))
        yield write("x")

    def child(count: int, *, last: bool) -> Body:
        for _ in range(count):
            yield write("x")
        if last:
            machine.spawn(child(2, last=False))

    machine.spawn(main())


def spinning(machine: Machine) -> None:
    """An actor that spins until the other has written: only a fair explorer ends this."""
    variables = machine.variables
    variables["go"] = False

    def spinner() -> Body:
        yield write("x")
        while not variables["go"]:
            yield read("go")

    def other() -> Body:
        yield write("x")
        yield write("x")
        yield write("go")
        variables["go"] = True

    machine.spawn(spinner())
    machine.spawn(other())


def read_only(*counts: int) -> Program:
    """Actors that only read a common resource: nothing races, every order is as good as another."""

    def program(machine: Machine) -> None:
        for count in counts:
            machine.spawn(events("x", count, write=False))

    return program
