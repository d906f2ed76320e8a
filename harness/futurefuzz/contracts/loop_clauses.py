"""Clauses about the use of an event loop: what its documentation asks of the program that runs in it.

They are no promises of a future, so no target is judged by them. Each names a fault of the program that can be told
exactly; what depends on how fast a machine was (a slow callback in real time, a deep queue) is a measurement and has no
clause.
"""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts.verdict import Clause

__all__ = ["BLOCKED", "CLAUSES", "DESTROYED", "NEVER_RETRIEVED", "RAISED", "STALLED", "WRONG_THREAD"]

BLOCKED: Final = Clause(
    id="H1",
    text=(
        "What runs in a loop does not block its thread for slow_callback_duration or longer; judged where time is "
        "virtual, or where the user gives the bound."
    ),
    quote=(
        "Callbacks taking longer than 100 milliseconds are logged. The loop.slow_callback_duration attribute can be "
        "used to set the minimum execution duration in seconds that is considered “slow”."
    ),
    source="https://docs.python.org/3/library/asyncio-dev.html#debug-mode",
    grade="interesting",
    trap=True,
)
RAISED: Final = Clause(
    id="H2",
    text="No exception leaves a callback: it would end in the loop's exception handler, where nobody waits for it.",
    quote="Call the current event loop's exception handler.",
    source="docstring of asyncio.BaseEventLoop.call_exception_handler",
    grade="interesting",
    trap=True,
)
NEVER_RETRIEVED: Final = Clause(
    id="H3",
    text="Somebody asks for each exception that a future or task ends with.",
    quote=(
        "If a Future.set_exception() is called but the Future object is never awaited on, the exception would never be "
        "propagated to the user code."
    ),
    source="https://docs.python.org/3/library/asyncio-dev.html#detect-never-retrieved-exceptions",
    grade="interesting",
    trap=True,
)
WRONG_THREAD: Final = Clause(
    id="H4",
    text="From another thread, callbacks are scheduled by call_soon_threadsafe only: nothing else wakes the loop.",
    quote=(
        "To schedule a callback from another OS thread, the loop.call_soon_threadsafe() method should be used."
    ),
    source="https://docs.python.org/3/library/asyncio-dev.html#concurrency-and-multithreading",
    grade="interesting",
    trap=True,
)
STALLED: Final = Clause(
    id="H5",
    text="No task waits when nobody is left who could wake it; judged where all threads and timers are under control.",
    quote=(
        "Coroutines can await on Future objects until they either have a result or an exception set, or until they "
        "are cancelled."
    ),
    source="https://docs.python.org/3/library/asyncio-future.html#asyncio.Future",
    grade="interesting",
    trap=True,
)
DESTROYED: Final = Clause(
    id="H6",
    text="Somebody keeps a reference to each task until it is done.",
    quote="Save a reference to the result of this function, to avoid a task disappearing mid-execution.",
    source="https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task",
    grade="interesting",
    trap=True,
)

CLAUSES: Final = (BLOCKED, RAISED, NEVER_RETRIEVED, WRONG_THREAD, STALLED, DESTROYED)
