"""The contract of what leads from one event loop to another, when each runs in a thread of its own."""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts.verdict import Clause

__all__ = ["CALLBACKS", "CANCEL", "CLAUSES", "CLOSED", "ORDER", "QUIET", "RESULT", "WAKE", "WINNER"]

_LOOP: Final = "https://docs.python.org/3/library/asyncio-eventloop.html"
_TASK: Final = "https://docs.python.org/3/library/asyncio-task.html"

ORDER: Final = Clause(
    id="M1",
    text="What threads and other loops post to a loop runs there in the order in which it came in, each exactly once.",
    quote="Callbacks are called in the order in which they are registered. Each callback will be called exactly once.",
    source=f"{_LOOP}#asyncio.loop.call_soon",
)
RESULT: Final = Clause(
    id="M2",
    text="What a coroutine comes to in its loop is what whoever submitted it gets, in a thread and in another loop.",
    quote="Return a concurrent.futures.Future to wait for the result from another OS thread.",
    source=f"{_TASK}#asyncio.run_coroutine_threadsafe",
)
CANCEL: Final = Clause(
    id="M3",
    text="Cancellation crosses to the coroutine's loop, and from there back to who waits; nothing else cancels.",
    quote="It can also be used to cancel the task in the event loop",
    source=f"{_TASK}#asyncio.run_coroutine_threadsafe",
)
WAKE: Final = Clause(
    id="M4",
    text="Posting wakes the loop, and nobody in any loop or thread waits for what is done.",
    quote=(
        "A thread-safe variant of call_soon(). When scheduling callbacks from another thread, this function must be "
        "used, since call_soon() is not thread-safe."
    ),
    source=f"{_LOOP}#asyncio.loop.call_soon_threadsafe",
)
WINNER: Final = Clause(
    id="M5",
    text="A future that several loops wait for is completed once, in its own loop, and its outcome never changes.",
    quote="Raises an InvalidStateError error if the Future is already done.",
    source="https://docs.python.org/3/library/asyncio-future.html#asyncio.Future.set_result",
)
CLOSED: Final = Clause(
    id="M6",
    text="A closed loop refuses with RuntimeError what is posted or submitted to it; an open one refuses nothing.",
    quote=(
        "Raises RuntimeError if called on a loop that's been closed. This can happen on a secondary thread when the "
        "main application is shutting down."
    ),
    source=f"{_LOOP}#asyncio.loop.call_soon_threadsafe",
)
QUIET: Final = Clause(
    id="M7",
    text="While all loops are open, the way across raises nothing into any loop's handler or the log.",
    quote="Compatible with both asyncio.Future and concurrent.futures.Future.",
    source="docstring of asyncio.futures._chain_future",
)
CALLBACKS: Final = Clause(
    id="M8",
    text="A future's callbacks run exactly once after it is done, in the thread of its own loop.",
    quote="The callback is called with the Future object as its only argument.",
    source="https://docs.python.org/3/library/asyncio-future.html#asyncio.Future.add_done_callback",
)

CLAUSES: Final = (ORDER, RESULT, CANCEL, WAKE, WINNER, CLOSED, QUIET, CALLBACKS)
