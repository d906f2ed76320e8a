"""The shape that fits every tool: shared state, what the threads do with it, and what holds afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Program", "whole"]


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program for a few threads.

    Args:
        letter: how tables call it.
        what: the bug, in a few words.
        setup: makes the state.
        workers: each is what one thread does with the state.
        holds: whether the state is right when all have ended.
        shows: `wrong` when `holds` says no, `deadlock` when threads never end.
        model: the weakest preemption model under which it can fail.
    """

    letter: str
    what: str
    setup: Callable[[], Any]
    workers: tuple[Callable[[Any], object], ...]
    holds: Callable[[Any], bool]
    shows: str = "wrong"
    model: str = "operation"


def whole(program: Program) -> Callable[[], None]:
    """The program as one ordinary function that starts its threads, waits for them and asserts."""

    def run() -> None:
        state = program.setup()
        threads = [threading.Thread(target=worker, args=(state,)) for worker in program.workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert program.holds(state)

    return run
