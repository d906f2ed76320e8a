"""What the harness hands to a target: values, exceptions, callbacks, contexts, each of which calls back into the run.

C code is atomic under the GIL except where it calls Python. Everything here is such a place: a point lies inside, so
that another thread can act in the middle of the C function, and a program's hooks can act there on the same thread
(re-entrancy).
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any, Final, Protocol

from futurefuzz.explorers.base import Pending
from futurefuzz.programs.program import Callback

__all__ = [
    "CONTEXT",
    "CallbackError",
    "DoneCallback",
    "Falsy",
    "Planned",
    "ProxyContext",
    "Surroundings",
    "Value",
    "planned_class",
]

#: holds the label of the context that a callback was registered with
CONTEXT: Final[contextvars.ContextVar[str]] = contextvars.ContextVar("futurefuzz_context", default="")

_DEL: Final = Pending("del", "values", True)
_REPR: Final = Pending("repr", "values", False)
_INIT: Final = Pending("init", "values", True)
_EQ: Final = Pending("eq", "callbacks", False)
_HASH: Final = Pending("hash", "callbacks", False)
_CONTEXT: Final = Pending("context", "contexts", False)


class Surroundings(Protocol):
    """What a call-out asks of the run that it belongs to."""

    def callout(self, event: Pending) -> None:
        """A point, and whatever the program's hooks do here; nothing once the run is over."""

    def called_back(self, callback: DoneCallback, arguments: tuple[Any, ...]) -> None:
        """A callback was called."""


class Value:
    """A result; its label says which operation made it."""

    __slots__ = ("__weakref__", "label", "run")

    def __init__(self, run: Surroundings, label: str) -> None:
        self.run = run
        self.label = label

    def __repr__(self) -> str:
        self.run.callout(_REPR)
        return f"<{self.label}>"

    def __del__(self) -> None:
        self.run.callout(_DEL)


class Planned(Exception):
    """An exception that a program sets; its label says which operation made it."""

    def __init__(self, run: Surroundings, label: str) -> None:
        super().__init__(label)
        self.run = run
        self.label = label

    def __repr__(self) -> str:
        self.run.callout(_REPR)
        return f"<{self.label}>"

    def __del__(self) -> None:
        self.run.callout(_DEL)


class Falsy(Planned):
    """An exception whose truth value is false, as of one that has a length."""

    def __bool__(self) -> bool:
        return False


class CallbackError(Exception):
    """What a callback raises that is told to raise."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


def planned_class(run: Surroundings, label: str) -> type[BaseException]:
    """An exception class for one operation; the target makes the instance, and its making calls out."""

    class PlannedClass(Planned):
        def __init__(self) -> None:
            super().__init__(run, label)
            run.callout(_INIT)

    return PlannedClass


class DoneCallback:
    """A done-callback object. Objects of one group are equal without being identical."""

    __slots__ = ("__weakref__", "index", "run", "spec")

    def __init__(self, run: Surroundings, index: int, spec: Callback) -> None:
        self.run = run
        self.index = index
        self.spec = spec

    def __call__(self, *arguments: Any) -> None:
        """Tell the run; the arguments are what the target gave (one, the future, if it is right)."""
        self.run.called_back(self, arguments)

    def __eq__(self, other: object) -> bool:
        self.run.callout(_EQ)
        return isinstance(other, DoneCallback) and other.spec.group == self.spec.group

    def __hash__(self) -> int:
        self.run.callout(_HASH)
        return self.spec.group

    def __repr__(self) -> str:
        self.run.callout(_REPR)
        return f"<callback {self.index}>"

    def __del__(self) -> None:
        self.run.callout(_DEL)


class ProxyContext:
    """A context that calls out before it runs anything."""

    __slots__ = ("context", "run_")

    def __init__(self, run: Surroundings, context: contextvars.Context) -> None:
        self.run_ = run
        self.context = context

    def run(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        """As `contextvars.Context.run`."""
        self.run_.callout(_CONTEXT)
        return self.context.run(function, *arguments, **keywords)
