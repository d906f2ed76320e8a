"""What is known about the health of a loop: measurements, and the verdicts that can be given on them."""

from __future__ import annotations

from typing import Any

from attrs import asdict, field, frozen

from futurefuzz.contracts.verdict import Clause
from futurefuzz.health.histogram import Histogram

__all__ = ["Complaint", "Depth", "LoopHealth", "Slow", "Stranger", "Verdict", "Waiter"]


@frozen(kw_only=True)
class Slow:
    """A callback, or a step of a task, that kept the loop from everything else.

    Args:
        what: name of the task, or of the callback.
        where: `file:line in function`; of a task, where it stood afterwards.
        seconds: that it took; virtual ones under control.
        blocking: it blocked the thread in a call (known under control only); empty where that is not known.
    """

    what: str
    where: str
    seconds: float
    blocking: str = ""


@frozen(kw_only=True)
class Waiter:
    """A task that waits.

    Args:
        name: of the task.
        where: `file:line in function` of the user's await.
        waits_for: what it awaits, in words.
        seconds: for which it has waited at least.
        stalled: nobody is left who could wake it (known under control only).
    """

    name: str
    where: str
    waits_for: str
    seconds: float
    stalled: bool = False


@frozen(kw_only=True)
class Complaint:
    """A call of the loop's exception handler.

    Args:
        kind: `raised` (a callback), `never-retrieved`, `destroyed` (a pending task) or `other`.
        message: asyncio's own.
        error: the exception as `Type: text`; empty when there is none.
        what: the callback, future or task, by name.
        where: `file:line in function` where the exception was raised, or where the object was made.
    """

    kind: str
    message: str
    error: str
    what: str
    where: str


@frozen(kw_only=True)
class Stranger:
    """A callback that another thread scheduled without waking the loop.

    Args:
        thread: its name.
        where: `file:line in function` of the user's code that did it.
        callback: what it scheduled.
    """

    thread: str
    where: str
    callback: str


@frozen(kw_only=True)
class Depth:
    """The ready queue as each iteration of the loop found it.

    Args:
        now: callbacks that are ready.
        deepest: the most that an iteration found.
        busy: iterations since one found the queue empty.
        busy_seconds: seconds since then; 0 when the last one did.
        growing: since then it has grown and grown: half-way it was never so short again as before.
        samples: depths over time, at most 256, from the beginning of the watch.
    """

    now: int = 0
    deepest: int = 0
    busy: int = 0
    busy_seconds: float = 0.0
    growing: bool = False
    samples: tuple[int, ...] = ()


@frozen(kw_only=True)
class Verdict:
    """A clause about the use of a loop that the program broke.

    Args:
        clause: which, with its sentence of documentation.
        cause: one sentence.
    """

    clause: Clause
    cause: str

    def to_json(self) -> dict[str, Any]:
        """As in the JSON forms."""
        return {"clause": self.clause.id, "grade": self.clause.grade, "cause": self.cause}


@frozen(kw_only=True)
class LoopHealth:
    """One loop, as it was seen.

    Args:
        name: `loop 1`, in the order in which they were first seen.
        iterations: of the loop while it was watched.
        depth: of its ready queue.
        latency: from `call_soon` to the run of the callback.
        duration: of callbacks.
        slow: the slowest callbacks over the bound, the slowest first.
        slow_count: how many there were.
        bound: seconds from which on a callback counts as slow.
        waiters: tasks that wait now.
        complaints: calls of the exception handler; the first 100.
        strangers: what other threads scheduled without waking the loop; the first 100.
        virtual: time was the control's.
        outside: only what comes by the loop's public methods was seen: the loop is none of asyncio's own.
        unit: of the latencies: `seconds`, or `iterations` of the loop where no time passes.
        verdicts: what can be told exactly.
    """

    name: str
    iterations: int
    depth: Depth
    latency: Histogram
    duration: Histogram
    slow: tuple[Slow, ...] = ()
    slow_count: int = 0
    bound: float = 0.1
    waiters: tuple[Waiter, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    virtual: bool = False
    outside: bool = False
    unit: str = "seconds"
    verdicts: tuple[Verdict, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """As in the JSON forms."""
        return {
            "name": self.name,
            "iterations": self.iterations,
            "virtual": self.virtual,
            "outside": self.outside,
            "depth": asdict(self.depth) | {"samples": list(self.depth.samples)},
            "unit": self.unit,
            "latency": self.latency.to_json(1.0 if self.unit == "iterations" else 1e9),
            "duration": self.duration.to_json(),
            "slow_callback_duration": self.bound,
            "slow_count": self.slow_count,
            "slow": [asdict(each) for each in self.slow],
            "waiters": [asdict(each) for each in self.waiters],
            "complaints": [asdict(each) for each in self.complaints],
            "strangers": [asdict(each) for each in self.strangers],
            "verdicts": [each.to_json() for each in self.verdicts],
        }
