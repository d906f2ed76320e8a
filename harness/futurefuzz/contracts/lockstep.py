"""Walks the asyncio model along a history: the first event that the model does not allow is a violation.

Legal programs touch asyncio futures on the loop's thread only, so that all is determined but the moments at which
threads post something. A posting is an event of its own, yet where it lies among the entries that the loop itself
makes between two of its events (a completion schedules three callbacks, a thread posts meanwhile) a history does not
tell. There the walk guesses, and takes the guess back when it leads to a contradiction. Rejected: an event for each
`call_soon` (a third more events for a question that is seldom open), and judging only what all orders have in common
(blind exactly where schedules get interesting). When too many guesses would be needed, the run is not judged: no
violation rather than a false one.
"""

from __future__ import annotations

from typing import Any, Final

from futurefuzz.contracts import asyncio_clauses as clauses
from futurefuzz.contracts.asyncio_future import (
    CALL,
    CANCELLED,
    NONE,
    PENDING,
    POST,
    REFUSED,
    RESUME,
    RUNTIME_ERROR,
    SKIPPED,
    START,
    WAKE,
    Item,
    ModelFuture,
)
from futurefuzz.contracts.asyncio_loop import Plan
from futurefuzz.contracts.asyncio_model import Diverged, Unknown
from futurefuzz.contracts.labels import kind
from futurefuzz.contracts.misplaced import BESIDE_ITSELF, MARKED
from futurefuzz.contracts.notices import NoticingModel
from futurefuzz.contracts.verdict import Violation
from futurefuzz.errors import InputError
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import FinalState, Outcome, Run
from futurefuzz.targets import base as targets

__all__ = ["BUDGET", "conform"]

#: how many ways of interleaving postings are tried before the verdict is unknown
BUDGET: Final = 200

#: events by which the loop's turns are seen
_TURNS: Final = ("call", "return", "run", "waiting", "stall")

_plan: Plan | None = None


def conform(run: Run) -> list[Violation]:
    """Judge a run of a legal program of the asyncio contract.

    Returns:
        Traps that the program fell into, and last the first event that the contract does not allow, if there is one.
        Nothing, and the run is noted as `undecided`, where too many guesses would be needed.
    """
    global _plan
    if _plan is None or _plan.program is not run.program:
        _plan = Plan(run.program)
    try:
        is_task = targets.find(run.target).shape == "task"
    except InputError:  # a hand-made run
        is_task = False
    guesses: list[int] = []
    bounds: list[int] = []
    best: list[Violation] = []
    for _ in range(BUDGET):
        replay = Lockstep(_plan, run, guesses, bounds, is_task=is_task)
        try:
            replay.follow()
            return replay.traps
        except Unknown:
            return replay.traps
        except Diverged as diverged:
            violation = replay.better_explained(diverged.violation)
            if not best or violation.at > best[-1].at:
                best = [*replay.traps, violation]
        while guesses and guesses[-1] + 1 >= bounds[-1]:
            guesses.pop()
            bounds.pop()
        if not guesses:
            return best
        guesses[-1] += 1
    run.undecided = True
    return []


class Lockstep(NoticingModel):
    """One walk of the model along the history, under one list of guesses."""

    __slots__ = ("at_once", "beside", "outbox", "waiting")

    def __init__(self, plan: Plan, run: Run, guesses: list[int], bounds: list[int], *, is_task: bool) -> None:
        super().__init__(plan, run, guesses, bounds, is_task=is_task)
        self.outbox: list[Item] = []  # what the loop schedules after its last event and before its next
        self.at_once: int | None = None  # task actor that awaits a future which is done: nothing may come in between
        self.beside: dict[int, bool] = {}  # task actor -> whether that was a task which had tried to await itself
        self.waiting: dict[int, ModelFuture] = {}  # task actor -> what it awaits

    # ---- the walk ---------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        loop = self.loop
        inbox = self.inbox
        ended = False
        for at, (kind_, actor, carrier, site, what, outcome) in enumerate(self.history):
            self.at = at
            if kind_ == "untraced":
                continue
            if carrier == loop:
                if ended:
                    continue  # the harness takes the run apart
                if self.at_once is not None and kind_ in _TURNS:
                    self.goes_on(kind_, actor, what)
                if self.outbox:
                    for item in self.outbox:
                        self.schedule(item)
                    self.outbox.clear()
                if kind_ == "call":
                    self.called(actor, site, what)
                elif kind_ == "return":
                    self.returned(actor, site, what, outcome)
                elif kind_ == "run":
                    self.runs(what)
                elif kind_ == "ran":
                    if self.current is None or self.current[0] != CALL:
                        continue
                    self.current = None
                    if outcome is not None and outcome[0] == "raised":
                        self.owed = (outcome[1], None)
                elif kind_ == "posted":
                    self.ready.extend(inbox)
                    inbox.clear()
                    self.ready.append((POST, site, what, self.context))
                elif kind_ == "waiting":
                    if not ended:
                        ended = True
                        self.end()
                    self.left_waiting(actor, what)
                    continue
                else:
                    self.noticed(kind_, what, outcome)
                if inbox:
                    self.ready.extend(inbox)
                    inbox.clear()
            elif kind_ == "posted":
                inbox.append((POST, site, what, ""))
            elif kind_ == "waiting":
                if not ended:
                    ended = True
                    self.end()
                self.left_waiting(actor, what)
            elif kind_ == "state":
                if not ended:
                    ended = True
                    self.end()
                self.final(what)
            elif kind_ == "return":
                self.returned_on_thread(what, outcome)
            elif kind_ == "call":
                if what.name == "drop":
                    self.dropping.add(what.future)
            elif kind_ == "run":
                self.diverge(clauses.THREAD, "callback on a thread", "A callback ran on a thread instead of the loop's")
            elif kind_ in ("handler", "log", "unraisable", "uncaught") and not ended:
                self.noticed(kind_, what, outcome)
        if not ended:
            self.end()

    def end(self) -> None:
        """The loop is idle for good: whatever should have run has run."""
        if self.run.status == "livelock" or self.current is not None:
            return  # cut off, or stuck inside something
        if self.owed is not None:
            self.diverge(
                clauses.HANDLER, "exception not reported", "An exception never reached the loop's exception handler"
            )
        for item in self.outbox:
            self.schedule(item)
        self.outbox.clear()
        left = self.next_item()
        if left is not None:
            self.lost(left)

    # ---- events of the loop's carrier -------------------------------------------------------------------------------

    def take(self, turn: int, one: object, event: str) -> Item:
        """The next item, which must be the one that the event shows."""
        if self.owed is not None:
            self.diverge(
                clauses.HANDLER, "exception not reported", "An exception never reached the loop's exception handler"
            )
        item = self.next_item()
        if item is not None and item[0] == turn and item[1] == one:
            return item
        self.misplaced(item, turn, one, event)
        raise AssertionError("unreachable")

    def goes_on(self, kind_: str, actor: int, what: Any) -> None:
        """The task that awaits a future which is done goes on without a turn for anybody else."""
        if kind_ != "return" or actor != self.at_once or what.name != "await":
            self.diverge(
                clauses.AWAIT, "suspended although done", "await of a future that is done gave up the task's turn"
            )
        self.at_once = None

    def called(self, actor: int, site: str, what: Any) -> None:
        if site[-1] == "!":
            item = self.take(POST, site[:-1], "a posted operation")
            self.current = item
            self.context = item[3]
            if what.name == "drop":
                self.dropping.add(what.future)
            return
        if self.current is None:
            self.current = self.take(START, actor, "a task's first step")
            self.context = ""
        if what.via != "direct":
            return
        name = what.name
        if name == "await":
            index = what.future
            if index in self.dropped or (index in self.dropping and self.guess(2)):
                return
            future = self.futures[index]
            if future.state == PENDING:
                future.callbacks.append((WAKE, actor, future))
                self.beside[actor] = self.is_beside_itself(future)
                self.waiting[actor] = future
                self.current = None
            else:
                self.at_once = actor
        elif name == "yield":
            self.outbox.append((RESUME, actor))
            self.current = None
        elif name == "drop":
            self.dropping.add(what.future)

    def returned(self, actor: int, site: str, what: Any, outcome: Any) -> None:
        name = what.name
        if site[-1] == "!":
            self.posted_returned(site[:-1], what, outcome)
            return
        if what.via != "direct":
            if outcome != NONE:
                self.differs(clauses.OPERATION, f"posting {name}", outcome, NONE)
        elif name == "await":
            if self.current is None:
                if outcome == RUNTIME_ERROR:
                    self.refused = self.refused or self.may_be_refused(actor)
                    if not self.waiting[actor].stops():
                        self.diverge(clauses.AWAIT, *REFUSED)
                item = self.take(WAKE, actor, "a waiter's wake-up")
                self.current = item
                self.context = ""
                del self.waiting[actor]
            elif outcome == SKIPPED:
                self.skipped(what)
            self.awaited(what, outcome)
        elif name == "yield":
            if self.current is None:
                self.current = self.take(RESUME, actor, "a task's next step")
                self.context = ""
            if outcome != NONE:
                self.differs(clauses.OPERATION, name, outcome, NONE)
        else:
            self.apply(name, what, site, outcome)
        current = self.current
        if actor >= 0 and current is not None and current[0] in (START, RESUME, WAKE) and current[1] == actor:
            behind = self.done_by[actor] = self.done_by[actor] + 1
            if behind == self.plan.lengths[actor]:
                self.current = None

    def may_be_refused(self, actor: int) -> str:
        """Why an await that ended in a RuntimeError may have been refused, although that is the outcome as well."""
        if self.beside[actor]:
            return BESIDE_ITSELF
        if not self.waiting[actor].marked:
            return ""
        for event in reversed(self.history[: self.at]):
            if event.carrier == self.loop and event.kind in _TURNS:
                at_once = event.kind == "call" and event.actor == actor and event.what.name == "await"
                return MARKED if at_once else ""
        return ""

    def posted_returned(self, site: str, what: Operation, outcome: Outcome) -> None:
        name = what.name
        if what.via == "post-if-pending" and what.future not in self.dropping:
            side = self.gates if name in ("set_result", "set_exception") else self.futures
            done = side[what.future].state != PENDING
            if done != (outcome == SKIPPED):
                answer = "False" if done else "True"
                self.diverge(
                    clauses.STATE,
                    f"done: {answer}, wrongly",
                    f"done() said {answer} inside a posted callback, which is wrong",
                )
            if done:
                self.current = None
                return
        self.apply(name, what, site, outcome)
        self.current = None
        if outcome[0] == "raised":
            self.owed = (outcome[1], what)

    def returned_on_thread(self, what: Operation, outcome: Any) -> None:
        if what.name == "drop":
            self.dropped.add(what.future)
        if outcome not in (NONE, SKIPPED):
            self.differs(
                clauses.OPERATION, what.name if what.via == "direct" else f"posting {what.name}", outcome, NONE
            )

    def runs(self, what: Any) -> None:
        if self.current is not None:
            operation = next((event.what for event in reversed(self.history[: self.at]) if event.kind == "call"), None)
            name = operation.name if isinstance(operation, Operation) else "a call"
            self.diverge(
                clauses.ONCE, "callback called inline", f"A callback ran inside {name}, not by the loop's call_soon"
            )
        if what.future < 0:
            self.diverge(clauses.ARGUMENT, "wrong future", "A callback got something else than the future")
        item = self.take(CALL, (what.callback, what.future), "a callback")
        self.current = item
        self.context = item[2]
        if not what.done:
            self.diverge(
                clauses.ONCE, "callback before done", "A callback ran while the future said that it is not done"
            )
        if what.arguments != 1:
            self.diverge(
                clauses.ARGUMENT, "wrong arguments", f"A callback got {what.arguments} arguments instead of the future"
            )
        if what.context != item[2]:
            if self.balance(what.callback, what.future) > 0:
                self.unexpected_callback(what.callback, what.future)
            if any(other[0] == CALL and other[1:] == (item[1], what.context) for other in (*self.ready, *self.inbox)):
                self.diverge(
                    clauses.ORDER,
                    "callback out of order",
                    "A callback that was registered twice ran in the context of its later registration first",
                )
            self.diverge(
                clauses.CONTEXT, "wrong context", "A callback ran in another context than that of its registration"
            )

    # ---- the end ----------------------------------------------------------------------------------------------------

    def left_waiting(self, actor: int, what: Any) -> None:
        if self.run.status == "livelock" or what.name == "await":
            return  # a waiter that should have woken has been found by `end`
        self.diverge(clauses.OPERATION, f"{what.name}: never returned", f"{what.name} never came back")

    def final(self, what: FinalState) -> None:
        if self.run.status == "livelock" or what.future in self.dropped:
            return
        future = (self.gates if what.side == "resolver" else self.futures)[what.future]
        expected = future.outcome()
        if what.outcome != expected:
            self.came_through(future, what.outcome)
        if what.outcome != expected and not (
            future.state == CANCELLED and what.outcome is not None and kind(what.outcome) == kind(expected)
        ):
            self.differs(clauses.RESULT, "result", what.outcome, expected)
