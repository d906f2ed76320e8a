"""The vocabulary: which operations a program may name, and with which arguments."""

from __future__ import annotations

from typing import Final

__all__ = [
    "AFTERWARDS",
    "ARGUMENTS",
    "BY_HAND",
    "EXITS",
    "HOOK_KINDS",
    "HOSTILE_EXCEPTIONS",
    "LOOK_UPS",
    "OPERATIONS",
    "RESOLVING",
    "STARVABLE",
    "UNDEFINED",
    "VIAS",
]

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
    "await-elsewhere": "await it in a task of another loop, to no avail while it is pending (asyncio futures)",
    "iter": "make the iterator of its __await__ by hand (asyncio futures)",
    "iter-send": "drive that iterator by send or next",
    "iter-throw": "drive that iterator by throw",
    "iter-close": "close that iterator",
    "reinit": "call its __init__ once more",
    "bare": "put an object made by __new__ alone in its place",
    "close-loop": "stop the loop that it belongs to, which is then closed (programs with several loops)",
}

#: operation -> arguments that it takes (None: the plain form)
ARGUMENTS: Final[dict[str, tuple[str | None, ...]]] = {
    "set_exception": (
        None, "class", "StopIteration", "not-an-exception", "falsy", "StopIteration-subclass", "TimeoutError",
        "InvalidStateError", "raising-class", "foreign-class", "hostile",
    ),
    "cancel": (None, "message"),
    "await": (None, "timeout"),
    "result": (None, "wait", "timeout"),
    "exception": (None, "wait", "timeout"),
    "iter-send": (None, "next", "value"),
    "iter-throw": (None, "class"),
}  # fmt: skip

#: exceptions that hardly anybody sets: a scenario draws them only when its profile names them. `StopIteration-subclass`
#: is no StopIteration by its type alone; `TimeoutError` and `InvalidStateError` are exactly of the classes that the
#: bridges replace; a `raising-class` raises when the target makes the instance, a `foreign-class` makes something else
#: than an exception; a `hostile` one raises when it is printed, copied, or asked for an attribute.
HOSTILE_EXCEPTIONS: Final = (
    "StopIteration-subclass", "TimeoutError", "InvalidStateError", "raising-class", "foreign-class", "hostile",
)  # fmt: skip

#: operations that try to complete the future
RESOLVING: Final = ("set_result", "set_exception", "cancel")

#: operations of whoever drives the iterator of `__await__` himself
BY_HAND: Final = ("iter", "iter-send", "iter-throw", "iter-close")

#: operations that no documentation gives a meaning: only what they do to the interpreter can be judged
UNDEFINED: Final = (*BY_HAND, "reinit", "bare")

#: operations that are a single call of the target, so that an allocation can fail within it and nowhere else; `repr`
#: is none: even where the target is C, printing is Python code, within which the interpreter itself runs out of memory
STARVABLE: Final = (
    "set_result", "set_exception", "cancel", "add_done_callback", "remove_done_callback", "result", "exception",
    "done", "cancelled",
)  # fmt: skip

#: ways in which an operation reaches the future
VIAS: Final = ("direct", "post", "post-if-pending", "submit")

#: no call-outs: what is done there happens while the interpreter is finalised, with all that the program made alive,
#: in finalisers and weak references or on a thread that goes on. What was made is then held by a module (`exit`), by
#: the interpreter itself (`exit-late`), or by nobody (`exit-garbage`).
EXITS: Final = ("exit", "exit-late", "exit-garbage", "exit-thread")

#: no call-outs either: what is done there happens after the run; `closed` on futures whose loop has been closed
AFTERWARDS: Final = ("closed", *EXITS)

#: call-outs of objects that are looked at with each attribute: values, what is passed as a context, the loop (the names
#: that futures and tasks look up). They have classes of their own, which a program has only where it has such a hook.
LOOK_UPS: Final = ("value-attribute", "context-attribute", "loop-attribute")

#: call-outs inside which a program may act (re-entrancy), or which it may let fail, and what happens after the run
HOOK_KINDS: Final = (
    "call_soon", "get_debug", "eq", "hash", "repr", "del", "init", "context", "getattribute", *LOOK_UPS, *AFTERWARDS,
)  # fmt: skip
