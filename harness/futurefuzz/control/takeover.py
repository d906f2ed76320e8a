"""Puts virtual primitives in the place of the real ones while a run lasts, for the threads that the run controls.

`threading`'s names are replaced, not its classes: whatever asks for a lock during a run, on a controlled thread,
gets a virtual one; everybody else (a test runner's own threads) goes on getting real ones.
"""

from __future__ import annotations

import _thread
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from futurefuzz.control import primitives
from futurefuzz.control.scheduler import Control
from futurefuzz.errors import HarnessError

__all__ = ["controlled", "current_control"]

_real_lock: Final = _thread.allocate_lock
_real_rlock: Final = threading.RLock
_real_simple_queue: Final = queue.SimpleQueue
_real_monotonic: Final = time.monotonic
_real_sleep: Final = time.sleep

_control: Control | None = None


def current_control() -> Control | None:
    """The control whose run the calling thread belongs to, or None."""
    control = _control
    if control is None or _thread.get_ident() not in control.idents:
        return None
    return control


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
    else:
        control.block("sleep", "sleep", seconds)


_places: Final[tuple[tuple[Any, str, Any], ...]] = (
    (threading, "Lock", _lock),
    (threading, "_allocate_lock", _lock),
    (threading, "RLock", _rlock),
    (threading, "_time", _monotonic),
    (queue, "SimpleQueue", _simple_queue),
    (queue, "time", _monotonic),
    (time, "monotonic", _monotonic),
    (time, "sleep", _sleep),
)
_originals: Final = tuple((module, name, getattr(module, name)) for module, name, _ in _places)


@contextmanager
def controlled(control: Control) -> Iterator[None]:
    """While in this context, the calling thread and the control's actors use virtual primitives.

    Raises:
        HarnessError: another run is going on in this process.
    """
    global _control
    if _control is not None:
        raise HarnessError("a controlled run is already going on in this process; runs cannot be nested")
    _control = control
    control.idents.add(_thread.get_ident())
    for module, name, substitute in _places:
        setattr(module, name, substitute)
    try:
        yield
    finally:
        for module, name, original in _originals:
            setattr(module, name, original)
        _control = None
