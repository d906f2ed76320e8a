"""Where code stands, in the words of a report: the innermost frame that is neither ours nor the standard library's."""

from __future__ import annotations

import os
import sys
from types import CodeType, FrameType
from typing import Any, Final

__all__ = ["lines_of", "place_of", "stands_in"]

_OURS: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARY: Final = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_PACKAGES: Final = tuple(os.path.join(_LIBRARY, name) + os.sep for name in ("site-packages", "dist-packages"))

#: our function below which a run's own frames are
_EDGE: Final = "_carry"

_USER, _STANDARD, _OWN = 0, 1, 2
_kinds: dict[str, int] = {}


def _kind(file: str) -> int:
    kind = _kinds.get(file)
    if kind is None:
        path = os.path.abspath(file) if not file.startswith("<") else file
        if path.startswith(_OURS):
            kind = _OWN
        elif path.startswith("<frozen ") or (path.startswith(_LIBRARY) and not path.startswith(_PACKAGES)):
            kind = _STANDARD
        else:
            kind = _USER
        _kinds[file] = kind
    return kind


def stands_in(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the user's code; the standard library's when there is none; None when all is ours."""
    fallback = None
    while frame is not None:
        kind = _kind(frame.f_code.co_filename)
        if kind == _USER:
            return frame
        if kind == _STANDARD:
            if fallback is None:
                fallback = frame
        elif frame.f_code.co_name == _EDGE:
            break  # who called is no part of the run
        frame = frame.f_back
    return fallback


def is_ours(frame: FrameType | None) -> bool:
    """Whether this very frame is futurefuzz's own."""
    return frame is not None and _kind(frame.f_code.co_filename) == _OWN


def _named(code: CodeType) -> str:
    return f"{os.path.basename(code.co_filename)}:{code.co_qualname}"


def place_of(frame: FrameType | None) -> str:
    """`file.py:function`, without a line, so that it survives unrelated edits; empty when there is none."""
    found = stands_in(frame)
    return "" if found is None else _named(found.f_code)


def here(depth: int = 1) -> str:
    """The place of whoever called."""
    return place_of(sys._getframe(depth))


def line_of(frame: FrameType | None) -> str:
    """`file.py:12 in function`, for people."""
    found = stands_in(frame)
    if found is None:
        return ""
    return f"{found.f_code.co_filename}:{found.f_lineno} in {found.f_code.co_qualname}"


def lines_of(frame: FrameType | None) -> tuple[str, ...]:
    """The whole stack but for our own frames, innermost first."""
    found = []
    while frame is not None:
        if _kind(frame.f_code.co_filename) == _OWN:
            if frame.f_code.co_name == _EDGE:
                break
        else:
            found.append(f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}")
        frame = frame.f_back
    return tuple(found)


def coroutine_line(coroutine: Any) -> str:
    """Where a coroutine stands: the innermost of the frames that it awaits which is the user's."""
    best = last = ""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            line = f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
            last = line
            if _kind(frame.f_code.co_filename) == _USER:
                best = line
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return best or last
