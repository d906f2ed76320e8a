"""Does the history follow the contract's executable model? asyncio: in lock-step. concurrent: by linearizability."""

from __future__ import annotations

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
_FULL: Final = FutureModel()
_ANSWERS: Final = FutureModel(callbacks=False)


class Conformance:
    """The oracle."""

    name = "conformance"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`."""
        if run.contract == "asyncio":
            return lockstep.conform(run) if situation(run).lockstep else []
        if run.contract == "concurrent":
            facts = situation(run)
            found = (self._future(run, facts, future) for future in range(run.program.futures))
            return [violation for violation in found if violation is not None]
        return []

    def _future(self, run: Run, facts: Situation, future: int) -> Violation | None:
        history = run.history
        calls = _calls(history, future, len(history))
        if not facts.bounded or linearizable(_FULL, calls) is not False:
            return None  # without bound, callbacks nest until the interpreter's recursion limit: undefined
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
        clause, detail, cause = self._callback(history, at) if answers else self._answer(history, future, at)
        return Violation(oracle=self.name, clause=clause, grade=clause.grade, detail=detail, cause=cause, at=at)

    def _answer(self, history: Sequence[Event], future: int, at: int) -> tuple[Clause, str, str]:
        event = history[at]
        allowed = _allowed(history, future, at)
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
        if was in allowed:
            was = f"another {was.partition(' ')[2] or was}"
        name = title(operation)
        return (
            _CLAUSES.get(operation.name, clauses.OPERATION),
            f"{operation.name}: {was}",
            f"{name} gave {was}, which no order of the operations explains; {wanted} would be right",
        )

    def _callback(self, history: Sequence[Event], at: int) -> tuple[Clause, str, str]:
        event = history[at]
        run = event.what
        if isinstance(run, CallbackRun):
            same = run[:2]
            runs = sum(isinstance(e.what, CallbackRun) and e.what[:2] == same for e in history[: at + 1])
            added = sum(_adds(e, run.callback, run.future) for e in history[:at])
            if runs > added:
                return clauses.ONCE, "callback ran twice", "A callback ran more often than it was registered"
            return (
                clauses.ORDER,
                "callback out of order",
                "Callbacks ran in another order than that of their registration",
            )
        operation = event.what
        assert isinstance(operation, Operation)
        later = [e for e in history[at:] if isinstance(e.what, CallbackRun) and e.what.future == operation.future]
        if later:
            return (
                clauses.INLINE,
                "callback not inline",
                f"A callback ran after {operation.name} had returned, not inside it",
            )
        return (
            clauses.ONCE,
            "callback never ran",
            f"{operation.name} returned without running a callback that it had to run",
        )


def _adds(event: Event, callback: int, future: int) -> bool:
    operation = event.what
    return (
        event.kind == "call"
        and isinstance(operation, Operation)
        and operation.name == "add_done_callback"
        and operation.callback == callback
        and operation.future == future
    )


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


def _allowed(history: Sequence[Event], future: int, at: int) -> list[str]:
    """In words, what the operation that returned at that place could have answered."""
    before = _calls(history, future, at)
    event = history[at]
    if isinstance(event.what, FinalState):
        return []
    operation = event.what
    assert isinstance(operation, Operation)
    start = next(
        i
        for i in range(at - 1, -1, -1)
        if history[i].kind == "call" and history[i].site == event.site and history[i].carrier == event.carrier
    )
    others = [call for call in before if call.start != start]
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
        if linearizable(_ANSWERS, [*others, Invocation(what, start, at)]) and kind(candidate) not in found:
            found.append(kind(candidate))
    return found
