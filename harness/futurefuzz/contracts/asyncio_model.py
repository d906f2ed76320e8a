"""The asyncio contract as an executable model: a loop's ready queue, futures, tasks over gates, and each operation.

Single-threaded code on a loop is deterministic, so the model knows of every operation which outcome it has, and of
the loop what runs next. `lockstep` walks it along a history.

Semantics: Lib/asyncio/futures.py, tasks.py and base_events.py of CPython 3.11 to 3.15, which differ only in what they
do with a `StopIteration` (A2).
"""

from __future__ import annotations

from typing import Any

from futurefuzz.contracts import asyncio_clauses as clauses
from futurefuzz.contracts.asyncio_future import (
    CALL,
    CANCELLED,
    EXCEPTION,
    FALSE,
    INVALID,
    NONE,
    PENDING,
    REFUSED,
    RESULT,
    RUNTIME_ERROR,
    SKIPPED,
    TEXT,
    TRUE,
    TYPE_ERROR,
    ModelFuture,
)
from futurefuzz.contracts.asyncio_loop import LoopQueue
from futurefuzz.contracts.labels import kind, title
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Outcome

__all__ = ["Diverged", "LoopModel", "Unknown"]


class Diverged(Exception):
    """The history does something that the model does not."""

    def __init__(self, violation: Violation) -> None:
        self.violation = violation


class Unknown(Exception):
    """Nobody says what is right from here on."""


class LoopModel(LoopQueue):
    """The loop, and what each operation on its futures does."""

    __slots__ = ()

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
