"""What a point costs at which nobody is switched to: with one actor, and with a second one that is never chosen."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from futurefuzz.control import Control
from futurefuzz.control.takeover import controlled
from futurefuzz.explorers.base import Pending
from tests.benchmarks.measuring import arguments, pin

__all__ = ["measure"]


class _GoOn:
    name = "go on"
    recording = False

    def begin(self, view: Any) -> bool:
        return True

    def choose(self, current: int, enabled: Any) -> int:
        return current if current >= 0 and current in enabled else enabled[0]

    def end(self, view: Any) -> None: ...


def measure(count: int = 100_000, repeat: int = 7) -> dict[str, float]:
    """Nanoseconds a point, by the number of actors."""
    return {
        name: median(_once(count, others) for _ in range(repeat)) for name, others in (("alone", 0), ("asked", 1))
    }


def _once(count: int, others: int) -> float:
    control = Control(_GoOn(), step_bound=count + 10)
    event = Pending("point", "here", True)
    times: list[float] = []

    def body() -> None:
        begin = time.process_time()
        for _ in range(count):
            control.point(event)
        times.append((time.process_time() - begin) / count * 1e9)

    control.spawn("busy", body)
    for _ in range(others):
        control.spawn("other", lambda: None)
    with controlled(control):
        control.run()
    return times[0]


def main() -> None:
    """Print the times."""
    pin()
    for name, time_ in measure(**arguments(__doc__, count=100_000, repeat=7)).items():
        print(f"{name:6s} {time_:6.0f} ns a point")  # noqa: T201


if __name__ == "__main__":
    main()
