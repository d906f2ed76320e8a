"""Whose code a file is: the user's, an installed package's, the standard library's, or ours."""

from __future__ import annotations

import asyncio
import linecache
import os
import sysconfig
from functools import cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final

from attrs import frozen

__all__ = ["Place", "innermost", "is_users", "of_frame", "of_traceback", "source_line"]

_OURS: Final = str(Path(__file__).resolve().parent.parent) + os.sep
#: the outermost file of ours in a run
_EDGE: Final = os.path.join("futurefuzz", "exploring", "running.py")
_STANDARD: Final = tuple(
    os.path.realpath(path) + os.sep
    for path in dict.fromkeys(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))
)
_INSTALLED: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


@frozen
class Place:
    """A line of code: file as Python names it, line number, function."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}"

    @property
    def steady(self) -> str:
        """The place without what an unrelated edit changes: `report.py:worker`."""
        return f"{os.path.basename(self.file)}:{self.function}"


@cache
def is_users(file: str) -> bool:
    """Neither the standard library nor ours: the script, its modules, and the packages that it uses."""
    if file.startswith("<"):
        return False
    real = os.path.realpath(file)
    if real.startswith(_OURS):
        return False
    return any(part in real for part in _INSTALLED) or not real.startswith(_STANDARD)


def of_frame(frame: FrameType | None) -> Place | None:
    """Where the innermost frame of the user's code stands; None when there is none.

    Frames outside of the run, such as those of a test that called `explore`, are not looked at.
    """
    while frame is not None and not frame.f_code.co_filename.endswith(_EDGE):
        code = frame.f_code
        if is_users(code.co_filename):
            return Place(code.co_filename, frame.f_lineno or code.co_firstlineno, code.co_qualname)
        frame = frame.f_back
    return _of_waiting_task()


def _of_waiting_task() -> Place | None:
    """Where the first of the thread's tasks awaits something, when the loop itself is all that runs there."""
    loop = asyncio._get_running_loop()
    if loop is None:
        return None
    waiting = sorted(asyncio.all_tasks(loop), key=lambda task: (len(task.get_name()), task.get_name()))
    for task in waiting:
        found = None
        inner: Any = task.get_coro()
        while inner is not None:
            frame = getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None)
            if frame is not None and is_users(frame.f_code.co_filename):
                found = Place(frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_qualname)
            inner = getattr(inner, "cr_await", None) or getattr(inner, "gi_yieldfrom", None)
        if found is not None:
            return found
    return None


def of_traceback(traceback: TracebackType | None) -> Place | None:
    """Where an exception left the user's code last; where it was raised when it never was there."""
    found = last = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        last = Place(code.co_filename, traceback.tb_lineno or code.co_firstlineno, code.co_qualname)
        if is_users(code.co_filename):
            found = last
        traceback = traceback.tb_next
    return found or last


def innermost(error: BaseException) -> Place | None:
    """The place that an exception is named after."""
    return of_traceback(error.__traceback__)


def source_line(file: str, line: int) -> str:
    """The line's text without its indentation; empty when there is no source."""
    return linecache.getline(file, line).strip()
