"""Names and places of what a loop runs, for people: callbacks, tasks and what they await, exceptions."""

from __future__ import annotations

import asyncio
import functools
import re
from types import CodeType, FrameType, TracebackType
from typing import Any, Final

from futurefuzz.control.places import coroutine_line, stands_in
from futurefuzz.health.record import Complaint, Slow, Waiter

__all__ = ["called", "complaint", "logged", "name_of", "slow", "task_of", "waiter"]

_ADDRESS: Final = re.compile(r"( at )?0x[0-9a-fA-F]{6,}")
_LONGEST: Final = 160


def _text(value: str) -> str:
    return _ADDRESS.sub("", value)[:_LONGEST]


def task_of(callback: Any) -> asyncio.Task[Any] | None:
    """The task of which a callback is a step or a wake-up."""
    owner = getattr(callback, "__self__", None)
    return owner if isinstance(owner, asyncio.Task) else None


def called(callback: Any) -> tuple[str, str]:
    """Name and `file:line in function` of a callback; the place is empty where it has none."""
    while isinstance(callback, functools.partial):
        callback = callback.func
    function = getattr(callback, "__func__", callback)
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    if not isinstance(code, CodeType):
        code = getattr(vars(type(function)).get("__call__"), "__code__", None)
    where = f"{code.co_filename}:{code.co_firstlineno} in {code.co_qualname}" if isinstance(code, CodeType) else ""
    return str(name), where


def slow(callback: Any, seconds: float) -> Slow:
    """A callback that has run."""
    task = task_of(callback)
    if task is None:
        what, where = called(callback)
        return Slow(what=what, where=where, seconds=seconds)
    return Slow(what=name_of(task), where=_stands(task), seconds=seconds)


def name_of(task: Any) -> str:
    """Of a task, or the kind of what is none."""
    get = getattr(task, "get_name", None)
    return str(get()) if get is not None else type(task).__qualname__


def _stands(task: Any) -> str:
    """Where a task stands, or the function of one that is over."""
    coroutine = _coroutine(task)
    line = coroutine_line(coroutine)
    if line:
        return line
    code = getattr(coroutine, "cr_code", None)
    return f"{code.co_filename}:{code.co_firstlineno} in {code.co_qualname}" if isinstance(code, CodeType) else ""


def _coroutine(task: Any) -> Any:
    get = getattr(task, "get_coro", None)
    return get() if get is not None else None


def waiter(task: Any, seconds: float) -> Waiter:
    """A task that is not done.

    Args:
        task: the task.
        seconds: for which it has waited at least.
    """
    return Waiter(name=name_of(task), where=_stands(task), waits_for=_awaited(task), seconds=seconds)


def _awaited(task: Any) -> str:
    future = getattr(task, "_fut_waiter", None)
    if future is None:
        return "its turn"
    if isinstance(future, asyncio.Task):
        return f"task {name_of(future)}"
    kind = type(future)
    text = "a future" if kind.__name__ == "Future" else f"a {kind.__qualname__}"
    inside = _library_function(task)
    return f"{text} in {inside}" if inside else text


def _library_function(task: Any) -> str:
    """The innermost function that the user's code awaits: `Queue.get`, `sleep`."""
    coroutine, found = _coroutine(task), ""
    users = _stands(task)
    while coroutine is not None:
        frame: FrameType | None = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            code = frame.f_code
            line = f"{code.co_filename}:{frame.f_lineno} in {code.co_qualname}"
            found = "" if line == users else code.co_qualname
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return found


def complaint(context: dict[str, Any]) -> Complaint:
    """What was handed to the loop's exception handler."""
    message = str(context.get("message", ""))
    error = context.get("exception")
    what, where = _subject(context)
    return _complaint(message, error if isinstance(error, BaseException) else None, what, where)


def logged(text: str, error: BaseException | None) -> Complaint:
    """What the loop's own exception handler has logged; what it was about is not known then."""
    return _complaint(text.partition("\n")[0], error, "", "")


def _complaint(message: str, error: BaseException | None, what: str, where: str) -> Complaint:
    if "never retrieved" in message:
        kind = "never-retrieved"
    elif message.startswith("Exception in callback"):
        kind = "raised"
    elif "destroyed but it is pending" in message:
        kind = "destroyed"
    else:
        kind = "other"
    said = ""
    if error is not None:
        where = _raised_at(error.__traceback__) or where
        said = f"{type(error).__name__}: {_text(_said(error))}".removesuffix(": ")
    return Complaint(kind=kind, message=_text(message), error=said, what=what, where=where)


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _subject(context: dict[str, Any]) -> tuple[str, str]:
    subject = context.get("task") or context.get("future")
    if subject is not None:
        return name_of(subject), _stands(subject)
    handle = context.get("handle")
    callback = getattr(handle, "_callback", None)
    if callback is None:
        return "", ""
    task = task_of(callback)
    return called(callback) if task is None else (name_of(task), _stands(task))


def _raised_at(traceback: TracebackType | None) -> str:
    """The innermost place of the user's code, else where it was raised."""
    found = ""
    while traceback is not None:
        frame = traceback.tb_frame
        if not found or stands_in(frame) is frame:
            found = f"{frame.f_code.co_filename}:{traceback.tb_lineno} in {frame.f_code.co_qualname}"
        traceback = traceback.tb_next
    return found
