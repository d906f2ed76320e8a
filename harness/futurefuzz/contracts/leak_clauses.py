"""Clauses about what stays: memory, objects, cycles, and what is left behind outside of memory.

Nothing obliges an implementation to free at a given moment, so that what only the collector can free (L3) and what
a completed future goes on holding (L4) is `interesting`; what is never freed (L1, L2) is `forbidden`.
"""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts.verdict import Clause

__all__ = ["CLAUSES", "CYCLE", "DESCRIPTOR", "GROWTH", "HANDLE", "HELD", "SURVIVAL", "THREAD"]

GROWTH: Final = Clause(
    id="L1",
    text="Doing the same again and again does not need more memory each time.",
    quote="Forgetting to dispose of an owned reference creates a memory leak.",
    source="https://docs.python.org/3/extending/extending.html#reference-counting-in-python",
)
SURVIVAL: Final = Clause(
    id="L2",
    text="What the program has dropped dies at the latest when the collector comes.",
    quote="Objects are never explicitly destroyed; however, when they become unreachable they may be "
    "garbage-collected.",
    source="https://docs.python.org/3/reference/datamodel.html#objects-values-and-types",
)
CYCLE: Final = Clause(
    id="L3",
    text="What is done and dropped dies at once: no cycle of references is left for the collector.",
    quote='Raising an exception raised in a "future" instance will create reference cycles',
    source="https://github.com/python/cpython/issues/80111 (bpo-35930; mended as a bug)",
    grade="interesting",
)
HELD: Final = Clause(
    id="L4",
    text="A future that is done holds its outcome, and no longer the callbacks, contexts and rejected values.",
    quote="The callbacks are scheduled to be called as soon as possible. Also clears the callback list.",
    source="https://github.com/python/cpython/blob/main/Lib/asyncio/futures.py (Future.__schedule_callbacks)",
    grade="interesting",
)
THREAD: Final = Clause(
    id="L5",
    text="A thread that was started for it ends with it.",
    quote="Signal the executor that it should free any resources that it is using when the currently pending futures "
    "are done executing.",
    source="https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.shutdown",
    grade="interesting",
)
HANDLE: Final = Clause(
    id="L6",
    text="Nothing that it scheduled is left in the loop: no timer, no ready callback, no watched descriptor.",
    quote="An instance of asyncio.TimerHandle is returned which can be used to cancel the callback.",
    source="https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_later",
    grade="interesting",
)
DESCRIPTOR: Final = Clause(
    id="L7",
    text="A descriptor that was opened for it is closed with it.",
    quote="Base class for warnings related to resource usage.",
    source="https://docs.python.org/3/library/exceptions.html#ResourceWarning",
    grade="interesting",
)

CLAUSES: Final = (GROWTH, SURVIVAL, CYCLE, HELD, THREAD, HANDLE, DESCRIPTOR)
