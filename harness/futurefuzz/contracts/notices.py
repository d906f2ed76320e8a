"""What the loop's exception handler, the log and `sys.unraisablehook` are told, and whether the model explains it."""

from __future__ import annotations

from typing import Any

from futurefuzz.contracts import asyncio_clauses as clauses
from futurefuzz.contracts.asyncio_future import CANCELLED, EXCEPTION, PENDING, RUNTIME_ERROR, Item
from futurefuzz.contracts.asyncio_loop import Plan
from futurefuzz.contracts.labels import kind
from futurefuzz.contracts.misplaced import HistoryModel
from futurefuzz.contracts.verdict import Violation
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Run

__all__ = ["NoticingModel"]


class NoticingModel(HistoryModel):
    """The model beside a history, with what somebody has yet to be told."""

    __slots__ = ("current", "done_by", "loop", "owed", "traps")

    def __init__(self, plan: Plan, run: Run, guesses: list[int], bounds: list[int], *, is_task: bool) -> None:
        super().__init__(plan, run, guesses, bounds, is_task=is_task)
        self.loop = run.loop_carrier
        self.current: Item | None = None  # whose turn it is on the loop
        self.done_by = [0] * len(plan.lengths)  # operations that each actor has behind it
        self.owed: tuple[str, Operation | None] | None = None  # exception that the loop's handler has yet to get
        self.traps: list[Violation] = []

    def noticed(self, kind_: str, what: Any, outcome: Any) -> None:
        """Somebody was told of something, or the loop slept when it should not."""
        if kind_ == "stall":
            self.diverge(
                clauses.LOST_WAKE_UP,
                "legal use",
                f"The loop slept with {what} callbacks ready although nothing but call_soon_threadsafe came from "
                f"threads",
                grade="forbidden",
            )
        elif kind_ in ("handler", "log", "unraisable", "uncaught"):
            label = outcome[1] if outcome is not None else ""
            if label == "Abort" or (kind_ == "log" and outcome is None):
                return
            owed = self.owed
            if kind_ == "handler" and owed is not None and owed[0] == label:
                self.owed = None
                self.trapped(owed[1], label)
            elif kind_ == "handler" and str(what).endswith("exception was never retrieved"):
                self.never_retrieved(label)
            elif kind_ == "handler" and str(what).startswith("Task was destroyed"):
                if not any(self.futures[index].state == PENDING for index in self.dropping):
                    self.diverge(clauses.HANDLER, "task destroyed", "The loop's handler was told of a destroyed task")
            elif kind_ == "handler" and label == "InvalidStateError" and self.current is None and self.has_ended():
                self.diverge(
                    clauses.AWAIT, "woken after its end", "The loop was to go on with a task that has come to its end"
                )
            else:
                where = {"handler": "the loop's handler", "log": "the log"}.get(kind_, kind_)
                self.diverge(
                    clauses.HANDLER,
                    f"{kind_}: {kind(outcome) if outcome else what}",
                    f"{label or what} reached {where}, which nothing in the contract explains",
                )

    def has_ended(self) -> bool:
        """Whether some task that has awaited has come to its end: what a step of it would raise is known."""
        actors = self.plan.program.actors
        ended = [actors[number] for number in self.plan.tasks if self.done_by[number] == self.plan.lengths[number]]
        return any(operation.name == "await" for actor in ended for operation in actor.operations)

    def trapped(self, operation: Operation | None, label: str) -> None:
        """What the loop's handler got is what a posted operation raised: a trap, unless it asked first."""
        if operation is None or label != "InvalidStateError" or operation.via != "post":
            return
        if operation.name in ("set_result", "set_exception"):
            state = self.gates[operation.future].state
            meanwhile = "cancelled" if state == CANCELLED else "completed"
            self.traps.append(
                Violation(
                    oracle="conformance",
                    clause=clauses.POST_WITHOUT_ASKING,
                    grade="interesting",
                    detail="InvalidStateError in the loop's handler",
                    cause=(
                        f"call_soon_threadsafe({operation.name}) came after the future was {meanwhile}; "
                        f"InvalidStateError "
                        "ended in the loop's handler, since the callback did not ask done() first"
                    ),
                    at=self.at,
                )
            )

    def never_retrieved(self, label: str) -> None:
        """An exception was reported that nobody had asked for."""
        # What the loop does without a trace (a task that wakes and takes its gate's exception) may or may not have
        # happened yet, so only what the program itself retrieved counts. A falsy exception comes without a label from
        # some loops.
        for future, gate in zip(self.futures, self.gates, strict=True):
            for one in (future, gate):
                if one.stopped and one.stopped == label:
                    self.came_through(one, ("raised", label))
            # A task that awaits another one in the place of its gate does not ask its gate.
            mine = [] if future.retrieved else future.chain()
            if self.is_task and gate is not future.gate:
                mine.append(gate)
            if any(one.state == EXCEPTION and label in ("", one.label) for one in mine):
                return
            if label == RUNTIME_ERROR[1] and not future.retrieved and future.stops():
                return
        # A future may die inside the very call that sets its exception, when its last other reference was dropped
        # meanwhile.
        last = next((e for e in reversed(self.history[: self.at]) if e.carrier == self.loop), None)
        if last is not None and last.kind == "call" and last.what.name == "set_exception" and self.dropping:
            return
        self.diverge(
            clauses.NEVER_RETRIEVED,
            "reported wrongly",
            "An exception was reported as never retrieved that had been retrieved",
        )
