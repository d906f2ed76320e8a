"""A call within which one memory allocation fails.

`_testcapi.set_nomemory` of CPython's own test suite replaces the allocators of the process, so whatever allocates
while the call lasts is hit: nothing of ours may run then (call-outs do nothing, and no other thread has the baton).
Where an interpreter comes without `_testcapi`, the call is made as if nothing had been asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

try:
    from _testcapi import remove_mem_hooks, set_nomemory  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    set_nomemory = remove_mem_hooks = None

__all__ = ["starved"]


def starved(nth: int, function: Callable[..., Any], arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Call a function whose `nth` allocation (from 1) fails.

    Args:
        nth: which; beyond the last one the call goes through.
        function, arguments, keywords: what is called.
    """
    if set_nomemory is None:
        return function(*arguments, **keywords)
    set_nomemory(nth - 1, nth)
    try:
        return function(*arguments, **keywords)
    finally:
        remove_mem_hooks()
