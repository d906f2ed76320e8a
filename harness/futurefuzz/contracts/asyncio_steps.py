"""The asyncio contract, run freely: one loop takes its ready queue from the front, threads post to its end.

What the loop does between two entries into the queue is one step, for nothing else is shared: threads only post. A
completion that schedules three callbacks is four steps, with posts possible in between.

Semantics: Lib/asyncio/futures.py, tasks.py and base_events.py of CPython 3.11 to 3.15, as in `asyncio_model`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Final, NamedTuple

from futurefuzz.contracts.asyncio_future import CANCELLED, EXCEPTION, PENDING, RESULT
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.behaviour import STATUS, Behaviour, observation

__all__ = ["AsyncioSteps"]

# What stands in the ready queue: (kind, whom it is about, context, ...)
_TASK, _CALL, _POST = range(3)
_NONE: Final = "returned None"
_TRUE: Final = "returned True"
_FALSE: Final = "returned False"
_INVALID: Final = "raised InvalidStateError"


class _Future(NamedTuple):
    state: int = PENDING
    label: str = ""
    callbacks: tuple[Any, ...] = ()  # items for the ready queue


class _Frame(NamedTuple):
    """What the loop is at: a task, a callback or a posted operation."""

    prefix: str
    operations: tuple[Operation, ...]
    position: int
    context: str
    task: int = -1  # number of the actor, when it is a task


class _State(NamedTuple):
    futures: tuple[_Future, ...]
    ready: tuple[Any, ...]
    outbox: tuple[Any, ...]  # what the loop has still to put into the queue before it goes on
    frame: _Frame | None
    posted: tuple[int, ...]  # how many operations each thread has behind it
    tasks: tuple[int, ...]  # position of each task: how many operations it has behind it
    seen: frozenset[tuple[str, str]]
    ran: tuple[tuple[str, ...], ...]


class AsyncioSteps:
    """See `legal.Steps`."""

    __slots__ = ("_callbacks", "_count", "_tasks", "_threads")

    def __init__(self, program: Program) -> None:
        self._count = program.futures
        self._callbacks = program.callbacks
        self._tasks = {i: a.operations for i, a in enumerate(program.actors) if a.kind == "task"}
        self._threads = [(i, a.operations) for i, a in enumerate(program.actors) if a.kind == "thread"]

    def initial(self) -> Hashable:
        """The tasks wait for their first step, in their order."""
        return _State(
            futures=(_Future(),) * self._count,
            ready=tuple((_TASK, number, "") for number in self._tasks),
            outbox=(),
            frame=None,
            posted=(0,) * len(self._threads),
            tasks=(0,) * (max(self._tasks, default=-1) + 1),
            seen=frozenset(),
            ran=((),) * self._count,
        )

    def after(self, state: Hashable) -> Iterable[Hashable]:
        """The loop goes on, or a thread performs its next operation."""
        assert isinstance(state, _State)
        if state.outbox:
            yield state._replace(ready=(*state.ready, state.outbox[0]), outbox=state.outbox[1:])
        elif state.frame is not None:
            yield self._act(state, state.frame)
        elif state.ready:
            yield self._take(state, state.ready[0])
        for thread, (number, operations) in enumerate(self._threads):
            behind = state.posted[thread]
            if behind < len(operations):
                operation = operations[behind]
                site = f"{number}.{behind}"
                posted = _replaced(state.posted, thread, behind + 1)
                ready = state.ready
                if operation.via != "direct":
                    ready = (*ready, (_POST, site, "", operation))
                seen = state.seen | {(observation(site, operation), _NONE)}
                yield state._replace(posted=posted, ready=ready, seen=seen)

    def answers(self, state: Hashable) -> Behaviour:
        """See `legal.Steps.answers`."""
        assert isinstance(state, _State)
        seen = dict(state.seen)
        stuck = False
        for number, operations in self._tasks.items():
            behind = state.tasks[number]
            if behind < len(operations):
                seen[observation(f"{number}.{behind}", operations[behind])] = "never returned"
                stuck = True
        seen[STATUS] = "stuck" if stuck else "completed"
        for index, future in enumerate(state.futures):
            seen[f"f{index} at the end (observer)"] = _outcome(future) or "pending"
            if state.ran[index]:
                seen[f"callbacks of f{index}"] = ", ".join(state.ran[index])
        return tuple(sorted(seen.items()))

    # ---- the loop ---------------------------------------------------------------------------------------------------

    def _take(self, state: _State, item: Any) -> _State:
        """The next entry of the queue has its turn."""
        state = state._replace(ready=state.ready[1:])
        kind, who, context = item[:3]
        if kind == _TASK:
            behind = state.tasks[who]
            operations = self._tasks[who]
            if len(item) > 3:  # it was waiting, and goes on with the outcome of what it waited for
                operation = operations[behind]
                outcome = _NONE if operation.name == "yield" else str(_outcome(state.futures[operation.future]))
                state = _saw(state, observation(f"{who}.{behind}", operation), outcome)
                behind += 1
                state = state._replace(tasks=_replaced(state.tasks, who, behind))
            frame = _Frame(f"{who}.", operations, behind, context, who)
        elif kind == _CALL:
            callback, index = who
            shown = f"c{callback} in context {context}" if context else f"c{callback}"
            state = state._replace(ran=_replaced(state.ran, index, (*state.ran[index], shown)))
            frame = _Frame(f"c{callback}.", self._callbacks[callback].operations, 0, context)
        else:
            return self._posted(state, who, context, item[3])
        return state._replace(frame=frame if frame.position < len(frame.operations) else None)

    def _posted(self, state: _State, site: str, context: str, operation: Operation) -> _State:
        name = observation(f"{site}!", operation)
        if operation.via == "post-if-pending" and state.futures[operation.future].state != PENDING:
            return _saw(state, name, "returned skipped")
        return self._perform(state, operation, site, name, context)

    def _act(self, state: _State, frame: _Frame) -> _State:
        """The next operation of what the loop is at."""
        operation = frame.operations[frame.position]
        site = f"{frame.prefix}{frame.position}"
        name = observation(site, operation)
        if operation.name == "yield":
            return state._replace(frame=None, outbox=((_TASK, frame.task, frame.context, "again"),))
        if operation.name == "await":
            future = state.futures[operation.future]
            if future.state == PENDING:
                waiter = (_TASK, frame.task, frame.context, "again")
                waiting = future._replace(callbacks=(*future.callbacks, waiter))
                return state._replace(frame=None, futures=_replaced(state.futures, operation.future, waiting))
            state = _saw(state, name, str(_outcome(future)))
        elif operation.via != "direct":
            item = (_POST, site, frame.context, operation)
            state = _saw(state._replace(outbox=(item,)), name, _NONE)
        else:
            state = self._perform(state, operation, site, name, frame.context)
        behind = frame.position + 1
        if frame.task >= 0:
            state = state._replace(tasks=_replaced(state.tasks, frame.task, behind))
        return state._replace(frame=frame._replace(position=behind) if behind < len(frame.operations) else None)

    def _perform(self, state: _State, operation: Operation, site: str, name: str, context: str) -> _State:
        index = operation.future
        future = state.futures[index]
        outcome, then, outbox = self._effect(operation, future, site, context)
        return _saw(state._replace(futures=_replaced(state.futures, index, then), outbox=outbox), name, outcome)

    def _effect(
        self, operation: Operation, future: _Future, site: str, context: str
    ) -> tuple[str, _Future, tuple[Any, ...]]:
        """Outcome, the future then, and what goes into the ready queue."""
        name = operation.name
        done = future.state != PENDING
        if name == "set_result":
            return (_INVALID, future, ()) if done else (_NONE, _Future(RESULT, f"v:{site}"), future.callbacks)
        if name == "set_exception":
            if not done and operation.argument == "not-an-exception":
                return "raised TypeError", future, ()
            return (_INVALID, future, ()) if done else (_NONE, _Future(EXCEPTION, f"e:{site}"), future.callbacks)
        if name == "cancel":
            label = f"m:{site}" if operation.argument else ""
            return (_FALSE, future, ()) if done else (_TRUE, _Future(CANCELLED, label), future.callbacks)
        if name == "add_done_callback":
            given = context if operation.context is None else str(operation.context)
            item = (_CALL, (operation.callback, operation.future), given)
            if done:
                return _NONE, future, (item,)
            return _NONE, future._replace(callbacks=(*future.callbacks, item)), ()
        if name == "remove_done_callback":
            assert operation.callback is not None
            group = self._callbacks[operation.callback].group
            kept = tuple(i for i in future.callbacks if i[0] != _CALL or self._callbacks[i[1][0]].group != group)
            return f"returned {len(future.callbacks) - len(kept)}", future._replace(callbacks=kept), ()
        if name == "done":
            return _TRUE if done else _FALSE, future, ()
        if name == "cancelled":
            return _TRUE if future.state == CANCELLED else _FALSE, future, ()
        if name == "exception" and future.state == RESULT:
            return _NONE, future, ()
        if name == "exception" and future.state == EXCEPTION:
            return f"returned {future.label}", future, ()
        if name in ("result", "exception"):
            return _outcome(future) or _INVALID, future, ()
        return "returned str" if name == "repr" else _NONE, future, ()


def _outcome(future: _Future) -> str | None:
    if future.state == PENDING:
        return None
    if future.state == CANCELLED:
        return f"raised CancelledError({future.label})" if future.label else "raised CancelledError"
    return f"{'returned' if future.state == RESULT else 'raised'} {future.label}"


def _saw(state: _State, name: str, outcome: str) -> _State:
    return state._replace(seen=state.seen | {(name, outcome)})


def _replaced(values: tuple[Any, ...], index: int, value: Any) -> tuple[Any, ...]:
    return (*values[:index], value, *values[index + 1 :])
