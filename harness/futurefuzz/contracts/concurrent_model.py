"""`concurrent.futures.Future` as a sequential object: states are values, operations give the next state or are refused.

Callbacks are part of the outcome: completing a future runs, inside the call, the callbacks that were registered so
far, in their order; registering one with a done future runs it inside that call. So a lost, doubled, reordered or
misplaced callback is a history without a linearization.

Semantics: Lib/concurrent/futures/_base.py of CPython 3.11 to 3.15.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple

from futurefuzz.contracts.linearizability import Invocation
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import CallbackRun, Event

__all__ = ["FutureModel", "State", "What", "invocations"]

PENDING, RUNNING, CANCELLED, NOTIFIED, FINISHED = range(5)

_INVALID: Final = ("raised", "InvalidStateError")
_NONE: Final = ("returned", "None")
_TRUE: Final = ("returned", "True")
_FALSE: Final = ("returned", "False")
_CANCELLED: Final = ("raised", "CancelledError")
_TIMEOUT: Final = ("raised", "TimeoutError")

#: what a future holds that was given something that cannot be raised: whatever comes of asking is allowed
_ODD: Final = "?"


class State(NamedTuple):
    """A future: which of the five states, label of its value or exception, and the callbacks that wait for it."""

    state: int
    label: str
    failed: bool
    callbacks: tuple[int, ...]


class What(NamedTuple):
    """An operation and what came of it.

    Args:
        name, argument, callback: as in `Operation`.
        label: of the value or exception that it makes.
        outcome: None when it has not returned.
        ran: callbacks that ran inside the call, in their order.
    """

    name: str
    argument: str | None
    callback: int | None
    label: str
    outcome: tuple[str, str] | None
    ran: tuple[int, ...]


class FutureModel:
    """The model of one future.

    Args:
        callbacks: whether the callbacks that ran are part of the outcome; without them a history may be right in its
            answers although its callbacks are not.
        ordered: whether the order in which a completion runs them is; without it a history may be right but for that.
    """

    __slots__ = ("callbacks", "ordered")

    def __init__(self, *, callbacks: bool = True, ordered: bool = True) -> None:
        self.callbacks = callbacks
        self.ordered = ordered

    def initial(self) -> State:
        """Pending, nothing registered."""
        return State(PENDING, "", False, ())

    def after(self, state: Hashable, what: Hashable) -> Sequence[State]:
        """See `linearizability.Model`."""
        assert isinstance(state, State)
        assert isinstance(what, What)
        name = what.name
        if name in ("set_result", "set_exception"):
            return self._set(state, what)
        if name == "cancel":
            return self._cancel(state, what)
        if name == "add_done_callback":
            return self._add(state, what)
        outcome = what.outcome
        if name == "set_running":
            if state.state == PENDING:
                return [state._replace(state=RUNNING)] if outcome in (_TRUE, None) else []
            if state.state == CANCELLED:
                return [state._replace(state=NOTIFIED)] if outcome in (_FALSE, None) else []
            return [state] if outcome in (("raised", "RuntimeError"), None) else []
        return [state] if outcome is None or self._tells(state, what, outcome) else []

    def _set(self, state: State, what: What) -> list[State]:
        outcome = what.outcome
        if state.state > RUNNING:
            return [state] if outcome in (_INVALID, None) and not (what.ran and self.callbacks) else []
        if what.argument == "not-an-exception" and outcome is not None and outcome[0] == "raised":
            return [state] if outcome[1] == "TypeError" else []
        if outcome not in (_NONE, None) or not self._ran_all(state, what):
            return []
        label = _ODD if what.argument in ("class", "not-an-exception") else what.label
        return [State(FINISHED, label, what.name == "set_exception", ())]

    def _cancel(self, state: State, what: What) -> list[State]:
        outcome = what.outcome
        if what.argument is not None and outcome == ("raised", "TypeError"):
            return [state]  # it takes no message
        if state.state == PENDING:
            if outcome not in (_TRUE, None) or not self._ran_all(state, what):
                return []
            return [State(CANCELLED, "", False, ())]
        expected = _TRUE if state.state in (CANCELLED, NOTIFIED) else _FALSE
        return [state] if outcome in (expected, None) and not (what.ran and self.callbacks) else []

    def _ran_all(self, state: State, what: What) -> bool:
        """The completing call ran the registered callbacks; one that has not returned may still be at it."""
        if not self.callbacks:
            return True
        if not self.ordered:
            left = Counter(state.callbacks)
            left.subtract(what.ran)
            return not any(count < 0 or (count > 0 and what.outcome is not None) for count in left.values())
        if what.outcome is None:
            return state.callbacks[: len(what.ran)] == what.ran
        return state.callbacks == what.ran

    def _add(self, state: State, what: What) -> list[State]:
        if what.outcome not in (_NONE, None):
            return []
        if not self.callbacks:
            return [state]
        assert what.callback is not None
        if state.state <= RUNNING:
            return [] if what.ran else [state._replace(callbacks=(*state.callbacks, what.callback))]
        if what.ran == (what.callback,) or (what.outcome is None and not what.ran):
            return [state]
        return []

    def _tells(self, state: State, what: What, outcome: tuple[str, str]) -> bool:
        name = what.name
        now = state.state
        if name == "done":
            return outcome == (_TRUE if now > RUNNING else _FALSE)
        if name == "cancelled":
            return outcome == (_TRUE if now in (CANCELLED, NOTIFIED) else _FALSE)
        if name == "running":
            return outcome == (_TRUE if now == RUNNING else _FALSE)
        if name == "repr":
            return outcome == ("returned", "str")
        if name not in ("result", "exception"):
            return outcome == _NONE  # collect
        if now <= RUNNING:
            return what.argument != "wait" and outcome == _TIMEOUT
        if now != FINISHED:
            return outcome == _CANCELLED
        if state.label == _ODD:
            return True
        if name == "exception":
            return outcome == (("returned", state.label) if state.failed else _NONE)
        return outcome == ("raised" if state.failed else "returned", state.label)


_OUTSIDE: Final = frozenset({"drop", "collect", "yield", "await"})


def invocations(history: Sequence[Event], future: int, until: int) -> list[Invocation]:
    """The operations on a future in the first `until` events, ready for the search.

    An operation that runs callbacks took effect before the first of them, whose own operations lie inside: its
    interval ends there.
    """
    open_calls: dict[int, list[list[object]]] = {}  # carrier -> stack of [event, start, end of interval, ran]
    found: list[Invocation] = []
    for at in range(until):
        event = history[at]
        kind = event.kind
        if kind == "call":
            open_calls.setdefault(event.carrier, []).append([event, at, None, []])
        elif kind == "run":
            run = event.what
            stack = open_calls.get(event.carrier)
            if stack and isinstance(run, CallbackRun) and run.future == future:
                top = stack[-1]
                operation = top[0].what  # type: ignore[attr-defined]
                if isinstance(operation, Operation) and operation.future == future:
                    if top[2] is None:
                        top[2] = at
                    top[3].append(run.callback)  # type: ignore[attr-defined]
        elif kind == "return":
            stack = open_calls.get(event.carrier)
            if not stack:
                continue
            call, start, end, ran = stack.pop()
            operation = event.what
            assert isinstance(operation, Operation)
            if operation.future != future or operation.name in _OUTSIDE or event.outcome == ("returned", "skipped"):
                continue
            found.append(_invocation(event, event.outcome, start, at if end is None else end, ran))  # type: ignore[arg-type]
    for stack in open_calls.values():
        for call, start, end, ran in stack:
            assert isinstance(call, Event)
            operation = call.what
            if isinstance(operation, Operation) and operation.future == future and operation.name not in _OUTSIDE:
                found.append(_invocation(call, None, start, end, ran))  # type: ignore[arg-type]
    return found


def _invocation(
    event: Event, outcome: tuple[str, str] | None, start: int, end: int | None, ran: list[int]
) -> Invocation:
    operation = event.what
    assert isinstance(operation, Operation)
    prefix = "v:" if operation.name == "set_result" else "e:"
    what = What(operation.name, operation.argument, operation.callback, prefix + event.site, outcome, tuple(ran))
    return Invocation(what, start, end)
