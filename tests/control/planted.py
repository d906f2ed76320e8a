"""Code with planted races, and the same without them: what the tests of instrumentation put points into."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Account", "Box", "Once", "Signal", "Slots", "average", "climb", "countdown", "numbers", "rebinding"]

total = 0


class Account:
    """A lost update: possible without a GIL, impossible with one, since nothing between the lines switches threads."""

    def __init__(self) -> None:
        self.n = 0
        self.lock = threading.Lock()

    def deposit(self) -> None:
        x = self.n
        self.n = x + 1

    def deposit_safely(self) -> None:
        with self.lock:
            x = self.n
            self.n = x + 1

    @property
    def double(self) -> int:
        return self.n * 2

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None  # type: ignore[assignment]


class Once:
    """Check, then act, with a C call between them."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.done = False

    def perform(self) -> None:
        if not self.done:
            self.log.append("performed")
            self.done = True


class Signal:
    """A callback that comes between the check and the append is lost."""

    def __init__(self) -> None:
        self.fired = False
        self.callbacks: list[Callable[[], None]] = []

    def add(self, callback: Callable[[], None]) -> None:
        if not self.fired:
            self.callbacks.append(callback)
        else:
            callback()

    def fire(self) -> None:
        self.fired = True
        for callback in self.callbacks[:]:
            callback()


class Slots:
    """Its objects cannot be referred to weakly."""

    __slots__ = ("inner", "value")

    def __init__(self, inner: Any = None) -> None:
        self.value = 0
        self.inner = inner


class Box:
    """Holds others."""

    def __init__(self, content: Any) -> None:
        self.content = content
        self.items = {"key": 1}

    def touch(self) -> None:
        self.content.value = 1
        self.items["key"] = self.content.value


def add_to_total() -> None:
    """Rebinds a name of the module."""
    global total
    total += 1


def rebinding() -> tuple[Callable[[], None], Callable[[], int]]:
    """A variable of a closure that one function rebinds and another reads."""
    count = 0
    lock = threading.Lock()

    def add() -> None:
        nonlocal count
        with lock:
            x = count
            count = x + 1

    return add, lambda: count


def countdown(count: int) -> int:
    """A loop."""
    while count:
        count -= 1
    return count


def average(numbers: list[int]) -> float:
    """Arithmetic, and two calls of C functions."""
    first = numbers[0]
    return (first + len(numbers)) / 2 if isinstance(first, int) else 0.0


def numbers(last: int) -> Iterator[int]:
    """A generator."""
    for number in range(last):
        yield number + 0


def climb(height: int) -> int:
    """A recursion that ends in an exception."""
    if not height:
        raise LookupError("top")
    return climb(height - 1)


async def chain(depth: int) -> int:
    """Coroutines inside each other."""
    return await chain(depth - 1) + 1 if depth else 0
