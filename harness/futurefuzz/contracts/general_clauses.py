"""Clauses of every contract: what no use may do to the interpreter. X1 to X3 are judged by who watches the process."""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts.verdict import Clause

__all__ = ["CLAUSES", "CRASH", "EXIT", "HANG", "INTERNAL", "LIVELOCK"]

CRASH: Final = Clause(
    id="X1",
    text="The interpreter survives.",
    quote="type-crash: for hard crashes of the interpreter, possibly with a core dump.",
    source="https://devguide.python.org/triage/labels/ (as gh-125969 carries it)",
)
HANG: Final = Clause(
    id="X2",
    text="An operation comes to its end in finite time, or waits where others can see it.",
    quote="If the call hasn't completed in timeout seconds, then a TimeoutError will be raised.",
    source="https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Future.result",
)
EXIT: Final = Clause(
    id="X3",
    text="A future does not end the process.",
    quote="Represents the result of an asynchronous computation.",
    source="docstring of concurrent.futures.Future",
)
LIVELOCK: Final = Clause(
    id="X4",
    text="A program of finitely many operations comes to its end.",
    quote="Each callback will be called exactly once.",
    source="docstring of asyncio.BaseEventLoop.call_soon",
)

INTERNAL: Final = Clause(
    id="X5",
    text="No use of a future, however wrong, makes the interpreter find an error in itself.",
    quote="Raised when the interpreter finds an internal error",
    source="https://docs.python.org/3/library/exceptions.html#SystemError",
)

CLAUSES: Final = (CRASH, HANG, EXIT, LIVELOCK, INTERNAL)
