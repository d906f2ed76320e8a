"""The one control whose run is going on in this process, and which threads are its own."""

from __future__ import annotations

import _thread
from typing import TYPE_CHECKING, Final

from futurefuzz.errors import HarnessError

if TYPE_CHECKING:
    from futurefuzz.control.scheduler import Control

__all__ = ["current_control", "enter", "leave"]

#: the control whose run is going on in this process
_going_on: Control | None = None
_one_at_a_time: Final = _thread.allocate_lock()


def enter(control: Control) -> None:
    """From now on the calling thread and the control's actors are under control.

    Raises:
        HarnessError: another run is going on in this process.
    """
    global _going_on
    if not _one_at_a_time.acquire(blocking=False):
        raise HarnessError("a controlled run is already going on in this process; runs cannot be nested")
    control.idents.add(_thread.get_ident())
    _going_on = control


def leave() -> None:
    """The run is over."""
    global _going_on
    _going_on = None
    _one_at_a_time.release()


def current_control() -> Control | None:
    """The control whose run the calling thread belongs to, or None."""
    control = _going_on
    if control is None or _thread.get_ident() not in control.idents:
        return None
    return control
