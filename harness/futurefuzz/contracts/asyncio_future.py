"""A future of the asyncio model, and the words that the model is written in."""

from __future__ import annotations

from typing import Any, Final

from futurefuzz.runs.history import Outcome

__all__ = [
    "CALL",
    "CANCELLED",
    "EXCEPTION",
    "FALSE",
    "FIRST_STEP",
    "INVALID",
    "NONE",
    "PENDING",
    "POST",
    "REFUSED",
    "RESULT",
    "RESUME",
    "RUNTIME_ERROR",
    "SELF_STEP",
    "SKIPPED",
    "START",
    "TASK_WAKE",
    "TEXT",
    "TRUE",
    "TYPE_ERROR",
    "WAKE",
    "Item",
    "ModelFuture",
]

NONE: Final = ("returned", "None")
TRUE: Final = ("returned", "True")
FALSE: Final = ("returned", "False")
SKIPPED: Final = ("returned", "skipped")
TEXT: Final = ("returned", "str")
INVALID: Final = ("raised", "InvalidStateError")
TYPE_ERROR: Final = ("raised", "TypeError")
RUNTIME_ERROR: Final = ("raised", "RuntimeError")

#: detail and cause where an await ends at once, whether the future is done meanwhile or not
REFUSED: Final = (
    "await refused",
    "A task of the future's own loop awaits it, and gets a RuntimeError instead of its outcome",
)

#: states of a future
PENDING, RESULT, EXCEPTION, CANCELLED = range(4)

# What stands in the ready queue, and in the list of callbacks of a future: (kind, whom it is about, ...)
CALL, START, RESUME, WAKE, POST, FIRST_STEP, TASK_WAKE, SELF_STEP = range(8)
Item = tuple[Any, ...]


class ModelFuture:
    """A future of the model; for the shape `task`, the gate or the task (which then has a gate)."""

    __slots__ = (
        "asked", "beside_itself", "callbacks", "gate", "label", "marked", "must_cancel", "request", "retrieved",
        "state", "stopped", "waits",
    )  # fmt: skip

    def __init__(self, gate: ModelFuture | None = None) -> None:
        self.state = PENDING
        self.label = ""  # of the value or exception; the message of a cancellation
        self.callbacks: list[Item] = []
        self.retrieved = False
        self.gate = gate
        self.waits = False  # a task: it waits for its gate, or the gate is done and the wake-up is on its way
        self.asked = False  # a task: cancel has returned True
        self.beside_itself = False  # a task: it began to await another one, which tried to await itself just then
        self.marked = False  # an await by a task of another loop has failed while it was pending
        self.must_cancel = False
        self.request = ""  # message of the cancellation that is asked for
        self.stopped = ""  # label of the StopIteration that it was given

    def outcome(self) -> Outcome | None:
        """As `result()` would give it; None while pending."""
        if self.state == PENDING:
            return None
        if self.state == CANCELLED:
            return Outcome("raised", f"CancelledError({self.label})" if self.label else "CancelledError")
        return Outcome("returned" if self.state == RESULT else "raised", self.label)

    def stops(self) -> bool:
        """Whether its outcome is, or will be, the RuntimeError of a task that awaits itself, or that a StopIteration
        becomes."""
        return any(one.stopped or one.gate is one for one in self.chain())

    def chain(self) -> list[ModelFuture]:
        """It, what it awaits, what that awaits, and so on, each once."""
        found: list[ModelFuture] = []
        one: ModelFuture | None = self
        while one is not None and not any(one is other for other in found):
            found.append(one)
            one = one.gate
        return found
