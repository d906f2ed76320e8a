"""The asyncio contract as an executable model: a loop's ready queue, futures, tasks over gates, and each operation.

Single-threaded code on a loop is deterministic, so the model knows of every operation which outcome it has, and of
the loop what runs next. `lockstep` walks it along a history.

Semantics: Lib/asyncio/futures.py, tasks.py and base_events.py of CPython 3.11 to 3.15, which differ only in what they
do with a `StopIteration` (A2).
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from futurefuzz.contracts import asyncio_clauses as clauses
from futurefuzz.contracts.labels import kind, title
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.history import Outcome

__all__ = [
    "CALL",
    "CANCELLED",
    "EXCEPTION",
    "FIRST_STEP",
    "NONE",
    "PENDING",
    "POST",
    "REFUSED",
    "RESULT",
    "RESUME",
    "RUNTIME_ERROR",
    "SELF_STEP",
    "SKIPPED",
    "START",
    "TASK_WAKE",
    "WAKE",
    "Diverged",
    "Item",
    "LoopModel",
    "ModelFuture",
    "Plan",
    "Unknown",
]

NONE: Final = ("returned", "None")
TRUE: Final = ("returned", "True")
FALSE: Final = ("returned", "False")
SKIPPED: Final = ("returned", "skipped")
TEXT: Final = ("returned", "str")
INVALID: Final = ("raised", "InvalidStateError")
TYPE_ERROR: Final = ("raised", "TypeError")
RUNTIME_ERROR: Final = ("raised", "RuntimeError")

#: detail and cause where an await ends at once, whether the future is done meanwhile or not
REFUSED: Final = (
    "await refused",
    "A task of the future's own loop awaits it, and gets a RuntimeError instead of its outcome",
)

#: states of a future
PENDING, RESULT, EXCEPTION, CANCELLED = range(4)

# What stands in the ready queue, and in the list of callbacks of a future: (kind, whom it is about, ...)
CALL, START, RESUME, WAKE, POST, FIRST_STEP, TASK_WAKE, SELF_STEP = range(8)
Item = tuple[Any, ...]


class ModelFuture:
    """A future of the model; for the shape `task`, the gate or the task (which then has a gate)."""

    __slots__ = (
        "asked", "beside_itself", "callbacks", "gate", "label", "marked", "must_cancel", "request", "retrieved",
        "state", "stopped", "waits",
    )  # fmt: skip

    def __init__(self, gate: ModelFuture | None = None) -> None:
        self.state = PENDING
        self.label = ""  # of the value or exception; the message of a cancellation
        self.callbacks: list[Item] = []
        self.retrieved = False
        self.gate = gate
        self.waits = False  # a task: it waits for its gate, or the gate is done and the wake-up is on its way
        self.asked = False  # a task: cancel has returned True
        self.beside_itself = False  # a task: it began to await another one, which tried to await itself just then
        self.marked = False  # an await by a task of another loop has failed while it was pending
        self.must_cancel = False
        self.request = ""  # message of the cancellation that is asked for
        self.stopped = ""  # label of the StopIteration that it was given

    def outcome(self) -> Outcome | None:
        """As `result()` would give it; None while pending."""
        if self.state == PENDING:
            return None
        if self.state == CANCELLED:
            return Outcome("raised", f"CancelledError({self.label})" if self.label else "CancelledError")
        return Outcome("returned" if self.state == RESULT else "raised", self.label)

    def stops(self) -> bool:
        """Whether its outcome is, or will be, the RuntimeError of a task that awaits itself, or that a StopIteration
        becomes."""
        return any(one.stopped or one.gate is one for one in self.chain())

    def chain(self) -> list[ModelFuture]:
        """It, what it awaits, what that awaits, and so on, each once."""
        found: list[ModelFuture] = []
        one: ModelFuture | None = self
        while one is not None and not any(one is other for other in found):
            found.append(one)
            one = one.gate
        return found


class Plan:
    """What follows from a program alone; kept while one program runs under many schedules."""

    __slots__ = ("groups", "lengths", "program", "tasks", "unequal")

    def __init__(self, program: Program) -> None:
        self.program = program
        self.groups = program.groups()
        self.unequal = [callback.unequal for callback in program.callbacks]
        self.tasks = [number for number, actor in enumerate(program.actors) if actor.kind == "task"]
        self.lengths = [len(actor.operations) for actor in program.actors]


class Diverged(Exception):
    """The history does something that the model does not."""

    def __init__(self, violation: Violation) -> None:
        self.violation = violation


class Unknown(Exception):
    """Nobody says what is right from here on."""


class LoopModel:
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

    # ---- the ready queue --------------------------------------------------------------------------------------------

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

    # ---- operations -------------------------------------------------------------------------------------------------

    def apply(self, name: str, what: Operation, site: str, outcome: Any) -> None:
        """Check the outcome of an operation, and do to the model what it does."""
        index = what.future
        if outcome == SKIPPED:
            self.skipped(what)
            return
        future = self.futures[index]
        if name == "set_result" or name == "set_exception":
            gate = self.gates[index]
            if gate.state != PENDING:
                if outcome != INVALID:
                    self.differs(clauses.WINNER, f"{name} when done", outcome, INVALID)
            elif name == "set_result":
                if outcome != NONE:
                    self.differs(clauses.WINNER, f"{name} when pending", outcome, NONE)
                self.complete(gate, RESULT, f"v:{site}")
            else:
                self.set_exception(gate, what, site, outcome)
        elif name == "cancel":
            message = f"m:{site}" if what.argument else ""
            if future.state != PENDING:
                if outcome != FALSE:
                    self.differs(clauses.CANCEL, "cancel when done", outcome, FALSE)
            elif self.plan.program.links and self.awaits_itself(future):
                self.cancelled_in_a_circle(outcome)
            elif outcome != TRUE:
                self.differs(
                    clauses.TASK_CANCEL if self.is_task else clauses.CANCEL, "cancel when pending", outcome, TRUE
                )
            elif future.gate is None:
                self.complete(future, CANCELLED, message)
            else:
                self.request_cancellation(future, future.gate, message)
        elif name == "add_done_callback":
            if outcome != NONE:
                self.differs(clauses.OPERATION, name, outcome, NONE)
            context = self.context if what.context is None else str(what.context)
            item = (CALL, (what.callback, index), context)
            if future.state == PENDING:
                future.callbacks.append(item)
            else:
                self.schedule(item)
        elif name == "remove_done_callback":
            self.remove(future, what, outcome)
        elif name == "done":
            self.expect(clauses.STATE, name, outcome, TRUE if future.state != PENDING else FALSE)
        elif name == "cancelled":
            self.expect(clauses.STATE, name, outcome, TRUE if future.state == CANCELLED else FALSE)
        elif name == "result":
            future.retrieved |= future.state == EXCEPTION
            self.answers(clauses.RESULT, name, future, outcome)
        elif name == "exception":
            future.retrieved |= future.state == EXCEPTION
            if future.state == RESULT:
                self.expect(clauses.EXCEPTION, name, outcome, NONE)
            elif future.state == EXCEPTION:
                self.came_through(future, outcome)
                self.expect(clauses.EXCEPTION, name, outcome, ("returned", future.label))
            else:
                self.answers(clauses.EXCEPTION, name, future, outcome)
        elif name == "repr":
            self.expect(clauses.OPERATION, name, outcome, TEXT)
        elif name == "await-elsewhere":
            if future.state == PENDING:
                self.expect(clauses.OPERATION, f"{name} when pending", outcome, RUNTIME_ERROR)
                future.marked = True
            else:
                future.retrieved = True
                self.answers(clauses.AWAIT, name, future, outcome)
        elif name == "drop":
            self.dropped.add(index)
            self.expect(clauses.OPERATION, name, outcome, NONE)
        elif name == "collect":
            self.expect(clauses.OPERATION, name, outcome, NONE)
        # running and set_running are no operations of an asyncio future: whatever comes of them is allowed.

    def request_cancellation(self, task: ModelFuture, gate: ModelFuture, message: str) -> None:
        """Cancel what a task waits for, or else the task with its next step."""
        task.asked = True
        if task.waits and gate.state == PENDING:
            if gate.gate is None:
                self.complete(gate, CANCELLED, message)
            else:  # it awaits another task, which is cancelled in the same way
                self.request_cancellation(gate, gate.gate, message)
        else:
            task.must_cancel = True
            task.request = message

    @staticmethod
    def awaits_itself(task: ModelFuture) -> bool:
        """Whether what the task waits for waits in a circle: a deadlock."""
        passed: list[ModelFuture] = []
        waiting: ModelFuture | None = task
        while waiting is not None and waiting.waits and waiting.state == PENDING:
            if any(waiting is one for one in passed):
                return True
            passed.append(waiting)
            waiting = waiting.gate
        return False

    def cancelled_in_a_circle(self, outcome: Any) -> None:
        """Tasks that await each other in a circle were cancelled. The documentation gives them a way out of it, and
        does not say which of them comes out how."""
        if outcome == ("raised", "RecursionError"):
            self.diverge(
                clauses.TASK_CANCEL,
                "cancel of tasks that await each other: RecursionError raised",
                "cancel of a task that waits in a circle of tasks raised RecursionError, and cancelled none of them",
                grade="interesting",
            )
        if outcome != TRUE:
            self.differs(clauses.TASK_CANCEL, "cancel when pending", outcome, TRUE)
        raise Unknown

    def set_exception(self, gate: ModelFuture, what: Operation, site: str, outcome: Any) -> None:
        """Complete a pending gate with what the argument says."""
        argument = what.argument
        clause = clauses.WINNER if argument is None else clauses.EXCEPTION_ARGUMENT
        if argument in ("not-an-exception", "foreign-class"):
            self.expect(clause, f"{title(what)} when pending", outcome, TYPE_ERROR)
        elif argument == "raising-class":
            self.expect(clause, f"{title(what)} when pending", outcome, ("raised", f"o:e:{site}"))
        elif argument in ("StopIteration", "StopIteration-subclass"):
            # Refused up to 3.12.1; since gh-112182 stored as the cause of a RuntimeError.
            if outcome == TYPE_ERROR:
                return
            self.expect(clause, f"{title(what)} when pending", outcome, NONE)
            gate.stopped = f"e:{site}"
            self.complete(gate, EXCEPTION, "RuntimeError")
        else:
            self.expect(clause, f"{title(what)} when pending", outcome, NONE)
            self.complete(gate, EXCEPTION, f"e:{site}")

    def remove(self, future: ModelFuture, what: Operation, outcome: Any) -> None:
        """Remove every equal callback; waiters stay."""
        groups = self.plan.groups
        assert what.callback is not None
        group = groups[what.callback]
        kept = [item for item in future.callbacks if item[0] != CALL or groups[item[1][0]] != group]
        count = len(future.callbacks) - len(kept)
        future.callbacks = kept
        expected = ("returned", str(count))
        if outcome != expected:
            if self.plan.unequal[what.callback] and outcome == ("returned", "0"):
                self.diverge(
                    clauses.REMOVE,
                    "callback that is not equal to itself stays",
                    "remove_done_callback did not find the very object that was registered: it is not equal to itself",
                    grade="interesting",
                )
            if outcome[0] == "returned" and outcome[1].lstrip("-").isdigit():
                self.diverge(
                    clauses.REMOVE,
                    "wrong count",
                    f"remove_done_callback returned {outcome[1]}, having to remove {count}",
                )
            self.differs(clauses.REMOVE, what.name, outcome, Outcome(*expected))

    def answers(self, clause: Clause, name: str, future: ModelFuture, outcome: Any) -> None:
        """The outcome must be that of the future."""
        expected = future.outcome()
        if outcome == expected:
            return
        self.came_through(future, outcome)
        if expected is None:
            self.expect(clause, name, outcome, INVALID)
        elif future.state == CANCELLED and kind(outcome) == kind(expected):
            # A task hands its message out once, to the first who asks (Task.result after Task.cancel(msg)).
            if future.gate is not None and outcome[1] == "CancelledError":
                return
            self.diverge(
                clauses.MESSAGE,
                f"{name}: wrong message",
                f"{name} raised CancelledError without the message passed to cancel",
            )
        else:
            self.differs(clause, name, outcome, expected)

    def came_through(self, future: ModelFuture, outcome: Any) -> None:
        """A StopIteration that was set must not come out as it went in, nor end the coroutine that asks."""
        if future.stopped and outcome is not None and (outcome[1][:2] == "e:" or outcome == NONE):
            self.diverge(
                clauses.EXCEPTION_ARGUMENT,
                "StopIteration stored as it is",
                "A StopIteration that set_exception took came out of the future, where it ends whatever coroutine asks",
            )

    def awaited(self, what: Operation, outcome: Any) -> None:
        """An await came back."""
        if outcome == SKIPPED:
            return
        future = self.futures[what.future]
        future.retrieved = True
        if future.state == PENDING:
            self.diverge(
                clauses.AWAIT, "await returned while pending", "await came back from a future that is not done"
            )
        if outcome == RUNTIME_ERROR and future.outcome() != RUNTIME_ERROR:
            self.diverge(clauses.AWAIT, *REFUSED)
        self.answers(clauses.AWAIT, "await", future, outcome)

    def skipped(self, what: Operation) -> None:
        """The harness did not perform an operation, as of a dropped future."""
        if what.future not in self.dropping:
            self.diverge(
                clauses.OPERATION, f"{what.name}: skipped", f"{what.name} was skipped of a future nobody dropped"
            )

    # ---- what differs ----------------------------------------------------------------------------------------------

    def expect(self, clause: Clause, name: str, outcome: Any, expected: tuple[str, str]) -> None:
        """The outcome must be this one."""
        if outcome != expected:
            self.differs(clause, name, outcome, Outcome(*expected))

    def differs(self, clause: Clause, name: str, outcome: Any, expected: Any) -> None:
        """An operation had another outcome than it must have."""
        was, wanted = kind(outcome), kind(expected)
        if was == wanted:
            was = f"another {was.partition(' ')[2] or was}"
        self.diverge(clause, f"{name}: {was}, not {wanted}", f"{name} gave {was} where the contract wants {wanted}")

    def diverge(self, clause: Clause, detail: str, cause: str, grade: Any = None) -> None:
        """The history leaves the model here."""
        raise Diverged(
            Violation(
                oracle="conformance", clause=clause, grade=grade or clause.grade, detail=detail, cause=cause, at=self.at
            )
        )
