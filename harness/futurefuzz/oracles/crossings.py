"""Several loops: who waits for what is done, what came back differently, and what got lost on the way.

Everything here rests on what the program did and what came of it, never on when. A loop that the program stops or
closes owes nothing afterwards: what is lost in it is the program's doing, and only that it refuses is judged.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from futurefuzz.contracts import several_loops_clauses as clauses
from futurefuzz.contracts.labels import title
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.oracles.base import Situation, situation
from futurefuzz.oracles.transitions import settled
from futurefuzz.programs.operations import RESOLVING
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import CallbackRun, Event, FinalState, Outcome, Run

__all__ = ["Crossings"]

_POSTS: Final = ("post", "post-if-pending")
_REFUSED: Final = ("raised", "RuntimeError")
_TIMED_OUT: Final = ("raised", "TimeoutError")
_INVALID: Final = ("raised", "InvalidStateError")
_NEVER_RETRIEVED: Final = "exception was never retrieved"
_SLOW: Final = "asyncio: Executing"


class Crossings:
    """The oracle."""

    name = "crossings"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`."""
        if run.contract != "loops":
            return []
        return _Reading(run, situation(run)).violations()


class _Call:
    """An operation: where it was asked for, and what came of it."""

    __slots__ = ("actor", "at", "operation", "outcome", "returned", "site")

    def __init__(self, at: int, event: Event) -> None:
        assert isinstance(event.what, Operation)
        self.at = at
        self.operation = event.what
        self.site = event.site
        self.actor = event.actor
        self.returned = -1
        self.outcome: Outcome | None = None


class _Reading:
    """A history, read once."""

    def __init__(self, run: Run, facts: Situation) -> None:
        self.run = run
        self.facts = facts
        self.program = program = run.program
        self.calls: dict[str, _Call] = {}
        self.winners: dict[int, _Call] = {}
        self.finals: dict[int, str | None] = {}
        self.closed: dict[int, int] = {}
        self.stopped: dict[int, int] = {}  # loop -> when somebody first asked it to stop
        self.found: list[Violation] = []
        self.posted: dict[int, list[str]] = {}
        self.ran: dict[int, list[str]] = {}
        self.added: Counter[tuple[int, int]] = Counter()
        self.called: Counter[tuple[int, int]] = Counter()
        self.end = len(run.history) - 1
        self.over = run.status != "livelock"
        self.timed = {
            operation.future
            for operation in program.operations()
            if operation.name == "await" and operation.argument == "timeout"
        }
        self.carriers = {run.names.index(f"loop {loop}" if loop else "loop"): loop for loop in range(program.loops)}

    # ---- what is asked of a reading ---------------------------------------------------------------------------------

    def violations(self) -> list[Violation]:
        """What is wrong, the first of each kind."""
        last_raise: dict[int, Outcome] = {}  # carrier -> what a posted operation has just raised there
        for at, event in enumerate(self.run.history):
            kind = event.kind
            if kind == "call":
                self._begun(at, event)
            elif kind == "return":
                self._ended(at, event)
                assert isinstance(event.what, Operation)
                if "!" in event.site and event.what.via in _POSTS and event.outcome and event.outcome[0] == "raised":
                    last_raise[event.carrier] = event.outcome
            elif kind == "posted":
                assert isinstance(event.what, Operation)
                self.posted.setdefault(self.program.home(event.what.future), []).append(event.site)
            elif kind == "closed":
                assert isinstance(event.what, int)
                self.closed.setdefault(event.what, at)
            elif kind == "run":
                self._callback(at, event)
            elif kind == "stall":
                self._add(clauses.WAKE, "loop not woken", f"{event.site} sleeps with {event.what} callbacks ready", at)
            elif kind == "handler":
                if event.outcome is None or last_raise.pop(event.carrier, None) != event.outcome:
                    self._noise(at, event)
            elif kind in ("log", "uncaught", "unraisable"):
                self._noise(at, event)
            elif kind == "state":
                assert isinstance(event.what, FinalState)
                self.finals[event.what.future] = settled(event.what.outcome)
        if not self.facts.misuse:
            self._outcomes()
            if self.over:
                self._waiters()
            self._orders()
            self._states()
        return self._first()

    def _first(self) -> list[Violation]:
        """Of what is off the way that the program itself left, nothing but what shows on any way."""
        if self.facts.misuse:
            self.found = [one for one in self.found if one.detail.endswith(("loop not woken", "two winners"))]
        self.found.sort(key=lambda violation: violation.at)
        return self.found[:1]

    def _add(self, clause: Clause, detail: str, cause: str, at: int) -> None:
        self.found.append(self.facts.violation("crossings", clause, detail, cause, at))

    # ---- names ------------------------------------------------------------------------------------------------------

    def _who(self, call: _Call) -> str:
        """Who asked for an operation."""
        if call.actor < 0:
            outer = self.calls.get(call.site.removesuffix("!"))
            return "a loop" if outer is None else f"{self._who(outer)}, by way of {self._loop(call)}"
        actor = self.program.actors[call.actor]
        return f"thread {call.actor}" if actor.kind == "thread" else f"task {call.actor} of loop {actor.loop}"

    def _loop(self, call: _Call) -> str:
        return f"loop {self.program.home(call.operation.future)}"

    def _done_by(self, future: int) -> str:
        winner = self.winners.get(future)
        if winner is None:
            return "which a cancellation has completed"
        return f"which {title(winner.operation)} of {self._who(winner)} has completed"

    # ---- loops ------------------------------------------------------------------------------------------------------

    def _home(self, call: _Call) -> int:
        return self.program.home(call.operation.future)

    def _lives(self, loop: int) -> bool:
        """Whether nobody has asked that loop to stop."""
        return loop not in self.stopped

    def _own_lives(self, call: _Call) -> bool:
        """Whether whoever asked for it still goes on."""
        if call.actor < 0:
            return self._lives(self._home(call))
        actor = self.program.actors[call.actor]
        return actor.kind == "thread" or self._lives(actor.loop)

    # ---- events -----------------------------------------------------------------------------------------------------

    def _begun(self, at: int, event: Event) -> None:
        call = _Call(at, event)
        operation = call.operation
        if event.site in self.calls and "!" in event.site:
            self._add(clauses.ORDER, "ran twice", f"{title(operation)} of {self._who(call)} ran twice", at)
        self.calls[event.site] = call
        if operation.name == "close-loop":
            self.stopped.setdefault(self._home(call), at)
        if "!" in event.site and operation.via in _POSTS:
            self.ran.setdefault(self._home(call), []).append(event.site[:-1])

    def _ended(self, at: int, event: Event) -> None:
        call = self.calls.get(event.site)
        if call is None:
            return
        call.returned, call.outcome = at, event.outcome
        operation = call.operation
        if operation.via != "direct" and "!" not in call.site:
            return
        won = ("returned", "True") if operation.name == "cancel" else ("returned", "None")
        if operation.name in RESOLVING and event.outcome == won:
            first = self.winners.setdefault(operation.future, call)
            if first is not call:
                cause = f"{title(first.operation)} and {title(operation)} both completed f{operation.future}"
                self._add(clauses.WINNER, "two winners", cause, at)
        elif operation.name == "add_done_callback" and event.outcome == won:
            assert operation.callback is not None
            self.added[operation.future, operation.callback] += 1

    def _callback(self, at: int, event: Event) -> None:
        what = event.what
        assert isinstance(what, CallbackRun)
        if what.future < 0 or what.arguments != 1:
            self._add(clauses.CALLBACKS, "wrong argument", "A callback got something else than its future", at)
            return
        key = (what.future, what.callback)
        self.called[key] += 1
        home = self.program.home(what.future)
        if self.carriers.get(event.carrier) != home:
            where = self.run.names[event.carrier]
            self._add(clauses.CALLBACKS, "callback elsewhere", f"A callback of loop {home} ran in {where}", at)
        elif not what.done:
            self._add(clauses.CALLBACKS, "callback before done", "A callback ran while its future was pending", at)
        elif self.called[key] > self.added[key]:
            self._add(clauses.CALLBACKS, "callback ran twice", "A callback ran more often than it was added", at)

    def _noise(self, at: int, event: Event) -> None:
        message = str(event.what)
        if message.startswith(_SLOW) or self.stopped:
            return
        if message.endswith(_NEVER_RETRIEVED) and self.timed:
            return  # nobody asks any more for what comes after a timeout
        label = event.outcome.what if event.outcome is not None else message
        cause = f"{label} reached {'the log' if event.kind == 'log' else 'the handler of a loop'}: {message}"
        self._add(clauses.QUIET, f"{label.partition('(')[0].partition(':')[0]} in the {event.kind}", cause, at)

    # ---- what came of each operation --------------------------------------------------------------------------------

    def _outcomes(self) -> None:
        for call in self.calls.values():
            if call.outcome is None:
                continue
            if "!" not in call.site and call.operation.via in (*_POSTS, "submit"):
                self._refusals(call)
                if call.operation.via == "submit" and call.outcome != _REFUSED:
                    self._came_back(call)
            elif call.operation.name == "close-loop":
                self._refusals(call)
            elif call.operation.name != "yield":
                self._performed(call)

    def _refusals(self, call: _Call) -> None:
        closed = self.closed.get(self._home(call))
        posted = call.operation.via != "submit"
        if call.outcome == _REFUSED:
            if closed is None or closed > call.returned:
                cause = f"{self._who(call)} was refused by {self._loop(call)}, which is open"
                self._add(clauses.CLOSED, "refused by an open loop", cause, call.returned)
        elif closed is not None and closed < call.at:
            cause = f"{self._who(call)} could post {title(call.operation)} to {self._loop(call)}, which is closed"
            self._add(clauses.CLOSED, "accepted by a closed loop", cause, call.returned)
        elif posted and call.outcome != ("returned", "None"):
            cause = f"call_soon_threadsafe of {self._who(call)} came out with {call.outcome}"
            self._add(clauses.CLOSED, "posting raised", cause, call.returned)

    def _came_back(self, call: _Call) -> None:
        """What a submitted coroutine came to, for whoever submitted it."""
        outcome, inner = call.outcome, self.calls.get(f"{call.site}!")
        assert outcome is not None
        timed = call.operation.argument == "timeout"
        if timed and (outcome == _TIMED_OUT or _cancelled(outcome)):
            return
        there = inner.outcome if inner is not None and inner.returned < call.returned else None
        if there is not None and (there == outcome or (_cancelled(there) and _cancelled(outcome))):
            return
        if _cancelled(outcome):
            cause = f"{self._who(call)} got a cancellation of {title(call.operation)} that nobody asked for"
            self._add(clauses.CANCEL, "cancelled by nobody", cause, call.returned)
            return
        came = "nothing yet" if there is None else _words(there)
        cause = f"{title(call.operation)} came to {came} in {self._loop(call)}; {self._who(call)} got {_words(outcome)}"
        self._add(clauses.RESULT, "came back differently", cause, call.returned)

    def _performed(self, call: _Call) -> None:
        """What an operation came to in the future's own loop."""
        operation, outcome = call.operation, call.outcome
        assert outcome is not None
        future = operation.future
        winner = self.winners.get(future)
        before = winner is not None and winner is not call and winner.returned < call.returned
        maybe = before or future in self.timed  # a timeout cancels what it waits for
        name = operation.name
        if outcome == ("returned", "skipped"):
            if not maybe:
                cause = f"f{future} was done before anybody had completed it"
                self._add(clauses.WINNER, "done while pending", cause, call.at)
        elif name in ("set_result", "set_exception"):
            if outcome == _INVALID:
                if not maybe:
                    cause = f"{title(operation)} was refused although nobody had completed f{future}"
                    self._add(clauses.WINNER, "refused while pending", cause, call.returned)
            elif outcome != ("returned", "None"):
                self._odd(call)
        elif name in ("cancel", "done"):
            if outcome == ("returned", "False" if name == "cancel" else "True"):
                if not maybe:
                    cause = f"{title(operation)} took f{future} for done although nobody had completed it"
                    self._add(clauses.WINNER, "done while pending", cause, call.returned)
            elif name == "done" and outcome == ("returned", "False"):
                if before and winner is not None and winner.returned < call.at:
                    self._add(clauses.WINNER, "pending while done", f"done() of f{future} is false", call.returned)
            elif outcome != ("returned", "True"):
                self._odd(call)
        elif name == "await":
            self._awaited(call, winner)
        elif outcome != ("returned", "None"):
            self._odd(call)

    def _awaited(self, call: _Call, winner: _Call | None) -> None:
        operation, outcome = call.operation, call.outcome
        assert outcome is not None
        timed = operation.future in self.timed
        if outcome == _TIMED_OUT and operation.argument == "timeout":
            return
        if _cancelled(outcome):
            if not timed and (winner is None or winner.operation.name != "cancel"):
                cause = f"{self._who(call)} was cancelled while it awaited f{operation.future}, by nobody"
                self._add(clauses.CANCEL, "cancelled by nobody", cause, call.returned)
        elif winner is None or outcome.what != _label(winner):
            cause = f"{self._who(call)} got {_words(outcome)} of f{operation.future}, which nobody had set"
            self._add(clauses.RESULT, "came out differently", cause, call.returned)

    def _odd(self, call: _Call) -> None:
        assert call.outcome is not None
        detail = f"{call.operation.name}: {call.outcome.what} {call.outcome.how}"
        cause = f"{title(call.operation)} came out with {_words(call.outcome)}"
        self._add(clauses.WINNER, detail, cause, call.returned)

    # ---- who waits for ever -----------------------------------------------------------------------------------------

    def _waiters(self) -> None:
        for call in self.calls.values():
            through = "!" not in call.site and call.operation.via == "submit"
            if through:
                self._errands(call)
            if call.outcome is not None or call.operation.name != "await" or not self._own_lives(call):
                continue
            future = call.operation.future
            if not through and self.finals.get(future) is not None:
                cause = f"{self._who(call)} waits for f{future} of {self._loop(call)}, {self._done_by(future)}"
                self._add(clauses.WAKE, "waiter never woken", cause, self.end)

    def _errands(self, call: _Call) -> None:
        """A submitted coroutine: has it run, has it come back, has its cancellation arrived?"""
        if not (self._own_lives(call) and self._lives(self._home(call))):
            return
        inner, operation = self.calls.get(f"{call.site}!"), call.operation
        if call.outcome is None:
            if inner is None:
                cause = f"{self._who(call)} waits for {title(operation)}, which {self._loop(call)} has never begun"
                self._add(clauses.WAKE, "submitted and never run", cause, self.end)
            elif inner.outcome is not None and _cancelled(inner.outcome):
                cause = f"{self._who(call)} waits for {title(operation)}, which was cancelled in {self._loop(call)}"
                self._add(clauses.CANCEL, "cancellation never came back", cause, self.end)
            elif inner.outcome is not None:
                cause = (
                    f"{self._who(call)} waits for {title(operation)}, which came to {_words(inner.outcome)} in "
                    f"{self._loop(call)}"
                )
                self._add(clauses.WAKE, "result never came back", cause, self.end)
        elif call.outcome == _TIMED_OUT and inner is not None and inner.outcome is None:
            what = f"f{operation.future}"
            cause = f"{self._who(call)} has given up, and the coroutine in {self._loop(call)} waits on for {what}"
            self._add(clauses.CANCEL, "cancellation did not cross", cause, self.end)

    # ---- order and states -------------------------------------------------------------------------------------------

    def _orders(self) -> None:
        for loop, posted in self.posted.items():
            ran = self.ran.get(loop, [])
            if ran != posted[: len(ran)]:
                wrong = next(site for site, other in zip(ran, [*posted, ""], strict=False) if site != other)
                cause = f"loop {loop} ran what was posted at {wrong} out of its turn"
                self._add(clauses.ORDER, "out of order", cause, self.calls[f"{wrong}!"].at)
            elif self.over and self._lives(loop) and len(ran) < len(posted):
                cause = f"loop {loop} never ran what was posted at {posted[len(ran)]}"
                self._add(clauses.ORDER, "posted and never run", cause, self.end)

    def _states(self) -> None:
        for future, final in self.finals.items():
            winner = self.winners.get(future)
            if winner is not None:
                if final != ("cancelled" if winner.operation.name == "cancel" else _label(winner)):
                    cause = f"f{future} is {final or 'pending'} although {title(winner.operation)} completed it"
                    self._add(clauses.WINNER, "outcome changed", cause, self.end)
            elif final == "cancelled" and future not in self.timed:
                self._add(clauses.CANCEL, "cancelled by nobody", f"f{future} is cancelled, by nobody", self.end)
            elif final not in (None, "cancelled"):
                self._add(clauses.WINNER, "done by nobody", f"f{future} is {final}, which nobody has set", self.end)
            if final is not None and self.over and self._lives(self.program.home(future)):
                for (of, callback), count in self.added.items():
                    called = self.called[of, callback]
                    if of == future and called < count:
                        cause = f"f{of} is done, and its callback {callback} ran {called} times of {count}"
                        self._add(clauses.CALLBACKS, "callback never ran", cause, self.end)


def _cancelled(outcome: Outcome) -> bool:
    return outcome[0] == "raised" and outcome[1].startswith("CancelledError")


def _label(winner: _Call) -> str:
    letter = {"set_result": "v", "set_exception": "e"}.get(winner.operation.name, "m")
    return f"{letter}:{winner.site.removesuffix('!')}"


def _words(outcome: Outcome) -> str:
    return f"{outcome[1]}{' raised' if outcome[0] == 'raised' else ''}"
