"""The asyncio contract, clause by clause: what `asyncio.Future` and `asyncio.Task` promise on their loop's thread.

Quotes are short and can be checked: a docstring (tests compare it with the running interpreter) or a named page of
the documentation.
"""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts.verdict import Clause

__all__ = [
    "ARGUMENT",
    "AWAIT",
    "CANCEL",
    "CLAUSES",
    "CONTEXT",
    "EXCEPTION",
    "EXCEPTION_ARGUMENT",
    "HANDLER",
    "LOST_WAKE_UP",
    "MESSAGE",
    "NEVER_RETRIEVED",
    "ONCE",
    "OPERATION",
    "ORDER",
    "POST_WITHOUT_ASKING",
    "REMOVE",
    "RESULT",
    "STATE",
    "TASK_CANCEL",
    "THREAD",
    "TRACEBACK",
    "WINNER",
]

WINNER: Final = Clause(
    id="A1",
    text=(
        "A future is completed once: set_result and set_exception on a done one raise InvalidStateError and change "
        "nothing."
    ),
    quote="If the future is already done when this method is called, raises InvalidStateError.",
    source="docstring of asyncio.Future.set_result",
)
EXCEPTION_ARGUMENT: Final = Clause(
    id="A2",
    text=(
        "set_exception takes an exception or a class (and makes the instance); what cannot be raised is refused, "
        "and the "
        "future stays pending."
    ),
    quote="Mark the future done and set an exception.",
    source="docstring of asyncio.Future.set_exception; gh-112182 for StopIteration",
)
CANCEL: Final = Clause(
    id="A3",
    text="cancel returns False on a done future; otherwise it cancels and returns True.",
    quote="If the future is already done or cancelled, return False.",
    source="docstring of asyncio.Future.cancel",
)
RESULT: Final = Clause(
    id="A4",
    text=(
        "result gives the value that was set, raises the exception that was set, CancelledError, or "
        "InvalidStateError while pending."
    ),
    quote="If the future has been cancelled, raises CancelledError.",
    source="docstring of asyncio.Future.result",
)
EXCEPTION: Final = Clause(
    id="A5",
    text=(
        "exception gives the exception that was set or None, raises CancelledError, or InvalidStateError while pending."
    ),
    quote="The exception (or None if no exception was set) is returned only if the future is done.",
    source="docstring of asyncio.Future.exception",
)
STATE: Final = Clause(
    id="A6",
    text="done is true from completion on, cancelled exactly of a cancelled future.",
    quote="Done means either that a result / exception are available, or that the future was cancelled.",
    source="docstring of asyncio.Future.done",
)
ONCE: Final = Clause(
    id="A7",
    text=(
        "Each registered and not removed callback runs exactly once, by the loop's call_soon, never before the "
        "future is done."
    ),
    quote="Each callback will be called exactly once.",
    source="docstring of asyncio.BaseEventLoop.call_soon",
)
ORDER: Final = Clause(
    id="A8",
    text="What is scheduled runs first in, first out: callbacks in the order of their registration.",
    quote="This operates as a FIFO queue: callbacks are called in the order in which they are registered.",
    source="docstring of asyncio.BaseEventLoop.call_soon",
)
REMOVE: Final = Clause(
    id="A9",
    text="remove_done_callback removes every equal callback, returns how many, and these never run.",
    quote="Returns the number of callbacks removed.",
    source="docstring of asyncio.Future.remove_done_callback",
)
ARGUMENT: Final = Clause(
    id="A10",
    text="A callback gets the future, which is done, as its only argument.",
    quote="The callback is called with a single argument - the future object.",
    source="docstring of asyncio.Future.add_done_callback",
)
CONTEXT: Final = Clause(
    id="A11",
    text="A callback runs in the context that was passed, else in the one that was current at its registration.",
    quote="The current context is used when no context is provided.",
    source="https://docs.python.org/3/library/asyncio-future.html#asyncio.Future.add_done_callback",
)
AWAIT: Final = Clause(
    id="A12",
    text=(
        "Every task that awaits a future wakes exactly once after it is done, with its outcome; awaiting a done one"
        " does not suspend."
    ),
    quote=(
        "Coroutines can await on Future objects until they either have a result or an exception set, or until they "
        "are cancelled."
    ),
    source="https://docs.python.org/3/library/asyncio-future.html#asyncio.Future",
)
TASK_CANCEL: Final = Clause(
    id="A13",
    text=(
        "cancel of a task that is not done returns True and throws CancelledError into its coroutine on the loop's "
        "next cycle; the "
        "task is cancelled when the coroutine lets it out."
    ),
    quote=(
        "This arranges for a CancelledError to be thrown into the wrapped coroutine on the next cycle through the "
        "event loop."
    ),
    source="docstring of asyncio.Task.cancel",
)
HANDLER: Final = Clause(
    id="A14",
    text="An exception that a callback or posted call raises goes to the loop's exception handler; nothing else does.",
    quote="Call the current event loop's exception handler.",
    source="docstring of asyncio.BaseEventLoop.call_exception_handler",
)
NEVER_RETRIEVED: Final = Clause(
    id="A15",
    text="'exception was never retrieved' is reported only of a future whose exception nobody asked for.",
    quote=(
        "If a Future.set_exception() is called but the Future object is never awaited on, the exception would never be "
        "propagated to the user code."
    ),
    source="https://docs.python.org/3/library/asyncio-dev.html#detect-never-retrieved-exceptions",
)
OPERATION: Final = Clause(
    id="A16",
    text="Asking, registering, printing and forgetting a future return, and raise nothing that is not documented.",
    quote="Future is an awaitable object.",
    source="https://docs.python.org/3/library/asyncio-future.html#asyncio.Future",
)
THREAD: Final = Clause(
    id="A17",
    text="Callbacks run on the loop's thread.",
    quote="Callbacks registered with add_done_callback() are always called via the event loop's call_soon",
    source="docstring of asyncio.Future",
)
POST_WITHOUT_ASKING: Final = Clause(
    id="A18",
    text=(
        "Trap: a posted set_result or set_exception finds the future done meanwhile, and InvalidStateError ends in "
        "the loop's "
        "handler. Ask done() inside the posted callback."
    ),
    quote=(
        "The method is usually used to check if a Future is not cancelled before setting a result or an exception "
        "for it"
    ),
    source="https://docs.python.org/3/library/asyncio-future.html#asyncio.Future.cancelled",
    grade="interesting",
    trap=True,
)
LOST_WAKE_UP: Final = Clause(
    id="A19",
    text=(
        "The loop never sleeps beside ready callbacks. Trap: what a thread makes ready is such a lost wake-up, since "
        "only call_soon_threadsafe wakes the loop."
    ),
    quote=(
        "Almost all asyncio objects are not thread safe, which is typically not a problem unless there is code that"
        " works with "
        "them from outside of a Task or a callback."
    ),
    source="https://docs.python.org/3/library/asyncio-dev.html#concurrency-and-multithreading",
    grade="interesting",
)
MESSAGE: Final = Clause(
    id="A20",
    text="The message that was passed to cancel comes out with CancelledError.",
    quote="Changed in version 3.9: Added the msg parameter.",
    source="https://docs.python.org/3/library/asyncio-task.html#asyncio.Task.cancel",
    grade="interesting",
)

TRACEBACK: Final = Clause(
    id="A21",
    text="An exception comes out of a future with the traceback entries of where it was raised before it was set.",
    quote="If the future is done and has an exception set, this exception is raised.",
    source="docstring of asyncio.Future.result",
    grade="interesting",
)

CLAUSES: Final = (
    WINNER,
    EXCEPTION_ARGUMENT,
    CANCEL,
    RESULT,
    EXCEPTION,
    STATE,
    ONCE,
    ORDER,
    REMOVE,
    ARGUMENT,
    CONTEXT,
    AWAIT,
    TASK_CANCEL,
    HANDLER,
    NEVER_RETRIEVED,
    OPERATION,
    THREAD,
    POST_WITHOUT_ASKING,
    LOST_WAKE_UP,
    MESSAGE,
    TRACEBACK,
)
