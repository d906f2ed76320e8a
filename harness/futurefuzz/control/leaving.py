"""What a program has asked to be done when its process ends: `atexit`, for the end of a run.

What is registered while a module is imported is the process's: the module stays loaded for the runs that follow, and
must not be shut down after the first. `weakref.finalize` registers itself once in a process, whichever run comes first.
"""

from __future__ import annotations

import atexit
import sys
import weakref
from types import FrameType
from typing import Any, Final

from futurefuzz.control.actors import Abort
from futurefuzz.control.threads import present
from futurefuzz.control.whole import WholeControl

__all__ = ["SUBSTITUTES", "carry_out"]

_real_register: Final = atexit.register
_real_unregister: Final = atexit.unregister
_OF_THE_PROCESS: Final = getattr(weakref.finalize, "_exitfunc", None)
_IMPORTING: Final = "<frozen importlib._bootstrap>"


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False


def _register(func: Any, /, *args: Any, **keywords: Any) -> Any:
    control = present()
    if (
        control is None
        or control.current < 0
        or not callable(func)
        or func == _OF_THE_PROCESS
        or _is_importing(sys._getframe(1))
    ):
        return _real_register(func, *args, **keywords)
    control.at_exit.append((func, args, keywords))
    return func


def _unregister(func: Any, /) -> None:
    control = present()
    if control is not None:
        control.at_exit[:] = [entry for entry in control.at_exit if entry[0] != func]
    _real_unregister(func)


def carry_out(control: WholeControl) -> None:
    """Call them, the last one first; one that fails is told of like a thread that does, and holds up nobody."""
    while control.at_exit:
        func, args, keywords = control.at_exit.pop()
        try:
            func(*args, **keywords)
        except Abort:
            raise
        except SystemExit:
            pass
        except BaseException as error:
            control.settle()
            if control.on_failure is not None:
                control.on_failure(None, error)


SUBSTITUTES: Final[list[tuple[Any, Any]]] = [(_real_register, _register), (_real_unregister, _unregister)]
