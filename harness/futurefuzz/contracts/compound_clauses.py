"""The contract of what waits for several futures, or hands one on: gather, shield, wait_for, TaskGroup, wait, locks.

A clause names in its text the functions that it is about; the quote is the plainest sentence that says so of one.
"""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts.verdict import Clause

__all__ = [
    "CLAUSES",
    "COMPLETION_ORDER",
    "FAITHFUL",
    "FIRST",
    "GRANTED",
    "GROUP",
    "HANDED_ON",
    "HANDLER",
    "INWARD",
    "ORDER",
    "OUTWARD",
    "PARTS",
    "TIMEOUT",
    "UNTOUCHED",
    "WAKE",
]

_ASYNCIO: Final = ("compound",)
_BOTH: Final = ("compound", "concurrent-compound")

ORDER: Final = Clause(
    id="G1",
    text="gather and TaskGroup give results in the order of what they were given, not of completion.",
    quote="(in the order of the original sequence, not necessarily the order of results arrival)",
    source="docstring of asyncio.gather",
    contracts=_ASYNCIO,
)
FIRST: Final = Clause(
    id="G2",
    text=(
        "gather without return_exceptions is done with the first exception (a cancelled child counts as one) as soon "
        "as it was raised; otherwise, and with return_exceptions, not before all children are done."
    ),
    quote="the first raised exception will be immediately propagated to the returned future.",
    source="docstring of asyncio.gather",
    contracts=_ASYNCIO,
)
INWARD: Final = Clause(
    id="G3",
    text="Cancelling gather, wait_for, a task in asyncio.timeout or TaskGroup cancels what is not done inside.",
    quote="if the outer Future is cancelled, all children (that have not completed yet) are also cancelled.",
    source="docstring of asyncio.gather",
    contracts=_ASYNCIO,
)
UNTOUCHED: Final = Clause(
    id="G4",
    text=(
        "Nobody else cancels a child: not shield, wait or as_completed at all, not gather because of another child, "
        "not wait_for before its timeout."
    ),
    quote="the task running in something() is not cancelled.",
    source="docstring of asyncio.shield",
    contracts=_ASYNCIO,
)
OUTWARD: Final = Clause(
    id="G5",
    text=(
        "A cancellation that was accepted (cancel returned True) comes out, whatever else happens in the same turn of "
        "the loop: a completion, a timeout, a wake-up. Errors of children go before it in gather and TaskGroup."
    ),
    quote="it should generally be propagated when clean-up is complete",
    source="https://docs.python.org/3/library/asyncio-task.html#task-cancellation; gh-86296",
    contracts=_ASYNCIO,
)
TIMEOUT: Final = Clause(
    id="G6",
    text="TimeoutError comes out only after the timeout, and only when what was waited for is done or cancelled.",
    quote="The function will wait until the future is actually cancelled",
    source="https://docs.python.org/3/library/asyncio-task.html#asyncio.wait_for",
    contracts=_ASYNCIO,
)
PARTS: Final = Clause(
    id="G7",
    text=(
        "wait comes back when its condition holds or its timeout is over, with every future in one of two sets: in the "
        "first exactly those that are done (finished or cancelled)."
    ),
    quote="Returns two sets of Future: (done, pending).",
    source="docstring of asyncio.wait",
    contracts=_BOTH,
)
WAKE: Final = Clause(
    id="G8",
    text="Whoever waits for futures comes back when they are done; nobody waits for what has happened.",
    quote="ALL_COMPLETED - Return when all futures finish or are cancelled.",
    source="docstring of concurrent.futures.wait",
    contracts=_BOTH,
)
FAITHFUL: Final = Clause(
    id="G9",
    text="What comes out is what went in: the child's own value, exception or cancellation, and it never changes.",
    quote="is exactly equivalent to the statement",
    source="docstring of asyncio.shield",
    contracts=_ASYNCIO,
)
GROUP: Final = Clause(
    id="G10",
    text=(
        "The first exception in a TaskGroup cancels its other tasks; when they have ended, the exceptions come out as "
        "one ExceptionGroup."
    ),
    quote=(
        "Any exceptions other than `asyncio.CancelledError` raised within a task will cancel all remaining tasks and "
        "wait for them to exit."
    ),
    source="docstring of asyncio.TaskGroup",
    contracts=_ASYNCIO,
)
COMPLETION_ORDER: Final = Clause(
    id="G11",
    text="as_completed gives every future once, in the order of completion.",
    quote="An iterator that yields the given Futures as they complete (finished or cancelled).",
    source="docstring of concurrent.futures.as_completed",
    contracts=_BOTH,
)
HANDED_ON: Final = Clause(
    id="G12",
    text=(
        "No notification, permit, item or release is lost while somebody waits for it: when the one whom it woke is "
        "cancelled in the same turn of the loop, the next one gets it."
    ),
    quote="waiting for the lock to become unlocked, allow exactly one of them to proceed.",
    source="docstring of asyncio.Lock.release; gh-112202",
    contracts=_ASYNCIO,
)
GRANTED: Final = Clause(
    id="G13",
    text="Nobody gets past a lock, semaphore, queue, event or condition without a release, item, set or notification.",
    quote="If it is zero on entry, block, waiting until some other",
    source="docstring of asyncio.Semaphore.acquire",
    contracts=_ASYNCIO,
)
HANDLER: Final = Clause(
    id="G14",
    text="Nothing but the program's own exceptions reaches the loop's exception handler; nothing is unraisable.",
    quote="Call the current event loop's exception handler.",
    source="docstring of asyncio.BaseEventLoop.call_exception_handler",
    contracts=_ASYNCIO,
)

CLAUSES: Final = (
    ORDER,
    FIRST,
    INWARD,
    UNTOUCHED,
    OUTWARD,
    TIMEOUT,
    PARTS,
    WAKE,
    FAITHFUL,
    GROUP,
    COMPLETION_ORDER,
    HANDED_ON,
    GRANTED,
    HANDLER,
)
