"""Event loops of whole programs: asyncio's own, whose selector asks without waiting, and waits in the control.

`asyncio.run`, `Runner`, `new_event_loop` and `get_event_loop` all come by way of the policy, so a run has a policy of
its own. Real sockets and pipes work: the real selector is asked, never waited in. The self-pipe, which is only how one
thread wakes a loop, is a flag; it becomes a real pipe when a signal handler needs one.
"""

from __future__ import annotations

import asyncio
import functools
import select
import selectors
import warnings
import weakref
from asyncio import events, unix_events
from typing import Any, Final

from futurefuzz.control.threads import present
from futurefuzz.control.whole import WholeControl
from futurefuzz.errors import InputError
from futurefuzz.explorers.base import Pending

__all__ = ["SUBSTITUTES", "ControlledLoop", "fresh_policy", "give_back_policies", "hush"]

_WAKE_UP: Final = "a wake-up of its event loop"
_DESCRIPTORS: Final = "a descriptor to become ready"
_ASKING: Final = Pending("select", "descriptors", True)
#: Virtual seconds. Time goes on between two calls that ask for the same delay, if only a little: more than the clock of
#: a loop resolves (1 ns), so that their timers need not be due in the same iteration. Lateness may bring them together.
_APART: Final = 1e-7


class _Polled:
    """Mixed into a real selector: its `select` asks, and waits in the control."""

    loop: Any = None

    def select(self, timeout: float | None = None) -> Any:
        """As the real selector's; the timeout is in virtual seconds."""
        control = present()
        if control is None or control.current < 0:
            return super().select(timeout)  # type: ignore[misc]
        loop = self.loop
        if loop is None:
            control.point(_ASKING)
        else:
            loop.before_select(control, timeout)
        ready = super().select(0) if self._watched() else []  # type: ignore[misc]
        if ready or (timeout is not None and timeout <= 0):
            if loop is not None:
                loop.woken = False
            return ready
        deadline = None if timeout is None else control.time + timeout
        while not ready and not (loop is not None and loop.woken):
            remaining = None if deadline is None else deadline - control.time
            if (remaining is not None and remaining <= 0) or not self._sleep(control, remaining):
                break
            if self._watched():
                ready = super().select(0)  # type: ignore[misc]
        if loop is not None:
            loop.woken = False
        return ready

    def _sleep(self, control: WholeControl, timeout: float | None) -> bool:
        index, loop = control.current, self.loop
        if self._watched():
            control.sleepers[index] = self
        try:
            if loop is None:
                return control.block(_DESCRIPTORS, "select", timeout)
            loop.sleeper = index
            control.loops[index] = loop
            return control.block(_WAKE_UP, "asleep", timeout)
        finally:
            control.sleepers.pop(index, None)
            if loop is not None:
                loop.sleeper = -1
                control.loops.pop(index, None)

    def _watched(self) -> bool:
        return len(self.get_map() or ()) > 0  # type: ignore[attr-defined]

    def watches(self) -> bool:
        """Whether there is a descriptor to wait for."""
        return self._watched()

    def ready(self) -> bool:
        """Whether one is ready now."""
        return bool(super().select(0))  # type: ignore[misc]


def _polled(real: type) -> type:
    return type(real.__name__, (_Polled, real), {"__module__": real.__module__, "__doc__": real.__doc__})


_real_selectors: Final = tuple(
    dict.fromkeys(
        getattr(selectors, name)
        for name in ("SelectSelector", "PollSelector", "EpollSelector", "KqueueSelector", "DevpollSelector")
        if hasattr(selectors, name)
    )
)
_POLLED: Final[dict[type, type]] = {real: _polled(real) for real in _real_selectors}
_LoopSelector: Final = _POLLED[selectors.DefaultSelector]

_RealLoop: Final = unix_events._UnixSelectorEventLoop


def _without_us(made: Any) -> asyncio.Handle:
    """In debug mode a handle tells where it was made: that is where our method was called, as asyncio does itself."""
    handle: asyncio.Handle = made
    if made._source_traceback:
        del made._source_traceback[-1]
    return handle


class _LoopMaker(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return type.__instancecheck__(cls, instance) or (cls is ControlledLoop and isinstance(instance, _RealLoop))


class ControlledLoop(_RealLoop, metaclass=_LoopMaker):  # type: ignore[misc,valid-type]
    """asyncio's selector loop in a run."""

    def __init__(self, selector: Any = None) -> None:
        control = present()
        self.control: WholeControl | None = control
        self.woken = False
        self.sleeper = -1
        number = control.number("loop") if control is not None else 0
        self._tasks_made = self._created = 0
        self._asked_at = 0.0
        self._asked: dict[float, int] = {}  # delay -> how many timers were asked for at this virtual time
        self._numbers: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        name = f"loop {number}"
        self._ssock: Any
        self._csock: Any
        self._posting = Pending("call_soon", name, True)
        self._waking = Pending("wake", name, True)
        self._selecting = Pending("select", name, True)
        if selector is None and control is not None:
            selector = _LoopSelector()
        super().__init__(selector)
        if control is not None and isinstance(selector, _Polled):
            selector.loop = self
            control.made_loops.append(self)

    # ---- the self-pipe ----------------------------------------------------------------------------------------------

    def _make_self_pipe(self) -> None:
        if self.control is None or not isinstance(self._selector, _Polled):
            super()._make_self_pipe()
        else:
            self._ssock = self._csock = None

    def _close_self_pipe(self) -> None:
        if self._csock is not None:
            super()._close_self_pipe()

    def _write_to_self(self) -> None:
        control = self._present()
        if control is None:
            super()._write_to_self()
            return
        control.point(self._waking)
        self.wake()

    def wake(self) -> None:
        """What a byte in the self-pipe does."""
        self.woken = True
        if self.sleeper >= 0 and self.control is not None:
            self.control.unblock(self.sleeper)

    def add_signal_handler(self, sig: int, callback: Any, *args: Any) -> None:
        """As asyncio's."""
        if self._csock is None and not self.is_closed():
            super()._make_self_pipe()
        super().add_signal_handler(sig, callback, *args)

    # ---- points -----------------------------------------------------------------------------------------------------

    def _present(self) -> WholeControl | None:
        control = self.control
        if control is None or control.current < 0 or present() is not control:
            return None
        return control

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        """As asyncio's; a point, since C code calls out here."""
        control = self._present()
        if control is not None:
            control.point(self._posting)
        return _without_us(super().call_soon(callback, *args, context=context))

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        """As asyncio's; a point before it."""
        control = self._present()
        if control is not None:
            control.point(self._posting)
        return _without_us(super().call_soon_threadsafe(callback, *args, context=context))

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        """As asyncio's; who asks later for the same delay is due a little later, not for certain at the same time."""
        if self._present() is not None:
            delay = self.a_little_later(delay)
        timer: Any = super().call_later(delay, callback, *args, context=context)
        _without_us(timer)
        return timer  # type: ignore[no-any-return]

    def a_little_later(self, delay: Any) -> Any:
        """The delay (virtual seconds), longer by the time that those before took who asked for the same one just now.

        What is to happen at once (0 or less), or is no number, is given back as it is. Moments that a program names
        (`call_at`, `timeout_at`) are not touched: timers of one moment are due in one iteration of a real loop, too.
        """
        if self.control is None or type(delay) not in (int, float) or delay <= 0:
            return delay
        if self._asked_at != self.control.time:
            self._asked_at = self.control.time
            self._asked.clear()
        before = self._asked.get(delay, 0)
        self._asked[delay] = before + 1
        return delay + before * _APART if before else delay

    def create_task(self, coro: Any, **keywords: Any) -> Any:
        """As asyncio's; tasks are numbered in each loop, so that names are the same in every run."""
        if keywords.get("name") is None and self.get_task_factory() is None:
            self._tasks_made += 1
            keywords["name"] = f"Task-{self._tasks_made}"
        task = super().create_task(coro, **keywords)
        try:
            self._numbers[task] = self._created
            self._created += 1
        except TypeError:
            pass  # a factory's, which has no hash or cannot be referred to weakly
        return task

    def number_of(self, task: Any) -> int:
        """Which of its tasks it is, in the order of creation; those of others come last."""
        return self._numbers.get(task, self._created)

    def before_select(self, control: WholeControl, timeout: float | None) -> None:
        """One round of the loop begins. Its timers are choices here: a loop can be late, and then timers are due
        together with what would have come before them."""
        index = control.current
        if control.observer is not None:
            control.observer.goes_round(self, control.names[index], control.time)
        upcoming = self._upcoming(control.time, 1 if timeout is not None and timeout <= 0 else 2)
        if upcoming is not None:
            control.set_timer(index, upcoming)
            try:
                control.point(self._selecting)
            finally:
                control.set_timer(index, None)
        else:
            control.point(self._selecting)

    def _upcoming(self, now: float, nth: int) -> float | None:
        scheduled = self._scheduled
        if len(scheduled) < nth:
            return None
        times = sorted({handle._when for handle in scheduled if not handle._cancelled and handle._when > now})
        return times[nth - 1] if len(times) >= nth else None


def hush(control: WholeControl) -> None:
    """What a run has left pending when it was unwound is not the program's fault, whenever the collector finds it."""
    for loop in control.made_loops:
        for task in asyncio.all_tasks(loop):
            if hasattr(task, "_log_destroy_pending"):
                task._log_destroy_pending = False
    control.made_loops.clear()


def _policy_class() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(asyncio, "DefaultEventLoopPolicy", None) or vars(events).get("_DefaultEventLoopPolicy") or vars(
            unix_events
        )["_DefaultEventLoopPolicy"]


_Default: Final[Any] = _policy_class()


class _Policy(_Default):  # type: ignore[misc]
    _loop_factory = ControlledLoop


def fresh_policy() -> Any:
    """A policy for one run, which makes controlled loops and knows of none yet. So do those that the program makes."""
    _Default._loop_factory = ControlledLoop
    return _Policy()


def give_back_policies() -> None:
    """The run is over: asyncio's own policy makes real loops again."""
    _Default._loop_factory = _RealLoop


# ---- select.select --------------------------------------------------------------------------------------------------

_real_select: Final = select.select


class _Asked:
    """Waits for what `select.select` was asked for."""

    def __init__(self, lists: tuple[Any, Any, Any]) -> None:
        self.lists = lists

    def watches(self) -> bool:
        return any(len(part) for part in self.lists)

    def ready(self) -> bool:
        try:
            return any(_real_select(*self.lists, 0))
        except (OSError, ValueError):
            return True  # let the caller see the error


def _select(rlist: Any, wlist: Any, xlist: Any, timeout: float | None = None, /) -> Any:
    control = present()
    if control is None or control.current < 0:
        return _real_select(rlist, wlist, xlist, timeout)
    rlist, wlist, xlist = list(rlist), list(wlist), list(xlist)
    control.point(_ASKING)
    found = _real_select(rlist, wlist, xlist, 0)
    if any(found) or (timeout is not None and timeout <= 0):
        return found
    index = control.current
    control.sleepers[index] = _Asked((rlist, wlist, xlist))
    try:
        control.block(_DESCRIPTORS, "select", timeout)
    finally:
        control.sleepers.pop(index, None)
    return _real_select(rlist, wlist, xlist, 0)


# ---- asyncio.timeout ------------------------------------------------------------------------------------------------

_real_timeout: Final = asyncio.timeout


@functools.wraps(_real_timeout)
def _timeout(delay: Any) -> Any:
    loop = events._get_running_loop()
    return _real_timeout(loop.a_little_later(delay) if type(loop) is ControlledLoop else delay)


# ---- loops from before the run --------------------------------------------------------------------------------------

_set_running_loop: Final = events._set_running_loop


def _begin_running(loop: Any, /) -> None:
    """Refuse a real loop: made before the run, it would wait in real time, and wake up in no schedule."""
    control = present()
    if control is not None and control.current >= 0 and type(loop) is _RealLoop:
        if hasattr(loop, "_run_forever_cleanup"):
            loop._run_forever_cleanup()  # not every release cleans up what fails before the first round
        raise InputError(
            "runs an event loop that was made before the run, by a fixture or while a module was imported: outside "
            "of control; allowed: loops that are made in the run, as by asyncio.run"
        )
    _set_running_loop(loop)


#: real object -> what stands in its place during a run
SUBSTITUTES: Final[list[tuple[Any, Any]]] = [
    *((real, substitute) for real, substitute in _POLLED.items()),
    (_RealLoop, ControlledLoop),
    (_real_select, _select),
    (_real_timeout, _timeout),
    (_set_running_loop, _begin_running),
]
