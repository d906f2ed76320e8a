"""The vocabulary: which operations a program may name, and with which arguments."""

from __future__ import annotations

from typing import Final

__all__ = ["ARGUMENTS", "HOOK_KINDS", "OPERATIONS", "RESOLVING", "VIAS"]

#: name -> what it does, in words (shown by `futurefuzz list`)
OPERATIONS: Final[dict[str, str]] = {
    "set_result": "resolve with a value made for this operation",
    "set_exception": "resolve with an exception made for this operation",
    "cancel": "cancel",
    "add_done_callback": "register a callback, with or without a context",
    "remove_done_callback": "remove every callback that is equal to the given one",
    "result": "ask for the result",
    "exception": "ask for the exception",
    "done": "ask whether it is done",
    "cancelled": "ask whether it was cancelled",
    "running": "ask whether it is running (concurrent futures)",
    "set_running": "set_running_or_notify_cancel (concurrent futures)",
    "await": "await it (tasks only)",
    "yield": "let the loop go round once (tasks only)",
    "repr": "print it",
    "drop": "drop the program's reference to it",
    "collect": "run the garbage collector",
}

#: operation -> arguments that it takes (None: the plain form)
ARGUMENTS: Final[dict[str, tuple[str | None, ...]]] = {
    "set_exception": (None, "class", "StopIteration", "not-an-exception", "falsy"),
    "cancel": (None, "message"),
    "result": (None, "wait", "timeout"),
    "exception": (None, "wait", "timeout"),
}

#: operations that try to complete the future
RESOLVING: Final = ("set_result", "set_exception", "cancel")

#: ways in which an operation reaches the future
VIAS: Final = ("direct", "post", "post-if-pending")

#: call-outs inside which a program may act (re-entrancy)
HOOK_KINDS: Final = ("call_soon", "get_debug", "eq", "hash", "repr", "del", "init", "context")
