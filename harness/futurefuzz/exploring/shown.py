"""Values in a few characters, written without running any code of the program that they belong to.

A report shows what a thread has read in the middle of a race. Asking an object for its `repr` there would run the
program's own code, add points to the run and change it, and addresses would make every report another one. So builtin
values are written out, what is inside them by the same rule, and everything else is `<Account>`. Futures and events
say their state, which is what races are about.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

__all__ = ["has_state", "shown"]

_LONGEST: Final = 40
_ITEMS: Final = 4
_DEPTH: Final = 3
_NUMBER: Final = 10**30

#: whatever a metaclass says
_name: Final = vars(type)["__name__"].__get__


def shown(value: object) -> str:
    """The value, at most about 40 characters of it."""
    return _cut(_written(value, _DEPTH))


def has_state(value: object) -> bool:
    """Whether `shown` tells more of it than its type."""
    kind = type(value)
    return kind in _BRACKETS or kind is deque or kind is bytearray or _state(value) is not None


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]}..{text[-1]}"


def _written(value: Any, depth: int) -> str:
    kind = type(value)
    if value is None or value is ... or value is NotImplemented or kind is bool:
        return str(value) if value is not ... else "..."
    if kind is int:
        return repr(value) if -_NUMBER < value < _NUMBER else f"<int of {value.bit_length()} bits>"
    if kind in (float, complex):
        return repr(value)
    if kind in (str, bytes, bytearray):
        return repr(value) if len(value) <= _LONGEST else f"{value[: _LONGEST // 2]!r}.."
    if kind in _BRACKETS or kind is deque:
        return _collection(value, kind, depth)
    if issubclass(kind, type):
        return f"<class {_name(value)}>"
    return _state(value) or f"<{_name(kind)}>"


_BRACKETS: Final[dict[type, tuple[str, str]]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    dict: ("{", "}"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}


def _collection(value: Any, kind: type, depth: int) -> str:
    first, last = _BRACKETS.get(kind, ("deque([", "])"))
    if not value:
        return f"{kind.__name__}()" if kind in (set, frozenset) else f"{first}{last}"
    if kind in (set, frozenset) and {type(each) for each in value} not in ({int}, {str}, {bytes}):
        return f"<{kind.__name__} of {len(value)}>"  # their order is nobody's promise, and cannot be made one
    if depth <= 0:
        return f"{first}..{last}"
    parts: Iterator[str]
    if kind is dict:
        parts = (f"{_written(key, depth - 1)}: {_written(each, depth - 1)}" for key, each in value.items())
    else:
        ordered = sorted(value) if kind in (set, frozenset) else value
        parts = (_written(each, depth - 1) for each in ordered)
    found = list(islice(parts, _ITEMS))
    more = [f".. {len(value)} in all"] if len(value) > _ITEMS else []
    return f"{first}{', '.join(found + more)}{',' if kind is tuple and len(value) == 1 else ''}{last}"


# ---- states ----------------------------------------------------------------------------------------------------------


def _namespace(value: object) -> dict[str, Any]:
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}


def _state(value: object) -> str | None:
    """What a future, a task or an event would say of itself; None for everything else."""
    kind = type(value)
    name = _name(kind)
    if kind is threading.Event:
        return f"<{name} {'set' if _namespace(value).get('_flag') else 'not set'}>"
    state: object = None
    for base in kind.__mro__:
        if base is concurrent.futures.Future:
            state = _namespace(value).get("_state")
        elif base in _of_asyncio():
            state = _of_asyncio()[base](value)
        else:
            if "_state" in vars(base):
                return None  # it means something else here
            continue
        break
    return f"<{name} {state.lower()}>" if type(state) is str else None


_found: dict[type, Callable[[Any], object]] = {}


def _of_asyncio() -> dict[type, Callable[[Any], object]]:
    """Futures of asyncio, in C and in Python, and how their state is looked up."""
    if not _found:
        from asyncio import futures, tasks

        for name in ("_CFuture", "_CTask", "_PyFuture", "_PyTask"):
            kind = getattr(futures, name, None) or getattr(tasks, name, None)
            if isinstance(kind, type):
                in_c = kind.__dict__.get("_state")
                if hasattr(type(in_c), "__get__") and not isinstance(in_c, str):
                    _found[kind] = in_c.__get__  # type: ignore[union-attr]
                elif name.startswith("_Py"):
                    _found[kind] = lambda value: _namespace(value).get("_state", "PENDING")
    return _found
