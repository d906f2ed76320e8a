"""What a history that leaves the asyncio model has done: something too early, twice, out of order, or never."""

from __future__ import annotations

from typing import Any, Final

from futurefuzz.contracts import asyncio_clauses as clauses
from futurefuzz.contracts.asyncio_future import (
    CALL,
    CANCELLED,
    NONE,
    POST,
    REFUSED,
    RUNTIME_ERROR,
    SKIPPED,
    START,
    WAKE,
    Item,
)
from futurefuzz.contracts.asyncio_loop import Plan
from futurefuzz.contracts.asyncio_model import LoopModel
from futurefuzz.contracts.labels import kind
from futurefuzz.contracts.verdict import Violation
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import CallbackRun, Event, FinalState, Run

__all__ = ["BESIDE_ITSELF", "MARKED", "HistoryModel"]

# Why an await is refused; what happens afterwards is out of step with the model.
BESIDE_ITSELF: Final = "since that one is a task which tries to await itself"
MARKED: Final = "since a task of another loop tried to await it before"


class HistoryModel(LoopModel):
    """The model beside a run's whole history, where it looks up what became of a thing that is out of place."""

    __slots__ = ("history", "run")

    def __init__(self, plan: Plan, run: Run, guesses: list[int], bounds: list[int], *, is_task: bool) -> None:
        super().__init__(plan, guesses, bounds, is_task=is_task)
        self.run = run
        self.history: list[Any] = run.history

    def misplaced(self, item: Item | None, turn: int, one: Any, event: str) -> None:
        """Something happened that was not next: it came too early, twice, or instead of something that was lost."""
        if not any(other[0] == turn and other[1] == one for other in (*self.ready, *self.inbox)):
            if turn == CALL:
                self.unexpected_callback(*one)
            elif turn == WAKE:
                if self.history[self.at].outcome == RUNTIME_ERROR:
                    self.diverge(clauses.AWAIT, *REFUSED)
                self.diverge(
                    clauses.AWAIT, "woken while pending", "A task that awaits a future came back before it was done"
                )
            self.diverge(clauses.ORDER, f"unexpected {event}", f"The loop ran {event} that nobody had scheduled")
        assert item is not None
        # Which of several turns of one callback it was is not told, but how many there were.
        if turn == CALL and self.balance(*one) > 0:
            self.unexpected_callback(*one)
        if self.comes_later(item) and not (item[0] == CALL and self.balance(*item[1]) < 0):
            what = {CALL: "callback", WAKE: "waiter"}.get(item[0], "loop's queue")
            self.diverge(
                clauses.ORDER,
                f"{what} out of order",
                f"The loop ran {event} before a {what} that was scheduled earlier",
            )
        self.lost(item)

    def unexpected_callback(self, callback: int, index: int) -> None:
        """A callback ran that was not to: too early, although removed, or once too often."""
        if any(item[0] == CALL and item[1] == (callback, index) for item in self.futures[index].callbacks):
            self.diverge(clauses.ONCE, "callback before done", "A callback ran before its future was done")
        earlier = self.history[: self.at]
        ran = [e for e in earlier if isinstance(e.what, CallbackRun) and e.what[:2] == (callback, index)]
        groups = self.plan.groups
        registered = removed = False  # nothing was removed of it that came to the list only afterwards
        for event in earlier:
            what = event.what
            if not isinstance(what, Operation) or what.future != index:
                continue
            if what.name == "add_done_callback" and what.callback == callback:
                registered = True
            elif what.name == "remove_done_callback" and event.kind == "return" and registered:
                same = groups[what.callback or 0] == groups[callback]
                removed = removed or (same and event.outcome not in (("returned", "0"), SKIPPED))
        if removed:
            self.diverge(clauses.REMOVE, "removed callback ran", "A callback ran although it had been removed")
        if ran:
            self.diverge(clauses.ONCE, "callback ran twice", "A callback ran more often than it was registered")
        self.diverge(
            clauses.ONCE, "callback never registered", "A callback ran that was not registered with this future"
        )

    def balance(self, callback: int, index: int) -> int:
        """How many more turns than it may a callback has had by the end of the run, with those that are equal to it."""
        groups = self.plan.groups
        group = groups[callback]
        turns = 0
        for event in self.history:
            what = event.what
            if event.kind == "run":
                turns += what.future == index and groups[what.callback] == group
            elif event.kind != "return" or what.future != index or what.callback is None:
                continue
            elif groups[what.callback] == group and event.outcome[0] == "returned":
                if what.name == "add_done_callback":
                    turns -= event.outcome == NONE
                elif event.outcome[1].isdigit():
                    turns += int(event.outcome[1])
        return turns

    def comes_later(self, item: Item) -> bool:
        """Whether the turn of an item shows further on in the history."""
        turn = item[0]
        return any(_shows(event, turn, item) for event in self.history[self.at + 1 :])

    def lost(self, item: Item) -> None:
        """The turn of an item never came."""
        turn = item[0]
        if turn == CALL:
            self.diverge(clauses.ONCE, "callback never ran", "A callback of a done future never ran")
        if turn == WAKE:
            self.diverge(clauses.AWAIT, "waiter never woken", "A task that awaits a done future never woke")
        self.diverge(clauses.ORDER, "scheduled call never ran", "Something that was scheduled on the loop never ran")

    def better_explained(self, violation: Violation) -> Violation:
        """The same, or what explains it better: a task that must have been cancelled by then is none in the end, or
        an await was refused, so that all that follows comes too early."""
        if not self.is_task:
            return violation
        ends = {event.what.future: event.what for event in self.history if _is_end(event)}
        beside = [
            (end := ends.get(index)) is None or end.outcome == RUNTIME_ERROR
            for index, task in enumerate(self.futures)
            if task.beside_itself
        ]
        untouched = violation.clause in (clauses.WINNER, clauses.EXCEPTION_ARGUMENT)  # they are about gates
        reason = BESIDE_ITSELF if any(beside) else self.refused
        if reason and not untouched:
            clause = clauses.AWAIT
            detail, cause = REFUSED
            return Violation(
                oracle=violation.oracle,
                clause=clause,
                grade=clause.grade,
                detail=detail,
                cause=f"{cause}, {reason}",
                at=violation.at,
            )
        for index, task in enumerate(self.futures):
            end = ends.get(index)
            if task.asked and task.state == CANCELLED and end is not None and kind(end.outcome) != "CancelledError":
                clause = clauses.TASK_CANCEL
                return Violation(
                    oracle=violation.oracle,
                    clause=clause,
                    grade=clause.grade,
                    detail="cancellation lost",
                    cause="cancel of a task returned True, but no CancelledError ended its coroutine",
                    at=violation.at,
                )
        return violation


def _is_end(event: Event) -> bool:
    return event.kind == "state" and isinstance(event.what, FinalState) and event.what.side == "observer"


def _shows(event: Event, turn: int, item: Item) -> bool:
    if turn == CALL:
        return event.kind == "run" and isinstance(event.what, CallbackRun) and event.what[:2] == item[1]
    if turn == POST:
        return event.kind == "call" and event.site == f"{item[1]}!"
    if turn == START:
        return event.kind == "call" and event.actor == item[1]
    name = "await" if turn == WAKE else "yield"
    return (
        event.kind == "return"
        and event.actor == item[1]
        and isinstance(event.what, Operation)
        and event.what.name == name
    )
