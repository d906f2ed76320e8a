"""The concurrent contract, run freely: threads take turns, an operation takes effect in one step.

A call that completes a future runs its callbacks before it returns, one after another, with other threads' steps in
between; one that registers a callback with a done future runs it itself.

Semantics: Lib/concurrent/futures/_base.py of CPython 3.11 to 3.15, as in `concurrent_model`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Final, NamedTuple

from futurefuzz.contracts.concurrent_model import CANCELLED, FINISHED, NOTIFIED, PENDING, RUNNING
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.behaviour import STATUS, Behaviour, observation

__all__ = ["ConcurrentSteps"]


class _Future(NamedTuple):
    state: int = PENDING
    label: str = ""
    failed: bool = False
    callbacks: tuple[int, ...] = ()


class _Frame(NamedTuple):
    """A list of operations under way: where it stands, and what the operation there has still to do."""

    prefix: str  # of its sites
    operations: tuple[Operation, ...]
    position: int = 0
    outcome: str | None = None  # the operation has taken effect
    owed: tuple[int, ...] = ()  # callbacks that it has still to run, for its future


class _State(NamedTuple):
    futures: tuple[_Future, ...]
    stacks: tuple[tuple[_Frame, ...], ...]  # of the threads, innermost frame last
    seen: frozenset[tuple[str, str]]
    ran: tuple[tuple[str, ...], ...]  # of each future


class ConcurrentSteps:
    """See `legal.Steps`."""

    __slots__ = ("_callbacks", "_count", "_threads")

    def __init__(self, program: Program) -> None:
        self._count = program.futures
        self._callbacks = program.callbacks
        self._threads = [(f"{i}.", a.operations) for i, a in enumerate(program.actors) if a.kind == "thread"]

    def initial(self) -> Hashable:
        """All pending, nobody has begun."""
        stacks = tuple([(_Frame(prefix, operations),) if operations else () for prefix, operations in self._threads])
        return _State((_Future(),) * self._count, stacks, frozenset(), ((),) * self._count)

    def after(self, state: Hashable) -> Iterable[Hashable]:
        """Each thread that can go on goes on by one step."""
        assert isinstance(state, _State)
        for thread, stack in enumerate(state.stacks):
            if stack:
                yield from self._step(state, thread, stack)

    def answers(self, state: Hashable) -> Behaviour:
        """See `legal.Steps.answers`."""
        assert isinstance(state, _State)
        seen = dict(state.seen)
        seen[STATUS] = "stuck" if any(state.stacks) else "completed"
        for stack in state.stacks:
            for frame in stack:
                seen[_name(frame)] = "never returned"
        for index, future in enumerate(state.futures):
            seen[f"f{index} at the end (observer)"] = _outcome(future) or "pending"
            if state.ran[index]:
                seen[f"callbacks of f{index}"] = ", ".join(state.ran[index])
        return tuple(sorted(seen.items()))

    def _step(self, state: _State, thread: int, stack: tuple[_Frame, ...]) -> Iterable[_State]:
        top = stack[-1]
        if top.outcome is not None:
            yield self._proceed(state, thread, stack)
            return
        operation = top.operations[top.position]
        index = operation.future
        site = top.prefix + str(top.position)
        for outcome, future, owed in _effects(operation, state.futures[index], site):
            futures = _replaced(state.futures, index, future)
            stacks = _replaced(state.stacks, thread, (*stack[:-1], top._replace(outcome=outcome, owed=owed)))
            changed = state._replace(futures=futures, stacks=stacks)
            # Without callbacks, returning is not a step of its own: nobody could see anything in between.
            yield changed if owed else self._proceed(changed, thread, stacks[thread])

    def _proceed(self, state: _State, thread: int, stack: tuple[_Frame, ...]) -> _State:
        """Run the next callback of an operation that has taken effect, or return from it."""
        top = stack[-1]
        assert top.outcome is not None
        if top.owed:
            index = top.operations[top.position].future
            callback = top.owed[0]
            ran = _replaced(state.ran, index, (*state.ran[index], f"c{callback}"))
            below = (*stack[:-1], top._replace(owed=top.owed[1:]))
            operations = self._callbacks[callback].operations
            above = (*below, _Frame(f"c{callback}.", operations)) if operations else below
            return state._replace(ran=ran, stacks=_replaced(state.stacks, thread, above))
        seen = state.seen | {(_name(top), top.outcome)}
        if top.position + 1 < len(top.operations):
            rest = (*stack[:-1], _Frame(top.prefix, top.operations, top.position + 1))
        else:
            rest = stack[:-1]
        return state._replace(seen=seen, stacks=_replaced(state.stacks, thread, rest))


_TRUE: Final = "returned True"
_FALSE: Final = "returned False"
_NONE: Final = "returned None"


def _effects(operation: Operation, future: _Future, site: str) -> Iterable[tuple[str, _Future, tuple[int, ...]]]:
    """What an operation may come to: outcome, the future then, and the callbacks to run. Nothing while it waits."""
    name, argument = operation.name, operation.argument
    state = future.state
    if name in ("set_result", "set_exception"):
        if state > RUNNING:
            yield "raised InvalidStateError", future, ()
        else:
            failed = name == "set_exception"
            yield _NONE, _Future(FINISHED, ("e:" if failed else "v:") + site, failed), future.callbacks
    elif name == "cancel":
        if state == PENDING:
            yield _TRUE, _Future(CANCELLED), future.callbacks
        else:
            yield _TRUE if state in (CANCELLED, NOTIFIED) else _FALSE, future, ()
    elif name == "add_done_callback":
        assert operation.callback is not None
        if state <= RUNNING:
            yield _NONE, future._replace(callbacks=(*future.callbacks, operation.callback)), ()
        else:
            yield _NONE, future, (operation.callback,)
    elif name == "set_running":
        if state == PENDING:
            yield _TRUE, future._replace(state=RUNNING), ()
        elif state == CANCELLED:
            yield _FALSE, future._replace(state=NOTIFIED), ()
        else:
            yield "raised RuntimeError", future, ()
    elif name in ("result", "exception"):
        if state <= RUNNING:
            if argument != "wait":
                yield "raised TimeoutError", future, ()
        elif name == "exception" and state == FINISHED:
            yield f"returned {future.label}" if future.failed else _NONE, future, ()
        else:
            yield str(_outcome(future)), future, ()
    elif name == "done":
        yield _TRUE if state > RUNNING else _FALSE, future, ()
    elif name == "cancelled":
        yield _TRUE if state in (CANCELLED, NOTIFIED) else _FALSE, future, ()
    elif name == "running":
        yield _TRUE if state == RUNNING else _FALSE, future, ()
    else:
        yield "returned str" if name == "repr" else _NONE, future, ()


def _outcome(future: _Future) -> str | None:
    if future.state <= RUNNING:
        return None
    if future.state != FINISHED:
        return "raised CancelledError"
    return f"{'raised' if future.failed else 'returned'} {future.label}"


def _name(frame: _Frame) -> str:
    return observation(f"{frame.prefix}{frame.position}", frame.operations[frame.position])


def _replaced(values: tuple[Any, ...], index: int, value: Any) -> tuple[Any, ...]:
    return (*values[:index], value, *values[index + 1 :])
