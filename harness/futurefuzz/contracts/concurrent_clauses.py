"""The concurrent contract, clause by clause: what `concurrent.futures.Future` promises to any number of threads."""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts.verdict import Clause

__all__ = [
    "ARGUMENT",
    "CANCEL",
    "CLAUSES",
    "EXCEPTION",
    "INLINE",
    "LOGGED",
    "ONCE",
    "OPERATION",
    "ORDER",
    "RESULT",
    "RUNNING",
    "STATE",
    "TRACEBACK",
    "WAKE",
    "WINNER",
]

WINNER: Final = Clause(
    id="C1",
    text=(
        "A future is completed once: set_result and set_exception on a done one raise InvalidStateError and change "
        "nothing."
    ),
    quote="This method raises concurrent.futures.InvalidStateError if the Future is already done.",
    source="https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Future.set_result",
)
CANCEL: Final = Clause(
    id="C2",
    text=(
        "cancel returns True when the future is cancelled (by this call or before), False when it runs or is finished."
    ),
    quote="Returns True if the future was cancelled, False otherwise.",
    source="docstring of concurrent.futures.Future.cancel",
)
RESULT: Final = Clause(
    id="C3",
    text=(
        "result gives the value that was set, raises the exception that was set, CancelledError, or TimeoutError "
        "while not done."
    ),
    quote="TimeoutError: If the future didn't finish executing before the given timeout.",
    source="docstring of concurrent.futures.Future.result",
)
EXCEPTION: Final = Clause(
    id="C4",
    text="exception gives the exception that was set or None, raises CancelledError, or TimeoutError while not done.",
    quote="CancelledError: If the future was cancelled.",
    source="docstring of concurrent.futures.Future.exception",
)
STATE: Final = Clause(
    id="C5",
    text="done, cancelled and running tell one state, as of some moment during the call.",
    quote="Return True if the future was cancelled or finished executing.",
    source="docstring of concurrent.futures.Future.done",
)
RUNNING: Final = Clause(
    id="C6",
    text=(
        "set_running_or_notify_cancel starts a pending future (True), notifies a cancelled one (False), and raises "
        "RuntimeError otherwise."
    ),
    quote="False if the Future was cancelled, True otherwise.",
    source="docstring of concurrent.futures.Future.set_running_or_notify_cancel",
)
ONCE: Final = Clause(
    id="C7",
    text="Each registered callback runs exactly once, never before the future is done.",
    quote="Attaches a callable that will be called when the future finishes.",
    source="docstring of concurrent.futures.Future.add_done_callback",
)
ORDER: Final = Clause(
    id="C8",
    text="The callbacks that the completion runs run in the order of their registration.",
    quote="These callables are called in the order that they were added.",
    source="docstring of concurrent.futures.Future.add_done_callback",
)
INLINE: Final = Clause(
    id="C9",
    text=(
        "Callbacks run inside the call that completed the future, or, when it was done already, inside "
        "add_done_callback."
    ),
    quote="If the future has already completed or been cancelled then the callable will be called immediately.",
    source="docstring of concurrent.futures.Future.add_done_callback",
)
ARGUMENT: Final = Clause(
    id="C10",
    text="A callback gets the future, which is done, as its only argument.",
    quote=(
        "A callable that will be called with this future as its only argument when the future completes or is "
        "cancelled."
    ),
    source="docstring of concurrent.futures.Future.add_done_callback",
)
WAKE: Final = Clause(
    id="C11",
    text="A thread that waits for a future returns once it is done.",
    quote="The number of seconds to wait for the result if the future isn't done.",
    source="docstring of concurrent.futures.Future.result",
)
LOGGED: Final = Clause(
    id="C12",
    text="An exception that a callback raises is logged and ignored; nothing else is logged.",
    quote="If the callable raises an Exception subclass, it will be logged and ignored.",
    source="https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Future.add_done_callback",
)
OPERATION: Final = Clause(
    id="C13",
    text="Asking, registering and printing return, and raise nothing that is not documented.",
    quote="Represents the result of an asynchronous computation.",
    source="docstring of concurrent.futures.Future",
)

TRACEBACK: Final = Clause(
    id="C14",
    text="An exception comes out of a future with the traceback entries of where it was raised before it was set.",
    quote="If the call raised an exception, this method will raise the same exception.",
    source="https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Future.result",
    grade="interesting",
)

CLAUSES: Final = (
    WINNER,
    CANCEL,
    RESULT,
    EXCEPTION,
    STATE,
    RUNNING,
    ONCE,
    ORDER,
    INLINE,
    ARGUMENT,
    WAKE,
    LOGGED,
    OPERATION,
    TRACEBACK,
)
