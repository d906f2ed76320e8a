"""Does the history follow the contract's executable model? asyncio: in lock-step. concurrent: by linearizability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from futurefuzz.contracts import concurrent_clauses as clauses
from futurefuzz.contracts import lockstep
from futurefuzz.contracts.concurrent_model import FutureModel, What, invocations
from futurefuzz.contracts.labels import kind, title
from futurefuzz.contracts.linearizability import Invocation, linearizable
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.oracles.base import Situation, situation
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import CallbackRun, Event, FinalState, Outcome, Run

__all__ = ["Conformance"]

_CLAUSES: Final[dict[str, Clause]] = {
    "set_result": clauses.WINNER,
    "set_exception": clauses.WINNER,
    "cancel": clauses.CANCEL,
    "result": clauses.RESULT,
    "exception": clauses.EXCEPTION,
    "done": clauses.STATE,
    "cancelled": clauses.STATE,
    "running": clauses.STATE,
    "set_running": clauses.RUNNING,
}
_CANDIDATES: Final = tuple(
    Outcome(how, what)
    for how, what in (
        ("returned", "None"),
        ("returned", "True"),
        ("returned", "False"),
        ("raised", "InvalidStateError"),
        ("raised", "CancelledError"),
        ("raised", "TimeoutError"),
        ("raised", "RuntimeError"),
        ("raised", "TypeError"),
        ("returned", "str"),
    )
)
_NONE: Final = ("returned", "None")
_TRUE: Final = ("returned", "True")
_SKIPPED: Final = ("returned", "skipped")
#: operations inside which callbacks run
_RUNNING_CALLBACKS: Final = ("add_done_callback", "set_result", "set_exception", "cancel")
_FULL: Final = FutureModel()
_ANSWERS: Final = FutureModel(callbacks=False)
_UNORDERED: Final = FutureModel(ordered=False)


class Conformance:
    """The oracle."""

    name = "conformance"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`."""
        if run.contract == "asyncio":
            return lockstep.conform(run) if situation(run).lockstep else []
        if run.contract == "concurrent":
            facts = situation(run)
            if facts.loose:
                return []
            found = (self._future(run, facts, future) for future in range(run.program.futures))
            return [violation for violation in found if violation is not None]
        return []

    def _future(self, run: Run, facts: Situation, future: int) -> Violation | None:
        history = run.history
        calls = _calls(history, future, len(history))
        right = linearizable(_FULL, calls) if facts.bounded else None
        if right is not False:
            # without bound, callbacks nest until the interpreter's recursion limit: undefined
            run.undecided |= right is None
            return None
        answers = linearizable(_ANSWERS, calls) is not False
        model = _FULL if answers else _ANSWERS
        # Linearizability is closed under prefixes: find the shortest one that is not linearizable.
        low, high = 0, len(history)
        while high - low > 1:
            middle = (low + high) // 2
            if linearizable(model, _calls(history, future, middle)) is False:
                high = middle
            else:
                low = middle
        at = high - 1
        clause, detail, cause = self._callback(run, future, at) if answers else self._answer(history, future, at)
        return Violation(oracle=self.name, clause=clause, grade=clause.grade, detail=detail, cause=cause, at=at)

    def _answer(self, history: Sequence[Event], future: int, at: int) -> tuple[Clause, str, str]:
        said = _culprit(history, future, at)
        event = history[said]
        allowed = _allowed(history, future, said, at)
        wanted = " or ".join(allowed) if allowed else "any other"
        if isinstance(event.what, FinalState):
            was = kind(event.what.outcome)
            return (
                clauses.RESULT,
                f"result: {was}",
                f"At the end the future's result is {was}, which no order of the operations explains",
            )
        operation = event.what
        assert isinstance(operation, Operation)
        was = kind(event.outcome)
        if event.outcome is not None and event.outcome.what[:2] == "x:":
            return (
                clauses.LOGGED,
                "callback's exception let out",
                f"{operation.name} raised the exception of a callback, which was to be logged and ignored",
            )
        if was in allowed:
            was = f"another {was.partition(' ')[2] or was}"
        name = title(operation)
        return (
            _CLAUSES.get(operation.name, clauses.OPERATION),
            f"{operation.name}: {was}",
            f"{name} gave {was}, which no order of the operations explains; {wanted} would be right",
        )

    def _callback(self, run: Run, future: int, at: int) -> tuple[Clause, str, str]:
        event = run.history[at]
        more, fewer = _balance(run, future)
        if more:
            return clauses.ONCE, "callback ran twice", "A callback ran more often than it was registered"
        if fewer:
            return clauses.ONCE, "callback never ran", "A callback of a future that is done never ran"
        # What is wrong with the order alone may look late, when a thread registers a callback meanwhile.
        order_alone = linearizable(_UNORDERED, _calls(run.history, future, at + 1)) is not False
        if order_alone or isinstance(event.what, CallbackRun):
            return (
                clauses.ORDER,
                "callback out of order",
                "Callbacks ran in another order than that of their registration",
            )
        operation = event.what
        assert isinstance(operation, Operation)
        return (
            clauses.INLINE,
            "callback not inline",
            f"A callback ran after {operation.name} had returned, not inside it",
        )


def _balance(run: Run, future: int) -> tuple[bool, bool]:
    """Whether some callback of a future has run more often, or in the end less often, than it was registered."""
    registered: Counter[int] = Counter()
    runs: Counter[int] = Counter()
    under_way: Counter[str] = Counter()
    done = False
    for event in run.history:
        what = event.what
        if isinstance(what, CallbackRun):
            if what.future == future:
                runs[what.callback] += 1
        elif isinstance(what, Operation) and what.future == future and event.kind in ("call", "return"):
            returned = event.kind == "return"
            if what.name == "add_done_callback":
                assert what.callback is not None
                if not returned:
                    registered[what.callback] += 1
                elif event.outcome == _SKIPPED:
                    registered[what.callback] -= 1
            if what.name in _RUNNING_CALLBACKS:
                under_way[event.site] += -1 if returned else 1
                done |= returned and what.name != "add_done_callback" and event.outcome in (_NONE, _TRUE)
    more = any(count > registered[callback] for callback, count in runs.items())
    quiet = done and run.status != "livelock" and not any(under_way.values())
    fewer = quiet and any(count > runs[callback] for callback, count in registered.items())
    return more, fewer


def _calls(history: Sequence[Event], future: int, until: int) -> list[Invocation]:
    """The operations on a future in a prefix of the history, its state at the end included."""
    calls = invocations(history, future, until)
    for at in range(until - 1, -1, -1):
        event = history[at]
        if event.kind != "state":
            break
        state = event.what
        if isinstance(state, FinalState) and state.future == future:
            if state.outcome is None:
                what = What("done", None, None, "", ("returned", "False"), ())
            else:
                what = What("result", None, None, "", state.outcome, ())
            calls.append(Invocation(what, at, at))
    return calls


def _culprit(history: Sequence[Event], future: int, at: int) -> int:
    """Whose return is wrong: that of the operation without which all is right.

    Mostly the last one. But an answer that came too early is found out by another operation, which is right.
    """
    last = history[at]
    if last.kind != "return":
        return at
    calls = _calls(history, future, at + 1)
    start = _start(history, at)
    if linearizable(_ANSWERS, [call for call in calls if call.start != start]):
        return at
    for earlier in range(at - 1, -1, -1):
        event = history[earlier]
        operation = event.what
        if event.kind == "return" and isinstance(operation, Operation) and operation.name in _CLAUSES:
            start = _start(history, earlier)
            if operation.future == future and linearizable(_ANSWERS, [call for call in calls if call.start != start]):
                return earlier
    return at


def _start(history: Sequence[Event], at: int) -> int:
    """Where the operation that returned at that place was called."""
    event = history[at]
    return next(
        i
        for i in range(at - 1, -1, -1)
        if history[i].kind == "call" and history[i].site == event.site and history[i].carrier == event.carrier
    )


def _allowed(history: Sequence[Event], future: int, said: int, at: int) -> list[str]:
    """In words, what the operation that returned at `said` could have answered, seen from `at`."""
    event = history[said]
    if isinstance(event.what, FinalState):
        return []
    operation = event.what
    assert isinstance(operation, Operation)
    start = _start(history, said)
    others = [call for call in _calls(history, future, at + 1) if call.start != start]
    candidates = [*_CANDIDATES]
    for call in others:
        what = call.what
        if isinstance(what, What) and what.name in ("set_result", "set_exception"):
            how = "returned" if what.name == "set_result" or operation.name == "exception" else "raised"
            candidates.append(Outcome(how, what.label))
    prefix = "v:" if operation.name == "set_result" else "e:"
    found: list[str] = []
    for candidate in candidates:
        what = What(operation.name, operation.argument, operation.callback, prefix + event.site, candidate, ())
        if linearizable(_ANSWERS, [*others, Invocation(what, start, said)]) and kind(candidate) not in found:
            found.append(kind(candidate))
    return found
