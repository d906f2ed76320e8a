"""Whose code a file is: the user's, an installed package's, the standard library's, or ours."""

from __future__ import annotations

import linecache
import os
import sysconfig
from functools import cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final

from attrs import frozen

__all__ = ["Place", "innermost", "is_users", "of_frame", "of_traceback", "source_line"]

_OURS: Final = str(Path(__file__).resolve().parent.parent) + os.sep
#: the outermost file of ours in a run
_EDGE: Final = os.path.join("futurefuzz", "exploring", "running.py")
_LOOP: Final = os.path.join("asyncio", "base_events.py")
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

    Frames outside of the run, such as those of a test that called `explore`, are not looked at, nor whoever started an
    event loop while that does its own work.
    """
    while frame is not None and not frame.f_code.co_filename.endswith(_EDGE):
        code = frame.f_code
        if code.co_name == "run_forever" and code.co_filename.endswith(_LOOP):
            return None
        if is_users(code.co_filename):
            return Place(code.co_filename, frame.f_lineno or code.co_firstlineno, code.co_qualname)
        frame = frame.f_back
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
