"""What handing the baton to another thread costs, pinned to one core and not, against two bare locks."""

from __future__ import annotations

import _thread
import os
import time
from statistics import median
from typing import Any

from futurefuzz.control import Control
from futurefuzz.control.gates import closed_gate
from futurefuzz.control.takeover import controlled
from futurefuzz.explorers.base import Pending
from tests.benchmarks.measuring import arguments, pin

__all__ = ["measure"]


class _TakeTurns:
    name = "take turns"
    recording = False

    def begin(self, view: Any) -> bool:
        return True

    def choose(self, current: int, enabled: Any) -> int:
        return enabled[-1] if current == enabled[0] else enabled[0]

    def end(self, view: Any) -> None: ...


def _controlled(count: int) -> float:
    control = Control(_TakeTurns(), step_bound=2 * count + 10)
    event = Pending("turn", "here", True)

    def body() -> None:
        for _ in range(count):
            control.point(event)

    control.spawn("a", body)
    control.spawn("b", body)
    begin = time.perf_counter()
    with controlled(control):
        control.run()
    return (time.perf_counter() - begin) / (2 * count) * 1e6


def _bare(count: int) -> float:
    mine, other, end = (closed_gate() for _ in range(3))

    def answer() -> None:
        for _ in range(count):
            other.acquire()
            mine.release()
        end.release()

    _thread.start_new_thread(answer, ())
    begin = time.perf_counter()
    for _ in range(count):
        other.release()
        mine.acquire()
    end.acquire()
    return (time.perf_counter() - begin) / (2 * count) * 1e6


def measure(count: int = 5_000, repeat: int = 7) -> dict[str, float]:
    """Microseconds a hand-over on the clock."""
    found: dict[str, list[float]] = {}
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    for where in ("pinned", "free"):
        if where == "pinned":
            pin()
        elif cores is not None:
            os.sched_setaffinity(0, cores)
        for _ in range(repeat):
            found.setdefault(f"controlled, {where}", []).append(_controlled(count))
            found.setdefault(f"bare locks, {where}", []).append(_bare(count))
    return {name: median(times) for name, times in found.items()}


def main() -> None:
    """Print the times."""
    for name, time_ in measure(**arguments(__doc__, count=5_000, repeat=7)).items():
        print(f"{name:20s} {time_:6.1f} us a hand-over")  # noqa: T201


if __name__ == "__main__":
    main()
