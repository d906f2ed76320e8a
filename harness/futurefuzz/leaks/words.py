"""Objects and the references between them in words, without running any code of theirs."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import gc
import os
import types
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

__all__ = ["chain_in_words", "is_pending", "is_task", "role", "word"]

_TASKS: Final = tuple({asyncio.Task, asyncio.tasks._PyTask, getattr(asyncio.tasks, "_CTask", asyncio.Task)})  # type: ignore[attr-defined]
_FUTURES: Final = tuple(
    {
        asyncio.Future,
        asyncio.futures._PyFuture,  # type: ignore[attr-defined]
        getattr(asyncio.futures, "_CFuture", asyncio.Future),
        concurrent.futures.Future,
    }
)
_CONTAINERS: Final = (list, tuple, set, frozenset, deque)
#: attributes of C objects by which they refer to others; reading them runs no code of the program
_FIELDS: Final[tuple[tuple[tuple[type, ...], tuple[str, ...]], ...]] = (
    ((types.MethodType,), ("__self__", "__func__")),
    ((types.TracebackType,), ("tb_frame", "tb_next")),
    ((BaseException,), ("__traceback__", "__context__", "__cause__", "args")),
    ((types.FrameType,), ("f_back",)),
    ((types.FunctionType,), ("__defaults__", "__kwdefaults__", "__globals__")),
    ((functools.partial,), ("func", "args", "keywords")),
    ((types.CoroutineType,), ("cr_frame", "cr_await")),
    ((types.GeneratorType,), ("gi_frame", "gi_yieldfrom")),
    (_TASKS, ("_exception", "_result", "_fut_waiter", "_coro", "_loop", "_context")),
    (_FUTURES, ("_exception", "_result", "_loop")),
)


def word(thing: object) -> str:
    """What a thing is, in a word or two."""
    kind = type(thing)
    name = kind.__qualname__.rpartition("<locals>.")[2]
    if isinstance(thing, _TASKS):
        return "task" if kind in _TASKS else f"task ({name})"
    if isinstance(thing, _FUTURES):
        return "future" if kind in _FUTURES else f"future ({name})"
    if isinstance(thing, types.ModuleType):
        return f"module {thing.__name__}"
    if isinstance(thing, type):
        return f"class {thing.__qualname__.rpartition('<locals>.')[2]}"
    if isinstance(thing, BaseException):
        return f"exception {name}"
    if isinstance(thing, types.TracebackType):
        return "traceback"
    if isinstance(thing, types.FrameType):
        code = thing.f_code
        return f"frame of {code.co_name} ({os.path.basename(code.co_filename)})"
    if isinstance(thing, types.MethodType):
        return f"method {getattr(thing.__func__, '__qualname__', '?').rpartition('<locals>.')[2]}"
    if isinstance(thing, types.FunctionType):
        return f"function {thing.__qualname__.rpartition('<locals>.')[2]}"
    if isinstance(thing, types.CoroutineType | types.GeneratorType | types.AsyncGeneratorType):
        return f"{kind.__name__} {thing.__qualname__.rpartition('<locals>.')[2]}"
    if isinstance(thing, types.CellType):
        return "closure variable"
    if isinstance(thing, contextvars.Context):
        return "context"
    if kind in (list, tuple, dict, set, frozenset, deque, bytes, bytearray, str, functools.partial):
        return kind.__name__
    return f"{name} object"


def role(owner: object, thing: object) -> str:
    """As what the owner refers to the thing: an attribute, a variable, an item; empty when that cannot be told."""
    if isinstance(owner, dict):
        for key, value in dict.items(owner):
            if value is thing:
                return f"[{key!r}]" if type(key) in (str, int) else "a value"
        return "a key"
    if isinstance(owner, types.FrameType):
        found = _variable(owner, thing)
        if found:
            return found
    if isinstance(owner, types.CoroutineType):
        found = _variable(owner.cr_frame, thing)
        if found:
            return found
    if isinstance(owner, types.GeneratorType):
        found = _variable(owner.gi_frame, thing)
        if found:
            return found
    if isinstance(owner, types.FunctionType) and isinstance(thing, types.CellType):
        for name, cell in zip(owner.__code__.co_freevars, owner.__closure__ or (), strict=False):
            if cell is thing:
                return f"variable {name}"
    for kinds, names in _FIELDS:
        if isinstance(owner, kinds):
            for name in names:
                if _field(owner, name) is thing:
                    return name.strip("_") if name.startswith("_") and not name.startswith("__") else name
    if isinstance(owner, _CONTAINERS):
        return "an item"
    if thing is type(owner):
        return "its class"
    found = _attribute(owner, thing)
    if found:
        return found
    return "a callback" if isinstance(owner, _FUTURES + _TASKS) and not isinstance(thing, BaseException) else ""


def is_task(thing: object) -> bool:
    """Whether it is one of Python's tasks, or a subclass."""
    return isinstance(thing, _TASKS)


def is_pending(thing: object) -> bool:
    """Whether it is one of Python's futures or tasks, or a subclass, and not done."""
    if not isinstance(thing, _FUTURES + _TASKS):
        return False
    try:
        state = object.__getattribute__(thing, "_state")
    except Exception:  # one that was never initialised
        return True
    return state not in ("FINISHED", "CANCELLED", "CANCELLED_AND_NOTIFIED")


def chain_in_words(chain: Sequence[object]) -> tuple[str, ...]:
    """One text for each object of a chain in which every object refers to the next.

    The dictionary of an instance, a class or a module is left out: its key is the attribute.
    """
    texts = [word(chain[0])]
    owner: object = chain[0]
    namespace: dict[Any, Any] | None = None
    for thing in chain[1:]:
        if namespace is None and type(thing) is dict and _is_namespace(owner, thing):
            namespace = thing
            continue
        if namespace is not None:
            key = next((key for key, value in namespace.items() if value is thing), None)
            said = f".{key}" if isinstance(key, str) else ""
            namespace = None
        else:
            said = role(owner, thing)
        texts.append(f"{word(thing)} ({said})" if said else word(thing))
        owner = thing
    return tuple(texts)


def _variable(frame: types.FrameType | None, thing: object) -> str:
    if frame is None:
        return ""
    try:
        variables = dict(frame.f_locals)
    except (RuntimeError, ValueError):  # of a frame that is being taken apart
        return ""
    return next((f"variable {name}" for name, value in variables.items() if value is thing), "")


def _field(owner: object, name: str) -> Any:
    try:
        return getattr(owner, name, None)
    except Exception:  # a subclass with properties of its own
        return None


def _attribute(owner: object, thing: object) -> str:
    namespace = _namespace(owner)
    for name, value in (namespace or {}).items():
        if value is thing:
            return f".{name}"
    for kind in type(owner).__mro__:
        for name, descriptor in vars(kind).items():
            if isinstance(descriptor, types.MemberDescriptorType):
                try:
                    if descriptor.__get__(owner) is thing:
                        return f".{name}"
                except Exception:
                    continue
    return ""


def _namespace(owner: object) -> dict[Any, Any] | None:
    try:
        namespace = object.__getattribute__(owner, "__dict__")
    except AttributeError:
        return None
    if isinstance(namespace, types.MappingProxyType):  # of a class
        return next((found for found in gc.get_referents(namespace) if type(found) is dict), None)
    return namespace if type(namespace) is dict else None


def _is_namespace(owner: object, found: dict[Any, Any]) -> bool:
    if isinstance(owner, types.FunctionType):
        return False
    return _namespace(owner) is found
