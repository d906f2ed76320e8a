"""What the harness hands to a target: values, exceptions, callbacks, contexts, each of which calls back into the run.

C code is atomic under the GIL except where it calls Python. Everything here is such a place: a point lies inside, so
that another thread can act in the middle of the C function, and a program's hooks can act there on the same thread
(re-entrancy).
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Generator
from typing import Any, Final

from futurefuzz.explorers.base import Pending
from futurefuzz.programs.program import Callback
from futurefuzz.runs.planned import Surroundings

__all__ = [
    "CONTEXT",
    "AskedContext",
    "AskedValue",
    "Awaited",
    "CallbackError",
    "DoneCallback",
    "Linked",
    "ProxyContext",
    "Value",
]

#: holds the label of the context that a callback was registered with
CONTEXT: Final[contextvars.ContextVar[str]] = contextvars.ContextVar("futurefuzz_context", default="")

_DEL: Final = Pending("del", "values", True)
_REPR: Final = Pending("repr", "values", False)
_EQ: Final = Pending("eq", "callbacks", False)
_HASH: Final = Pending("hash", "callbacks", False)
_CONTEXT: Final = Pending("context", "contexts", False)
_GETATTRIBUTE: Final = Pending("getattribute", "values", False)
_VALUE_ATTRIBUTE: Final = Pending("value-attribute", "values", False)
_CONTEXT_ATTRIBUTE: Final = Pending("context-attribute", "contexts", False)


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


class AskedValue(Value):
    """A value that calls out for each attribute that somebody asks it for, its `__class__` included."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        mine = object.__getattribute__
        if name not in ("run", "label"):
            mine(self, "run").callout(_VALUE_ATTRIBUTE)
        return mine(self, name)


class CallbackError(Exception):
    """What a callback raises that is told to raise."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class DoneCallback:
    """A done-callback object. Objects of one group are equal without being identical, or one is equal to nothing."""

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
        comparable = isinstance(other, DoneCallback) and not (self.spec.unequal or other.spec.unequal)
        if comparable and other.spec.group == self.spec.group:  # type: ignore[attr-defined]
            return True
        # The other one is asked then; where it leaves the answer, too, identity decides.
        return NotImplemented if self.spec.deferring and not self.spec.unequal else False

    def __hash__(self) -> int:
        self.run.callout(_HASH)
        if self.spec.unhashable:
            raise TypeError("unhashable callback")
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


class AskedContext(ProxyContext):
    """Such a context that calls out for each attribute, too. It cannot derive from `contextvars.Context`, which is a
    final type; a loop takes whatever has a `run`."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        mine = object.__getattribute__
        if name not in ("run_", "context"):
            mine(self, "run_").callout(_CONTEXT_ATTRIBUTE)
        return mine(self, name)


class _Passed:
    """A method that looks at its arguments before it passes them on, as code of somebody's own would."""

    __slots__ = ("method",)

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        for argument in arguments:
            type(argument).__name__  # noqa: B018
        return self.method(*arguments, **keywords)


class Linked:
    """What a task awaits in the place of its gate: another task, which may be made only after it, or itself."""

    __slots__ = ("other",)

    def __init__(self) -> None:
        self.other: Any = None

    def __await__(self) -> Generator[Any, None, Any]:
        other, self.other = self.other, None
        return other.__await__()  # type: ignore[no-any-return]


class Awaited:
    """What stands between a task and the future that it awaits, where a program wants it so.

    It is like a future as far as a task can see, and belongs to none of asyncio's classes: a task finds out by its
    attributes, and each time it asks for one is a call-out.
    """

    __slots__ = ("__weakref__", "_asyncio_future_blocking", "future_", "run_")

    def __init__(self, run: Surroundings, future: Any) -> None:
        self.run_ = run
        self.future_ = future
        self._asyncio_future_blocking = False

    def __getattribute__(self, name: str) -> Any:
        mine = object.__getattribute__
        if name in ("run_", "future_"):
            return mine(self, name)
        mine(self, "run_").callout(_GETATTRIBUTE)
        if name in ("_asyncio_future_blocking", "__class__"):
            return mine(self, name)
        found = getattr(mine(self, "future_"), name)
        return _Passed(found) if callable(found) else found

    def __await__(self) -> Generator[Any, None, Any]:
        if not self.future_.done():
            self._asyncio_future_blocking = True
            yield self
            if not self.future_.done():
                raise RuntimeError("await wasn't used with future")
        return self.future_.result()
