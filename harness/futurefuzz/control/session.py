"""Runs an ordinary, unmodified function under control, once: `run_controlled`.

The function is actor 0, on the calling thread. Threads that it starts, locks, conditions, queues, executors, event
loops and clocks that it uses are the control's while the run lasts; everything is given back afterwards.
"""

from __future__ import annotations

import _thread
import asyncio
import concurrent.futures.thread
import contextvars
import gc
import itertools
import os
import random
import signal
import sys
import threading
import weakref
from asyncio import events
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from futurefuzz.control import clock, dates, leaving, locks, ordered, threads, watchdog, whole_loop
from futurefuzz.control.actors import Abort
from futurefuzz.control.attending import Attending, Failure, Log, Unraisable, Warned
from futurefuzz.control.gates import WITHOUT_GIL
from futurefuzz.control.going_on import enter, leave
from futurefuzz.control.older import OlderLocks
from futurefuzz.control.substitution import Substitution
from futurefuzz.control.waiting import LoopObserver, Outside, Waiting
from futurefuzz.control.whole import WholeControl
from futurefuzz.explorers.base import Explorer, Step

__all__ = ["ControlledRun", "Instrumenting", "run_controlled", "series"]

_STEP_BOUND: Final = 20_000

_substitution: Final = Substitution(
    [
        *threads.SUBSTITUTES,
        *clock.SUBSTITUTES,
        *locks.SUBSTITUTES,
        *whole_loop.SUBSTITUTES,
        *ordered.SUBSTITUTES,
        *leaving.SUBSTITUTES,
    ]
)


class Instrumenting(Protocol):
    """What puts points inside code; `instrumentation.Instrumentation` does."""

    def thread_started(self) -> None:
        """On each of the run's threads, when it begins; `thread_ended`, where there is one, when it ends."""


@dataclass(kw_only=True)
class ControlledRun:
    """What came of a run.

    Attributes:
        status: `completed`; `stuck`: nobody could go on, see `waiting`; `livelock`: the step bound was met.
        outcome: (`returned`, value) or (`raised`, exception) of the function; None where it did not come to an end.
        waiting: who waits for what, of a run that did not complete.
        failures: threads that died of an exception.
        logs: warnings and errors that asyncio and concurrent.futures logged, loop exception handlers' among them.
        warnings, unraisables: as shown by Python.
        external: who was blocked, or computed, outside of our control; such a run may not be repeatable.
        choices: what the explorer chose.
        steps: every point of a recorded run.
        names: of the actors; `main` is the function's.
        time: virtual seconds that passed.
    """

    status: str
    outcome: tuple[str, Any] | None
    waiting: list[Waiting] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    unraisables: list[Unraisable] = field(default_factory=list)
    external: list[Outside] = field(default_factory=list)
    choices: list[int] = field(default_factory=list)
    steps: list[Step] | None = None
    names: list[str] = field(default_factory=list)
    time: float = 0.0

    @property
    def blocked(self) -> list[tuple[str, str, str]]:
        """(actor, what it waits for, `file:line in function`) of each in `waiting`."""
        return [(waiting.actor, waiting.resource, waiting.place) for waiting in self.waiting]

    def cycle(self) -> list[str]:
        """The actors of a deadlock, each waiting for what the next one holds; empty when there is no circle."""
        holders = {waiting.actor: waiting.holder for waiting in self.waiting if waiting.holder is not None}
        for start in holders:
            path: list[str] = []
            at: str | None = start
            while at is not None and at not in path:
                path.append(at)
                at = holders.get(at)
            if at is not None:
                return path[path.index(at) :]
        return []


def run_controlled(
    body: Callable[[], object],
    explorer: Explorer,
    *,
    record: bool = False,
    step_bound: int = _STEP_BOUND,
    instrumentation: Instrumenting | None = None,
    seed: int = 0,
    choices: list[int] | None = None,
    steps: list[Step] | None = None,
    patience: float = 3.0,
    timers_are_choices: bool = True,
    observer: LoopObserver | None = None,
) -> ControlledRun | None:
    """Run a function, and all that it starts, under the explorer's next schedule.

    Args:
        body: the function.
        explorer: chooses; asked to `begin` first.
        record: keep every point as a `Step`.
        step_bound: points after which the run counts as a livelock.
        instrumentation: has put points inside code, for as many runs as the caller likes; told of each thread.
        seed: of the module `random`.
        choices, steps: lists to append to, as in `runs.executor.execute`.
        patience: real seconds to wait for descriptors, and for threads blocked outside, when nobody can go on.
        timers_are_choices: timeouts may expire, and timers fire, although others could still go on.
        observer: looks at the run's event loops.

    Returns:
        What came of it; None when the explorer has nothing more to explore.

    Raises:
        HarnessError: the harness or the explorer failed, or another run is going on in this process.
    """
    control = WholeControl(
        explorer,
        step_bound=step_bound,
        record=record or explorer.recording,
        choices=choices,
        steps=steps,
        patience=patience,
        timers_are_choices=timers_are_choices,
    )
    control.observer = observer
    if not explorer.begin(control):
        return None
    run = ControlledRun(status="", outcome=None, choices=control.choices, steps=control.steps, names=control.names)
    context = contextvars.copy_context()
    thread_ended = getattr(instrumentation, "thread_ended", None)

    def main() -> None:
        try:
            if instrumentation is not None:
                instrumentation.thread_started()
            try:
                value = context.run(body)
                control.settle()
                if control.aborting:
                    raise Abort  # it swallowed one
                run.outcome = ("returned", value)
            except Abort:
                raise
            except BaseException as error:
                control.settle()
                if control.aborting:
                    raise Abort from None
                run.outcome = ("raised", error)
            _end_process(control)
        finally:
            if thread_ended is not None:
                thread_ended()
            control.settle()
        control.finish()

    control.spawn("main", main)
    if instrumentation is not None:
        control.on_start = instrumentation.thread_started
        control.on_end = thread_ended
    attending = Attending(control)
    control.on_failure = lambda thread, error: attending.died(error)
    try:
        with _Taken(control, body, seed), attending:
            try:
                control.run()
            finally:
                control.aborting = True
                if control.status != "completed" or control.unwound:
                    whole_loop.hush(control)
                    gc.collect()  # what unwinding left, while nobody listens
    finally:
        control.give_threads_back()
    explorer.end(control)
    run.status = control.status
    run.waiting = control.waiting if control.status != "completed" else []
    run.external = control.external
    run.time = control.time
    run.failures, run.logs = attending.failures, attending.logs
    run.warnings, run.unraisables = attending.warnings, attending.unraisables
    control.made_loops.clear()
    control.on_start = control.on_end = control.on_failure = control.interrupt_main = control.observer = None
    return run


def _end_process(control: WholeControl) -> None:
    """What an interpreter does when its main thread has ended, as far as a program can tell."""
    if control.is_last() and not _pool_module["_threads_queues"]:
        _pool_module["_shutdown"] = True  # all that would come of it
    else:
        concurrent.futures.thread._python_exit()
    threads.join_all(control)
    leaving.carry_out(control)
    _collect()  # futures that nobody asked for their exceptions say so now


def _collect() -> None:
    """Find all garbage of the run. What was there before it is frozen, and nothing has been collected since unless the
    program did so itself: then all is young, and a collection of the young takes a tenth of the time of a whole one."""
    if WITHOUT_GIL:
        gc.collect()  # there are no generations, and to ask for what is in one takes as long as to collect
    else:
        gc.collect(2 if gc.get_objects(1) or gc.get_objects(2) else 0)


# ---- what a run finds as if it were the first of its process --------------------------------------------------------


class _Counter:
    """Numbers things from 0; a run has its own numbers."""

    def __init__(self, real: Callable[[], int]) -> None:
        self._real = real
        self.own: Callable[[], int] | None = None

    def __call__(self) -> int:
        own = self.own
        return self._real() if own is None or threads.present() is None else own()


_pools: _Counter | None = None
_thread_module: Final[dict[str, Any]] = vars(threading)
_pool_module: Final[dict[str, Any]] = vars(concurrent.futures.thread)
_events_module: Final[dict[str, Any]] = vars(events)
_Pool: Final[Any] = concurrent.futures.thread.ThreadPoolExecutor
_older: OlderLocks | None = None
_signal: Final[Any] = vars(sys.modules["_signal"])["signal"]  # without conversions to enums: five times as fast


class series:
    """While in this context, runs may follow one another: what each would save of `random`'s state and restore is saved
    and restored once. In between the state is what the last run has left."""

    _depth = 0
    _state: Any = None

    def __enter__(self) -> None:
        if not series._depth:
            series._state = random.getstate()
        series._depth += 1

    def __exit__(self, *error: object) -> None:
        series._depth -= 1
        if not series._depth:
            random.setstate(series._state)


class _Old:
    """What was there before a run, which nobody looks through for garbage during it. Now and then, when it has grown,
    all of it is: the interpreter itself hardly ever gets to that while one run follows another."""

    _EVERY: Final = 500

    def __init__(self) -> None:
        self._runs = 0
        self._kept = 0

    def freeze(self) -> None:
        """A run begins."""
        gc.freeze()

    def thaw(self) -> None:
        """It is over."""
        self._runs += 1
        if self._runs % self._EVERY == 0 and gc.get_freeze_count() * 4 > self._kept * 5:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._kept = gc.get_freeze_count()
        gc.unfreeze()


_old: Final = _Old()


class _Taken:
    """While in this context, the process is the run's."""

    def __init__(self, control: WholeControl, body: Callable[[], object], seed: int) -> None:
        self._control = control
        self._body = body
        self._seed = seed

    def __enter__(self) -> None:
        global _pools, _older
        dates.prepare()  # may import, which is none of the run's doing
        enter(self._control)
        self._collecting = gc.isenabled()
        gc.disable()
        try:
            changed = _substitution.replace()
            ordered.prepare()
            if changed or _older is None:
                _older = OlderLocks()
            self._older = (_older, OlderLocks([self._body], known=_older))
        except BaseException:  # whatever foreign objects do when they are looked at, or Ctrl-C
            ordered.give_back()
            _substitution.give_back()
            leave()
            if self._collecting:
                gc.enable()
            raise
        for locks_found in self._older:
            locks_found.replace()
        if _pools is None:
            _pools = _Counter(vars(_Pool)["_counter"])
            _Pool._counter = _pools
        _pools.own = itertools.count().__next__
        self._counter = _thread_module["_counter"]
        _thread_module["_counter"] = itertools.count(1).__next__
        self._queues, self._shutdown = _pool_module["_threads_queues"], _pool_module["_shutdown"]
        _pool_module["_threads_queues"] = weakref.WeakKeyDictionary()
        self._policy = _events_module.get("_event_loop_policy")
        _events_module["_event_loop_policy"] = whole_loop.fresh_policy()
        self._running_loop = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        self._series = series()
        self._series.__enter__()
        random.seed(self._seed)
        self._interrupt()
        _old.freeze()
        watchdog.watch(self._control)

    def __exit__(self, *exception: object) -> None:
        watchdog.unwatch()
        _old.thaw()
        if self._signal is not None:
            _signal(signal.SIGURG, self._signal)
        self._series.__exit__()
        asyncio._set_running_loop(self._running_loop)
        _events_module["_event_loop_policy"] = self._policy
        whole_loop.give_back_policies()
        _pool_module["_threads_queues"], _pool_module["_shutdown"] = self._queues, self._shutdown
        _thread_module["_counter"] = self._counter
        if _pools is not None:
            _pools.own = None
        for locks_found in self._older:
            locks_found.give_back()
        ordered.give_back()
        _substitution.give_back()
        leave()
        if self._collecting:
            gc.enable()

    def _interrupt(self) -> None:
        """How the calling thread is called back out of C code where it is blocked for ever, when the run is over."""
        self._signal: Any = None
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGURG"):
            return
        control = self._control
        ident = _thread.get_ident()

        def called_back(number: int, frame: Any) -> None:
            actor = control.by_ident.get(ident)
            if control.aborting and actor is not None and actor.outside and not actor.done:
                control._come_back(ident)
                raise Abort

        self._signal = _signal(signal.SIGURG, called_back)
        control.interrupt_main = lambda: signal.pthread_kill(ident, signal.SIGURG)


def _in_child() -> None:
    """A fork inside a run: the child has one thread, and nobody controls it."""
    control = threads.present()
    watchdog.forget()
    if control is None:
        return
    control.holder = 0
    control.current = -1
    control._me = None
    control.idents.clear()
    control.by_ident.clear()
    _pool_module["_threads_queues"].clear()  # its threads are not there; the pools' own cleaner knows another registry
    ordered.give_back()
    whole_loop.give_back_policies()
    _substitution.give_back()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
