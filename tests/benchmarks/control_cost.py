"""What control costs: "loop + 2 threads, 3 operations each" under control, against the same one after another.

Uncontrolled means twice the same virtual loop and no points: (a) through the same bookkeeping (values with labels,
history, callback objects), (b) as bare asyncio calls that leave nothing to judge.
"""

from __future__ import annotations

import random
from typing import Any

from futurefuzz import explorers, targets
from futurefuzz.control import Control
from futurefuzz.control.loop import VirtualLoop
from futurefuzz.control.takeover import controlled
from futurefuzz.explorers.base import Pending
from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.runs.capture import captured, deferred_interrupt, undisturbed
from futurefuzz.runs.executor import execute
from futurefuzz.runs.world import World
from tests.benchmarks.measuring import arguments, pin, rounds

__all__ = ["compare"]

PROGRAM = Program(
    actors=(
        Actor(
            kind="task",
            operations=(
                Operation(name="add_done_callback", callback=0),
                Operation(name="await"),
                Operation(name="result"),
            ),
        ),
        Actor(
            kind="thread",
            operations=(
                Operation(name="done"),
                Operation(name="set_result", via="post-if-pending"),
                Operation(name="done"),
            ),
        ),
        Actor(
            kind="thread",
            operations=(
                Operation(name="cancelled"),
                Operation(name="cancel", via="post"),
                Operation(name="cancelled"),
            ),
        ),
    ),
    callbacks=(Callback(),),
)
TARGET = targets.find("asyncio.Future")


class _Idle:
    name = "idle"
    recording = False

    def begin(self, view: Any) -> bool:
        return True

    def choose(self, current: int, enabled: Any) -> int:
        raise AssertionError("there is no choice without control")

    def end(self, view: Any) -> None: ...


class Uncontrolled(Control):
    """Performs the actors one after the other on the calling thread: no points, no choices, no hand-over."""

    def point(self, event: Pending, wanted: object = None) -> None:
        """Nothing."""

    def block(self, resource: object, kind: str = "wait", timeout: float | None = None) -> bool:
        """The loop has nothing more to do: whoever waits is told that time is up."""
        assert self._on_idle is not None
        return self._on_idle()

    def unblock(self, index: int) -> None:
        """Nobody is blocked."""

    def run(self) -> None:
        """Threads first, then the loop, which finds all that they have posted."""
        for index in [*range(1, len(self._actors)), 0]:
            self.current = index
            self._actors[index].body()
        self.current = -1
        self._actors.clear()
        self._on_idle = self._site = None


def with_bookkeeping() -> list[Any]:
    """(a) As `execute`, without control."""
    history: list[Any] = []
    control = Uncontrolled(_Idle(), on_idle=lambda: world.idle(), site=lambda carrier: world.site(carrier))
    world = World(PROGRAM, TARGET, control, history, snapshots=False)
    with deferred_interrupt(), controlled(control), undisturbed(), captured(world.logged, world.unraisable):
        try:
            world.set_up()
            control.run()
        finally:
            world.finish()
    return history


def bare() -> None:
    """(b) The same calls, with nothing around them."""
    control = Uncontrolled(_Idle(), on_idle=lambda: loop.stop() is None)
    loop = VirtualLoop(control, 0, lambda handle: None)
    future = TARGET.new_future(loop)

    def callback(done: Any) -> None:
        done.done()

    async def main() -> None:
        future.add_done_callback(callback)
        try:
            await future
            future.result()
        finally:
            loop.stop()

    def robust() -> None:
        if not future.done():
            future.set_result("value")

    task = loop.create_task(main())
    future.done()
    loop.call_soon_threadsafe(robust)
    future.done()
    future.cancelled()
    loop.call_soon_threadsafe(future.cancel)
    future.cancelled()
    loop.run_forever()
    task.done()
    loop.close()


def compare(count: int = 500, repeat: int = 9) -> dict[str, float]:
    """Microseconds a run: (a), (b), and controlled under two explorers."""
    candidates: dict[str, Any] = {"bookkeeping": with_bookkeeping, "bare": bare}
    for name in ("random", "alternating"):
        explorer = explorers.make(name, random.Random(1))
        candidates[name] = lambda explorer=explorer: execute(PROGRAM, TARGET, explorer)
    return rounds(candidates, count=count, repeat=repeat)


def main() -> None:
    """Print the ratios."""
    pin()
    found = compare(**arguments(__doc__, count=500, repeat=9))
    for name, time in found.items():
        print(  # noqa: T201
            f"{name:12s} {time:7.1f} us a run   rate against (a) bookkeeping {found['bookkeeping'] / time:5.2f}"
            f"   against (b) bare {found['bare'] / time:5.2f}"
        )


if __name__ == "__main__":
    main()
