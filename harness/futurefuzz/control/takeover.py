"""Puts virtual primitives in the place of the real ones while a run lasts, for the threads that the run controls.

`threading`'s names are replaced, not its classes: whatever asks for a lock during a run, on a controlled thread,
gets a virtual one; everybody else (a test runner's own threads) goes on getting real ones.
"""

from __future__ import annotations

import _thread
import math
import queue
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from futurefuzz.control import primitives
from futurefuzz.control.going_on import current_control, enter, leave
from futurefuzz.control.scheduler import Control
from futurefuzz.errors import HarnessError

__all__ = ["controlled", "current_control"]

_real_lock: Final = _thread.allocate_lock
_real_rlock: Final = threading.RLock
_real_simple_queue: Final = queue.SimpleQueue
_real_monotonic: Final = time.monotonic
_real_sleep: Final = time.sleep


def _lock() -> Any:
    control = current_control()
    return _real_lock() if control is None else primitives.Lock(control)


def _rlock() -> Any:
    control = current_control()
    return _real_rlock() if control is None else primitives.RLock(control)


def _simple_queue() -> Any:
    # The C queue waits on a lock of its own that nobody can see; CPython keeps a Python twin of it.
    twin: Callable[[], Any] = queue._PySimpleQueue  # type: ignore[attr-defined]
    return _real_simple_queue() if current_control() is None else twin()


def _monotonic() -> float:
    control = current_control()
    return _real_monotonic() if control is None else control.time


def _sleep(seconds: float) -> None:
    control = current_control()
    if control is None:
        _real_sleep(seconds)
        return
    if math.isnan(seconds):
        raise ValueError("Invalid value NaN (not a number)")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    if control.current < 0:  # before or after the run proper: nobody else is there
        control.time += seconds
    else:
        control.block("the end of a sleep", "sleep", seconds)


def _starting(real: Callable[..., Any]) -> Callable[..., Any]:
    def start(*arguments: Any, **keywords: Any) -> Any:
        # Such a thread would use virtual locks without being an actor: better no run than one that means nothing.
        if current_control() is not None:
            raise HarnessError("the target starts a thread of its own; such threads are not under control yet")
        return real(*arguments, **keywords)

    return start


_places: Final[tuple[tuple[Any, str, Any], ...]] = (
    (threading, "Lock", _lock),
    (threading, "_allocate_lock", _lock),
    (threading, "RLock", _rlock),
    (threading, "_time", _monotonic),
    (queue, "SimpleQueue", _simple_queue),
    (queue, "time", _monotonic),
    (time, "monotonic", _monotonic),
    (time, "sleep", _sleep),
    *(
        (module, name, _starting(getattr(module, name)))
        for module in (_thread, threading)
        for name in ("start_new_thread", "start_joinable_thread", "_start_new_thread", "_start_joinable_thread")
        if hasattr(module, name)
    ),
)
_originals: Final = tuple((module, name, getattr(module, name)) for module, name, _ in _places)


def _by_namespace(places: tuple[tuple[Any, str, Any], ...]) -> tuple[tuple[dict[str, Any], dict[str, Any]], ...]:
    # One update a module is half the price of one setattr a name.
    modules = dict.fromkeys(module for module, _, _ in places)
    return tuple((vars(at), {name: value for module, name, value in places if module is at}) for at in modules)


_virtual: Final = _by_namespace(_places)
_real: Final = _by_namespace(_originals)


class controlled:
    """While in this context, the calling thread and the control's actors use virtual primitives.

    Raises:
        HarnessError: another run is going on in this process.
    """

    __slots__ = ("_control",)

    def __init__(self, control: Control) -> None:
        self._control = control

    def __enter__(self) -> None:
        enter(self._control)
        for namespace, substitutes in _virtual:
            namespace.update(substitutes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for namespace, originals in _real:
            namespace.update(originals)
        leave()
