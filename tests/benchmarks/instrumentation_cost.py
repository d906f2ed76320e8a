"""What points inside code cost: never installed, gone again, installed but outside of a run, and in a run.

All on the same work: calls of small methods that read, write, append and loop. In a run there is one actor, so nobody
asks an explorer: the price of coming to the points. Other code, which has no points, is measured beside it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from futurefuzz.control import Control
from futurefuzz.control.instrumentation import MODELS, Instrumentation
from futurefuzz.control.takeover import controlled
from tests.benchmarks.measuring import arguments, pin, rounds

__all__ = ["compare"]

TIMES = 200
_TEXT = "where a thread may be switched " * 20


class Work:
    """Reads, writes, appends and loops."""

    def __init__(self) -> None:
        self.n = 0
        self.log: list[int] = []

    def step(self) -> None:
        """One small method."""
        x = self.n
        self.n = x + 1
        self.log.append(x)

    def all(self) -> None:
        """Many of them."""
        for _ in range(TIMES):
            self.step()


def _other() -> None:
    textwrap.wrap(_TEXT)  # Python code that has no points


class _Idle:
    name = "idle"
    recording = False

    def begin(self, view: Any) -> bool:
        return True

    def choose(self, current: int, enabled: Any) -> int:
        raise AssertionError("there is no choice with one actor")

    def end(self, view: Any) -> None: ...


def _in_a_run(points: Instrumentation | None, body: Callable[[], None]) -> int:
    control = Control(_Idle(), step_bound=10_000_000)
    control.spawn("a", body if points is None else points.carried(body))
    with controlled(control):
        control.run()
    return control.count


def compare(count: int = 30, repeat: int = 7) -> dict[str, tuple[float, float]]:
    """By situation: microseconds for the work, and for other code, which never has points."""
    found: dict[str, tuple[float, float]] = {}

    def measure(name: str, points: Instrumentation | None, in_a_run: bool) -> None:
        candidates: dict[str, Callable[[], object]] = {"work": lambda: Work().all(), "other": _other}
        if in_a_run:
            candidates = {
                "work": lambda: _in_a_run(points, lambda: Work().all()),
                "other": lambda: _in_a_run(points, _other),
            }
        times = rounds(candidates, count=count, repeat=repeat)
        found[name] = (times["work"], times["other"])

    measure("never installed", None, in_a_run=False)
    measure("never installed, run", None, in_a_run=True)
    for model in MODELS:
        points = Instrumentation([__file__], model=model)
        with points:
            measure(f"{model}, outside", points, in_a_run=False)
            measure(f"{model}, run", points, in_a_run=True)
        measure(f"{model}, gone again", None, in_a_run=False)
    return found


def points_of(model: str) -> int:
    """How many points the work has under a model."""
    with Instrumentation([__file__], model=model) as points:
        return _in_a_run(points, lambda: Work().all())


def main() -> None:
    """Print ratios, and nanoseconds a point."""
    pin()
    found = compare(**arguments(__doc__, count=30, repeat=7))
    for name, (work, other) in found.items():
        base = found["never installed, run" if name.endswith("run") else "never installed"]
        text = f"{name:24s} {work:8.1f} us   {work / base[0]:6.2f} times   other code {other / base[1]:6.2f} times"
        model = name.partition(",")[0]
        if model in MODELS and name.endswith("run"):
            text += f"   {(work - base[0]) / points_of(model) * 1000:6.0f} ns a point"
        print(text)  # noqa: T201


if __name__ == "__main__":
    main()
