"""Two correct programs of 2 x 20 steps, to count schedules with."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.benchmarks.peer_programs.shape import Program

__all__ = ["STEADY"]


class Counter:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value = 0

    def twenty(self) -> None:
        for _ in range(20):
            with self.lock:
                self.value += 1


class Toy:
    """A Future whose every operation holds its lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.finished = False
        self.callbacks: list[Callable[[], object]] = []
        self.called = 0

    def call(self) -> None:
        self.called += 1

    def done(self) -> bool:
        with self.lock:
            return self.finished

    def set_result(self) -> None:
        with self.lock:
            self.finished = True
            callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            callback()

    def add_done_callback(self, callback: Callable[[], object]) -> None:
        with self.lock:
            if not self.finished:
                self.callbacks.append(callback)
                return
        callback()

    def looks(self) -> None:
        for _ in range(19):
            self.done()
        self.set_result()

    def registers(self) -> None:
        for _ in range(19):
            self.done()
        self.add_done_callback(self.call)


STEADY = (
    Program(
        letter="increments",
        what="2 x 20 locked increments",
        setup=Counter,
        workers=(Counter.twenty, Counter.twenty),
        holds=lambda state: state.value == 40,
    ),
    Program(
        letter="calls",
        what="2 x 20 calls on a toy Future",
        setup=Toy,
        workers=(Toy.looks, Toy.registers),
        holds=lambda state: state.called == 1,
    ),
)
