"""The loop of the asyncio model: its ready queue, and the tasks whose turns nobody sees.

Semantics: Lib/asyncio/base_events.py and tasks.py of CPython 3.11 to 3.15.
"""

from __future__ import annotations

from collections import deque

from futurefuzz.contracts.asyncio_future import (
    CANCELLED,
    EXCEPTION,
    FIRST_STEP,
    PENDING,
    SELF_STEP,
    START,
    TASK_WAKE,
    Item,
    ModelFuture,
)
from futurefuzz.programs.program import Program

__all__ = ["LoopQueue", "Plan"]


class Plan:
    """What follows from a program alone; kept while one program runs under many schedules."""

    __slots__ = ("groups", "lengths", "program", "tasks", "unequal")

    def __init__(self, program: Program) -> None:
        self.program = program
        self.groups = program.groups()
        self.unequal = [callback.unequal for callback in program.callbacks]
        self.tasks = [number for number, actor in enumerate(program.actors) if actor.kind == "task"]
        self.lengths = [len(actor.operations) for actor in program.actors]


class LoopQueue:
    """A loop with its futures and tasks.

    Where postings of threads and entries of the loop itself may have come in either order (`inbox` is not empty while
    the loop schedules), `guesses` tells which; the list grows as questions come up, `bounds` says how many answers
    each has.
    """

    __slots__ = (
        "at", "bounds", "context", "dropped", "dropping", "futures", "gates", "guesses", "inbox", "is_task", "plan",
        "ready", "refused", "step",
    )  # fmt: skip

    def __init__(self, plan: Plan, guesses: list[int], bounds: list[int], *, is_task: bool) -> None:
        self.plan = plan
        self.guesses = guesses
        self.bounds = bounds
        self.step = 0
        self.is_task = is_task
        count = plan.program.futures
        self.ready: deque[Item] = deque()
        if is_task:
            self.gates = [ModelFuture() for _ in range(count)]
            self.futures = [ModelFuture(gate) for gate in self.gates]
            for link in plan.program.links:
                self.futures[link.of].gate = self.futures[link.to]
            self.ready.extend([(FIRST_STEP, future) for future in self.futures])
        else:
            self.gates = self.futures = [ModelFuture() for _ in range(count)]
        for number in plan.tasks:
            self.ready.append((START, number))
        self.inbox: list[Item] = []  # posted by threads since the loop's last event
        self.context = ""  # that the loop runs in
        self.dropping: set[int] = set()  # futures that somebody drops or has dropped
        self.dropped: set[int] = set()
        self.at = -1  # position in the history
        self.refused = ""  # where somebody may have been refused although the outcome is a RuntimeError, too: why

    def guess(self, bound: int) -> int:
        """One of `bound` possibilities, which the history does not tell apart here."""
        step = self.step
        self.step = step + 1
        if step == len(self.guesses):
            self.guesses.append(0)
            self.bounds.append(bound)
            return 0
        return self.guesses[step]

    def schedule(self, item: Item) -> None:
        """The loop puts something into its queue; postings since its last event may come before or after."""
        inbox = self.inbox
        if inbox:
            before = self.guess(len(inbox) + 1)
            if before:
                self.ready.extend(inbox[:before])
                del inbox[:before]
        self.ready.append(item)

    def complete(self, future: ModelFuture, state: int, label: str) -> None:
        """Complete a future and schedule its callbacks."""
        future.state = state
        future.label = label
        callbacks = future.callbacks
        if callbacks:
            if self.inbox:
                for item in callbacks:
                    self.schedule(item)
            else:
                self.ready.extend(callbacks)
            future.callbacks = []

    def next_item(self) -> Item | None:
        """The next item whose turn shows in the history; those before it that do not show have had theirs."""
        ready = self.ready
        while True:
            if not ready:
                if not self.inbox:
                    return None
                ready.append(self.inbox.pop(0))
            item = ready.popleft()
            turn = item[0]
            if turn == FIRST_STEP:
                self.first_step(item[1])
            elif turn == TASK_WAKE:
                self.task_wake(item[1])
            elif turn == SELF_STEP:
                self.self_step(item[1])
            elif turn != START or self.plan.lengths[item[1]]:
                return item

    def first_step(self, task: ModelFuture) -> None:
        """A task starts its coroutine, which awaits the gate at once."""
        if task.must_cancel:  # the coroutine never starts
            self.complete(task, CANCELLED, task.request)
        elif task.gate is task:
            self.schedule((SELF_STEP, task))
        elif task.gate is not None and task.gate.state == PENDING:
            task.waits = True
            task.beside_itself = self.is_beside_itself(task.gate)
            task.gate.callbacks.append((TASK_WAKE, task))
        else:
            self.task_wake(task)

    def task_wake(self, task: ModelFuture) -> None:
        """A task whose gate is done goes on, to its end; a cancellation asked for meanwhile comes first."""
        gate = task.gate
        assert gate is not None
        if gate.state == CANCELLED:
            self.complete(task, CANCELLED, gate.label)
        elif task.must_cancel:
            self.complete(task, CANCELLED, task.request)
        else:
            task.stopped = gate.stopped
            self.complete(task, gate.state, gate.label)

    def is_beside_itself(self, task: ModelFuture) -> bool:
        """Whether a task has tried to await itself and has not been told yet that this cannot be."""
        return task.gate is task and (SELF_STEP, task) in self.ready

    def self_step(self, task: ModelFuture) -> None:
        """A task that awaits itself is told so, with its next step; a cancellation asked for meanwhile comes first."""
        if task.must_cancel:
            self.complete(task, CANCELLED, task.request)
        else:
            self.complete(task, EXCEPTION, "RuntimeError")
