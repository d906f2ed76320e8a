"""The contract of bridges between threads and a loop: `asyncio.wrap_future` and `asyncio.run_coroutine_threadsafe`."""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts.verdict import Clause

__all__ = ["AGREE", "CALLBACKS", "CANCEL", "CLAUSES", "OPERATION", "QUIET", "TRACEBACK", "WAKE", "WINNER"]

AGREE: Final = Clause(
    id="B1",
    text="When all is quiet, what went in at one end has come out at the other, unless that end was cancelled.",
    quote="Chain two futures so that when one completes, so does the other.",
    source="docstring of asyncio.futures._chain_future",
)
CANCEL: Final = Clause(
    id="B2",
    text="Cancelling either end cancels the other, unless that one is done or running already; nothing else cancels.",
    quote="If destination is cancelled, source gets cancelled too.",
    source="docstring of asyncio.futures._chain_future",
)
WINNER: Final = Clause(
    id="B3",
    text="Each end is completed once, and its outcome never changes.",
    quote="The result (or exception) of source will be copied to destination.",
    source="docstring of asyncio.futures._chain_future",
)
CALLBACKS: Final = Clause(
    id="B4",
    text=(
        "Each callback runs exactly once after its end is done: by the loop for the asyncio end, inline for the "
        "concurrent end."
    ),
    quote="The callback is called with a single argument - the future object.",
    source="docstring of asyncio.Future.add_done_callback",
)
WAKE: Final = Clause(
    id="B5",
    text="Whoever waits for an end wakes once it is done.",
    quote="Return a concurrent.futures.Future to access the result.",
    source="docstring of asyncio.run_coroutine_threadsafe",
)
QUIET: Final = Clause(
    id="B6",
    text="The bridge itself raises nothing into the loop's handler or the log, whatever the order of events.",
    quote="Compatible with both asyncio.Future and concurrent.futures.Future.",
    source="docstring of asyncio.futures._chain_future",
)
OPERATION: Final = Clause(
    id="B7",
    text="Every operation on an end raises only what that end's own contract allows.",
    quote="Wrap concurrent.futures.Future object.",
    source="docstring of asyncio.wrap_future",
)

TRACEBACK: Final = Clause(
    id="B8",
    text="An exception that crosses a bridge keeps the traceback entries of where it was raised.",
    quote="The result (or exception) of source will be copied to destination.",
    source="docstring of asyncio.futures._chain_future; gh-117459",
    grade="interesting",
)

CLAUSES: Final = (AGREE, CANCEL, WINNER, CALLBACKS, WAKE, QUIET, OPERATION, TRACEBACK)
