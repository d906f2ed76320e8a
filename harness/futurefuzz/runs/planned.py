"""The exceptions that programs set: each has a label that survives copying by its arguments, and a known origin.

An exception that was raised somewhere carries the traceback entries of that place; whoever gets it from a future needs
them. So each of ours begins with one entry, and its coming out without that entry shows. The entry's frame belongs to
a generator that never runs: unlike that of a real `raise` it has no callers, which would keep the whole run alive.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, NoReturn, Protocol

from futurefuzz.explorers.base import Pending

__all__ = [
    "CallOutError",
    "Falsy",
    "Hostile",
    "Planned",
    "Surroundings",
    "exception_of",
    "has_origin",
    "planned_class",
    "renewed",
    "set_traceback",
    "traceback_of",
]

_DEL: Final = Pending("del", "values", True)
_REPR: Final = Pending("repr", "values", False)
_INIT: Final = Pending("init", "values", True)
_GETATTRIBUTE: Final = Pending("getattribute", "values", False)


class Surroundings(Protocol):
    """What a call-out asks of the run that it belongs to."""

    def callout(self, event: Pending) -> None:
        """A point, and whatever the program's hooks do here; nothing once the run is over."""

    def called_back(self, callback: Any, arguments: tuple[Any, ...]) -> None:
        """A callback was called."""


def _raised_here() -> Iterator[None]:
    yield


_source: Final = _raised_here()
_ORIGIN: Final = TracebackType(None, _source.gi_frame, 0, _raised_here.__code__.co_firstlineno)  # type: ignore[attr-defined]


#: as the interpreter itself gets and sets it, whatever a subclass makes of the attribute
_traceback: Final[Any] = vars(BaseException)["__traceback__"]


def has_origin(error: BaseException) -> bool:
    """Whether the exception's traceback has the entry with which it began."""
    entry = traceback_of(error)
    while entry is not None:
        if entry is _ORIGIN:
            return True
        entry = entry.tb_next
    return False


def traceback_of(error: BaseException) -> TracebackType | None:
    """The traceback of an exception, even of one that does not tell."""
    found: TracebackType | None = _traceback.__get__(error)
    return found


def set_traceback(error: BaseException, traceback: TracebackType | None) -> None:
    """Give an exception a traceback, even one that refuses it."""
    _traceback.__set__(error, traceback)


def renewed(error: BaseException) -> None:
    """Give the exception the traceback with which it began. What it has gathered since holds the frames that hold the
    future that holds the exception: a circle that would keep the whole run until the collector comes."""
    set_traceback(error, _ORIGIN)


class CallOutError(Exception):
    """What a call-out raises that is told to raise."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class Planned(Exception):
    """An exception that a program sets; its label says which operation made it."""

    def __init__(self, run: Surroundings, label: str) -> None:
        super().__init__(label)
        self.run = run
        self.label = label
        self.__traceback__ = _ORIGIN

    def __repr__(self) -> str:
        self.run.callout(_REPR)
        return f"<{self.label}>"

    def __del__(self) -> None:
        self.run.callout(_DEL)


class Falsy(Planned):
    """An exception whose truth value is false, as of one that has a length."""

    def __bool__(self) -> bool:
        return False


def _refused(self: Hostile, *arguments: Any) -> NoReturn:
    raise CallOutError(f"o:{self.label}")


class Hostile(Planned):
    """An exception that raises when it is printed or copied, when Python code asks for its traceback, cause or
    context, or sets them, and that calls out for every attribute."""

    __str__ = __reduce_ex__ = __copy__ = __deepcopy__ = with_traceback = _refused
    __cause__ = __context__ = __traceback__ = property(_refused, _refused)

    def __init__(self, run: Surroundings, label: str) -> None:
        Exception.__init__(self, label)
        self.run = run
        self.label = label
        renewed(self)

    def __repr__(self) -> NoReturn:
        _refused(self)

    def __getattribute__(self, name: str) -> Any:
        if name not in ("run", "label"):
            self.run.callout(_GETATTRIBUTE)
        return super().__getattribute__(name)


class _StopIteration(StopIteration):
    """A StopIteration by inheritance only."""


def planned_class(run: Surroundings, label: str) -> type[BaseException]:
    """An exception class for one operation; the target makes the instance, and its making calls out."""

    class PlannedClass(Planned):
        def __init__(self) -> None:
            super().__init__(run, label)
            run.callout(_INIT)

    return PlannedClass


def _raising_class(run: Surroundings, label: str) -> type[BaseException]:
    class RaisingClass(Exception):
        def __init__(self) -> None:
            run.callout(_INIT)
            raise CallOutError(f"o:{label}")

    return RaisingClass


def _foreign_class(run: Surroundings, label: str) -> type[BaseException]:
    class ForeignClass(Exception):
        def __new__(cls) -> Any:
            run.callout(_INIT)
            return label

    return ForeignClass


def _labelled(kind: type[BaseException]) -> Callable[[Surroundings, str], BaseException]:
    def make(run: Surroundings, label: str) -> BaseException:
        error = kind(label)
        renewed(error)
        return error

    return make


def _stop(kind: type[StopIteration]) -> Callable[[Surroundings, str], BaseException]:
    def make(run: Surroundings, label: str) -> BaseException:
        # Its argument would come out as the result of whatever it ends: the label must not be there.
        stop = kind()
        stop.label = label  # type: ignore[attr-defined]
        renewed(stop)
        return stop

    return make


_MAKE: Final[dict[str | None, Callable[[Surroundings, str], Any]]] = {
    None: Planned,
    "falsy": Falsy,
    "hostile": Hostile,
    "class": planned_class,
    "raising-class": _raising_class,
    "foreign-class": _foreign_class,
    "StopIteration": _stop(StopIteration),
    "StopIteration-subclass": _stop(_StopIteration),
    "TimeoutError": _labelled(TimeoutError),
    "InvalidStateError": _labelled(concurrent.futures.InvalidStateError),
}


def exception_of(run: Surroundings, argument: str | None, label: str) -> Any:
    """The exception that `set_exception` is given, or what stands in for one.

    Args:
        run: that it belongs to.
        argument: of `set_exception`, but `not-an-exception`.
        label: by which the history names it.
    """
    return _MAKE[argument](run, label)
