"""Whether something is kept in a `threading.local` on a thread: then no other actor may be carried by that thread.

A new thread finds every `threading.local` empty, so one that is used again must have nothing in any. Nothing says so in
Python's own words, but CPython ties what a thread keeps to one object of that thread:

* from 3.13 on a sentinel, which every local that the thread has touched refers to weakly;
* before, the dictionary of the thread's state, with a key for each such local.

Rejected: to look for `threading.local` objects (attrs and many others keep one for good without ever touching it on the
threads in question), and to empty what is found (a subclass's `__init__` would not run again).
"""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any, Final

__all__ = ["watched"]

_PREFIX: Final = "thread.local."


def watched() -> Callable[[], bool] | None:
    """Begin to watch the calling thread.

    Returns:
        Says, on any thread, whether the watched one has in its locals more than it has now; None where this interpreter
        does not tell.
    """
    return _by_sentinel() if sys.version_info >= (3, 13) else _by_dictionary()


def _by_sentinel() -> Callable[[], bool] | None:
    probe = threading.local()
    probe.touched = True
    found = [each for part in gc.get_referents(probe) if type(part) is set for each in part]
    if len(found) != 1 or not isinstance(found[0], weakref.ref):
        return None
    sentinel = found[0]()
    if sentinel is None:
        return None
    reference = weakref.ref(sentinel)
    del probe, found, sentinel
    count = weakref.getweakrefcount
    before = count(reference())

    def keeps() -> bool:
        return count(reference()) > before

    return keeps


def _by_dictionary() -> Callable[[], bool] | None:
    try:
        import ctypes

        function = ctypes.pythonapi.PyThreadState_GetDict
    except (ImportError, AttributeError):
        return None
    function.restype = ctypes.c_void_p
    function.argtypes = ()
    address = function()
    if not address:
        return None
    dictionary: dict[Any, Any] = ctypes.cast(address, ctypes.py_object).value
    before = _locals(dictionary)

    def keeps() -> bool:
        return _locals(dictionary) > before

    return keeps


def _locals(dictionary: dict[Any, Any]) -> int:
    return sum(isinstance(key, str) and key.startswith(_PREFIX) for key in list(dictionary))
